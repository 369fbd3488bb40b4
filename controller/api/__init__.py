"""The HTTP API of a kept network: a process of its own that asks its keeper over a Unix socket."""

SERVER = "corridor"
"""What every answer has as ``Server``, by which it is told from others that listen."""
