"""Queues before fibres in scenarios: what is planned of them, and each mistake by file and line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

from corridor.controller.forwarding.program import set_field
from corridor.controller.policy.model import RETURN
from corridor.controller.policy.schema import json_schema
from corridor.experiments.account.counters import read_queues, write_queues
from corridor.experiments.lab.proof import prove_compiled
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.traffic import frame_specs
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.queues import shipped
from corridor.experiments.scenario.scenario import ScenarioFile, load_scenario
from corridor.experiments.text.run_text import queues_table
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.emulation.fibre_counters import ClassCounters
from corridor.topologies.model.line import format_dscp, parse_dscp
from corridor.topologies.model.wiring import wire
from typed_summary import typed

HEAD = """\
schema: 1
name: queued
topology: mini
demands:
- {id: one, class: infer, src: shanghai, dst: guian}
- {id: two, class: ai_bulk, src: shanghai, dst: guian, dscp: 12}
- {id: three, class: something, src: guian, dst: karachi}
"""
LINES = HEAD.count("\n")
PROMISED = """\
protect: {k: 1, over: [link]}
demands:
- {id: one, class: infer, src: shanghai, dst: guian, guarantee: {cir: 20Mbit, pir: 40Mbit}}
- {id: two, class: ai_bulk, src: shanghai, dst: guian}
"""


@pytest.fixture
def loaded(tmp_path: Path):
    def load(text: str, head: str = HEAD):
        path = tmp_path / "queued.yaml"
        path.write_text(head + text)
        return load_scenario(str(path))

    return load


def planned(loaded, text: str, head: str = HEAD):
    return make_plan(loaded(text, head), clock="virtual", run_id="c0", seed=1)


def shape(plan, fibre: str):
    return next(one.forward for one in plan.wiring.fibres if one.fibre == fibre)


def test_without_queues_nothing_is_marked_and_nothing_stands_before_fibres(loaded):
    scenario = loaded("").scenario
    assert [scenario.dscp(demand) for demand in scenario.demands] == [0, 12, 0]
    assert not any(one.forward.queue.stands for one in planned(loaded, "").wiring.fibres)


def test_demands_are_marked_by_their_class_unless_they_say_how(loaded):
    text = "network: {queues: priority}\n"
    scenario = loaded(text).scenario
    assert [scenario.dscp(demand) for demand in scenario.demands] == [46, 12, 0]
    topology = loaded(text).topology
    specs = {spec.id: spec.dscp for spec in frame_specs(scenario, wire(topology))}
    assert (specs["probe-0"], specs["probe-1"], specs["probe-2"]) == (46, 12, 0)


def test_the_network_marks_a_demand_and_its_answers_whatever_hosts_say(loaded):
    directions = specify(loaded("network: {queues: priority}\n")).directions
    marks = {one.demand.id: one.dscp for one in directions}
    assert marks["one"] == marks[f"one{RETURN}"] == 46
    assert marks["three"] == marks[f"three{RETURN}"] == 0


@pytest.mark.parametrize("written", [None, 0, 10, 63])
def test_tables_that_mark_a_demand_as_another_do_not_hold(loaded, written):
    text = "network: {queues: priority}\n"
    plan, judged_by = planned(loaded, text), specify(loaded(text))
    if written is not None:
        plan = replace(plan, program=marking(plan.program, 46, written))
    proof = prove_compiled(plan, judged_by)
    broken = {verdict.claim for verdict in proof.violated}
    assert ("C2" in broken) == (written is not None)
    assert written is not None or not broken


def marking(program, right: int, wrong: int):
    """The program, with another mark in place of the right one."""
    switches = tuple(
        replace(switch, flows=tuple(_marking(flow, right, wrong) for flow in switch.flows))
        for switch in program.switches
    )
    return replace(program, switches=switches)


def _marking(flow, right: int, wrong: int):
    actions = tuple(
        set_field("ip_dscp", wrong) if one == set_field("ip_dscp", right) else one
        for one in flow.actions
    )
    return replace(flow, actions=actions)


def test_the_service_classes_that_ship_are_the_classes_if_none_are_given(loaded):
    queue = shape(planned(loaded, "network: {queues: priority}\n"), "shanghai-guian").queue
    assert [one.name for one in queue.classes] == [one.id for one in shipped().service_classes]
    assert queue.classes[0].dscps == (46, 26)
    assert queue.classes[-1].dscps == ()


def test_buffers_are_octets_or_what_the_fibre_sends_in_a_time(loaded):
    text = """network:
  queues:
    discipline: weighted
    buffer: 10ms
    classes:
    - {name: gold, of: [infer], weight: 3, buffer: 64kB}
    - {name: rest}
"""
    found = shape(planned(loaded, text), "shanghai-guian")
    gold, rest = found.queue.classes
    assert (gold.buffer_bytes, gold.weight, gold.dscps) == (64_000, 3, (46,))
    assert rest.buffer_bytes == -(-found.rate_bps * 10 // 8000)
    assert rest.weight == 1


def test_one_fibre_may_have_another_discipline_or_none(loaded):
    text = """network:
  queues:
    discipline: priority
    fibres: {shanghai-guian: {discipline: pie, target: 20ms}, guian-kunming: none}
