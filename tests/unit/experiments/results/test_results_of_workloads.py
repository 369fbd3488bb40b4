"""What workloads came to: messages as hosts wrote them, rounds, stretches, expectations."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.values import Plan
from corridor.experiments.results.expected_messages import expected_messages
from corridor.experiments.results.message_columns import of_messages, stretches
from corridor.experiments.results.messages import (
    MESSAGES_FILE,
    MessageRow,
    message_rows,
    read_messages,
    read_said,
    rounds_of,
    write_messages,
)
from corridor.experiments.results.workloads import Sent, workloads_summary
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.workload_text import stretches_table, workloads_table
from corridor.topologies.base.errors import InputError
from corridor.traffic.measures.samples import PROBE_DTYPE, Probes
from typed_summary import typed

SCENARIO = """\
name: load
topology: mini
probe: {interval: 10ms, count: 400}
demands:
  - {id: infer, class: infer, src: bangkok, dst: guian}
  - {id: ckpt, class: ckpt, src: guian, dst: karachi}
  - {id: ring, class: train, src: guian, dst: kunming}
workloads:
  - {id: chat, kind: requests, demands: [infer], interval: 500ms, arrival: periodic, up: 2kB,
     down: 20kB, service: 10ms, deadline: 100ms}
  - {id: saves, kind: checkpoint, demands: [ckpt], size: 1MB, period: 2s, scale: none,
     transport: {tcp: cubic, connections: 2}}
  - {id: all, kind: collective, demands: [ring], size: 400kB, rounds: 2, scale: none}
timeline:
  - {at: 1s, for: 500ms, cut: shanghai-guian}
  - {at: 2s, policies: none}
