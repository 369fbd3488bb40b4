"""What pages are made of, by hand: three hubs in a row, three demands, every number known.

    shanghai (CN) --one-- guian (CN) --two, three-- karachi (PK)

``near`` goes as it would without policies, ``silent`` is kept back, ``far`` goes out to guian and
back before it leaves, and one event cuts ``two`` under it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import handmade_run
from corridor.experiments.account.proof_document import ProofDocument
from corridor.experiments.account.summary import Summary
from corridor.experiments.pages.run_page import RunResults
from corridor.experiments.run.recover import recover
from corridor.traffic.measures.samples import PROBE_DTYPE, Probes
from typed_answers import typed
from typed_summary import changed, made

type Json = dict[str, Any]

LAW: Json = {
    "id": "CN-PIPL-38",
    "citation": "Personal Information Protection Law, art 38",
    "address": "https://law.example/pipl#38",
    "confidence": "confident",
    "status": "in-force",
}
HOSTILE = """</script><script>alert("1")</script>'><img src=x onerror=alert(2)>"""


def path(hubs: list[str], fibres: list[str], one_way_ms: float, **more: Any) -> Json:
    plain: Json = {"hubs": hubs, "fibres": fibres, "one_way_ms": one_way_ms, "length_km": 1000.0}
    plain |= {"crosses": ["CN"], "may_cross": [], "gateways": [], "phases": []}
    return plain | more


def demand(name: str, src: str, dst: str, **more: Any) -> Json:
    plain: Json = {
        "id": name,
        "class": "infer",
        "data": f"class-of-{name}",
        "src": src,
        "dst": dst,
        "status": "UP",
        "permit": "CN-OUT",
        "judged": True,
        "legal": [LAW],
        "why": "",
        "anycast": None,
        "free": None,
        "lawful": None,
        "clauses": [],
        "remedies": [],
        "round_trip_ms": {"free": None, "lawful": None},
        "extra_ms": None,
        "extra_interval_ms": None,
        "extra_median_ms": None,
        "extra_percentile": None,
        "certain_extra_ms": None,
        "kept_back": False,
        "kept_back_by_certain_rules": False,
        "causes": [],
        "single_points": [],
        "lost_protection": [],
        "cuts": [],
        "certainty": None,
    }
    return plain | more


def cause(costs: str, policy: str, basis: str, reason: str, *legal: Json) -> Json:
    plain: Json = {"costs": costs, "policy": policy, "clause": "match", "reason": reason}
    more = {"basis": basis, "confidence": "confident", "legal": list(legal)}
    return plain | more


