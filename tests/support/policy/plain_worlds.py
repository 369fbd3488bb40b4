"""Small networks and policies by a seed, with the whole language in them.

Policies are mappings as they are written in YAML, so that whoever reads them need not be the model.
"""

from __future__ import annotations

import itertools
from random import Random
from typing import Any

from corridor.controller.policy.model import Hard
from corridor.topologies.model.topology import Topology
from policy_lab import fibre, hub, network

CODES = ("CN", "CN", "PK", "PK", "TH", "MM", "XX")
ROLES = ("coastal", "western", "gateway", "transit", "foreign")
OPERATORS = ("Alpha", "Beta", "Alpha / Beta", None)
CONFIDENCES = ("confident", "confident", "unsure")
CABLES = ("smw-4", "aae-1", "peace")
GROUPS = ("corridor:red-sea", "corridor:malacca", "cable:smw-4", "cable:aae-1")
NAMES = "abcdefg"
type Rule = dict[str, Any]


def some(chance: Random, of: Any, most: int = 2) -> list[Any]:
    known = sorted(set(of), key=str)
    return chance.sample(known, min(chance.randint(1, most), len(known)))


def random_network(chance: Random, most: int = len(NAMES)) -> Topology:
    names = NAMES[: chance.randint(4, most)]
    hubs = [
        hub(
            name,
            chance.choice(CODES[:-1] if number == 0 else CODES),
            role=chance.choice(ROLES),
            intl_gateway=chance.random() < 0.5,
            operated_by=chance.choice(OPERATORS),
            confidence=chance.choice(CONFIDENCES),
        )
        for number, name in enumerate(names)
    ]
    pairs = [f"{a}-{z}" for a, z in itertools.combinations(names, 2)]
    line = [f"{a}-{z}" for a, z in itertools.pairwise(names)]
    more = chance.sample(pairs, min(len(pairs), chance.randint(3, len(names) + 4)))
    chosen = list(dict.fromkeys((*line, *more)))
    if chance.random() < 0.3:
        chosen.append(f"{chance.choice(chosen)}.2")
    return network(hubs, [random_fibre(chance, name) for name in chosen])


def random_fibre(chance: Random, name: str) -> Any:
    crossed = chance.choice(({},) * 4 + ({"crosses": (chance.choice(CODES),)},))
    doubtful = chance.choice(({},) * 5 + ({"may_cross": ({"code": chance.choice(CODES[:-1])},)},))
    doubtful = {} if crossed else doubtful
    return fibre(
        name,
        chance.randint(1, 6),
        medium=chance.choice(("submarine", "terrestrial")),
        status=chance.choice(("in-service",) * 3 + ("planned", "uncertain")),
        system=chance.choice(("", *CABLES)),
        operated_by=chance.choice(OPERATORS),
        confidence=chance.choice(CONFIDENCES),
        srlgs=tuple(sorted(some(chance, GROUPS))) if chance.random() < 0.4 else (),
        **crossed,
        **doubtful,
    )


def selector(chance: Random, topology: Topology, kind: str = "") -> Rule:
    """A selector of hubs or of fibres."""
    of_hubs: Rule = {
        "hubs": some(chance, [one.id for one in topology.hubs]),
        "role": some(chance, ROLES),
        "located_in": some(chance, CODES[:-1]),
        "outside": some(chance, CODES[:-1]),
        "gateway": chance.random() < 0.7,
    }
    of_fibres: Rule = {
        "fibres": some(chance, [one.id for one in topology.fibres]),
        "cables": some(chance, CABLES),
        "srlgs": some(chance, GROUPS),
        "medium": chance.choice(("submarine", "terrestrial")),
        "status": some(chance, ("planned", "uncertain")),
        "crosses": some(chance, CODES[:-1]),
    }
    keys = of_hubs if (kind or chance.choice(("hubs", "fibres"))) == "hubs" else of_fibres
    keys["operated_by"] = some(chance, ("Alpha", "Beta"), 1)
    keys["confidence"] = chance.choice(CONFIDENCES)
    chosen = {key: keys[key] for key in some(chance, keys)}
    if len(chosen) == 1 and chance.random() < 0.3:
        other = "hubs" if "hubs" in keys else "fibres"
        chosen["except"] = {other: some(chance, _ids(topology, other), 1)}
    return chosen


def _ids(topology: Topology, kind: str) -> list[str]:
    return [one.id for one in (topology.hubs if kind == "hubs" else topology.fibres)]


