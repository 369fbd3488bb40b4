"""Where a page comes from: scenario, seed, versions, commit, hashes. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from corridor.experiments.account.run_files import Manifest
from corridor.experiments.account.summary import Summary
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
    summary: Summary | None,
    manifest: Manifest | None,
    more: Mapping[str, object] = MappingProxyType({}),
) -> Provenance:
    facts: list[tuple[str, str]] = [(name, str(value)) for name, value in more.items()]
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


def _of_manifest(of: Manifest) -> list[tuple[str, str]]:
    changed = ", with changes that are in no commit" if of.code.changed else ""
    versions = ", ".join(f"{name} {version}" for name, version in of.versions.items())
    hashes = [(f"SHA-256 of {name}", value) for name, value in of.hashes.items()]
    found = [
        ("Command", " ".join(["corridor", *of.arguments])),
        ("Commit", f"{of.code.commit or 'unknown'}{changed}"),
        ("Versions", versions),
        ("Machine", ", ".join(str(one) for one in of.machine.values())),
        *hashes,
    ]
    return [(name, value) for name, value in found if value]
