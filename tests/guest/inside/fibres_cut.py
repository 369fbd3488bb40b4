"""In a guest: fibres cut with and without a sign, under traffic, with BFD and a detour.

``fibres_cut.py OUT_DIR CUTS`` reads ``wiring.json`` there and writes ``seen.json``: what each cut
lost of packets a millisecond apart.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path

from triangle import SPACING_NS, Pair, install, live_ports, load, tables

from corridor.topologies.base.errors import CorridorError
from corridor.topologies.emulation.faults import Faults
from corridor.topologies.emulation.network import CorridorNet

BFD_MS = 15
ALL_UP_S = 10


def main(out: str, cuts: str) -> None:
    out_dir = Path(out)
    wiring = load(out_dir)
    seen: dict[str, object] = {}
    moments = random.Random(20261124)
    with CorridorNet(wiring, private_dir=Path("/tmp/ovs"), bfd_interval_ms=BFD_MS) as net:
        install(net, tables())
        faults = Faults(wiring, net.kernel)
        net.wait_bfd(ALL_UP_S)
        pair = Pair(net)
        seen["live"] = sorted(live_ports(net, "hub0"))
        pair.stream(0, 10)
        for kind in ("cut_carrier", "cut_silently"):
            seen[kind] = []
            for _ in range(int(cuts)):
                seen[kind].append(one_cut(net, pair, faults, kind, moments))
        seen["flaps"] = [session.flap_count for session in net.bfd_status().values()]
        for interval_ms in (1000, BFD_MS):
            net.set_bfd_interval(interval_ms)
            seen[f"lost at {interval_ms} ms"] = pair.stream(0, 3000)
        seen["flaps after"] = [session.flap_count for session in net.bfd_status().values()]
        seen["after two intervals"] = one_cut(net, pair, faults, "cut_silently", moments)
        faults.cut_silently("direct")
        time.sleep(4 * BFD_MS / 1e3)
        seen["said of a fibre that is cut"] = complaint(lambda: net.wait_bfd(0.5))
        seen["said of its shaping"] = complaint(net.kernel.verify)
        faults.verify()
        faults.restore("direct")
        net.kernel.verify()
        net.wait_bfd(ALL_UP_S)
        seen["hub down"] = faults.hub_down("hub2")
        seen["live beside a dark hub"] = sorted(live_ports(net, "hub0"))
        seen["live in the dark"] = sorted(live_ports(net, "hub2"))
        seen["lost beside a dark hub"] = pair.stream(0, 20)
        seen["hub up"] = faults.hub_up("hub2")
        net.wait_bfd(ALL_UP_S)
    (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))


def one_cut(
    net: CorridorNet, pair: Pair, faults: Faults, kind: str, moments: random.Random
) -> dict[str, object]:
    """Cut before packet 50 of 200 and up to a packet's time later; then restore under traffic."""
    changed: list[list[str]] = []

    def cut() -> None:
        time.sleep(moments.random() * 0.9 * SPACING_NS / 1e9)
        changed.append(getattr(faults, kind)("direct"))

    lost = pair.stream(0, 200, {50: cut})
    live = sorted(live_ports(net, "hub0"))
    changed.append(getattr(faults, kind)("direct"))
    restoring = pair.stream(0, 4000, {50: lambda: changed.append(faults.restore("direct"))})
    net.wait_bfd(ALL_UP_S)
    return {"lost": lost, "live": live, "changed": changed, "lost while restoring": restoring}


def complaint(what: object) -> str:
    try:
        what()
    except CorridorError as error:
        return str(error)
    return ""


if __name__ == "__main__":
    main(*sys.argv[1:])
