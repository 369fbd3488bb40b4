"""What the program writes for other programs to read, by name: what it is, where, and its type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import NamedTuple, NotRequired

from pydantic.json_schema import JsonSchemaValue

from corridor.experiments.setup import schemas_of_tools as tools
from corridor.experiments.setup.schema_generation import (
    Form,
    as_object,
    as_plain,
    generic,
    one_of,
    schema_of,
    typed,
    with_more,
)


class Output(NamedTuple):
    where: str
    title: str
    type: str | Callable[[], Form]
    """Imported, by its name in the package, or made when it is asked for."""


def output_schema(name: str) -> JsonSchemaValue:
    of = OUTPUTS[name].type
    return schema_of(of() if callable(of) else _type_named(of), OUTPUTS[name].title)


def _type_named(name: str) -> Form:
    module, _, of = name.partition(":")
    return getattr(import_module(f"corridor.{module}"), of)


def _event() -> Form:
    from corridor.experiments.lab.run_events import Event

    ended = typed("Exit", "What ran in the guest has ended.", event=str, code=int, wall_s=float)
    return one_of(Event, ended)


def _check() -> Form:
    from corridor.experiments.account.proof_document import ProofDocument
    from corridor.experiments.answers.demand_parts import AnycastSummary, CertaintiesDocument

    anycast = NotRequired[dict[str, AnycastSummary]]
    return as_plain("Check", ProofDocument, certainty=CertaintiesDocument, anycast=anycast)


def _explain() -> Form:
    from corridor.controller.explain.explanation import Explanation
    from corridor.experiments.answers.demand_parts import (
        AnycastSummary,
        IntervalSummary,
        SamplesSummary,
        UncertaintySummary,
    )
    from corridor.topologies.analysis.monte_carlo import Influence

    sure = as_plain(
        "CertaintyOfDemand",
        UncertaintySummary,
        of=SamplesSummary,
        costs_one_way_ms=NotRequired[IntervalSummary],
        influences=NotRequired[list[Influence]],
    )
    return as_plain(
        "Explain",
        Explanation,
        schema=int,
        costs_ns=int | None,
        costs_km=float | None,
        certainty=one_of(sure, None),
        anycast=AnycastSummary | None,
    )


def _cut() -> Form:
    from corridor.experiments.answers.cut_answer import CutAnswer, CutDemand

    return as_plain("Cut", CutAnswer, "hit", schema=int, demands=list[CutDemand])


def _capacity() -> Form:
    from corridor.experiments.answers.capacity_document import CapacityAnswer

    return as_plain("Capacity", CapacityAnswer, schema=int)


def _replay() -> Form:
    """One replay, or all of them."""
    from corridor.experiments.replays.document import Replay, Replays

    one = as_plain("OneReplay", Replay, schema=int)
    return one_of(one, as_plain("Replays", Replays, schema=int))


def _price() -> Form:
    from corridor.experiments.answers.price import DemandPrice, Row, SetPrice
    from corridor.experiments.answers.price_causes import Cause

    cause = as_plain("PricedCause", Cause, basis=str)
    demand = as_plain("PricedDemand", DemandPrice, "causes", causes=generic(list, cause))
    row = as_plain("PricedRow", Row, median_ms=float | None)
    one = as_plain("PricedSet", SetPrice, demands=generic(list, demand), rows=generic(list, row))
    return typed(
        "Price",
        "The cost of policy sets, compared with another.",
        schema=int,
        scenario=str,
        as_of=str,
        against=str,
        sets=generic(list, one),
    )


def _tables() -> Form:
    from corridor.controller.openflow.table_dump import TableDump

    return with_more("Tables", TableDump, settings=NotRequired[dict[str, object]])


def _study_answers() -> Form:
    from corridor.experiments.setup.schemas_of_documents import LeftOut
    from corridor.experiments.study.answers import (
        ComparisonAnswer,
        ConditionAnswer,
        ExpectationAnswer,
    )
    from corridor.experiments.study.intervals import Estimate

    estimate = as_object("Estimate", Estimate)
    levels: dict[str, Form] = {"levels": dict[str, str]}
    condition = as_object("Condition", ConditionAnswer, **levels, estimate=one_of(estimate, None))
    comparison = as_object(
        "Comparison", ComparisonAnswer, **levels, difference=one_of(_difference(), None)
    )
    expectation = as_object("Expectation", ExpectationAnswer, where=dict[str, str])
    return typed(
        "StudyAnswers",
        "What a study comes to.",
        schema=int,
        study=str,
        question=str,
        confidence=float,
        conditions=generic(list, condition),
        comparisons=generic(list, comparison),
        expectations=generic(list, expectation),
        left_out=list[LeftOut],
        sentences=list[str],
    )


def _difference() -> Form:
    from corridor.experiments.study.intervals import Difference

    return as_object("Difference", Difference)


def _artifact() -> Form:
    from corridor.experiments.artifact.description import About

    return as_object("Artifact", About, schema=int)


def _expected() -> Form:
    from corridor.experiments.artifact.expected import Expected, ExpectedRun

    value = as_object("Expected", Expected)
    run = as_object("ExpectedRun", ExpectedRun, values=generic(list, value))
    text = "What runs of an artifact are to come to again."
    return typed("ExpectedValues", text, schema=int, runs=generic(list, run))


def _verdict() -> Form:
    from corridor.experiments.artifact.expected import Expected, Outcome
    from corridor.experiments.artifact.verdict import Check, RunAgain

    value = as_object("FoundValue", Expected, found=float | None, outcome=Outcome)
    run = as_object("RunAgain", RunAgain, values=generic(list, value))
    check = as_object("Check", Check)
    return typed(
        "Verdict",
        "Whether an artifact holds.",
        schema=int,
        holds=bool,
        environment_differs=list[str],
        **dict.fromkeys(("name", "kind", "identity", "made_by", "checked_by"), str),
        checks=generic(list, check),
        runs=generic(list, run),
    )


def _listed() -> Form:
    from corridor.experiments.scenario.shipped_things import KINDS, Shipped

    kinds = dict.fromkeys((*KINDS, "studies"), NotRequired[list[Shipped]])
    return typed("Shipped", "What ships.", schema=int, **kinds)


def _plugins() -> Form:
    from corridor.experiments.setup.plugins import Plugin

    return typed("Plugins", "Kinds of installed packages.", schema=int, plugins=list[Plugin])


def _compare() -> Form:
    """One of five: ``of`` says which."""
    from corridor.experiments.answers.compared import (
        DemandInBoth,
        DemandUnderBoth,
        ScenariosCompared,
    )
    from corridor.experiments.setup import schemas_of_documents
    from corridor.topologies.analysis.compared import MapsCompared

    head: dict[str, Form] = {"schema": int, "of": str, "one": str, "other": str}
    demand = as_plain("DemandUnderBothSets", DemandUnderBoth, differs=bool)
    in_both = as_plain("DemandInBoth", DemandInBoth, differs=bool)
    measure = with_more(
        "MeasureOfStudies", schemas_of_documents.MeasureOfStudies, difference=_difference()
    )
    return one_of(
        with_more("RunsCompared", schemas_of_documents.RunsCompared, **head),
        with_more(
            "StudiesCompared",
            schemas_of_documents.StudiesCompared,
            **head,
            rows=generic(list, measure),
        ),
        typed(
            "SetsCompared",
            "Two sets.",
            **head,
            scenario=str,
            as_of=str,
            demands=generic(list, demand),
        ),
        as_plain("MapsCompared", MapsCompared, **head),
        as_plain("ScenariosCompared", ScenariosCompared, **head, demands=generic(list, in_both)),
    )


OUTPUTS: Mapping[str, Output] = {
    "summary": Output(
        "summary.json; run --json; report --json; show --json",
        "What a run came to",
        "experiments.account.summary:Summary",
    ),
    "answers": Output(
        "answers.json",
        "What is computed of a scenario, before it runs",
        "experiments.answers.document:Answers",
    ),
    "manifest": Output(
        "manifest.json", "What a run was made of", "experiments.setup.schemas_of_documents:Manifest"
    ),
    "event": Output("a line of events.jsonl; up --json", "What happened in a run", _event),
    "proof": Output(
        "proof.json",
        "Verification of flow tables",
        "experiments.account.proof_document:ProofDocument",
    ),
    "account": Output(
        "account.json", "Where every packet went", "experiments.account.summary:AccountFile"
    ),
    "certainty": Output(
        "raw/certainty.json",
        "The uncertainty of paths",
        "experiments.answers.demand_parts:CertaintiesDocument",
    ),
    "tables": Output("tables/before.json, after.json", "What switches say they hold", _tables),
    "price-answer": Output("price.json; price --json", "What policy sets cost", _price),
    "study-index": Output(
        "study.json", "The cells of a study", "experiments.setup.schemas_of_documents:StudyIndex"
    ),
    "cell": Output(
        "cells/ID/cell.json, failed/ID.json",
        "The outcome of a cell",
        "experiments.setup.schemas_of_documents:CellFile",
    ),
    "study-answers": Output(
        "answers.json of a study; study show --json; show --json",
        "What a study comes to",
        _study_answers,
    ),
    "artifact": Output("artifact.json", "What an artifact is of", _artifact),
    "artifact-expected": Output("expected.json", "What its runs are to come to", _expected),
    "artifact-verdict": Output("artifact verify --json", "Whether it holds", _verdict),
    "check-answer": Output("check --json", "A proof, and the uncertainty of paths", _check),
    "compare-answer": Output("compare --json", "What differs between two of a kind", _compare),
    "explain-answer": Output("explain --json", "Why a demand takes its path", _explain),
    "capacity-answer": Output(
        "capacity.json; capacity --json",
        "How full fibres are, and how far traffic can grow",
        _capacity,
    ),
    "replay-answer": Output(
        "replay --json", "Outages computed, next to their published effects", _replay
    ),
    "availability-answer": Output(
        "availability --json",
        "How often demands have a permitted path",
        "experiments.availability.availability_answer:AvailabilityAnswer",
    ),
    "repairs-answer": Output(
        "availability --repairs queue --json",
        "What waiting for repair ships changes",
        "experiments.availability.repairs_answer:RepairsAnswer",
    ),
    "year-answer": Output(
        "year.json; availability --year --json",
        "A sampled year: computed and measured",
        "experiments.results.emulated_year:YearAnswer",
    ),
    "risks-answer": Output(
        "risks --json",
        "What fails, by importance",
        "experiments.availability.risks_answer:RisksAnswer",
    ),
    "energy-answer": Output(
        "energy --json",
        "Power, carbon and prices of hubs",
        "experiments.placement.energy_documents:EnergyAnswer",
    ),
    "domain-processes-answer": Output(
        "domains --processes --json",
        "A process for each domain",
        "experiments.domains.domains_documents:DomainRun",
    ),
    "routing-answer": Output(
        "routing --json",
        "Plain routing, its law and its outages after cuts",
        "experiments.routing.routing_documents:RoutingAnswer",
    ),
    "domains-answer": Output(
        "domains --json",
        "Paths across domains",
        "experiments.domains.domains_documents:DomainPathsAnswer",
    ),
    "plan-answer": Output(
        "plan --json",
        "Which fibres and gateways to build next",
        "experiments.expansion.plan_documents:PlanAnswer",
    ),
    "place-answer": Output(
        "place --json",
        "Where jobs are computed, and what law costs",
        "experiments.placement.place_documents:PlaceAnswer",
    ),
    "cut-answer": Output("cut --json", "What a cut does", _cut),
    "capacity-each-answer": Output(
        "capacity --each --json",
        "Utilization under each of many cuts, by year",
        "experiments.answers.capacity_each:CapacityEachAnswer",
    ),
    "cut-each-answer": Output(
        "cut --each --json",
        "What each of many cuts does",
        "experiments.answers.cut_each:CutEachAnswer",
    ),
    "traffic-answer": Output(
        "traffic --json",
        "Background Internet traffic",
        "experiments.answers.traffic_answer:TrafficAnswer",
    ),
    "latency-answer": Output(
        "topology latency --json",
        "A round trip, by the model",
        "experiments.setup.schemas_of_documents:Latency",
    ),
    "list-answer": Output("list --json; study list --json", "What ships", _listed),
    "plugins-answer": Output("plugins --json", "Kinds of installed packages", _plugins),
    "law-classify-answer": Output(
        "law classify --json", "What the law states about a flow of data", tools.law_classify
    ),
    "law-diff-answer": Output("law diff --json", "What changed in the law", tools.law_diff),
    "law-list-answer": Output("law list --json", "Rules of law", tools.law_list),
    "law-calendar-answer": Output("law calendar --json", "What is due", tools.law_calendar),
    "doctor-answer": Output("doctor --json", "What a machine can do", tools.doctor),
    "kernel-answer": Output(
        "kernel show, build, export, import --json", "Kernels of guests", tools.kernel
    ),
    "vm-answer": Output("vm build --json", "The image of a machine", tools.vm),
    "workload-answer": Output(
        "workload show, plan --json", "A workload, or what some send", tools.workload
    ),
    "export-answer": Output("export --json", "What was exported, or compared", tools.export),
    "topology-answer": Output("topology show --json", "A topology as a graph", tools.topology),
    "topology-check-answer": Output(
        "topology check --json", "What is missing in a topology", tools.topology_check
    ),
    "topology-domains-answer": Output(
        "topology domains --json",
        "Who runs a topology, and what is unknown of it",
        "topologies.analysis.domains_known:DomainsAnswer",
    ),
    "topology-import-answer": Output(
        "topology import --json", "A topology that was written", tools.topology_import
    ),
    "topology-validate-answer": Output(
        "topology validate --json", "Measurements next to the model", tools.topology_validate
    ),
    "topology-evidence-answer": Output(
        "topology evidence --json", "What traceroutes say about fibres", tools.topology_evidence
    ),
    "artifact-packed-answer": Output(
        "artifact pack --json", "An artifact that was written", tools.packed
    ),
    "status-answer": Output("status --json", "How a live network stands", tools.status),
    "events-answer": Output(
        "a line of events --json", "What happened in a live network", tools.event
    ),
    "trace-answer": Output("a line of trace --json", "A demand's path now", tools.trace),
    "probe-answer": Output("a line of probe --json", "A round trip, or a status", tools.probe),
    "policies-answer": Output(
        "policy show --json", "The policies of a live network", tools.policies
    ),
}
