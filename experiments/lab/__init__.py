"""Executes a plan in this kernel: network, controller, gateways, agents; verifies tables."""
