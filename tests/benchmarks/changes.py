"""Change policies at random under traffic of all demands, and account for every packet.

    .venv/bin/python -m tests.benchmarks.changes [--scenario NAME] [--pairs N] [--seed N]
        [--framework ryu|os-ken] [--out DIR]

A network is kept in a guest with the virtual clock. Sets are drawn from all shipped policies: some
families of law switched off, some single policies turned the other way, sometimes one that permits
all. Each is asked for while the one before it is in force, the first while the scenario's own is.
Prints what was forbidden or lost, and how long a change takes from the request to the flip;
``changes.jsonl`` in DIR has a line for each.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from corridor.controller.intent.specification import Specification
from corridor.controller.openflow.statuses import SERVED
from corridor.controller.policy.load import load_policies
from corridor.controller.policy.model import PolicySet
from corridor.experiments.live_network.network import LiveNetwork
from corridor.experiments.live_network.setting import Setting, live_wiring
from corridor.experiments.scenario import policies_event as policies
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.codec import to_plain
from tests.benchmarks import in_guest
from tests.benchmarks.in_guest import GUEST_RUN_ID, SCRATCH, result_folder, run_inside, say
from tests.chaos.traffic import Traffic

MODULE = "tests.benchmarks.changes"
SPACING_S = 0.02
BFD_MS = 1000
FAMILIES = ("cn-outbound", "gba", "pk", "sa", "th")
FAMILY_OFF, TURNED, OPEN = 0.3, 0.08, 0.25


def random_sets(count: int, seed: int) -> Iterator[PolicySet]:
    """Of all shipped policies, with the classes of all: which are enabled differs."""
    rng = random.Random(seed)
    everything = load_policies("pan-asia")
    (anything,) = load_policies("none").policies
    families = {name: {one.id for one in load_policies(name).policies} for name in FAMILIES}
    for number in range(count):
        off = {name for name in FAMILIES if rng.random() < FAMILY_OFF}
        gone = set().union(*(families[name] for name in off))
        turned = {one.id for one in everything.policies if rng.random() < TURNED}
        policies = [
            one.model_copy(update={"enabled": (one.enabled and one.id not in gone) ^ is_turned})
            for one in everything.policies
            for is_turned in [one.id in turned]
        ]
        if rng.random() < OPEN:
            policies.append(anything)
        yield everything.model_copy(
            update={"name": f"random-{number}", "policies": tuple(policies)}
        )


def inside(out_dir: Path, framework: str) -> None:
    """In the guest: a line to ``changes.jsonl`` for each change."""
    specification, wiring = Setting.read(out_dir)
    sets = json.loads((out_dir / "sets.json").read_text())
    kept = LiveNetwork(
        specification,
        wiring,
        scratch=SCRATCH,
        out_dir=out_dir,
        framework=framework,
        bfd_interval_ms=BFD_MS,
        timing={"audit_ns": 3_600_000_000_000},
    )
    with kept, (out_dir / "changes.jsonl").open("w") as lines:
        say("kept")
        before = specification
        for chosen in sets:
            policies = PolicySet.model_validate(chosen)
            after = specification.model_copy(update={"policies": policies})
            lines.write(json.dumps(change(kept, before, after)) + "\n")
            lines.flush()
            before = after


def change(kept: LiveNetwork, before: Specification, after: Specification) -> dict[str, Any]:
    """One change, and its result."""
    was = kept.statuses()
    known = len(kept.events("update"))
    with Traffic(kept, (before, after), spacing_s=SPACING_S) as during:
        time.sleep(2 * SPACING_S)
        say("asked")
        plain = after.policies.model_dump(mode="json", by_alias=True)
        answer = kept.carry_out(policies.SET, after.policies.name, set=plain)
        say("answered")
    now = kept.statuses()
    with Traffic(kept, (after,), spacing_s=SPACING_S) as settled:
        pass
    say("judged")
    both = [one for one in was if was[one] in SERVED and now[one] in SERVED]
    served = [one for one in now if now[one] in SERVED]
    updates = kept.events("update")[known:]
    return {
        "set": after.policies.name,
        "answer": answer,
        "update": updates[-1] if updates else None,
        "both": len(both),
        "served": len(served),
        "sent": sum(during.account.sent[one] for one in both),
        "lost": {one: during.account.lost[one] for one in both if during.account.lost[one]},
        "lost_settled": {one: lost for one in served if (lost := settled.account.lost[one])},
        "came_through": came_through(settled, [one for one in now if now[one] not in SERVED]),
        "verdicts": [to_plain(one.account.verdict) for one in (during, settled)],
    }


def came_through(traffic: Traffic, blocked: Sequence[str]) -> list[str]:
    """Demands of which something arrived although they are not served."""
    sent, lost = traffic.account.sent, traffic.account.lost
    return [one for one in blocked if len(lost[one]) < sent[one]]


def main() -> int:
    options = parsed()
    loaded = load_scenario(options.scenario)
    specification = specify(loaded)
    out_dir = result_folder(options.out)
    Setting(specification, live_wiring(loaded, GUEST_RUN_ID, options.seed)).write(out_dir)
    sets = [
        one.model_dump(mode="json", by_alias=True)
        for one in random_sets(options.pairs, options.seed)
    ]
    (out_dir / "sets.json").write_text(json.dumps(sets))
    wall: list[float] = []
    asked_s = 0.0

    def note(event: dict[str, Any]) -> None:
        nonlocal asked_s
        if event["event"] == "asked":
            asked_s = event["wall_s"]
        elif event["event"] == "answered":
            wall.append(event["wall_s"] - asked_s)
            print(f"{len(wall):4} {wall[-1]:6.1f} s", flush=True)

    run_inside(MODULE, out_dir, [options.framework], note)
    lines = (out_dir / "changes.jsonl").read_text().splitlines()
    return report([json.loads(line) for line in lines], wall)


def report(changes: Sequence[dict[str, Any]], wall_s: Sequence[float]) -> int:
    """Print what came out; 1 if a packet was where none may be, or one was lost."""
    updates = [one["update"] for one in changes if one["update"]]
    verdicts = [one for change in changes for one in change["verdicts"]]
    forbidden = sum(one["packets"] for verdict in verdicts for one in verdict["forbidden"])
    strange = sum(one["packets"] for verdict in verdicts for one in verdict["strange"])
    unseen = sum(verdict["lost"] for verdict in verdicts)
    lost = sum(len(times) for one in changes for times in one["lost"].values())
    lost_later = sum(len(times) for one in changes for times in one["lost_settled"].values())
    through = sum(len(one["came_through"]) for one in changes)
    refused = [one for one in changes if not one["answer"]["ok"]]
    rows = [
        ("pairs of sets", str(len(changes))),
        ("carried out by an update / without one / refused",
         f"{len(updates)} / {len(changes) - len(updates) - len(refused)} / {len(refused)}"),
        ("packets seen on fibres", f"{sum(one['frames'] for one in verdicts):,}"),
        ("forbidden, strange, unseen", f"{forbidden}, {strange}, {unseen}"),
        ("sent for demands allowed in both", f"{sum(one['sent'] for one in changes):,}"),
        ("lost of them, and afterwards", f"{lost}, {lost_later}"),
        ("not allowed and yet delivered", str(through)),
        ("request to flip, virtual ms", spread([one["done_ms"]["flipped"] for one in updates])),
        ("request to all done, virtual ms", spread([one["done_ms"]["removed"] for one in updates])),
        ("request to all done, wall s", spread(wall_s)),
        ("entries before", spread([one["entries"]["before"] for one in updates])),
        ("more at the peak", spread([peak(one["entries"]) for one in updates])),
    ]  # fmt: skip
    print(render(("", ""), rows))
    return int(bool(forbidden or strange or unseen or lost or lost_later or through or refused))


def peak(entries: dict[str, int]) -> int:
    """How many more there are while both epochs stand."""
    return entries["most"] - entries["before"]


def spread(values: Sequence[float]) -> str:
    """Median, least and most."""
    if not values:
        return "-"
    return f"{median(values):,.1f} ({min(values):,.1f} to {max(values):,.1f})"


def parsed() -> argparse.Namespace:
    parser = in_guest.options(MODULE)
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    in_guest.start(main, inside)
