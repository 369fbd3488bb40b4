"""What ``corridor check`` found, as findings with the file and line of a policy or demand. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from corridor.controller.policy.written_at import PolicyPlaces, WrittenAt, places_of_policies
from corridor.controller.prover.verdicts import Proof, Verdict
from corridor.controller.testing.findings import Finding, Rule
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.base.bounded_file import is_file
from corridor.topologies.base.documents import Document
from corridor.topologies.base.opinion import SecondOpinion

BLOCKED = Rule("blocked-demand", "Policies block a demand.")
DIFFERS = Rule("second-opinion", "The independent check disagrees with the proof.")
WARNED = Rule("measurement", "A run of this scenario would measure something else than intended.")


def proof_findings(
    loaded: LoadedScenario,
    plan: Plan,
    proof: Proof,
    *,
    policies: str | None = None,
    other: SecondOpinion | None = None,
    warnings: Sequence[str] = (),
) -> Iterator[Finding]:
    """Violated properties, differing opinions, warnings, and blocked demands as notes.

    ``policies`` is the set that replaces the scenario's own, as ``--policies`` does.
    Raises InputError if a policy file cannot be read again.
    """
    document = loaded.document
    places = _places(document, policies)
    for verdict in proof.verdicts:
        if verdict.status in ("violated", "not proven"):
            yield _violated(verdict, document, places)
    for one in other.disagreements if other else ():
        yield Finding(DIFFERS, str(one), [_demand(document, one.demand)])
    for warning in warnings:
        yield Finding(WARNED, warning, [_line(document)], "warning")
    for demand in plan.demands:
        if demand.status == "BLOCKED":
            message = f"{demand.id} is blocked: {demand.why.removeprefix('BLOCKED; ')}"
            yield Finding(BLOCKED, message, [_demand(document, demand.id)], "note")


def _violated(verdict: Verdict, document: Document, places: PolicyPlaces) -> Finding:
    shown = verdict.counterexample
    rule = Rule(verdict.claim, verdict.sentence)
    if shown is None:
        return Finding(rule, f"{verdict.sentence} {verdict.why}".strip(), [_line(document)])
    whose = f"{shown.demand}: " if shown.demand else ""
    policies = [places.of(one.policy) for one in shown.clauses]
    found = dict.fromkeys([*policies, _demand(document, shown.demand)])
    where = sorted(found, key=lambda one: one.is_shipped)
    return Finding(rule, f"{whose}{shown.verdict}\n{shown}", where)


def _places(document: Document, policies: str | None) -> PolicyPlaces:
    """Of the scenario's own set, or of one that is found from the working directory."""
    if policies is not None:
        return places_of_policies(policies)
    folder, named = Path(document.file).parent, str(document.value("policies") or "none")
    return places_of_policies(folder / named if is_file(folder / named) else named)


def _demand(document: Document, name: str) -> WrittenAt:
    """The line of a demand, named as ``id`` or ``id from SRC to DST``, or of the demand whose
    responses it carries."""
    name = name.partition(" ")[0]
    demands = document.value("demands")
    for number, demand in enumerate(demands if isinstance(demands, list) else ()):
        if isinstance(demand, dict) and str(demand.get("id")) in (name, name.partition(".")[0]):
            return _line(document, "demands", number)
    return _line(document)


def _line(document: Document, *path: str | int) -> WrittenAt:
    return WrittenAt(document.file, document.line_of(*path) or 1)
