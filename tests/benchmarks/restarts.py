"""Break a live network by every fault that it has to survive, and report the recovery time.

    .venv/bin/python -m tests.benchmarks.restarts [--scenario NAME] [--scenes NAME ...]
        [--framework ryu|os-ken] [--out DIR]

In a guest with the virtual clock, under traffic of all demands. What a packet misses counts from
the breakdown to the first packet after which none is lost, over the demands that may flow; the
proof, from the breakdown to the controller's last word that what switches hold is proven. Computing
takes no virtual time; what it takes is in the wall time of a scene. ``seen.json`` in DIR has all.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import traceback
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.specification import Specification
from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.statuses import SERVED
from corridor.controller.policy.model import PolicySet
from corridor.experiments.live_network.network import LiveNetwork
from corridor.experiments.live_network.setting import Setting, live_wiring
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.model.wiring import Wiring
from tests.benchmarks import in_guest
from tests.benchmarks.in_guest import GUEST_RUN_ID, SCRATCH, result_folder, run_inside, say
from tests.chaos.crash_points import CONTROLLER, FILE
from tests.chaos.forked_controllers import forked_controllers
from tests.chaos.recovery import Change, Stage, timed
from tests.chaos.scenarios import FLAPPING, JUDGED_BY, SCENES, SLOWLY, Targets
from tests.chaos.traffic import Traffic

MODULE = "tests.benchmarks.restarts"
SPACING_S, SLOW_SPACING_S = 0.005, 0.02
MANY = 20
"""Demands and answers beyond which each sends less often."""
LEFT_OUT = ("killed_as_it_withdraws", "tampered_with")
"""Scenarios that need separate policies and guarantees."""
CALM_DOWN_S = 30.0
"""Before scenes in which fibres fail, so that none is held out for what failed before."""
PATIENCE = {"audit_ns": 3_600_000_000_000}


def write_task(
    out_dir: Path,
    specification: Specification,
    wiring: Wiring,
    changes: Mapping[str, Change],
    cast: Targets,
    bfd_interval_ms: int = 1000,
    spacing_s: float = SPACING_S,
) -> None:
    """What ``inside`` reads. ``spacing_s`` is between packets of a demand, unless they are many."""
    Setting(specification, wiring).write(out_dir)
    task = {
        "changes": changes,
        "cast": to_plain(cast),
        "bfd_interval_ms": bfd_interval_ms,
        "spacing_s": spacing_s,
    }
    (out_dir / "task.json").write_text(json.dumps(task))


def inside(out_dir: Path, framework: str, *names: str) -> None:
    """In the guest: ``seen.json`` has every scene that was come to, by its name."""
    task = json.loads((out_dir / "task.json").read_text())
    os.environ[FILE] = str(SCRATCH / "moment.json")
    seen: dict[str, Any] = {}
    network = LiveNetwork(
        *Setting.read(out_dir),
        scratch=SCRATCH,
        out_dir=out_dir,
        framework=framework,
        bfd_interval_ms=task["bfd_interval_ms"],
        timing=PATIENCE,
        command=CONTROLLER,
    )
    with forked_controllers(framework), network as kept:
        stage = Stage(kept, task["changes"])
        stage.settle()
        for name in names:
            say("scene", name=name)
            time.sleep(CALM_DOWN_S if name in FLAPPING else 0)
            seen[name] = play(stage, from_plain(Targets, task["cast"]), name, task["spacing_s"])
            (out_dir / "seen.json").write_text(json.dumps(seen, indent=1))
            if "broken" in seen[name]:
                break
        say("scene", name="")


def play(stage: Stage, cast: Targets, name: str, usual_s: float) -> dict[str, Any]:
    """One scene under traffic; ``broken`` if it did not come to its end."""
    judged = [specified(stage, change) for change in JUDGED_BY.get(name, ("base",))]
    many = len(stage.kept.specification.directions) > MANY
    spacing_s = SLOW_SPACING_S if many or name in SLOWLY else usual_s
    breakdowns = []
    try:
        if JUDGED_BY.get(name):
            stage.change(JUDGED_BY[name][0])
        with Traffic(stage.kept, judged, spacing_s=spacing_s) as traffic:
            for one in SCENES[name](stage, cast):
                breakdowns.append(one)
                say("breakdown", name=one["name"])
    except Exception:  # noqa: BLE001 - told to the one outside
        return {"broken": traceback.format_exc(), "breakdowns": breakdowns}
    told = [timed(one, traffic, spacing_s * 1e3) for one in breakdowns]
    return {**traffic.account.to_json(), "start_ns": traffic.start_ns, "breakdowns": told}


def specified(stage: Stage, change: str) -> Specification:
    """What is in force once a change has been made."""
    specification = stage.kept.specification
    do, what = stage.changes[change]
    if do != "policy":
        return specification
    policies = PolicySet.model_validate(what["set"])
    return specification.model_copy(update={"policies": policies})


def cast_of(specification: Specification, wiring: Wiring) -> Targets:
    """The fibre and the gateway that most demands pass, and a hub that some end at."""
    crossed: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for graph in deployments.stand(DesiredState(specification), wiring, 0).graphs:
        walk = trace_packet(graph, specification.topology)
        crossed.update(walk.path.fibres)
        passed.update(walk.gateways)
    ends = Counter(one.demand.dst for one in specification.directions)
    return Targets(
        fibre=crossed.most_common(1)[0][0],
        switch=next(hub for hub, _ in ends.most_common() if hub not in passed),
        gateway=passed.most_common(1)[0][0],
    )


def main() -> int:
    options = parsed()
    loaded = load_scenario(options.scenario)
    specification = specify(loaded)
    wiring = live_wiring(loaded, GUEST_RUN_ID, 1)
    cast = cast_of(specification, wiring)
    changes: dict[str, Change] = {
        "base": ("restore", {"fibre": cast.fibre}),
        "other": ("drain", {"fibre": cast.fibre}),
    }
    out_dir = result_folder(options.out)
    write_task(out_dir, specification, wiring, changes, cast)
    wall_s: dict[str, float] = {}
    begun = ("", 0.0)

    def note(event: dict[str, Any]) -> None:
        nonlocal begun
        if event["event"] == "scene":
            wall_s[begun[0]] = event["wall_s"] - begun[1]
            begun = event["name"], event["wall_s"]
        elif event["event"] == "breakdown":
            print(event["name"], flush=True)

    names = options.scenes or [one for one in SCENES if one not in LEFT_OUT]
    run_inside(MODULE, out_dir, [options.framework, *names], note)
    seen = json.loads((out_dir / "seen.json").read_text())
    print(render(HEADS, rows(seen)))
    print(render(("scene", "packets", "forbidden", "unseen", "wall"), totals(seen, wall_s)))
    for name, one in seen.items():
        if "broken" in one:
            print(f"{name}: {one['broken']}", file=sys.stderr)
    return int(any(one.get("broken") or one["forbidden"] or one["unseen"] for one in seen.values()))


HEADS = ("breakdown", "demands hit", "packets lost", "all well after", "proven after")


def rows(seen: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """A line for each breakdown, of the demands that may flow after it."""
    found: list[tuple[str, ...]] = []
    for one in (one for scene in seen.values() for one in scene["breakdowns"] if "well_ms" in one):
        flowing = [demand for demand, status in one["statuses"].items() if status in SERVED]
        lost = {demand: len(one["lost_ms"][demand]) for demand in flowing}
        found.append(
            (
                one["name"],
                str(sum(count > 0 for count in lost.values())),
                str(sum(lost.values())),
                _ms(max((one["well_ms"][demand] for demand in flowing), default=0.0)),
                _ms(one["proven_ms"]),
            )
        )
    return found


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:,.0f} ms"


def totals(seen: Mapping[str, Any], wall_s: Mapping[str, float]) -> list[tuple[str, ...]]:
    return [
        (
            name,
            f"{one['frames']:,}",
            str(len(one["forbidden"]) + len(one["strange"])),
            str(one["unseen"]),
            f"{wall_s.get(name, 0):.1f} s",
        )
        for name, one in seen.items()
        if "broken" not in one
    ]


def parsed() -> argparse.Namespace:
    parser = in_guest.options(MODULE)
    parser.add_argument("--scenes", nargs="+", choices=sorted(SCENES), default=None)
    return parser.parse_args()


if __name__ == "__main__":
    in_guest.start(main, inside)