controller: {follow: true}
"""
EPOCH_NS = 1_800_000_000_000_000_000
MS = 1_000_000


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Plan:
    path = tmp_path_factory.mktemp("scenario") / "load.yaml"
    path.write_text(SCENARIO)
    return make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)


def written(plan: Plan, folder: Path, took_ns: Callable[[Any], int | None]) -> Path:
    """As hosts would write it if each message took so long: answers begin when requests came."""
    folder.mkdir(exist_ok=True)
    came: dict[int, int] = {}
    lines = []
    assert plan.messages is not None
    for row in plan.messages.rows():
        due_ns = came.get(row.answers or 0, 0) if row.at_ns is None else EPOCH_NS + row.at_ns
        took = took_ns(row)
        if not due_ns:
            continue
        end = None if took is None else due_ns + took
        lines.append({"m": row.id, "c": row.connection, "out": [due_ns, due_ns + 5, end]})
        if end is not None:
            came[row.id] = end
            lines.append({"m": row.id, "c": row.connection, "in": [end - took // 2, end]})
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "messages-x.jsonl").write_text(text)
    return folder


@pytest.fixture
def rows(plan: Plan, tmp_path: Path) -> list[MessageRow]:
    """Requests take 20 ms, answers 30, checkpoints a second, the second one for ever."""

    def took_ns(row: Any) -> int | None:
        if row.workload == 1:
            return None if row.round == 1 else 1000 * MS + 10 * MS * (row.connection % 2)
        return 30 * MS if row.back else 20 * MS

    return message_rows(plan, read_said(written(plan, tmp_path / "raw", took_ns)), EPOCH_NS)


def summed_up(plan: Plan, rows: list[MessageRow], raw: Path) -> Any:
    probes = Probes.of(np.zeros(0, PROBE_DTYPE))
    return workloads_summary(Sent(plan, read_said(raw), rows, probes, EPOCH_NS, 1e-3))


def test_an_answer_counts_from_when_its_request_was_intended(rows: list[MessageRow]) -> None:
    request, answer = (row for row in rows if row.workload == "chat" and row.round == 0)
    assert (request.took_ns, answer.took_ns) == (20 * MS, 50 * MS)
    assert answer.intended_ns == request.completed_ns
    assert answer.met is True


def test_a_round_is_complete_when_all_of_it_has_arrived(rows: list[MessageRow]) -> None:
    chats = [one for one in rounds_of(rows) if one.workload == "chat"]
    assert {(one.messages, one.bytes, one.took_ns, one.met) for one in chats} == {
        (2, 22_000, 50 * MS, True)
    }
    first, second = (one for one in rounds_of(rows) if one.workload == "saves")
    assert (first.messages, first.took_ns, first.met) == (2, 1010 * MS, True)
    assert (second.completed_ns, second.met) == (None, False)


def test_what_came_of_an_unfinished_message_is_goodput_and_said_to_be_partial(
    plan: Plan, tmp_path: Path
) -> None:
    def took_ns(row: Any) -> int | None:
        return None if (row.workload, row.round) == (1, 1) else 100 * MS

    raw = written(plan, tmp_path / "raw", took_ns)
    before = message_rows(plan, read_said(raw), EPOCH_NS)
    unfinished = next(one for one in before if one.workload == "saves" and one.round == 1)
    assert (unfinished.arrived_bytes, unfinished.until_ns) == (None, None)
    end = {
        "at_ns": EPOCH_NS + 4_900 * MS,
        "sent": 0,
        "received": 600_000,
        "bytes_received": 625_000,
    }
    line = {"c": unfinished.connection, "end": end}
    (raw / "messages-karachi.jsonl").write_text(json.dumps(line) + "\n")
    elsewhere = {"c": unfinished.connection, "end": {**end, "received": 10**9}}
    (raw / "messages-guian.jsonl").write_text(json.dumps(elsewhere) + "\n")
    rows = message_rows(plan, read_said(raw), EPOCH_NS)
    part = next(one for one in rows if one.message == unfinished.message)
    assert (part.arrived_bytes, part.until_ns, part.completed_ns) == (125_000, 4_900 * MS, None)
    found = summed_up(plan, rows, raw)
    saves = next(one for one in found.workloads if one.id == "saves")
    assert (saves.bytes, saves.bytes_unfinished) == (1_125_000, 125_000)
    assert (saves.messages_completed, saves.met) == (2, 1)
    said = workloads_table(replace(typed({}), workloads=found))
    assert "saves: 11% of its goodput belongs to incomplete messages" in said


def test_a_round_of_a_collective_is_of_all_its_demands(rows: list[MessageRow]) -> None:
    found = [one for one in rounds_of(rows) if one.workload == "all"]
    assert [one.demand for one in found] == ["", ""]


def test_lines_that_are_torn_are_counted_and_passed_over(plan: Plan, tmp_path: Path) -> None:
    raw = written(plan, tmp_path / "raw", lambda row: MS)
    path = raw / "messages-x.jsonl"
    whole = len(read_said(raw).came)
    path.write_text(
        path.read_text()[:-9] + '\n{"m": 3}\n[]\n{"c": 9, "failed": "reset", "at_ns": 1}'
    )
    said = read_said(raw)
    assert said.torn == 3
    assert len(said.came) == whole - 1
    assert said.failed == {9: "reset"}


def test_the_table_holds_all_that_is_known(rows: list[MessageRow], tmp_path: Path) -> None:
    path = tmp_path / MESSAGES_FILE
    write_messages(path, rows)
    assert list(read_messages(path)) == rows
    before = path.read_bytes()
    write_messages(path, rows)
    assert path.read_bytes() == before
    write_messages(path, [])
    assert not path.exists()
    assert list(read_messages(path)) == []


def test_stretches_name_all_events_that_last_meanwhile(plan: Plan) -> None:
    first, second = plan.events
    longer = replace(first, end_ns=second.begin_ns + 500 * MS)
    found = {
        (one.event, one.when): one.on for one in stretches(replace(plan, events=(longer, second)))
    }
    cut, law = "cut-shanghai-guian", "policies-none"
    assert found == {
        (cut, "before"): (),
        (cut, "while"): (cut, law),
        (cut, "after"): (),
        (law, "before"): (cut,),
        (law, "after"): (cut,),
    }


def test_an_event_that_only_observes_divides_nothing(plan: Plan) -> None:
    first, second = plan.events
    observed = replace(second, kind="capture", id="capture-guian-kunming")
    found = {one.event for one in stretches(replace(plan, events=(first, observed)))}
    assert found == {first.id}


def test_stretches_reach_from_event_to_event(plan: Plan) -> None:
    start = plan.start_ns
    found = [
        (one.event, one.when, (one.from_ns - start) // MS, (one.until_ns - start) // MS)
        for one in stretches(plan)
    ]
    assert found == [
        ("cut-shanghai-guian", "before", 0, 1000),
        ("cut-shanghai-guian", "while", 1000, 1500),
        ("cut-shanghai-guian", "after", 1500, 2000),
        ("policies-none", "before", 1500, 2000),
        ("policies-none", "after", 2000, 3996),
    ]


def test_workloads_are_summed_up_by_stretch_of_their_intended_start(
    plan: Plan, rows: list[MessageRow], tmp_path: Path
) -> None:
    found = summed_up(plan, rows, tmp_path / "raw")
    chat, saves, _ = found.workloads
    assert (chat.rounds, chat.completed, chat.deadlines, chat.met) == (8, 8, 8, 8)
    assert chat.completion_ms.max == pytest.approx(50.0)
    assert chat.left_out["p50"] == "needs 20 values, and there are 8"
    assert (saves.rounds, saves.completed, saves.met) == (2, 1, 1)
    assert saves.bytes == 1_000_000
    assert saves.fairness == pytest.approx(1.0, abs=1e-3)
    before = found.stretches[0]
    assert (before.event, before.when) == ("cut-shanghai-guian", "before")
    assert before.workloads[0].rounds == 2
    assert sum(one.workloads[0].rounds for one in found.stretches[:3]) == 4


def test_goodput_is_what_arrived_whole_over_the_time_it_could(
    plan: Plan, rows: list[MessageRow], tmp_path: Path
) -> None:
    chat, saves, _ = summed_up(plan, rows, tmp_path / "raw").workloads
    assert saves.goodput_mbps == pytest.approx(8.0 / 3.99667, rel=1e-3), "until the run is over"
    assert saves.real_gbps == pytest.approx(8.0 / 3.99667 / 1e3, rel=1e-3), "octets as written"
    assert chat.goodput_mbps == pytest.approx(8 * 22_000 * 8 / 3.55 / 1e6, rel=1e-3)


def test_what_is_expected_follows_from_path_rate_and_slow_start(plan: Plan) -> None:
    found = expected_messages(plan).of
    assert plan.messages is not None
    request, answer = (row for row in plan.messages.rows() if row.workload == 0 and row.round == 0)
    one_way_ns = plan.demands[0].predicted_forward_ns
    assert one_way_ns is not None
    up, down = found[request.id], found[answer.id]
    assert up.intended_ns == request.at_ns
    assert up.arrives_ns - up.intended_ns == pytest.approx(one_way_ns, rel=0.05)
    assert down.intended_ns == up.arrives_ns + 10 * MS
    assert down.arrives_ns - down.intended_ns > 3 * one_way_ns, "20 kB are two windows"


METERED = """\
name: metered
topology: mini
network: {police: 5Mbit}
demands:
  - {id: large, class: dr, src: shanghai, dst: guian}
  - {id: small, class: dr, src: bangkok, dst: guian}
