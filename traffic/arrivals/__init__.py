"""When packets are meant to leave: one kind of arrivals a file. Pure."""
