"""Carry out a plan as every testbed does, with start-up disturbed on purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from corridor.experiments.lab import execute
from corridor.experiments.lab.run_events import emit
from corridor.experiments.plan.values import Plan
from corridor.experiments.testbeds.guest_init import make_repeatable
from corridor.topologies.base.codec import from_plain
from corridor.topologies.emulation import network
from corridor.topologies.emulation.ovsdb import OpenVSwitch


def read_clock(times: int) -> None:
    for _ in range(times):
        time.monotonic_ns()


def miss_files(times: int) -> None:
    for number in range(times):
        Path(f"/etc/no-such-file-{number}").exists()


def start_programs(times: int) -> None:
    for _ in range(times):
        subprocess.run(["true"], check=True)


def draw_random(octets: int) -> None:
    os.urandom(octets)


def hold_memory(octets: int) -> None:
    HELD.append(bytes(octets))


HELD: list[bytes] = []
DISTURBANCES: dict[str, Callable[[int], None]] = {
    "clock": read_clock,
    "sleep": lambda ns: time.sleep(ns / 1e9),
    "files": miss_files,
    "programs": start_programs,
    "random": draw_random,
    "memory": hold_memory,
}


def disturb(where: str, how: str, much: int) -> None:
    """Do so before a stage of start-up."""
    act = DISTURBANCES[how]
    owner, name = {
        "interfaces": (network.CorridorNet, "build"),
        "daemons": (OpenVSwitch, "connect"),
        "switches": (network.CorridorNet, "_start_controllers"),
        "controller": (execute.ControllerProcess, "start"),
        "tables": (execute.ControllerProcess, "wait_ready"),
    }[where]
    before = getattr(owner, name)

    def disturbed(*arguments: object, **named: object) -> object:
        act(much)
        return before(*arguments, **named)

    setattr(owner, name, disturbed)


def main(folder: str, *disturbances: str) -> None:
    make_repeatable()
    for one in disturbances:
        where, how, much = one.split(":")
        disturb(where, how, int(much))
    plan_path = Path(folder, "raw/plan.json")
    plan = from_plain(Plan, json.loads(plan_path.read_text()))
    execute.execute(plan, plan_path.parent, Path(folder), emit)
    Path(folder, "seen.json").write_text("{}")


if __name__ == "__main__":
    main(*sys.argv[1:])
