"""From records to tables of probes and their statistics. Pure."""
