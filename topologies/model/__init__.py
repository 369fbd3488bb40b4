"""The corridor as values: hubs, fibres, delays, wiring, and faults of them. Pure."""
