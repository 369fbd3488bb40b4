"""In a guest: hosts and a gateway attack the network, round by round.

``attacks.py OUT_DIR`` reads ``given.json`` there and writes ``seen.json``, and what the switches
held at last to ``held.json``. A round may break the tables first, by entries of its own that are
taken out again, or by hidden ones of Open vSwitch.
"""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from attack_field import Field
from open_doors import open_doors

TAKES_EFFECT_S = 3
"""Until no packet is served from an older cache, and hidden entries are made."""
OVER_TCP = "tcp:127.0.0.1:6653"
BFD_MS, BFD_TIMEOUT_S, BFD_TIMES = 100, 30, 5
FLOODED_AT_MS = (15, 100)
HONEST_EVERY, LLDP_EVERY = 500, 4000


@contextlib.contextmanager
def broken(field: Field, breakage: dict[str, Any]) -> Iterator[None]:
    """With foreign entries in some tables, by hub, in the words of ovs-ofctl.

    That they are gone takes effect while those of the next round do.
    """
    if not breakage:
        yield
        return
    for hub, words in breakage.get("entries", ()):
        field.switch(hub, "add-flow", words)
    own_band = breakage.get("in_band")
    if own_band:
        in_band(field, own_band, on=True)
    time.sleep(TAKES_EFFECT_S)
    try:
        yield
    finally:
        for hub, words in breakage.get("entries", ()):
            field.switch(hub, "del-flows", words.partition(",actions=")[0])
        if own_band:
            in_band(field, own_band, on=False)


def in_band(field: Field, hub: str, *, on: bool) -> None:
    """It requires a controller over TCP; no process listens there."""
    bridge = field.wiring.hub(hub).bridge
    setting = f"other_config:disable-in-band={str(not on).lower()}"
    vsctl(field, "set", "bridge", bridge, setting)
    if on:
        made = ("--id=@other", "create", "controller", f'target="{OVER_TCP}"')
        vsctl(field, *made, "--", "add", "bridge", bridge, "controller", "@other")
    else:
        asked = ("--bare", "--columns=_uuid", "find", "controller", f'target="{OVER_TCP}"')
        vsctl(field, "remove", "bridge", bridge, "controller", vsctl(field, *asked))


def vsctl(field: Field, *words: str) -> str:
    assert field.net.openvswitch is not None
    database = f"--db=unix:{field.net.openvswitch.run_dir}/db.sock"
    command = ["ovs-vsctl", database, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def play(field: Field, attack: dict[str, Any]) -> dict[str, Any]:
    shots = [(hub, door, bytes.fromhex(frame)) for hub, door, frame in attack["shots"]]
    rogue = field.rogue(attack["rogue"]) if attack["rogue"] else None
    with broken(field, attack["breakage"]):
        seen = field.attack(shots, rogue, set(attack["spared"]))
    if rogue is not None:
        rogue.leave()
    return seen


def beside_bfd(field: Field, forged: list[list[str]]) -> dict[str, Any]:
    """How often sessions have gone up or down before and after hosts have spoken BFD themselves."""
    field.net.set_bfd_interval(BFD_MS)
    field.net.wait_bfd(BFD_TIMEOUT_S)
    flaps = [_flaps(field)]
    for hub, _, frame in forged * BFD_TIMES:
        field.doors[hub].send(bytes.fromhex(frame))
        time.sleep(BFD_MS / 1e3)
    time.sleep(TAKES_EFFECT_S)
    return {"flaps": [*flaps, _flaps(field)], "up": field.net.wait_bfd(0) is None}


def flooded(field: Field, flood: dict[str, Any], interval_ms: int) -> dict[str, Any]:
    """What sessions and others' demands saw while a host sent its own demand, evenly."""
    field.net.set_bfd_interval(interval_ms)
    time.sleep(TAKES_EFFECT_S)
    field.net.wait_bfd(BFD_TIMEOUT_S)
    flaps, dropped = [_flaps(field)], _queue_drops(field)
    time.sleep(TAKES_EFFECT_S)  # until switches have counted what the controller sent at last
    lldp = _lldp_counted(field, flood["to"])
    door, frame, others = field.doors[flood["hub"]], bytes.fromhex(flood["frame"]), field.honest
    for number in range(flood["frames"]):
        if number % HONEST_EVERY == 0:
            for one in others:
                if one.demand != flood["demand"]:
                    one.send()
        if number % LLDP_EVERY == LLDP_EVERY // 2:
            words = f"in_port=controller,packet={flood['lldp']},actions=output:{flood['port']}"
            field.switch(flood["hub"], "packet-out", words)
        door.send(frame)
        time.sleep(flood["gap_s"])
    time.sleep(TAKES_EFFECT_S)
    return {
        "flaps": [*flaps, _flaps(field)],
        "dropped": _queue_drops(field) - dropped,
        "lldp": [flood["frames"] // LLDP_EVERY, _lldp_counted(field, flood["to"]) - lldp],
        "honest": {one.demand: one.account() for one in others},
    }


def _lldp_counted(field: Field, hub: str) -> int:
    """LLDP that a hub's switch has let in from fibres."""
    address = field.net.switch_of(hub).management_address
    command = ["ovs-ofctl", "-O", "OpenFlow13", "dump-flows", address, "table=0,dl_type=0x88cc"]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return sum(int(one) for one in re.findall(r"n_packets=(\d+).*actions=CONTROLLER", said))


def _queue_drops(field: Field) -> int:
    return sum(one.queue_drops for one in field.net.kernel.counters().values())


def _flaps(field: Field) -> dict[str, int]:
    return {name: one.flap_count for name, one in field.net.bfd_status().items()}


def main(out: str) -> None:
    out_dir = Path(out)
    given = json.loads((out_dir / "given.json").read_text())
    with Field(given, out_dir) as field:
        seen: dict[str, Any] = {"doors": open_doors(field), "rounds": []}
        for attack in given["rounds"]:
            seen["rounds"].append(play(field, attack))
        if "bfd" in given:
            seen["bfd"] = beside_bfd(field, given["bfd"])
        if "flood" in given:
            seen["floods"] = [flooded(field, given["flood"], ms) for ms in FLOODED_AT_MS]
    (out_dir / "seen.json").write_text(json.dumps(seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
