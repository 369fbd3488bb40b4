"""Mininet's shell on a live network, inside: ``python -m ...operations.mininet_shell FILE``.

At a terminal until it is left, else each line of standard input as if it were typed.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.model.wiring import Wiring

type OfHub = Callable[[str], str]


def write_nodes(file: Path, wiring: Wiring, namespace_of: OfHub, management_of: OfHub) -> None:
    """What ``main`` reads: the wiring, where hosts are entered, where switches are looked at."""
    hubs = [hub.hub for hub in wiring.hubs]
    nodes = {
        "wiring": to_plain(wiring),
        "namespaces": {host.name: namespace_of(host.name) for host in wiring.hosts},
        "management": {hub: management_of(hub) for hub in hubs},
    }
    file.write_text(json.dumps(nodes))


def main(arguments: list[str]) -> int:
    from corridor.topologies.emulation.nodes import AttachedNet
    from corridor.topologies.emulation.shell import run_lines, talk

    said = json.loads(Path(arguments[0]).read_text())
    wiring = from_plain(Wiring, said["wiring"])
    with closing(AttachedNet(wiring, said["namespaces"], said["management"])) as net:
        if os.isatty(0):
            talk(net)
        else:
            run_lines(net)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