def answers() -> Json:
    near = path(["shanghai", "guian"], ["one"], 5.0)
    west = path(["guian", "karachi"], ["two"], 20.0, crosses=["CN", "PK"])
    free = path(["shanghai", "guian", "karachi"], ["one", "two"], 25.0, crosses=["CN", "PK"])
    walk = path(
        ["shanghai", "guian", "shanghai", "guian", "karachi"],
        ["one", "one", "one", "two"],
        35.0,
        crosses=["CN", "PK"],
        may_cross=["IN"],
        gateways=["shanghai"],
    )
    around = path(["shanghai", "guian", "karachi"], ["one", "three"], 40.0, crosses=["CN", "PK"])
    clause = {
        "policy": "CN-GATEWAY",
        "clause": "waypoints",
        "says": "pass shanghai first",
        "kind": "interpretation",
        "confidence": "unsure",
        "costs_ms": 10.0,
        "legal": [LAW],
    }
    sure = {
        "rtt_ms": {"low": 60.0, "median": 70.0, "high": 80.0},
        "path_share": 0.8,
        "one_way_ms": {"low": 30.0, "median": 35.0, "high": 40.0},
        "set_share": 0.8,
        "sets": [{"of": ["CN", "PK"], "share": 0.8}],
        "paths": [],
        "blocked_share": 0.0,
        "next_set": {"crosses": ["CN"], "more_one_way_ms": 1.5},
        "near_tie": True,
    }
    cuts = [
        {
            "dead": ["link:one", "hub:guian"],
            "found_at": "shanghai",
            "protected": False,
            "delivered": False,
        }
        | {"at_once": path(["shanghai"], [], 0.0), "again": None},
        {
            "dead": ["link:two", "srlg:cable:west"],
            "found_at": "guian",
            "protected": True,
            "delivered": True,
        }
        | {"at_once": around, "again": around},
    ]
    demands = [
        demand(
            *("near", "shanghai", "guian"),
            free=near,
            lawful=near,
            extra_ms=0.0,
            certain_extra_ms=0.0,
            round_trip_ms={"free": 10.0, "lawful": 10.0},
        ),
        demand(
            *("silent", "guian", "karachi"),
            free=west,
            status="BLOCKED",
            permit=None,
            legal=[],
            why="no permit matches",
            kept_back=True,
            kept_back_by_certain_rules=True,
            causes=[cause("kept back", "default deny", "no permit", "no permit matches")],
            round_trip_ms={"free": 40.0, "lawful": None},
            remedies=["a contract"],
        ),
        demand(
            *("far", "shanghai", "karachi"),
            free=free,
            lawful=walk,
            extra_ms=20.0,
            extra_interval_ms=[15.0, 26.0],
            certain_extra_ms=0.0,
            clauses=[clause],
            cuts=cuts,
            certainty=sure,
            round_trip_ms={"free": 50.0, "lawful": 70.0},
        ),
    ]
    return {
        "schema": 2,
        "scenario": "handmade",
        "title": "three hubs",
        "policies": "mine",
        "as_of": "2026-11-24",
        "against": "none",
        "asked": "handmade",
        "law_of": ["CN"],
        "protect": 0,
        "readings": ["CN-GATEWAY"],
        "map": the_map(),
        "demands": demands,
        "totals": {"by_certain_rules": total(0.0), "with_readings": total(20.0)},
    }


def total(extra_ms: float) -> Json:
    counts: Json = {"kept_back": 1, "opened": 0, "both": 2, "losing": 0, "narrower": 0}
    return counts | {"delayed": int(extra_ms > 0), "extra_ms": extra_ms, "saved_ms": 0.0}


def the_map() -> Json:
    return {
        "jurisdictions": {"CN": "China", "PK": "Pakistan", "IN": "India"},
        "hubs": [
            hub("shanghai", "Shanghai", "上海", "CN", 31.2, 121.5),
            hub("guian", "Gui'an New Area (Guiyang)", "贵安新区", "CN", 26.4, 106.6),
            hub("karachi", "Karachi", "کراچی", "PK", 24.9, 67.0),
        ],
        "fibres": [
            fibre("one", "shanghai", "guian", 5.0),
            fibre("two", "guian", "karachi", 20.0, srlgs=["cable:west"], may_cross=["IN"]),
            fibre("three", "guian", "karachi", 35.0, medium="submarine", status="uncertain"),
        ],
    }


PLACES = {"shanghai": [31.2, 121.5], "guian": [26.4, 106.6], "karachi": [24.9, 67.0]}


def hub(name: str, told: str, local: str, code: str, lat: float, lon: float) -> Json:
    plain = {"id": name, "name": told, "local_name": local, "jurisdiction": code}
    return plain | {"role": "coastal", "gateway": False, "lat": lat, "lon": lon}


def fibre(name: str, a: str, z: str, one_way_ms: float, **more: Any) -> Json:
    plain: Json = {
        "id": name,
        "a": a,
        "z": z,
        "medium": "terrestrial",
        "system": "",
        "length_km": one_way_ms * 200,
        "one_way_ms": one_way_ms,
        "capacity_gbps": 100.0,
        "capacity_assumed": True,
        "status": "in-service",
        "operator": None,
        "srlgs": [],
        "crosses": [],
        "may_cross": [],
        "confidence": "confident",
        "sources": [f"where {name} is told of"],
        "points": [PLACES[a], PLACES[z]],
    }
    return plain | more


