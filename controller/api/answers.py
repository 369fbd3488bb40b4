"""What else the API reads and answers than what the controller tells, as types: proofs,
explanations, problems, days."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from corridor.controller.explain.clauses import ClauseCost, Unused
from corridor.controller.explain.explanation import OtherValue, Outage, PermitInUse, ReverseDemand
from corridor.controller.explain.path_summary import Ground, PathDetails
from corridor.controller.forwarding.forwarding_graph import ServiceStatus
from corridor.controller.policy.permitted_paths import Remedy
from corridor.controller.prover.counterexample import Counterexample
from corridor.controller.prover.search.declared_demands import Witness
from corridor.controller.prover.verdicts import Counts, Verdict
from corridor.topologies.base.units import written_day


class Answer(BaseModel):
    """Closed: what is not named here is not there."""

    model_config = ConfigDict(use_attribute_docstrings=True)


def _example(**values: Any) -> ConfigDict:
    return ConfigDict(use_attribute_docstrings=True, json_schema_extra={"examples": [values]})


class ProofOfTables(Answer):
    """Every claim's verdict on one set of tables."""

    holds: bool
    verdicts: list[Verdict]
    counts: Counts
    witnesses: list[Witness]


class ProofAnswer(Answer):
    """The last proof: of `tables`, or of both sides of an update, `beside` and `flipped`."""

    of: str
    """What was proven, and why; or the user-supplied controller whose tables were."""
    epoch: int | None
    """None of tables of a user's controller."""
    holds: bool
    tables: ProofOfTables | None = None
    beside: ProofOfTables | None = None
    """Of what switches said they held before the flip, by the old policies."""
    flipped: ProofOfTables | None = None
    """Of what they would hold after it, by the new."""


class ExplanationAnswer(Answer):
    """Why a demand takes its path, or none: as `corridor explain --json`."""

    schema_version: Literal[1] = Field(alias="schema")
    demand: str
    data_class: str
    origin: list[str]
    src: str
    dst: str
    as_of: date
    status: ServiceStatus
    permit: PermitInUse | None
    judged: bool
    """Whether the policies speak of it; else only what they forbid to any data binds it."""
    passage: PathDetails | None
    shortest: PathDetails | None
    """The shortest path there is, whatever policies say."""
    forbids_shortest: list[Ground]
    clauses: list[ClauseCost]
    unused: list[Unused]
    outages: list[Outage]
    remedies: list[Remedy]
    answers: ReverseDemand | None
    protection_ns: int
    """What the path takes longer than the shortest lawful one, so as to be protected all along."""
    apart_ns: int
    """What it takes longer so as to share nothing with demands that it is to be disjoint from."""
    room_ns: int
    """What it takes longer so that guaranteed rates fit in addition to those of others."""
    lacks: list[str]
    """What was asked for and is not had: the step of the permit's ladder, if any, and why."""
    costs_ns: int | None
    """What policies add to the one-way delay, including the protection they require."""
    costs_km: float | None
    other_values: list[OtherValue]
    """Values of interpretations under which the demand takes another path, or none."""


class Day(Answer):
    """A day whose policies and bases are to be in force."""

    model_config = _example(as_of="2027-07-01") | ConfigDict(extra="forbid")
    as_of: Annotated[date, BeforeValidator(written_day)]
    """As `YYYY-MM-DD`, of the years 1900 to 2999."""


class Mistake(Answer):
    """What is wrong with a request, and where."""

    where: str
    """As people read it: `policies[3].hard.avoid.located_in[0]`."""
    message: str
    pointer: str = ""
    """The same as RFC 6901 has it, in what was sent: `/policies/3/hard/avoid/located_in/0`."""
    hint: str = ""
    """A way out, or a name that may be meant."""


class ProblemAnswer(Answer):
    """What went wrong (RFC 9457)."""

    model_config = _example(
        type="urn:corridor:problem:unknown",
        title="Not found",
        status=404,
        detail="no fibre 'x'; there are shanghai-guian, kunming-karachi",
        kind="unknown",
        instance="/v1/fibres/x/drain",
    )
    type: str
    """`urn:corridor:problem:KIND`."""
    title: str
    status: int
    detail: str
    """What happened this time."""
    kind: str
    instance: str = ""
    """The path that was asked for."""
    counterexamples: list[Counterexample | str] = Field(default_factory=list)
    """Where a claim would break: a packet for each, and what every switch would do with it."""
    mistakes: list[Mistake] = Field(default_factory=list)
    """What is wrong with the request, piece by piece."""