"""
    plan = planned(loaded, text)
    assert shape(plan, "shanghai-guian").queue.name == "pie"
    assert shape(plan, "shanghai-guian").queue.target_us == 20_000
    assert not shape(plan, "guian-kunming").queue.stands
    assert shape(plan, "shanghai-kunming").queue.name == "priority"


def test_a_committed_rate_has_a_class_wherever_a_protected_failure_may_send_it(loaded):
    head = "schema: 1\nname: queued\ntopology: mini\n"
    text = f"{PROMISED}network: {{queues: committed}}\n"
    plan = planned(loaded, text, head)
    found = {
        (one.fibre, end.hub): [of.name for of in shape.queue.committed]
        for one in plan.wiring.fibres
        for end, shape in ((one.a, one.forward), (one.z, one.backward))
    }
    assert found["shanghai-guian", "shanghai"] == ["one"]
    assert found["shanghai-kunming", "shanghai"] == ["one"]
    assert found["shanghai-guian", "guian"] == []
    (one,) = shape(plan, "shanghai-guian").queue.committed
    assert (one.cir_bps, one.pir_bps) == (20_000_000, 40_000_000)
    follows = planned(loaded, f"{text}controller: {{follow: true}}\n", head)
    assert all(one.backward.queue.committed for one in follows.wiring.fibres)


def test_an_aggregate_has_one_class_for_all_its_demands(loaded):
    text = """network: {queues: committed}
