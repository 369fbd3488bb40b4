"""From records to tables of probes and their statistics; predictions by queueing theory. Pure."""
