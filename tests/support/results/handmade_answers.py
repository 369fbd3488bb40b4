"""``answers.json`` made by hand: five hubs, six fibres, seven demands with different outcomes.

| demand  | from .. to         | what becomes of it                                            |
|---------|--------------------|---------------------------------------------------------------|
| easy    | shanghai .. guian  | as without law; a cut takes it 2 ms longer                    |
| longer  | guian .. karachi   | 12 ms longer by an interpretation, 2 ms by certain rules      |
| later   | shanghai .. karachi| 4 ms longer by a certain rule                                 |
| refused | guian .. bangkok   | kept back by law                                              |
| read    | karachi .. guian   | kept back by an interpretation                                |
| exposed | riyadh .. karachi  | loses its way around a fibre                                  |
| unruled | bangkok .. guian   | not judged                                                    |
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

HUBS = {
    "shanghai": ("Shanghai", "上海", "CN", "coastal", 31.2, 121.5),
    "guian": ("Gui'an New Area (Guiyang)", "贵安新区", "CN", "western", 26.4, 106.5),
    "karachi": ("Karachi", "کراچی", "PK", "foreign", 24.9, 67.0),
    "bangkok": ("Bangkok", "กรุงเทพฯ", "TH", "foreign", 13.8, 100.5),
    "riyadh": ("Riyadh", "الرياض", "SA", "foreign", 24.7, 46.7),
}
FIBRES = {
    "one": ("shanghai", "guian", "terrestrial", "in-service", []),
    "two": ("guian", "karachi", "terrestrial", "in-service", [[39.5, 76.0]]),
    "three": ("shanghai", "bangkok", "submarine", "in-service", [[8.8, 108.5]]),
    "four": ("bangkok", "karachi", "submarine", "uncertain", [[5.9, 95.2], [5.6, 80.6]]),
    "five": ("karachi", "riyadh", "submarine", "in-service", []),
    "six": ("guian", "bangkok", "terrestrial", "in-service", []),
}

FIBRE: dict[str, Any] = {
    "system": "",
    "length_km": 1000.0,
    "one_way_ms": 5.0,
    "capacity_gbps": None,
    "capacity_assumed": True,
    "operator": None,
    "srlgs": [],
    "crosses": [],
    "may_cross": [],
    "confidence": "confident",
    "sources": [],
}
TOTAL: dict[str, Any] = {
    **dict.fromkeys(("kept_back", "opened", "both", "delayed", "losing", "narrower"), 0),
    **dict.fromkeys(("extra_ms", "saved_ms"), 0.0),
}


def path(one_way_ms: float, *parts: str) -> dict[str, Any]:
    """Of hubs and fibres in turn."""
    return {
        "hubs": list(parts[::2]),
        "fibres": list(parts[1::2]),
        "one_way_ms": one_way_ms,
        "length_km": 200 * one_way_ms,
        "crosses": ["CN"],
        "may_cross": [],
        "gateways": [],
        "phases": [],
    }


def cause(costs: str, policy: str, clause: str, basis: str) -> dict[str, Any]:
    confidence = "unsure" if basis == "interpretation" else "confident"
    told = {"policy": policy, "clause": clause, "basis": basis, "confidence": confidence}
    return {"costs": costs, "reason": "because", "legal": [], **told}


def clause(policy: str, name: str) -> dict[str, Any]:
    return {
        "policy": policy,
        "clause": name,
        "says": "stay",
        "kind": "text",
        "confidence": "confident",
        "costs_ms": 0.0,
        "legal": [],
    }


def cut(dead: list[str], again: dict[str, Any] | None, **changes: Any) -> dict[str, Any]:
    told = {"found_at": "guian", "protected": True, "delivered": again is not None}
    return {"dead": dead, "at_once": again, "again": again, **told, **changes}


def demand(
    name: str, src: str, dst: str, free: dict[str, Any] | None, **changes: Any
) -> dict[str, Any]:
    free_ms = None if free is None else 2 * free["one_way_ms"]
    usual: dict[str, Any] = {
        "id": name,
        "class": "ckpt",
        "data": f"{HUBS[src][2].lower()}-general",
        "src": src,
        "dst": dst,
        "status": "UP",
        "permit": "OPEN",
        "judged": True,
        "legal": [],
        "free": free,
        "lawful": free,
        "why": "",
        "anycast": None,
        "clauses": [],
        "causes": [],
        "remedies": [],
        "kept_back": False,
        "kept_back_by_certain_rules": False,
        "round_trip_ms": {"free": free_ms, "lawful": free_ms},
        "extra_ms": 0.0,
        "extra_interval_ms": [0.0, 0.0],
        "extra_median_ms": 0.0,
        "extra_percentile": 0.5,
        "certain_extra_ms": 0.0,
        "single_points": [],
        "lost_protection": [],
        "cuts": [],
        "certainty": None,
    }
    return usual | changes


def longer(free_ms: float, extra_ms: float, low: float, high: float, certain: float) -> Any:
    return {
        "round_trip_ms": {"free": free_ms, "lawful": free_ms + extra_ms},
        "extra_ms": extra_ms,
        "extra_interval_ms": [low, high],
        "extra_median_ms": (low + high) / 2,
        "extra_percentile": 0.5,
        "certain_extra_ms": certain,
    }


KEPT_BACK: dict[str, Any] = {
    "status": "BLOCKED",
    "permit": None,
    "lawful": None,
    "kept_back": True,
    "extra_ms": None,
    "extra_interval_ms": None,
    "extra_median_ms": None,
    "extra_percentile": None,
    "certain_extra_ms": None,
}
EASY = path(6.0, "shanghai", "one", "guian")
LAND = path(24.0, "guian", "two", "karachi")
SEA = path(30.0, "guian", "one", "shanghai", "three", "bangkok", "four", "karachi")
OTHER_SEA = path(33.0, "guian", "six", "bangkok", "four", "karachi")
AROUND = path(8.0, "shanghai", "three", "bangkok", "six", "guian")


def demands() -> list[dict[str, Any]]:
    return [
        demand(
            *("easy", "shanghai", "guian", EASY),
            clauses=[clause("CN-DOMESTIC", "confine")],
            cuts=[cut(["link:one"], AROUND)],
        ),
        demand(
            *("longer", "guian", "karachi", LAND),
            lawful=SEA,
            causes=[cause("delay", "CN-GATEWAY", "waypoints", "interpretation")],
            cuts=[cut(["link:three", "srlg:sea"], OTHER_SEA), cut(["hub:bangkok"], LAND)],
            **longer(48.0, 12.0, 9.0, 15.5, 2.0),
        ),
        demand(
            *(
                "later",
                "shanghai",
                "karachi",
                path(30.0, "shanghai", "one", "guian", "two", "karachi"),
            ),
            causes=[cause("delay", "CN-BORDER", "confine", "law")],
            **longer(60.0, 4.0, 3.0, 5.0, 4.0),
        ),
        demand(
            *("refused", "guian", "bangkok", path(9.0, "guian", "six", "bangkok")),
            causes=[cause("kept back", "default deny", "match", "no permit")],
            **KEPT_BACK | {"kept_back_by_certain_rules": True},
            round_trip_ms={"free": 18.0, "lawful": None},
        ),
        demand(
            *("read", "karachi", "guian", path(24.0, "karachi", "two", "guian")),
            causes=[cause("kept back", "PK-STATE", "terminate", "interpretation")],
            **KEPT_BACK,
            round_trip_ms={"free": 48.0, "lawful": None},
        ),
        demand(
            *("exposed", "riyadh", "karachi", path(11.0, "riyadh", "five", "karachi")),
            causes=[cause("no way around", "SA-STATE", "confine", "law")],
            lost_protection=["link:five"],
            cuts=[cut(["link:five"], None)],
        ),
        demand(
            *("unruled", "bangkok", "guian", path(9.0, "bangkok", "six", "guian")), judged=False
        ),
    ]


def answers() -> dict[str, Any]:
    names = ("name", "local_name", "jurisdiction", "role", "lat", "lon")
    hubs = [
        {"id": name, "gateway": False, **dict(zip(names, told, strict=True))}
        for name, told in HUBS.items()
    ]
    return {
        "schema": 2,
        "scenario": "handmade",
        "title": "By hand",
        "policies": "ours",
        "as_of": "2026-11-24",
        "against": "none",
        "map": {
            "jurisdictions": {
                "CN": "China (mainland)",
                "PK": "Pakistan",
                "TH": "Thailand",
                "SA": "Saudi Arabia",
            },
            "hubs": hubs,
            "fibres": [
                FIBRE
                | {"id": name, "a": a, "z": z, "medium": medium, "status": status}
                | {"points": [list(HUBS[a][4:]), *via, list(HUBS[z][4:])]}
                for name, (a, z, medium, status, via) in FIBRES.items()
            ],
        },
        "demands": demands(),
        "asked": "handmade",
        "law_of": ["CN"],
        "protect": 0,
        "readings": [],
        "totals": {"by_certain_rules": TOTAL, "with_readings": TOTAL},
    }


def write_answers(out_dir: Path) -> None:
    (out_dir / "answers.json").write_text(json.dumps(answers(), ensure_ascii=False))
