"""What was declared, as the prover needs it: demands, permits, the network around tables. Pure."""