aggregates:
- {id: pipe, demands: [one, two], guarantee: {cir: 20Mbit, pir: 40Mbit}}
"""
    (pipe,) = shape(planned(loaded, text), "shanghai-guian").queue.committed
    assert pipe.name == "pipe"
    assert len({packets.src_port for packets in pipe.packets}) > 1


QUEUES = "network:\n  queues:\n"
BATCHES = "network:\n  segmentation_offload: true\n  queues:\n"
FIFO = f"{QUEUES}    discipline: fifo\n"
PRIORITY = f"{QUEUES}    discipline: priority\n    classes:\n"


def classes(*written: str) -> str:
    return PRIORITY + "".join(f"    - {{{one}}}\n" for one in written)


@pytest.mark.parametrize(
    ("text", "line", "said", "hint"),
    [
        ("network: {queues: prioriti}\n", 1, 'discipline "prioriti" is not known', "priority"),
        (f"{FIFO}    buffer: 20\n", 4, "neither a time nor a size", "256kB"),
        (f"{FIFO}    buffer: 100B\n", 4, "a full frame", ""),
        (f"{FIFO}    target: 5ms\n", 2, "target are of fq_codel, pie", ""),
        (f"{FIFO}    ecn: true\n", 2, "ecn are of fq_codel, pie", ""),
        (f"{QUEUES}    discipline: pie\n    ecn: 1\n", 4, "ecn", ""),
        (
            f"{BATCHES}    fibres: {{shanghai-guian: {{discipline: pie, ecn: true}}}}\n",
            1,
            "would mark whole batches",
            "",
        ),
        (f"{QUEUES}    buffer: 5ms\n", 2, "without a discipline", "fifo"),
        (f"{QUEUES}    fibres: {{shanghai-gujan: pie}}\n", 3, "unknown fibre", "shanghai-guian"),
        (
            classes("name: a, dscp: [EF]", "name: b, dscp: [46]"),
            6,
            'EF is of "a" and of "b"',
            "one class",
        ),
        (classes("name: a, of: [infr]", "name: b"), 5, 'class "infr" is not known', "infer"),
        (classes("name: a", "name: b"), 4, "take what no other class does", ""),
        (classes("name: a, dscp: [EF], weight: 2", "name: b"), 2, "weight is of weighted", ""),
        (classes("name: a"), 2, "two or more", ""),
        (classes("name: a, dscp: [EFF]", "name: b"), 5, '"EFF" is not a DSCP', ""),
        (classes("name: a, dscp: [EF]", "name: a"), 6, 'two classes are called "a"', ""),
    ],
)
def test_a_mistake_is_told_with_its_file_its_line_and_a_way_out(loaded, text, line, said, hint):
    with pytest.raises(InputError) as wrong:
        loaded(text)
    assert f"queued.yaml:{LINES + line}" in str(wrong.value)
    assert said in str(wrong.value)
    assert hint in str(wrong.value)


@pytest.mark.parametrize(
    "queues",
    [
        "priority",
        {"fibres": {"shanghai-guian": "pie", "guian-kunming": {"discipline": "fifo"}}},
        {"discipline": "weighted", "classes": [{"name": "a", "dscp": ["EF", 12]}, {"name": "b"}]},
    ],
)
def test_editors_take_what_is_taken(queues):
    demand = {"id": "a", "class": "infer", "src": "a", "dst": "b", "dscp": "AF11"}
    network = {"queues": queues}
    text = {"name": "a", "topology": "mini", "demands": [demand], "network": network}
    jsonschema.validate(text, json_schema(ScenarioFile, "A scenario"))
    network["queues"] = "prioriti"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(text, json_schema(ScenarioFile, "A scenario"))


def test_the_names_of_dscps_are_read_and_written():
    names = ("EF", "AF11", "AF43", "CS1", "LE", "VA", "BE")
    assert [format_dscp(parse_dscp(name)) for name in names] == list(names)
    assert parse_dscp("af31") == parse_dscp(26) == 26
    assert (format_dscp(0), format_dscp(63)) == ("BE", "63")
    for wrong in ("XY", 64, -1, True, None, 1.5):
        with pytest.raises(ValueError, match="is not a DSCP"):
            parse_dscp(wrong)


def test_what_classes_counted_is_summed_by_direction(loaded, tmp_path):
    plan = planned(loaded, "network: {queues: priority}\n")
    interface = next(one for one in plan.wiring.fibres if one.fibre == "shanghai-guian").a.interface
    before = {interface: (ClassCounters("interactive", 3, 300, 0, 0),)}
    after = {interface: (ClassCounters("interactive", 10, 1000, 2, 1),)}
    write_queues(tmp_path, before, after)
    (found,) = read_queues(tmp_path, plan.wiring)
    assert (found.fibre, found.from_, found.discipline) == (
        "shanghai-guian",
        "shanghai",
        "priority",
    )
    assert to_plain(found.classes) == [
        {
            "name": "interactive",
            "sent_packets": 7,
            "sent_bytes": 700,
            "drops": 2,
            "backlog_packets": 1,
        }
    ]


def test_an_aqm_marks_where_it_is_asked_to_and_nowhere_else(loaded):
    text = f"{QUEUES}    discipline: fq_codel\n    ecn: true\n    fibres: {{shanghai-guian: pie}}\n"
    plan = planned(loaded, text)
    assert shape(plan, "guian-kunming").queue.ecn
    assert not shape(plan, "shanghai-guian").queue.ecn
    assert "ecn" not in to_plain(shape(plan, "shanghai-guian").queue)


def test_marks_are_counted_apart_from_drops_where_a_queue_marks(loaded, tmp_path):
    text = f"{QUEUES}    discipline: pie\n    ecn: true\n    fibres: {{guian-kunming: pie}}\n"
    plan = planned(loaded, text)
    ends = {one.fibre: one.a.interface for one in plan.wiring.fibres}
    marking, other = ends["shanghai-guian"], ends["guian-kunming"]
    before = {marking: (ClassCounters("all", 3, 300, 0, 0, 2),)}
    after = {
        marking: (ClassCounters("all", 10, 1000, 0, 0, 6),),
        other: (ClassCounters("all", 10, 1000, 5, 0),),
    }
    write_queues(tmp_path, before, after)
    found = {one.fibre: one.classes[0] for one in read_queues(tmp_path, plan.wiring)}
    assert found["shanghai-guian"].ce_marks == 4
    assert found["shanghai-guian"].drops == 0
    assert found["guian-kunming"].ce_marks is None
    lines = queues_table(
        typed({"queues": to_plain(read_queues(tmp_path, plan.wiring))}), None
    ).splitlines()
    assert [line.split()[-2:] for line in (lines[0], *lines[2:])] == [
        ["CE", "marks"],
        ["10", "5"],
        ["0", "4"],
    ]


def counted(name: str, passed: int, drops: int):
    return {
        "name": name,
        "sent_packets": passed,
        "sent_bytes": 0,
        "drops": drops,
        "backlog_packets": 0,
    }


def test_people_are_shown_the_classes_of_queues_that_dropped_and_no_others():
    full = [counted("gold", 10, 0), counted("rest", 7, 3)]
    quiet = [counted("gold", 99, 0)]
    summary = {
        "queues": [
            {"fibre": "calm", "from": "a", "discipline": "priority", "classes": quiet},
            {"fibre": "busy", "from": "b", "discipline": "weighted", "classes": full},
        ]
    }
    lines = queues_table(typed(summary), None).splitlines()
    assert [line.split() for line in lines[2:]] == [
        ["busy", "b", "weighted", "gold", "10", "0"],
        ["busy", "b", "weighted", "rest", "7", "3"],
    ]
    assert queues_table(typed({}), None) == ""
    assert queues_table(typed({"queues": summary["queues"][:1]}), None) == ""


@pytest.mark.parametrize("corrupt", ["", "[]", "{}", '{"before": 1, "after": {"x": 3}}'])
def test_corrupt_counts_are_ignored(loaded, tmp_path, corrupt):
    (tmp_path / "queues.json").write_text(corrupt)
    assert read_queues(tmp_path, planned(loaded, "").wiring) == []


def test_every_class_of_the_shipped_scenarios_has_a_mark():
    for name in ("mini", "pan-asia", "sovereignty"):
        classes = {demand.data_class for demand in load_scenario(name).scenario.demands}
        assert {one for one in classes if shipped().dscp_of(one) is None} == set()
