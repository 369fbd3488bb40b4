"""A violated claim told in full: packet, hops, commands. Pure."""
