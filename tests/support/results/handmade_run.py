"""A result folder made by hand: three hubs in a row, three demands, every number known.

    shanghai (CN, coastal) --one-- guian (CN, western) --two-- karachi (PK)

| demand | path              | probes after warm-up                                        |
|--------|-------------------|-------------------------------------------------------------|
| near   | shanghai > guian  | 4 sent, 2 answered, one twice; 1 lost forward, 1 backward   |
| silent | guian > karachi   | 1 sent, none answered                                       |
| far    | shanghai > karachi| 3 answered, the last two in the wrong order                 |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from corridor.controller.forwarding.program import Program
from corridor.experiments.account.flows import FlowRow
from corridor.experiments.account.probes import PROBE_PHASE, WARM_UP_PHASE
from corridor.experiments.plan.values import PLAN_SCHEMA, Plan, PlannedDemand
from corridor.experiments.results.results import RunFacts
from corridor.topologies.base.codec import to_plain
from corridor.topologies.model.wiring import End, FibreWire, HubWire, Shape, Wiring
from corridor.traffic.agents import records
from corridor.traffic.agents.delays import DELAY, LATE, DelayFile, Delays
from corridor.traffic.agents.delays import file_name as delays_of
from corridor.traffic.agents.jobs import plan_job
from corridor.traffic.measures.flows import FlowResult

EPOCH_NS = 1_800_000_002_000_000_000
HUBS = ("shanghai", "guian", "karachi")
FACTS = RunFacts(
    testbed="uml",
    clock="virtual",
    reason="made by hand",
    complete=True,
    failure=None,
    build_s=5.0,
    teardown_s=2.0,
    wall_s=30.5,
    virtual_s=13.25,
    clock_step_ns=0,
)
EVENTS: tuple[dict[str, Any], ...] = (
    {"wall_s": 1.0, "event": "phase", "at_ns": EPOCH_NS - 2_000_000_000, "name": "build"},
    {"wall_s": 6.0, "event": "phase", "at_ns": EPOCH_NS - 1_000_000_000, "name": "install"},
    {"wall_s": 8.0, "event": "phase", "at_ns": EPOCH_NS - 500_000_000, "name": "measure"},
    {"wall_s": 20.0, "event": "phase", "at_ns": EPOCH_NS + 9_000_000_000, "name": "teardown"},
    {"wall_s": 22.5, "event": "phase", "at_ns": EPOCH_NS + 9_250_000_000, "name": "end"},
)
SCENARIO = """\
resolved: {name: handmade}
topology:
  hubs:
  - {id: shanghai, located_in: CN, role: coastal}
  - {id: guian, located_in: CN, role: western}
  - {id: karachi, located_in: PK, role: foreign}