workloads:
  - {id: one, kind: bulk, demands: [large], size: 1MB, scale: none}
  - {id: few, kind: bulk, demands: [small], size: 30kB, scale: none}
"""


def test_a_meter_bounds_what_is_expected_of_all_but_its_bursts(tmp_path: Path) -> None:
    path = tmp_path / "metered.yaml"
    path.write_text(METERED)
    plan = make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)
    large, small = sorted(expected_messages(plan).of.items())
    assert large[1].arrives_ns - large[1].intended_ns > 1_600 * MS, "8 Mbit at 5 Mbit/s"
    assert small[1].arrives_ns - small[1].intended_ns < 50 * MS, "62 kB pass as a burst"


def test_few_requests_of_a_trace_take_little_from_a_transfer(tmp_path: Path) -> None:
    (tmp_path / "few.csv").write_text("at_s,up_bytes,down_bytes\n0,1000,1000\n1,1000,1000\n")
    path = tmp_path / "traced.yaml"
    beside = "  - {id: asks, kind: requests, demands: [large], trace: few.csv}\n"
    alone = METERED.replace("network: {police: 5Mbit}\n", "").replace("1MB", "5MB")
    took = []
    for text in (alone, alone + beside):
        path.write_text(text)
        plan = make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)
        large = expected_messages(plan).of[0]
        took.append(large.arrives_ns - large.intended_ns)
    assert took[1] == pytest.approx(took[0], rel=0.01)


def test_what_a_stream_of_udp_takes_is_not_expected_of_a_transfer_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "streamed.yaml"
    head = METERED.partition("workloads:")[0].replace("network: {police: 5Mbit}\n", "")
    transfer = "{id: one, kind: bulk, demands: [large], size: 12MB, scale: none}"
    stream = "{id: two, kind: stream, demands: [%s], transport: {udp: 16Tbit}}"
    took = []
    for beside in ("small", "large"):
        path.write_text(f"{head}workloads:\n  - {transfer}\n  - {stream % beside}\n")
        plan = make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)
        (found,) = expected_messages(plan).of.values()
        took.append(found.arrives_ns - found.intended_ns)
    assert took[1] == pytest.approx(2.1 * took[0], rel=0.1), "48 of 96 Mbit/s are taken"


CLASSES = """\
  queues:
    discipline: %s
    classes: [{name: high, of: [infer]%s}, {name: low}]
