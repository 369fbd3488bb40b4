"""Soak a live network in a guest with the virtual clock, and judge every event of it.

    python -m tests.soak --seed 1 --events 250 --out soak-1
    python -m tests.soak --seed 1 --until 37 --out again       # up to the event that failed
    python -m tests.soak --seed 1 --only 37..37 --out shortcut # it alone, in its network

The same topology and seed always give the same events. ``soak.jsonl`` has a line for each as it
comes, ``soak.json`` the sums. Exit code 1 where something was as it must not be.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, TextIO

from corridor.experiments.machines.kernel import find_kernel
from corridor.experiments.testbeds.uml import OUT_IN_GUEST, PYTHON_IN_GUEST, run_command_in_guest
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported, InputError
from tests.benchmarks.in_guest import TESTS
from tests.soak.setup import TOPOLOGIES

PATIENCE_S = 600.0


class Ledger:
    """Results of events, written as they arrive."""

    def __init__(self, lines: TextIO, options: argparse.Namespace) -> None:
        self._lines, self._options = lines, options
        self._began_s = self._last_s = time.monotonic()
        self.events: list[dict[str, Any]] = []
        self.wrong: dict[str, Any] | None = None

    def note(self, message: dict[str, Any]) -> None:
        if message["event"] != "soak":
            return
        message = {key: value for key, value in message.items() if key != "event"}
        wall_s = message["wall_s"]
        message["wall_s"] = round(wall_s - self._last_s, 3)
        self._last_s = wall_s
        self._lines.write(json.dumps(message) + "\n")
        self._lines.flush()
        if message["wrong"]:
            self.wrong = message
        self.events.append(message)
        print(told(message), flush=True)

    def sums(self) -> dict[str, Any]:
        kinds: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for one in self.events:
            kinds[one["what"]["kind"]].append(one)
        return {
            "topology": self._options.topology,
            "framework": self._options.framework,
            "seed": self._options.seed,
            "events": sum(one["number"] > 0 for one in self.events),
            "wrong": self.wrong,
            "sent": sum(one.get("sent", 0) for one in self.events),
            "frames": sum(one.get("frames", 0) for one in self.events),
            "wall_s": round(self._last_s - self._began_s, 1),
            "by_kind": {kind: _summed(some) for kind, some in sorted(kinds.items())},
        }


def _summed(events: list[dict[str, Any]]) -> dict[str, Any]:
    settled = sorted(one["settled_s"] for one in events if one.get("settled_s") is not None)
    return {
        "events": len(events),
        "wrong": sum(bool(one["wrong"]) for one in events),
        "wall_s": round(sum(one["wall_s"] for one in events), 1),
        "settled_s": {
            "median": settled[len(settled) // 2] if settled else None,
            "most": settled[-1] if settled else None,
        },
        "lost": sum(sum(one.get("lost", {}).values()) for one in events),
    }


def told(message: dict[str, Any]) -> str:
    what = dict(message["what"])
    kind = what.pop("kind")
    details = ", ".join(f"{key}={value}" for key, value in what.items())
    settled = message.get("settled_s")
    took = "" if settled is None else f" settled in {settled:.2f} s"
    return (
        f"{message['number']:5d} {message['wall_s']:6.2f} s {kind}({details}){took}"
        f"{' WRONG' if message['wrong'] else ''}"
    )


def parsed(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--topology", choices=sorted(TOPOLOGIES), default="corridor")
    parser.add_argument("--framework", choices=("ryu", "os-ken"), default="ryu")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--events", type=int, default=100, metavar="N")
    parser.add_argument("--until", type=int, metavar="I", help="the same as --events I")
    parser.add_argument("--only", metavar="I..J", help="these, in the state that is due before I")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR")
    return parser.parse_args(arguments)


def span(options: argparse.Namespace) -> tuple[int, int]:
    """The first and the last event to carry out; raises InputError."""
    if options.only is None:
        return 1, options.until or options.events
    first, _, last = options.only.partition("..")
    if not (first.isdigit() and (last or first).isdigit()):
        raise InputError(f"--only {options.only} is not a span", "write it like 12..14")
    return int(first), int(last or first)


def soak(options: argparse.Namespace) -> int:
    first, last = span(options)
    kernel = find_kernel()
    if kernel is None:
        raise EnvironmentUnsupported("no virtual-clock kernel is built", "./corridor kernel build")
    options.out.mkdir(parents=True, exist_ok=True)
    job = {
        "topology": options.topology,
        "framework": options.framework,
        "seed": options.seed,
        "first": first,
        "last": last,
    }
    began = time.monotonic()
    with (options.out / "soak.jsonl").open("w") as lines:
        ledger = Ledger(lines, options)
        command = [PYTHON_IN_GUEST, "-m", "tests.soak.run", OUT_IN_GUEST, json.dumps(job)]
        done = run_command_in_guest(
            kernel,
            command,
            options.out,
            virtual_clock=True,
            on_event=ledger.note,
            patience_s=PATIENCE_S,
            more_code=TESTS,
        )
    (options.out / "soak.json").write_text(json.dumps(ledger.sums(), indent=1) + "\n")
    if ledger.wrong is not None:
        number = ledger.wrong["number"]
        print(f"seed {options.seed}, event {number}: {ledger.wrong['what']}")
        for one in ledger.wrong["wrong"]:
            print(f"  {one}")
        print(
            "again: python -m tests.soak"
            f" --topology {options.topology} --framework {options.framework}"
            f" --seed {options.seed} --until {number} --out DIR"
        )
        return 1
    if done.returncode:
        print(done.stderr[-2000:], file=sys.stderr)
        return 4
    count = sum(one["number"] > 0 for one in ledger.events)
    print(f"{count} events, nothing wrong, {time.monotonic() - began:.0f} s")
    return 0


def main() -> int:
    try:
        return soak(parsed())
    except CorridorError as error:
        print(f"soak: {error}", file=sys.stderr)
        return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
