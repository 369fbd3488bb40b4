"""Carries a plan out in this kernel: network, controller, gateways, monitor, agents."""
