"""Transport ports of what a run sends: each demand has its own, to distinguish classes."""

from __future__ import annotations

REPLY_BASE = 20_000
"""Source of a demand's STAMP probes, and where their answers go."""
STREAM_BASE = 30_000
"""Both ends of a demand's UDP stream."""
TCP_SERVER, TCP_CLIENT_BASE, TCP_CONTROL_BASE = 5201, 40_000, 45_000
"""A transfer has two connections to its server: its data, and iperf3's control."""
TCP_TIMED_BASE = 50_000
"""Server of a transfer of the timeline, next to which others may have theirs at the same hub."""
WORKLOAD_BASE = 55_000
"""Server of what a demand's workloads send by TCP."""
WORKLOAD_CLIENTS = range(6_000, TCP_CLIENT_BASE)
"""Ports of clients of workloads at one host."""
