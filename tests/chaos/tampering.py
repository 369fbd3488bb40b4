"""Changes that another program may make to tables of switches while no controller looks.

Each kind changes something at one hub, with Open vSwitch's own tool, and says what.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from corridor.controller.forwarding.program import Table

if TYPE_CHECKING:
    from tests.chaos.recovery import Stage

COOKIE = re.compile(r"cookie=\w+, ")
UNUSED_LABEL = (1 << 20) - 1


def leak(stage: Stage) -> str:
    """A label that no host sends would leave by every fibre; entries that serve demands stay."""
    wiring = stage.kept.wiring
    ends = [end for fibre in wiring.fibres for end in (fibre.a, fibre.z)]
    hub = Counter(end.hub for end in ends).most_common(1)[0][0]
    out = ",".join(f"output:{end.port}" for end in ends if end.hub == hub)
    entry = f"table={Table.SWITCH},priority=500,mpls,mpls_label={UNUSED_LABEL},actions={out}"
    stage.ofctl(hub, "add-flow", entry)
    return f"{hub}: {entry}"


def edge(stage: Stage) -> str:
    """What a demand's own packets get at its edge: dropped instead of labelled."""
    for one in stage.kept.wiring.hubs:
        found = [line for line in _flows(stage, one.hub, Table.LABEL) if "push_mpls" in line]
        if found:
            match = found[0].split("actions=")[0]
            stage.ofctl(one.hub, "mod-flows", f"{match}actions=drop", options=["--strict"])
            return f"{one.hub}: {match}"
    raise LookupError("no hub labels anything")


def bucket(stage: Stage) -> str:
    """A group tries its detour first."""
    for one in stage.kept.wiring.hubs:
        for line in stage.ofctl(one.hub, "dump-groups").splitlines():
            head, *buckets = line.strip().split(",bucket=")
            if len(buckets) > 1:
                turned = ",bucket=".join((head, *reversed(buckets)))
                stage.ofctl(one.hub, "mod-group", turned)
                return f"{one.hub}: {turned}"
    raise LookupError("no group has two buckets")


def meter(stage: Stage) -> str:
    """A meter goes, and with it the entries that use it."""
    for one in stage.kept.wiring.hubs:
        found = re.findall(r"meter=(\d+)", stage.ofctl(one.hub, "dump-meters"))
        if found:
            stage.ofctl(one.hub, "del-meter", f"meter={found[0]}")
            return f"{one.hub}: meter {found[0]}"
    raise LookupError("no hub has a meter")


def _flows(stage: Stage, hub: str, table: int) -> list[str]:
    """As they may be given back to the tool, without counters and cookies."""
    said = stage.ofctl(hub, "dump-flows", f"table={table}", options=["--no-stats"])
    return [COOKIE.sub("", line.strip()) for line in said.splitlines() if "actions=" in line]


KINDS: Mapping[str, Callable[[Stage], str]] = {
    "an entry that leaks": leak,
    "an edge changed": edge,
    "a bucket turned": bucket,
    "a meter removed": meter,
}
