"""Where a page comes from: scenario, seed, versions, commit, hashes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from corridor.experiments.account.summary import Summary
from corridor.experiments.pages.demands import Json
from corridor.traffic.agents.jobs import clock_in_words


@dataclass(frozen=True)
class Provenance:
    title: str
    said: str
    facts: Sequence[tuple[str, str]]


SAID = (
    "Everything above is computed from a map, policies and demands that are data, and measured in "
    "an emulation of that map, not on real cables. It is not legal advice."
)
COMPUTED = (
    "Everything above is computed from a map, policies and demands that are data. Nothing "
    "was measured on real cables. It is not legal advice."
)


def provenance_of(
    summary: Summary | None, manifest: Json | None, more: Json | None = None
) -> Provenance:
    facts: list[tuple[str, str]] = [(name, str(value)) for name, value in (more or {}).items()]
    if summary is not None:
        facts += _of_run(summary)
    if manifest is not None:
        facts += _of_manifest(manifest)
    return Provenance("Provenance", COMPUTED if summary is None else SAID, facts)


def _of_run(of: Summary) -> list[tuple[str, str]]:
    return [
        ("Scenario", of.scenario),
        ("Policies", f"{of.policies}, as of {of.as_of}"),
        ("Seed", str(of.seed)),
        ("Testbed", f"{of.testbed}, {clock_in_words(of.clock)}: {of.testbed_reason}"),
        ("Network", f"{of.network.hubs} hubs, {of.network.fibres} fibres"),
    ]


def _of_manifest(of: Json) -> list[tuple[str, str]]:
    code = of.get("code", {})
    changed = ", with changes that are in no commit" if code.get("changed") else ""
    versions = ", ".join(f"{name} {version}" for name, version in of.get("versions", {}).items())
    machine = of.get("machine", {})
    hashes = [(f"SHA-256 of {name}", value) for name, value in of.get("hashes", {}).items()]
    found = [
        ("Command", " ".join(["corridor", *of.get("arguments", [])])),
        ("Commit", f"{code.get('commit') or 'unknown'}{changed}"),
        ("Versions", versions),
        ("Machine", ", ".join(str(one) for one in machine.values())),
        *hashes,
    ]
    return [(name, value) for name, value in found if value]
