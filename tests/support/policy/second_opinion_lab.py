"""A scenario in which each part of the policy language decides about some demand."""

from __future__ import annotations

from pathlib import Path

TOPOLOGY = """
name: lab
hubs:
- {id: west, name: West, role: western, located_in: CN, lat: 1, lon: 1}
- {id: gate, name: Gate, role: gateway, located_in: CN, operated_by: Beta, lat: 2, lon: 2,
   intl_gateway: true}
- {id: lost, name: Lost, role: transit, located_in: XX, lat: 3, lon: 3}
- {id: kar, name: Kar, role: foreign, located_in: PK, lat: 4, lon: 4}
fibres:
- {id: by-ru, a: west, z: kar, length: 300km, crosses: [RU], operated_by: SCO,
   status: planned, srlgs: ["corridor:sea"]}
- {id: may-ru, a: west, z: kar, length: 320km, may_cross: {RU: a strait}}
- {id: west-lost, a: west, z: lost, length: 200km, operated_by: Beta}
- {id: lost-kar, a: lost, z: kar, length: 200km, operated_by: Beta}
- {id: west-gate, a: west, z: gate, length: 300km, operated_by: Beta}
- {id: gate-kar, a: gate, z: kar, length: 300km, operated_by: Beta}
"""
BY_CLASS = {
    "restricted": "{effect: permit}",
    "denied": "{effect: permit}",
    "ends": "{effect: permit, hard: {avoid: {located_in: [CN, PK]}}}",
    "operated": "{effect: permit, hard: {avoid: {operated_by: SCO, located_in: IN}}}",
    "old": "{effect: permit, valid_until: 2025-12-31}",
    "early": "{effect: permit, valid_from: 2026-12-31}",
    "switched-off": "{effect: permit, enabled: false}",
    "mixed": "{effect: permit, match: {class: mixed, origin: CN}}",
    "gated": "{effect: permit, hard: {waypoints: [{any_of: gateways, before: border}]}}",
    "home": "{effect: permit, hard: {confine: [CN, PK]}}",
    "fast": "{effect: permit, hard: {max_one_way: 1ms}}",
    "near": "{effect: permit, hard: {hops: 1, avoid: {crosses: RU}}}",
    "ending": "{effect: permit, hard: {terminate: {only: HK}}}",
    "somewhere": "{effect: permit, hard: {avoid: {located_in: IN, crosses: RU}}}",
    "ended": "{effect: permit}",
    "served": "{effect: permit, match: {class: served, service: internet}}",
    "sure": "{effect: permit, hard: {avoid: {status: planned}}}",
    "chosen": "{effect: permit, hard: {avoid: {any_of: {srlgs: 'corridor:sea', crosses: RU}}}}",
    "excused": "{effect: permit, hard: {hops: 1, avoid: {crosses: RU, except: {fibres: by-ru}}}}",
    "not-excused": "{effect: permit, hard: {avoid: {crosses: RU, except: {crosses: RU}}}}",
    "by-gate": "{effect: permit, hard: {via: [{hubs: gate}]}}",
    "once": "{effect: permit, hard: {no_return: CN, avoid: {fibres: west-gate}}}",
    "word": "{effect: permit, hard: {path: 'west gate kar|kar gate west'}}",
    "ordered": "{effect: permit, preference: 50, match: {class: ordered}}",
    "from-west": "{effect: permit, match: {class: from-west, src: {outside: CN}}}",
}
"""The permit for each class of data."""
ELSEWHERE = {"once": "gate"}
"""Where demands end that do not end at kar."""
BEYOND = """
- {id: NO-RU, effect: restrict, match: {class: restricted}, hard: {avoid: {crosses: RU}}}
- {id: NO, effect: deny, match: {class: denied}}
- {id: FIRST, effect: permit, preference: 5, match: {class: ordered}, hard: {via: [{hubs: gate}]}}
"""


def written(folder: Path, k: int = 1) -> Path:
    """The scenario in a folder, with a demand for each class."""
    (folder / "lab-topology.yaml").write_text(TOPOLOGY)
    (folder / "lab-policies.yaml").write_text(_policies())
    demands = "".join(
        f"- {{id: {name}, class: x, data: {name}, returns: same-class, src: west, "
        f"dst: {ELSEWHERE.get(name, 'kar')}}}\n"
        for name in BY_CLASS
    )
    scenario = folder / "lab.yaml"
    scenario.write_text(
        "schema: 1\nname: lab\ntopology: lab-topology.yaml\npolicies: lab-policies.yaml\n"
        f"as_of: 2026-06-01\nprotect: {{k: {k}}}\ndemands:\n{demands}"
    )
    return scenario


def _policies() -> str:
    origins = {"mixed": "[CN, PK]"}
    until = {"ended": ", valid_until: 2025-12-31"}
    classes = "".join(
        f"- {{id: {name}, origin: {origins.get(name, 'CN')}, sensitivity: general, basis: exempt"
        f"{until.get(name, '')}}}\n"
        for name in BY_CLASS
    )
    permits = "".join(f"- {_permit(name, said)}\n" for name, said in BY_CLASS.items())
    return f"schema: 1\nname: lab\nclasses:\n{classes}policies:\n{permits}{BEYOND}"


def _permit(name: str, said: str) -> str:
    match = "" if "match:" in said else f", match: {{class: {name}}}"
    return f"{{id: P-{name}{match}, {said[1:]}"
