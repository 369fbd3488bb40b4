"""In a guest: networks that come and go, and what is left of them.

``coming_and_going.py OUT_DIR`` writes ``seen.json``. First a network with an Open vSwitch of its
own, then one on an Open vSwitch that has a bridge of somebody else's.
"""

import json
import socket
import subprocess
import sys
import time
from pathlib import Path

from corridor.topologies.emulation.network import CorridorNet
from corridor.topologies.emulation.ovsdb import SYSTEM_RUN_DIR, OpenVSwitch
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.wiring import wire

RUN_ID = "t0"
OTHER = "other"
NOBODY = "tcp:127.0.0.1:6653"
THE_KERNELS_OWN = {name for _, name in socket.if_nameindex()}


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def there() -> dict[str, list[str]]:
    """What there is of any network in this kernel."""
    ports = [line.split()[2] for line in said("ovs-dpctl", "show").splitlines() if " port " in line]
    programs = said("ps", "-e", "-o", "comm=").split()
    return {
        "interfaces": sorted({name for _, name in socket.if_nameindex()} - THE_KERNELS_OWN),
        "ports": sorted(ports),
        "datapaths": said("ovs-dpctl", "dump-dps").split(),
        "daemons": sorted(name for name in programs if name.startswith("ovs")),
    }


def network(**options: int) -> CorridorNet:
    wiring = wire(load_topology("mini"), run_id=RUN_ID)
    return CorridorNet(wiring, controllers=[NOBODY], private_dir=Path("/run/own-ovs"), **options)


def alone() -> dict[str, object]:
    seen: dict[str, object] = {"before": there()}
    with network() as net:
        assert net.openvswitch is not None
        assert net.openvswitch.is_private
        net["shanghai"].cmd("true")
        time.sleep(3)
        seen["connected"] = [switch.connected() for switch in net.switches]
        seen["up"] = there()
    net.stop()
    return {**seen, "down": there(), "run folder": Path("/run/own-ovs").exists()}


def neighbours_back() -> list[int]:
    """After two neighbours were stopped and started: how many bridges, and ends with BFD up."""
    with network(bfd_interval_ms=100) as net:
        assert net.openvswitch is not None
        for act in ("stop", "start"):
            for switch in net.switches[:2]:
                getattr(switch, act)([])
        net.wait_bfd(10)
        net.kernel.verify()
        up = [status for status in net.bfd_status().values() if status.state == "up"]
        return [len(net.openvswitch.bridges()), len(up)]


def beside_another() -> dict[str, object]:
    with_others = OpenVSwitch.connect(SYSTEM_RUN_DIR)
    said("ovs-vsctl", "add-br", OTHER)
    (control,) = SYSTEM_RUN_DIR.glob("ovs-vswitchd.*.ctl")
    port = ["--", "set", "interface", "p0", "type=internal"]
    said("ovs-vsctl", "add-port", OTHER, "p0", *port)
    seen: dict[str, object] = {"before": there()}
    with network() as net:
        assert net.openvswitch is not None
        assert not net.openvswitch.is_private
        seen["up"] = there()
    net.stop()
    seen |= {
        "down": there(),
        "bridges": said("ovs-vsctl", "list-br").split(),
        "vswitchd holds": said("ovs-appctl", "-t", str(control), "dpif/show"),
        "database holds": said("ovs-vsctl", "--columns=name", "list", "interface"),
    }
    with_others.close()
    return seen


seen = {
    "alone": alone(),
    "neighbours back": neighbours_back(),
    "beside another": beside_another(),
    "after all": there(),
}
Path(sys.argv[1], "seen.json").write_text(json.dumps(seen, indent=1))
