"""The HTTP API of a live network: a process that asks its controller over a Unix socket."""

SERVER = "corridor"
"""What every answer has as ``Server``, by which it is told from others that listen."""