"""


def plan() -> Plan:
    return Plan(
        schema=PLAN_SCHEMA,
        scenario="handmade",
        seed=7,
        policies="none",
        as_of="2026-11-24",
        framework="ryu",
        segmentation_offload=False,
        demands=(
            _demand(0, "near", HUBS[:2], ("one",), ("CN",), 5_000_000, 10_000_000),
            _demand(1, "silent", HUBS[1:], ("two",), ("CN", "PK"), 20_000_000, None),
            _demand(2, "far", HUBS, ("one", "two"), ("CN", "PK"), 25_000_000, None),
        ),
        wiring=Wiring("c0", tuple(map(_hub, range(1, 4))), (_fibre("one", 1), _fibre("two", 2))),
        program=Program((), ()),
        job=plan_job("virtual", "", (), ("warm-up", "probe")),
        watched=False,
        gateways=(),
        bfd_interval_ms=None,
        start_ns=1_000_000_000,
        changes=(),
        events=(),
        follows=False,
        cuts=(),
        boundaries=(),
        transfers=(),
    )


def write_run(folder: Path) -> None:
    """Everything a run leaves before it is summed up."""
    (folder / "raw").mkdir(parents=True)
    (folder / "raw" / "plan.json").write_text(json.dumps(to_plain(plan())))
    (folder / "scenario.yaml").write_text(SCENARIO)
    manifest = {"schema": 1, "testbed": {"testbed": "uml", "clock": "virtual", "reason": "best"}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in EVENTS))
    write_probes(folder / "raw")
    write_flows(folder / "raw")


def write_probes(raw: Path) -> None:
    sender, middle, mirror = (_writer(raw, hub) for hub in HUBS)
    # near: one warm-up, then sequence numbers 1 to 4; residence 100 ns.
    _send(sender, WARM_UP_PHASE, 0, 0)
    _reply(sender, WARM_UP_PHASE, 0, 0, 5_100_000, 5_000_000)
    for seq in (1, 2, 3, 4):
        _send(sender, PROBE_PHASE, 0, seq)
    _reply(sender, PROBE_PHASE, 0, 1, 5_000_250, 5_000_500)
    _reply(sender, PROBE_PHASE, 0, 2, 5_001_000, 5_002_000)
    _reply(sender, PROBE_PHASE, 0, 2, 5_001_000, 5_009_000)
    for seq in (1, 2, 4):
        _reflect(middle, PROBE_PHASE, 0, seq)
    _send(middle, PROBE_PHASE, 1, 0)
    for seq in (0, 1, 2):
        _send(sender, PROBE_PHASE, 2, seq)
    for seq in (0, 2, 1):
        _reply(sender, PROBE_PHASE, 2, seq, 25_000_000 + 1000 * seq, 25_000_000)
        _reflect(mirror, PROBE_PHASE, 2, seq)
    for writer in (sender, middle, mirror):
        writer.close()


def write_delays(raw: Path, hub: str, what: int, times_ns: Mapping[int, int]) -> None:
    """Of the stream of near: packets or bursts by number, in order of arrival."""
    file = DelayFile(str(raw / delays_of(hub)))
    of = Delays(file, what, 0)
    of.numbers.extend(times_ns)
    of.times_ns.extend(times_ns.values())
    of.flush()
    file.close()


def write_flows(raw: Path) -> None:
    """A UDP stream of near that loses 10 of 100 frames in a queue; a TCP transfer of far."""
    sent = {
        "flow": 0,
        "phase": 2,
        "frame_bytes": 1250,
        "rate_bps": 12_000_000,
        "packets_intended": 100,
        "packets_sent": 100,
        "queue_full": 0,
        "errors": {},
        "burst_packets": 1,
        "first_sent_ns": EPOCH_NS,
        "last_sent_ns": EPOCH_NS + 82_500_000,
        "late_max_ns": 500,
    }
    got = {
        "flow": 0,
        "phase": 2,
        "port": 5000,
        "foreign": 0,
        "packets": 90,
        "frame_bytes_total": 90 * 1250,
        "first_frame_bytes": 1250,
        "first_arrival_ns": EPOCH_NS,
        "last_arrival_ns": EPOCH_NS + 89_000_000,
        "dropped_by_socket": 0,
        "duplicates": 0,
        "reordered": 0,
        "delay_min_ns": 5_000_000,
        "delay_max_ns": 25_000_000,
        "delay_sum_ns": 90 * 15_000_000,
    }
    _dump(raw / "flows-shanghai.json", {"streams_out": [sent], "streams_in": []})
    write_delays(raw, "shanghai", LATE, dict.fromkeys(range(100), 256))
    write_delays(raw, "guian", DELAY, {n: 5_000_000 if n < 45 else 25_000_000 for n in range(90)})
    _dump(raw / "flows-guian.json", {"streams_out": [], "streams_in": [got]})
    transfer = {
        "demand": 2,
        "result": {
            "flow": 2,
            "layer": "TCP payload",
            "received_bytes": 1_250_000,
            "received_mbps": 5.0,
            "sent_bytes": 1_300_000,
            "sent_mbps": 5.2,
            "duration_ns": 2_000_000_000,
            "retransmits": 3,
            "min_rtt_us": 50_001,
            "error": None,
        },
    }
    _dump(raw / "transfers.json", [transfer])


def flow_row(
    demand: str, protocol: str = "tcp", bottleneck_mbps: float = 0.0, **found: Any
) -> FlowRow:
    """A flow of which only some figures are known."""
    none: dict[str, Any] = dict.fromkeys(("flow", "layer", "delivered_mbps", "duration_ns"))
    return FlowRow(demand, protocol, bottleneck_mbps, None, FlowResult(**none | found))


def write_series(raw: Path) -> None:
    """What both ends of these flows counted over time, in intervals of 10 ms and of 0.1 s.

    near streams 40 packets of 1250 octets from 1 s after the epoch, when probing starts; they take
    5 ms, and 10 of those of the second interval are lost. far sends for 0.3 s from 1.05 s on.
    """
    first = {"flow": 0, "width_ns": 10_000_000, "first": 100}
    sent = {**first, "frame_bytes": 1250, "offered": [10, 20, 0, 10], "sent": [10, 19, 0, 10]}
    got = {
        **first,
        "first": 99,
        "arrived": [0, 10, 10, 0, 10],
        "delay_ns": [0, 50_000_000, 50_000_000, 0, 50_000_000],
        "packets": [0, 5, 10, 5, 5, 5],
        "frame_bytes": [0, 6250, 12500, 6250, 6250, 6250],
    }
    for host, out, into in (("shanghai", [sent], []), ("guian", [], [got])):
        about = {"schema": 1, "epoch_ns": EPOCH_NS, "streams_out": out, "streams_in": into}
        _dump(raw / f"intervals-{host}.json", about)
    transfers = json.loads((raw / "transfers.json").read_text())
    began_ns = EPOCH_NS + 1_050_000_000
    transfers[0]["result"]["sending"] = [
        _interval(began_ns, 0, 250_000, retransmits=0, cwnd_octets=14_480, rtt_us=50_000),
        _interval(began_ns, 1, 0, retransmits=3, cwnd_octets=1448, rtt_us=50_500),
        _interval(began_ns, 2, 125_000, retransmits=0, cwnd_octets=2896, rtt_us=51_000),
    ]
    transfers[0]["result"]["receiving"] = [
        _interval(began_ns, number, octets) for number, octets in enumerate((250_000, 0, 125_000))
    ]
    _dump(raw / "transfers.json", transfers)


def _interval(began_ns: int, number: int, octets: int, **more: int) -> dict[str, int]:
    from_ns = began_ns + number * 100_000_000
    return {"from_ns": from_ns, "until_ns": from_ns + 100_000_000, "octets": octets, **more}


def _dump(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value))


def _writer(raw: Path, hub: str) -> records.RecordWriter:
    head = records.header(hub, EPOCH_NS, "virtual")
    return records.RecordWriter(str(raw / records.file_name(hub)), head, 64)


def _sent_ns(demand: int, seq: int) -> int:
    return EPOCH_NS + demand * 1_000_000 + seq * 20_000_000


def _send(writer: records.RecordWriter, phase: int, demand: int, seq: int) -> None:
    intended = _sent_ns(demand, seq)
    writer.add(records.SENT, 0, 0, 0, phase, demand, seq, 0, intended, intended + 256, 0, 0, 0)


def _reply(
    writer: records.RecordWriter, phase: int, demand: int, seq: int, forward: int, backward: int
) -> None:
    t1 = _sent_ns(demand, seq) + 256
    t2, t3 = t1 + forward, t1 + forward + 100
    times = (0, t1, t2, t3, t3 + backward)
    writer.add(records.REPLY, 0, 64, 64, phase, demand, seq, seq, *times)


def _reflect(writer: records.RecordWriter, phase: int, demand: int, seq: int) -> None:
    t1 = _sent_ns(demand, seq) + 256
    times = (0, t1, t1 + 5_000_000, t1 + 5_000_100, 0)
    writer.add(records.REFLECTED, 0, 64, 0, phase, demand, seq, seq, *times)


def _demand(
    index: int,
    name: str,
    hubs: tuple[str, ...],
    fibres: tuple[str, ...],
    crosses: tuple[str, ...],
    one_way_ns: int,
    stream_bps: int | None,
) -> PlannedDemand:
    return PlannedDemand(
        index=index,
        id=name,
        data_class="infer",
        src=hubs[0],
        dst=hubs[-1],
        status="UP",
        data="unclassified",
        returns="unclassified",
        permit="ANYTHING",
        legal_ref=(),
        why="",
        hubs=hubs,
        phases=("EXEMPT",) * len(hubs),
        fibres=fibres,
        crosses=crosses,
        predicted_forward_ns=one_way_ns,
        predicted_backward_ns=one_way_ns,
        bottleneck_bps=10_000_000,
        probes=4,
        probe_bps=1000,
        stream_bps=stream_bps,
        tcp=False,
    )


def _hub(number: int) -> HubWire:
    switch = f"s{number}"
    return HubWire(
        HUBS[number - 1], switch, switch, number, "h", "h", "", f"10.0.0.{number}", switch, ""
    )


def _fibre(name: str, left: int) -> FibreWire:
    """From port 2 of the first hub, or 3 of the second, to port 2 of the next."""
    shape = Shape(5_000_000, 10_000_000, 1000, 20, 0, 1)
    a_port = 2 if left == 1 else 3
    a = End(HUBS[left - 1], a_port, f"s{left}p{a_port}", "")
    z = End(HUBS[left], 2, f"s{left + 1}p2", "")
    return FibreWire(name, a, z, shape, shape)
