"""The HTTP API of a kept network: a process of its own that asks its keeper over a Unix socket."""
