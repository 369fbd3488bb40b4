"""Where to compute: what is known of power, carbon and prices at hubs, and what is not. Pure."""
