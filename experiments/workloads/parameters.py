"""Parameters that several kinds of workloads share."""

from __future__ import annotations

from corridor.topologies.base.options import Option

SIZE = Option("sizes", "octets of each", required=True)
DEADLINE = Option("time", "from its intended start until it is to be complete", above=0)
ARRIVAL = Option("arrival", "how they come; poisson if not given")
