"""Random small scenarios with the whole language in them: compiled, proven and judged again.

    PYTHONPATH=$(echo tests/support/* | tr ' ' :) python -m random_scenarios --seed 1 --cases 1000

A scenario is three documents (map, policies, scenario) as a user writes them. Each scenario is
either refused with a reason, or every claim is proven of its tables and the second opinion agrees.
"""

from __future__ import annotations

import argparse
import itertools
import json
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import plain_worlds
from corridor.controller.second_opinion import Sample
from corridor.controller.traffic_engineering.objective import OBJECTIVES
from corridor.experiments.lab.deployment_proof import judge_tables
from corridor.experiments.lab.dumps import as_compiled
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.topology import Topology
from plain_worlds import CABLES, CODES, GROUPS, Rule, hub_selector, some
from policy_lab import other_examples

NAMES = ("a", "b", "c", "d", "e", "f", "g")
KINDS = ("link", "srlg", "hub", "gateway")
STEPS = {"protect": "drop_protect", "bandwidth": "drop_pir", "one_way": "exceed_latency"}
"""By soft clause, the step of a ladder that gives it up."""
CLASSES = ("c0", "c1", "c2")
LOOK_AT = Sample(sets=20, tries=300)
"""Every single failure, and that number of larger sets."""
CLAUSES = plain_worlds.CLAUSES | {
    "terminate": lambda chance, _: {"only": chance.sample(("CN", "PK", "TH", "MM"), 3)},
}
CLAUSES |= {
    kind: lambda chance, _, values=values: chance.choice(values)
    for kind, values in other_examples(CLAUSES).items()
}
"""By kind, a value of it; a test holds that there is one for every kind in the registry."""
type Documents = tuple[Rule, Rule, Rule]


def documents(seed: int, folder: Path) -> None:
    """Write the three files of a seed into a folder."""
    chance = Random(seed)
    path = folder / "map.yaml"
    path.write_text(json.dumps(_map(chance)))
    topology = load_topology(str(path))
    (folder / "policies.yaml").write_text(json.dumps(_policies(chance, topology)))
    (folder / "scenario.yaml").write_text(json.dumps(_scenario(chance, topology)))


def _map(chance: Random) -> Rule:
    names = NAMES[: chance.randint(4, len(NAMES))]
    hubs = [_hub(chance, name, number) for number, name in enumerate(names)]
    pairs = list(itertools.combinations(names, 2))
    chosen = [*itertools.pairwise(names), *chance.sample(pairs, chance.randint(2, 5))]
    fibres = [_fibre(chance, f"f{n}", a, z) for n, (a, z) in enumerate(chosen)]
    # Policies may name each of these, so each is on the map.
    for fibre, cable in zip(fibres, CABLES, strict=False):
        fibre["system"] = cable
    for group in GROUPS:
        chance.choice(fibres).setdefault("srlgs", []).append(group)
    hubs[0]["operated_by"], hubs[1]["operated_by"] = "Alpha", "Beta"
    for one in fibres:
        one["srlgs"] = sorted({*one.get("srlgs", ())})
    capacity = {
        "scale": 1.0,
        "assumed_terrestrial": "1Gbit",
        "assumed_submarine": "1Gbit",
        "min_rate": "10Mbit",
        "max_rate": "1Gbit",
    }
    systems = [{"id": name, "name": name} for name in CABLES]
    return {
        "name": "random",
        "capacity": capacity,
        "systems": systems,
        "hubs": hubs,
        "fibres": fibres,
    }


def _hub(chance: Random, name: str, number: int) -> Rule:
    return {
        "id": name,
        "name": name.upper(),
        "role": chance.choice(plain_worlds.ROLES),
        "located_in": chance.choice(CODES[:-1] if number == 0 else CODES),
        "lat": round(chance.uniform(-50, 50), 2),
        "lon": round(chance.uniform(-150, 150), 2),
        "intl_gateway": chance.random() < 0.5,
        "confidence": chance.choice(plain_worlds.CONFIDENCES),
        **_maybe(chance, operated_by=chance.choice(plain_worlds.OPERATORS[:-1])),
    }