def verdict(claim: str, status: str = "proven", **more: Any) -> Json:
    plain: Json = {"claim": claim, "sentence": f"The sentence of {claim}.", "status": status}
    return plain | {"why": "", "breaches": 0, "counterexample": None} | more


def proof(*verdicts: Json) -> Json:
    told = list(verdicts) or [verdict("C5"), verdict("C10")]
    counts = {"switches": 3, "entries": 42, "groups": 1, "header_classes": 9, "labels": 4}
    one = {"holds": all(of["status"] == "proven" for of in told), "verdicts": told}
    one |= {"counts": counts | {"states": 5, "ms": 1.0}, "witnesses": []}
    return {"schema": 1, "holds": one["holds"], "proofs": {"before": one, "after": one}}


def broken(claim: str = "C5") -> Json:
    """A claim with a packet that breaks it."""
    hop = {"hub": "guian", "switch": "s2", "jurisdiction": "CN", "in_port": 1, "rules": []}
    hop |= {"label_before": None, "label_after": None, "state": "PRE", "buckets": []}
    example = {
        "claim": claim,
        "sentence": f"The sentence of {claim}.",
        "demand": "far",
        "verdict": "it meets India",
        "hub": "guian",
        "rule": None,
        "note": "",
        "clauses": [{"policy": "P", "clause": "avoid", "reason": "no India", "legal_ref": []}],
        "failures": [{"hub": "guian", "port": 2, "leads_to": "karachi"}],
        "packet": {"ipv4_src": "10.0.0.1", "ipv4_dst": "10.0.0.3"},
        "hops": [hop | {"then": "sends it to karachi"}],
        "reproduce": ["ovs-appctl ofproto/trace s2 in_port=1"],
    }
    return verdict(claim, "violated", breaches=1, counterexample=example)


def event() -> Json:
    hit: Json = {
        "demand": "far",
        "expected": True,
        "lost": 2,
        "out_ms": 140.0,
        "share": 1.0,
        "expected_out_ms": 120.0,
        "expected_out_within_ms": None,
        "over_ms": 140.0,
        "rtt_before_ms": 70.1,
        "expected_rtt_before_ms": 70.0,
        "rtt_then_ms": 80.1,
        "expected_rtt_then_ms": 80.0,
        "path_then": [],
        "expected_path_then": [],
    }
    plain: Json = {"id": "dig", "kind": "cut", "what": "two", "options": {}, "refused": None}
    return plain | {"at_ms": 500.0, "until_ms": 1500.0, "back_ms": None, "hits": [hit]}


def probes() -> Probes:
    """Round trips of 70 ms, a lost probe, and 80 ms while two is cut."""
    found = Probes.of(np.zeros(4, PROBE_DTYPE))
    found["demand"], found["seq"] = 2, range(4)
    found["intended_ns"] = [0, 400_000_000, 500_000_000, 700_000_000]
    found["received"] = [True, True, False, True]
    found["t4_ns"] = [70_000_000, 70_000_000, 0, 80_000_000]
    return found


def results(folder: Path, **more: Any) -> RunResults:
    """Of a run that is summed up in a folder; ``more`` replaces parts."""
    parts: Json = {
        "answers": typed(answers()),
        "proof": proof(),
        "manifest": None,
        "probes": probes,
    }
    parts |= {"summary": summary(folder)} | more
    if parts["proof"] is not None:
        parts["proof"] = made(ProofDocument, parts["proof"])
    return RunResults(**parts)


def summary(folder: Path, prepare: Callable[[Path], None] = handmade_run.write_run) -> Summary:
    prepare(folder)
    crossings = {"frames": 1234, "lost": 0, "forbidden": [], "strange": []}
    return changed(recover(folder).summary, events=[event()], crossings=crossings)


def write_run(folder: Path, prepare: Callable[[Path], None] = handmade_run.write_run) -> Path:
    """A whole result folder."""
    (folder / "summary.json").write_text(json.dumps(summary(folder, prepare).to_json()))
    (folder / "answers.json").write_text(json.dumps(answers()))
    (folder / "proof.json").write_text(json.dumps(proof(verdict("C10"), broken())))
    return folder
