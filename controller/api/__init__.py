"""The HTTP API of a live network: a process that asks its controller over a Unix socket."""

SERVER = "corridor"
"""The ``Server`` header of every answer, which distinguishes it from other programs."""