"""


def took_in_classes(folder: Path, discipline: str, weight: str, *, more: str = "") -> list[float]:
    """Seconds that 12 MB of either class take of a fibre of 96 Mbit/s for payload and headers;
    none where nothing is expected."""
    path = folder / "classes.yaml"
    path.write_text(
        "name: classes\ntopology: mini\n"
        + ("network:\n" + CLASSES % (discipline, weight) if discipline else "")
        + "demands:\n"
        "  - {id: high, class: infer, src: shanghai, dst: guian}\n"
        "  - {id: low, class: dr, src: shanghai, dst: guian}\n"
        "  - {id: far, class: dr, src: shanghai, dst: kunming}\n"
        "workloads:\n"
        "  - {id: one, kind: bulk, demands: [high], size: 12MB, scale: none}\n"
        "  - {id: two, kind: bulk, demands: [low], size: 12MB, scale: none}\n" + more
    )
    plan = make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)
    found = expected_messages(plan)
    by_demand = {
        row.demand: found.of[row.id]
        for row in plan.messages.rows()  # type: ignore[union-attr]
        if row.id in found.of
    }
    took = [(one.arrives_ns - one.intended_ns) / 1e9 for _, one in sorted(by_demand.items())]
    return [*took, *found.not_known.values()]  # type: ignore[list-item]


def test_classes_of_queues_are_in_what_is_expected_where_a_fluid_knows_them(
    tmp_path: Path,
) -> None:
    plain = took_in_classes(tmp_path, "", "")
    alone = plain[0] / 2
    assert plain[1] == pytest.approx(plain[0])
    weighted = took_in_classes(tmp_path, "weighted", ", weight: 3")
    assert weighted == pytest.approx([alone * 4 / 3, alone * 4], rel=0.05)
    first, why = took_in_classes(tmp_path, "priority", "")
    assert first == pytest.approx(alone, rel=0.1), "slow start takes longer to fill more"
    assert why == "queue classes of higher priority use the whole rate"


def test_nothing_is_expected_where_what_classes_leave_each_other_is_not_known(
    tmp_path: Path,
) -> None:
    farther = "  - {id: three, kind: bulk, demands: [far], size: 12MB, scale: none}\n"
    elsewhere = farther + "  - {id: four, kind: bulk, demands: [far], size: 1MB, scale: none}\n"
    why = "how queue classes share the rate here is not known"
    assert took_in_classes(tmp_path, "weighted", ", weight: 3", more=elsewhere) == [why] * 4
    stream = "  - {id: udp, kind: stream, demands: [far], transport: {udp: 3Tbit}}\n"
    assert took_in_classes(tmp_path, "priority", "", more=stream) == [why] * 2


def test_a_pause_halves_the_window_from_which_a_message_is_expected_to_start(
    tmp_path: Path,
) -> None:
    path = tmp_path / "paused.yaml"
    saves = "{id: one, kind: checkpoint, demands: [large], size: 300kB, scale: none, period: 400ms}"
    rare = saves.replace("id: one", "id: two").replace("large", "small").replace("400ms", "1900ms")
    head = METERED.partition("workloads:")[0].replace("network: {police: 5Mbit}\n", "")
    path.write_text(f"{head}workloads:\n  - {saves}\n  - {rare}\n")
    plan = make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=1)
    assert plan.messages is not None
    took: dict[int, list[int]] = {0: [], 1: []}
    for row in plan.messages.rows():
        one = expected_messages(plan).of[row.id]
        took[row.demand].append(one.arrives_ns - one.intended_ns)
    rtt_ns = plan.demands[0].predicted_rtt_ns
    assert rtt_ns is not None
    assert took[0][0] - took[0][1] == pytest.approx(rtt_ns * 3, rel=0.2), "three windows fewer"
    assert took[1][0] == took[1][1], "after so long it begins as at first"


def test_messages_over_time_are_told_in_bins(rows: list[MessageRow], plan: Plan) -> None:
    start = plan.start_ns
    goodput = of_messages(rows, "ckpt", "goodput_mbps", 500 * MS, start)
    assert sum(one.value or 0 for one in goodput) * 0.5 == pytest.approx(8.0), "of 1 MB"
    assert [one.value for one in goodput[:1]] == [0.0], "the first half second nothing arrived"
    took = of_messages(rows, "infer", "completion_ms", 500 * MS, start)
    assert {one.value for one in took} == {50.0}
    waiting = of_messages(rows, "ckpt", "messages_under_way", 500 * MS, start)
    assert [one.value for one in waiting][:2] == [2.0, 1.0]
    with pytest.raises(InputError, match="no workload sent messages along it"):
        of_messages(rows, "nothing", "goodput_mbps", MS, start)


def test_tables_say_it_in_lines(plan: Plan, rows: list[MessageRow], tmp_path: Path) -> None:
    summary = replace(typed({}), workloads=summed_up(plan, rows, tmp_path / "raw"))
    lines = workloads_table(summary).splitlines()
    assert lines[2].split()[:5] == ["chat", "tcp", "cubic", "8/8", "8/8"]
    assert stretches_table(summary).splitlines()[2].split()[:4] == [
        "cut-shanghai-guian", "infer", "before", "2/2",
    ]  # fmt: skip
    assert workloads_table(typed({})) == ""
    assert stretches_table(typed({})) == ""
