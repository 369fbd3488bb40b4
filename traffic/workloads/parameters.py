"""Parameters that several kinds of workloads share."""

from __future__ import annotations

from corridor.topologies.base.options import Option

SIZE = Option("sizes", "octets of each message", required=True)
DEADLINE = Option("time", "from its intended start to required completion", above=0)
ARRIVAL = Option("arrival", "kind of arrivals; poisson if not given")