def _fibre(chance: Random, name: str, a: str, z: str) -> Rule:
    touched = {
        "crosses": [chance.choice(CODES)],
        "may_cross": {chance.choice(CODES[:-1]): "nobody knows"},
    }
    key = chance.choice((None, None, None, None, None, "crosses", "may_cross"))
    return {
        "id": name,
        "a": a,
        "z": z,
        "length": "10km",
        "one_way_delay": f"{chance.randint(1, 6)}ms",
        "medium": chance.choice(("submarine", "terrestrial")),
        "status": chance.choice(("in-service",) * 3 + ("planned", "uncertain")),
        "capacity": chance.choice(("20Mbit", "40Mbit", "100Mbit", "1Gbit")),
        "confidence": chance.choice(plain_worlds.CONFIDENCES),
        **({key: touched[key]} if key else {}),
        **_maybe(chance, operated_by=chance.choice(plain_worlds.OPERATORS[:-1])),
    }


def _maybe(chance: Random, share: float = 0.6, **more: Any) -> Rule:
    return {key: value for key, value in more.items() if chance.random() < share}


def _policies(chance: Random, topology: Topology) -> Rule:
    classes = [
        {
            "id": name,
            "origin": chance.choice(("CN", "PK", ["CN", "PK"])),
            "sensitivity": "general",
            "basis": "none",
            **_maybe(chance, 0.2, service=chance.choice(("wave", "internet"))),
        }
        for name in CLASSES
    ]
    count = chance.choice((1, 2, 2, 3, 4))
    rules = [_rule(chance, topology, f"P{n}", "permit") for n in range(count)]
    if count > 1 and chance.random() < 0.4:  # two that differ by a clause: detours change permits
        more = {key: value for key, value in rules[0]["hard"].items() if key != "max_one_way"}
        rules[1]["hard"] = more | rules[1]["hard"]
    count = chance.choice((0, 0, 0, 1, 2))
    rules += [_rule(chance, topology, f"R{n}", "restrict") for n in range(count)]
    if chance.random() < 0.05:
        rules.append({"id": "D", "effect": "deny", "match": _match(chance, topology)})
    return {
        "schema": 1,
        "name": "random",
        "outside": chance.choice(("deny", "deny", "not-judged")),
        "classes": classes,
        "policies": rules,
    }


def _match(chance: Random, topology: Topology) -> Rule:
    ends = {key: hub_selector(chance, topology) for key in ("src", "dst")}
    return _maybe(
        chance,
        0.15,
        **{"class": some(chance, CLASSES, 3)},
        origin=chance.choice(("CN", "PK")),
        service=["wave"],
        **ends,
    )


def _rule(chance: Random, topology: Topology, name: str, effect: str) -> Rule:
    least = int(effect == "restrict")
    chosen = chance.sample(sorted(CLAUSES), chance.choice((least, least, least, 1, 1, 2)))
    hard = {one: CLAUSES[one](chance, topology) for one in chosen}
    rule: Rule = {"id": name, "effect": effect, "match": _match(chance, topology), "hard": hard}
    if effect == "permit":
        rule["preference"] = chance.choice((1, 1, 2, 3))
        rule["soft"] = _soft(chance, hard)
        steps = [step for key, step in STEPS.items() if key in rule["soft"]]
        rule["on_soft_failure"] = chance.sample(steps, chance.randint(0, len(steps)))
    return rule


def _soft(chance: Random, hard: Rule) -> Rule:
    cir = chance.randint(1, 30)
    rates = {"cir": f"{cir}Mbit", "pir": f"{cir + chance.randint(1, 30)}Mbit"}
    protect = {
        "k": chance.randint(1, 2),
        "over": some(chance, KINDS, 4),
        "immediate": chance.random() < 0.8,
    }
    most_ms = int(hard.get("max_one_way", "20ms").removesuffix("ms"))
    one_way = f"{chance.randint(3, most_ms)}ms"
    return _maybe(chance, 0.25, bandwidth=rates, protect=protect, one_way=one_way)


