"""Requests to the kernel about interfaces and disciplines, and its answers, in octets. Pure."""
