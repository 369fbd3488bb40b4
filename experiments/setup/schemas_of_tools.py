"""What commands about law, maps, scenarios and this machine print as JSON, as types."""

from __future__ import annotations

from typing import Literal, NotRequired

from corridor.experiments.setup.schema_generation import (
    Form,
    as_dumped,
    as_object,
    as_plain,
    generic,
    one_of,
    typed,
    with_more,
)

_SCHEMA: dict[str, Form] = {"schema": int}
_NAMED: dict[str, Form] = {"schema": str}


def law_classify() -> Form:
    from corridor.controller.policy.classifier import Finding
    from corridor.controller.policy.data_flow import DataFlow
    from corridor.experiments.answers.law_answers import (
        PolicyShown,
        ReadingShown,
        RuleShown,
        TransferOption,
    )

    return as_plain(
        "LawClassify",
        Finding,
        "origin",
        "sensitivity",
        **_SCHEMA,
        day=str,
        data_class=str,
        facts=DataFlow,
        requires=list[list[str]],
        outstanding=list[list[str]],
        rules=list[RuleShown],
        readings=list[ReadingShown],
        ways=list[TransferOption],
        policies=list[PolicyShown],
        warning=str,
    )


def law_diff() -> Form:
    from corridor.controller.policy.law_calendar import Change

    text = "Rules that stand otherwise on the later of two days."
    return typed("LawDiff", text, **_SCHEMA, earlier=str, later=str, changes=list[Change])


def law_list() -> Form:
    from corridor.experiments.answers.law_answers import RuleShown

    text = "Rules on a day."
    return typed("LawList", text, **_SCHEMA, day=str, reviewed=str, rules=list[RuleShown])


def law_calendar() -> Form:
    from corridor.controller.policy.law_calendar import CalendarEntry

    text = "What begins, ends, and must be reviewed."
    days = dict.fromkeys(("first", "last", "reviewed"), str)
    return typed("LawCalendar", text, **_SCHEMA, **days, due=list[CalendarEntry])


def doctor() -> Form:
    from corridor.experiments.setup.doctor import Machine, Verdict
    from corridor.experiments.testbeds.choice import Choice

    choice = as_object("Choice", Choice)
    text = "What a machine can do, and what repairs the rest."
    return typed(
        "Doctor",
        text,
        **_NAMED,
        verdicts=list[Verdict],
        choice=one_of(choice, None),
        reason=str,
        machine=Machine,
    )


def kernel() -> Form:
    """Of ``show``, or of the kernel that was built, exported or imported."""
    from corridor.experiments.machines.kernel import KernelFacts

    shown = typed(
        "Kernels",
        "The kernels that guests can boot.",
        virtual=KernelFacts | None,
        real=KernelFacts | None,
        cache=str,
        config_hash=str,
    )
    return one_of(shown, with_more("KernelMade", KernelFacts, seconds=NotRequired[float]))


def vm() -> Form:
    places = dict.fromkeys(
        ("architecture", "identity", "disk", "kernel", "initrd", "packages"), str
    )
    return typed("Image", "The image of a machine, and where its parts are.", **places, bytes=int)


def workload() -> Form:
    """A shipped workload with its sources, or what a scenario's workloads send."""
    from corridor.experiments.plan.values import Messages, PlannedWorkload
    from corridor.experiments.scenario.shipped_workloads import ShippedWorkload, Source

    shown = as_dumped("WorkloadShown", ShippedWorkload, **_SCHEMA, sources=dict[str, Source])
    text = "What a scenario's workloads send, after ``start_ns`` of its clock."
    lists: dict[str, Form] = {"workloads": list[PlannedWorkload], "messages": Messages | None}
    return one_of(shown, typed("WorkloadPlan", text, **_SCHEMA, **lists, start_ns=int))