def _scenario(chance: Random, topology: Topology) -> Rule:
    count = chance.choice((1, 2, 2, 3))
    demands = [_demand(chance, topology, f"d{number}") for number in range(count)]
    document: Rule = {
        "schema": 1,
        "name": "random",
        "topology": "map.yaml",
        "policies": "policies.yaml",
        "as_of": "2026-11-24",
        "probe": {"count": 2},
        "protect": {"k": chance.choice((0, 1, 1, 2)), "over": some(chance, KINDS, 4)},
        "objective": chance.choice(("none", *sorted(OBJECTIVES))),
        "demands": demands,
    }
    ids = [one["id"] for one in demands]
    if count > 1 and chance.random() < 0.5:
        together = chance.sample(ids, chance.choice((2, 2, min(3, count))))
        document["disjoint"] = [{"demands": together, "over": some(chance, KINDS, 4)}]
    free = [one["id"] for one in demands if "guarantee" not in one]
    if len(free) > 1 and chance.random() < 0.15:
        rates = {"cir": f"{chance.randint(1, 30)}Mbit", "pir": "60Mbit"}
        document["aggregates"] = [{"id": "pipe", "demands": free[:2], "guarantee": rates}]
    return document


def _demand(chance: Random, topology: Topology, name: str) -> Rule:
    hubs = [one.id for one in topology.hubs]
    src, dst, *others = chance.sample(hubs, 4)
    one: Rule = {"id": name, "class": "infer", "data": chance.choice(CLASSES), "src": src}
    one["dst"] = chance.choice((dst, dst, dst, dst, [dst, *others]))
    if chance.random() < 0.1:
        one["dst"] = {"role": sorted({hub.role for hub in topology.hubs if hub.id != src})}
    one["returns"] = chance.choice(("same-class", "same-class", *CLASSES))
    return one | _maybe(
        chance, 0.3, guarantee={"cir": f"{chance.randint(1, 40)}Mbit"}, service="wave"
    )


@dataclass
class Tally:
    """The results of all scenarios."""

    cases: int = 0
    proven: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """By subject: rates, disjoint paths, or else the reason."""
    statuses: Counter[str] = field(default_factory=Counter)
    clauses: Counter[str] = field(default_factory=Counter)
    differs: list[str] = field(default_factory=list)
    """Scenarios of which a claim is violated, opinions differ, or a reason is missing."""

    def __str__(self) -> str:
        return (
            f"{self.cases} scenarios: {self.proven} proven, {self.refused.total()} refused, "
            f"{len(self.differs)} differ; demands {dict(self.statuses)}"
        )


def judge(seed: int, tally: Tally) -> None:
    """Compile the scenario of a seed, prove its tables and ask the second opinion."""
    tally.cases += 1
    with TemporaryDirectory() as kept:
        folder = Path(kept)
        documents(seed, folder)
        rules = json.loads((folder / "policies.yaml").read_text())["policies"]
        tally.clauses.update(key for rule in rules for key in rule.get("hard", ()))
        try:
            _judge(seed, str(folder / "scenario.yaml"), tally)
        except InputError as refused:
            tally.refused[_about(str(refused))] += 1
        except Exception:  # noqa: BLE001 - a crash is what is looked for
            tally.differs.append(f"seed {seed}: {traceback.format_exc(limit=-3)}")


def _about(reason: str) -> str:
    if "are to share no" in reason:
        return "disjoint"
    return "rates" if "least change" in reason or "too full" in reason else reason


def _judge(seed: int, path: str, tally: Tally) -> None:
    loaded = load_scenario(path)
    plan = make_plan_unsent(loaded)
    judged_by = specify(loaded)
    proof = prove_compiled(plan, judged_by)
    for verdict in proof.violated:
        shown = verdict.counterexample
        tally.differs.append(f"seed {seed}: {verdict}; {shown.verdict if shown else ''}")
    opinion = judge_tables(as_compiled(plan), plan, judged_by, proof, LOOK_AT)
    tally.differs += [f"seed {seed}: {one}" for one in opinion.plainest]
    tally.statuses.update(one.status for one in plan.demands)
    tally.proven += proof.holds and opinion.agrees


def examine(seeds: Iterable[int]) -> Tally:
    tally = Tally()
    for seed in seeds:
        judge(seed, tally)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="write the files of the seed there, and stop")
    asked = parser.parse_args()
    if asked.write is not None:
        asked.write.mkdir(parents=True, exist_ok=True)
        documents(asked.seed, asked.write)
        return
    began = time.monotonic()
    tally = examine(range(asked.seed, asked.seed + asked.cases))
    print(tally, dict(tally.clauses), f"{time.monotonic() - began:.0f} s")
    print(tally.refused)
    for line in tally.differs:
        print(" ", line)


if __name__ == "__main__":
    main()
