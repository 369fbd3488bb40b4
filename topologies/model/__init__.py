"""The corridor as values: hubs, fibres, delays, and what they become on the wire. Pure."""
