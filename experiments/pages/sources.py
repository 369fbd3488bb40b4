"""What a page rests on: rules of law with their links, the source of the map, and its own
provenance: scenario, seed, versions, commit, hashes. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from corridor.experiments.account.run_files import Manifest
from corridor.experiments.account.summary import Summary
from corridor.experiments.answers.map_document import FibreEntry
from corridor.experiments.pages.demands import Asked, law_key, references
from corridor.traffic.agents.jobs import clock_in_words

SCHEMES = ("http", "https")


@dataclass(frozen=True)
class Law:
    """One rule that the answers cite."""

    id: str
    citation: str
    address: str
    """As policies have it: no link yet."""
    status: str
    confidence: str
    demands: int
    """How many cite it."""


def safe_address(address: str) -> str:
    """An address that a page may link to, else nothing: it is data, and may say anything."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return address if parts.scheme in SCHEMES and parts.netloc else ""


def law_of(demands: Sequence[Asked]) -> list[Law]:
    counts = Counter(key for one in demands for key in _cited(one))
    return [
        Law(
            one.id,
            one.citation,
            one.address,
            one.status,
            one.confidence,
            counts[law_key(one)],
        )
        for one in references(demands)
    ]


def _cited(of: Asked) -> set[str]:
    return {law_key(one) for one in references([of])}


def map_sources(fibres: Iterable[FibreEntry]) -> list[str]:
    """Each text once, in the order of the fibres."""
    return list(dict.fromkeys(source for fibre in fibres for source in fibre.sources))


# Where a page comes from: scenario, seed, versions, commit, hashes.


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