def export() -> Form:
    """What was written, or what another tool answered."""
    from corridor.controller.explain.questions import Compared, Outcome

    written = typed("Exported", "What was written.", files=list[str], said=str, left_out=list[str])
    one = as_plain("ComparedAnswer", Compared, "where_claims_hold")
    counts = dict[Outcome, int]
    compared = typed(
        "ExportCompared",
        "Answers of another tool next to ours.",
        kinds=dict[str, counts],
        total=counts,
        differ=generic(list, one),
        breaches=generic(list, one),
    )
    return one_of(written, compared)


def topology() -> Form:
    from corridor.topologies.model.hosts import Host
    from corridor.topologies.model.topology import Fibre, Hub, Topology

    left_out = ("hubs", "fibres", "background_gbps", "domains")
    graph = as_dumped("Head", Topology, *left_out, hosts=NotRequired[list[Host]])
    ends = {"key": str, "source": str, "target": str}
    hub = as_dumped("Hub", Hub)
    edge = as_dumped("Edge", Fibre, "id", "a", "z", **ends)
    text = "A topology as a graph in node-link form."
    flags = {"directed": bool, "multigraph": bool}
    lists: dict[str, Form] = {"nodes": generic(list, hub), "edges": generic(list, edge)}
    return typed("Topology", text, **_NAMED, **flags, graph=graph, **lists)


def topology_check() -> Form:
    from corridor.topologies.analysis.check import Report

    return as_plain("TopologyCheck", Report, **_NAMED, ok=bool)


def topology_import() -> Form:
    counts = {"hubs": int, "fibres": int}
    text = "A topology that was written."
    return typed("TopologyImport", text, written=str, name=str, **counts, notes=list[str])


def topology_validate() -> Form:
    from corridor.topologies.analysis.measurements import Measurement
    from corridor.topologies.analysis.validation import Errors, Report

    predicted = {"predicted_ms": float, "interval_ms": list[float], "region": str}
    row = as_plain("JudgedRow", Measurement, **predicted)
    errors = as_plain("LeftOutErrors", Errors)
    more: dict[str, Form] = {
        "rows": generic(list, row),
        "fit": list[str],
        "rows_left_out": generic(dict, str, generic(list, errors)),
    }
    return as_plain("DelayValidation", Report, "judged", **_NAMED, **more)


def topology_evidence() -> Form:
    from corridor.topologies.analysis.trace_evidence import TraceEvidence

    return TraceEvidence


def packed() -> Form:
    strings, counts = (
        dict.fromkeys(("file", "identity"), str),
        dict.fromkeys(("files", "runs"), int),
    )
    text = "An artifact that was written; ``check`` names cells."
    return typed("Packed", text, **strings, **counts, check=list[str])


# What commands for live networks print as JSON, as types.


def status() -> Form:
    """All of it, one demand's, or with ``--watch`` why there is none at the moment."""
    from corridor.controller.api.control_answers import (
        DemandAnswer,
        StatusAnswer,
        TopologyAnswer,
    )

    whole = with_more(
        "NetworkStatus", TopologyAnswer, status=StatusAnswer, demands=list[DemandAnswer]
    )
    away = typed("Away", "The controller is being started again.", problem=str)
    return one_of(whole, DemandAnswer, away)


def event() -> Form:
    from corridor.controller.api.control_answers import Event

    return Event


def trace() -> Form:
    from corridor.controller.api.control_answers import DemandAnswer
    from corridor.controller.explain.trace import Trace

    return as_plain("TraceNow", Trace, epoch=int, served=DemandAnswer)


def probe() -> Form:
    """A probe that was answered, one that was lost, or that its demand is served otherwise."""
    from corridor.controller.api.control_answers import DemandAnswer

    times = dict.fromkeys(("rtt_ns", "there_ns", "back_ns"), int)
    answered = typed("Answered", "A round trip.", seq=int, **times)
    lost = typed("Lost", "No answer came within two seconds.", seq=int, lost=Literal[True])
    served = with_more("Served", DemandAnswer, event=Literal["status"])
    return one_of(answered, lost, served)


def policies() -> Form:
    from corridor.controller.policy.model import PolicySet

    return PolicySet
