"""The processes in the network: senders and receivers at hubs, gateways, the monitor of fibres."""