def clause_avoid(chance: Random, topology: Topology) -> Rule:
    plain: Rule = {
        "located_in": some(chance, CODES[:-1], 1),
        "crosses": some(chance, CODES[:-1], 1),
        "operated_by": ["Alpha"],
    }
    chosen = {key: plain[key] for key in some(chance, plain, 2)}
    if "operated_by" in chosen:
        chosen["unknown_operator"] = chance.choice(("accept", "refuse"))
    if not speaks_of("any_of"):
        return chosen
    kind = chance.choice(("plain", "keys", "any_of"))
    if kind == "keys":
        chosen = selector(chance, topology)
        for key in ("outside", "gateway", "except"):
            chosen.pop(key, None)
        chosen = chosen or {"hubs": [chance.choice(topology.hubs).id]}
    if kind == "any_of":
        chosen = {"any_of": [selector(chance, topology) for _ in range(chance.randint(1, 2))]}
    if chance.random() < 0.3:
        chosen["except"] = selector(chance, topology)
    return chosen


def clause_confine(chance: Random, topology: Topology) -> Any:
    within = chance.choice((["CN", "PK"], ["CN", "PK", "TH"], ["CN", "PK", "TH", "MM"]))
    if not speaks_of("any_of") or chance.random() < 0.4:
        return within
    kinds: Rule = {
        "within": within,
        "medium": chance.choice(("submarine", "terrestrial")),
        "status": ["in-service", chance.choice(("planned", "uncertain"))],
        "hubs": chance.sample(_ids(topology, "hubs"), len(topology.hubs) - 1),
    }
    key = chance.choice(sorted(kinds))
    chosen = {key: kinds[key]}
    if chance.random() < 0.4:
        chosen["except"] = selector(chance, topology)
    return chosen


def hub_selector(chance: Random, topology: Topology) -> Any:
    """A selector of hubs, as ``match`` and ``waypoints`` take one."""
    if chance.random() < 0.4:
        return chance.choice(("gateways", "any"))
    return selector(chance, topology, "hubs")


def clause_waypoints(chance: Random, topology: Topology) -> list[Rule]:
    where = chance.choice(
        (
            "gateways",
            {"located_in": some(chance, CODES[:-1])},
            {"role": some(chance, ROLES, 3)},
            selector(chance, topology, "hubs"),
        )
    )
    stop = {"any_of": where, "before": chance.choice(("border", "end", "end"))}
    return [stop, {"any_of": "gateways"}][: chance.randint(1, 2)]


def clause_via(chance: Random, topology: Topology) -> list[Rule]:
    stops = [selector(chance, topology) for _ in range(chance.randint(1, 2))]
    if chance.random() < 0.3:
        stops[0] = {"any_of": stops[0], "before": "border"}
    return stops


def clause_path(chance: Random, topology: Topology) -> str:
    hubs = _ids(topology, "hubs")
    atoms = (
        chance.choice(hubs),
        chance.choice(CODES[:-1]),
        "@" + chance.choice(ROLES),
        "!" + chance.choice(hubs),
        f"<{chance.choice(CABLES)}>.",
        f"!<{chance.choice(GROUPS)}>.",
        f"<{chance.choice(_ids(topology, 'fibres'))}>",
        f"<{chance.choice(CABLES)}>!{chance.choice(CODES[:-1])}",
    )
    one, other = chance.sample(atoms, 2)
    return chance.choice(
        (
            f".* {one} .*",
            f".* ({one} | {other}) .*",
            f". !{chance.choice(CODES[:-1])}* .",
            ".{2,5}",
            f".* {one} .* {other} .*",
            f". ({one} | {other})* .+",
            f". (. {one})? .*",
            f". {one}{{0,2}} .{{1,3}}",
        )
    )


CLAUSES = {
    "avoid": clause_avoid,
    "confine": clause_confine,
    "waypoints": clause_waypoints,
    "via": clause_via,
    "no_return": lambda chance, _: chance.choice(("CN", "PK", ["CN", "TH"])),
    "path": clause_path,
    "hops": lambda chance, _: chance.randint(2, 5),
    "borders": lambda chance, _: chance.randint(1, 4),
    "max_one_way": lambda chance, _: f"{chance.randint(4, 18)}ms",
}


def speaks_of(clause: str) -> bool:
    """Whether the language has a clause, or, for ``any_of``, selectors of elements."""
    if clause == "any_of":
        return "via" in Hard.model_fields
    return clause in Hard.model_fields


def random_rule(
    chance: Random, topology: Topology, name: str, effect: str, *, matches: bool = False
) -> Rule:
    """``matches``: it may speak of some demands only."""
    known = [one for one in CLAUSES if speaks_of(one)]
    least = 1 if effect == "restrict" else 0
    chosen = chance.sample(known, chance.choice((least, 1, 2, 2)))
    hard = {one: CLAUSES[one](chance, topology) for one in chosen}
    rule: Rule = {"id": name, "effect": effect, "hard": hard}
    if matches and chance.random() < 0.3:
        rule["match"] = {chance.choice(("src", "dst")): hub_selector(chance, topology)}
    if effect == "permit":
        rule["preference"] = chance.choice((1, 1, 2, 3))
    return rule
