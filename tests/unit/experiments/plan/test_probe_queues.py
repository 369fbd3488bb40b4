"""Waits of probes for each other are reported before the run, with length and place.

Periodic probes of a scenario never meet on a fibre, as a walk of every probe shows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.experiments.commands import check
from corridor.experiments.plan import probe_queues
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.plan.probe_queues import (
    GUARD_NS,
    Hop,
    queue_warnings,
    starts_apart,
    waits,
)
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.traffic.agents.probe import Probe

LINE = """name: line
capacity: {{scale: 1, assumed_terrestrial: {rate}, assumed_submarine: 1Gbit, min_rate: 1Mbit,
  max_rate: 1Gbit}}
hubs: [shanghai, guian, kunming]
fibres:
- {{id: first, a: shanghai, z: guian, length: 1000km}}
- {{id: second, a: guian, z: kunming, length: 1000km}}
"""
SCENARIO = """schema: 1
name: queues
topology: line.yaml
policies: none
seed: 1
probe: {{interval: {interval}, count: 6, arrival: {arrival}}}
demands:
- {{id: through, class: dr, src: shanghai, dst: kunming}}
- {{id: half, class: dr, src: shanghai, dst: guian}}
"""
SENDS_NS = 132 * 8 * 1000
"""A probe of 128 octets with its label, at 1 Mbit/s."""


def written(
    folder: Path, rate: str = "1Mbit", interval: str = "20ms", arrival: str = "periodic"
) -> Path:
    (folder / "line.yaml").write_text(LINE.format(rate=rate))
    path = folder / "s.yaml"
    path.write_text(SCENARIO.format(interval=interval, arrival=arrival))
    return path


def planned(path: Path, seed: int = 1) -> Plan:
    return make_plan(load_scenario(str(path)), clock="virtual", run_id="c0", seed=seed)


@cache
def shipped_plan(name: str) -> Plan:
    loaded = load_scenario(name)
    return make_plan(loaded, clock="virtual", run_id="c0", seed=loaded.scenario.seed)


def test_probes_far_apart_wait_for_nobody(tmp_path: Path) -> None:
    assert waits(planned(written(tmp_path))) == {}


def test_probes_half_a_transmission_apart_wait_the_other_half(tmp_path: Path) -> None:
    """Of an interval as long as one takes to send, each demand gets half: 2 x 100 % of the rate."""
    found = waits(planned(written(tmp_path, interval=f"{4 * SENDS_NS // 3}ns")))
    first_wait_ns = SENDS_NS - 4 * SENDS_NS // 3 // 2
    assert found[1].fibre == "first"
    assert found[1].most_ns > found[1].median_ns > first_wait_ns


def test_what_waits_is_told_with_the_fibre_and_a_way_out(tmp_path: Path) -> None:
    said = queue_warnings(planned(written(tmp_path, interval="1500us")))
    assert len(said) == 2
    assert "2 of 2 demands" in said[0]
    assert "at first (1Mbit)" in said[0]
    assert "141% of first" in said[1]
    assert all("probe: of the scenario" in line for line in said)


def test_ten_times_the_rate_and_nobody_waits(tmp_path: Path) -> None:
    assert queue_warnings(planned(written(tmp_path, rate="10Mbit", interval="1500us"))) == []


def test_random_arrivals_are_those_that_will_be_sent(tmp_path: Path) -> None:
    path = written(tmp_path, interval="3ms", arrival="poisson")
    found = waits(planned(path, seed=1))
    assert found
    assert found == waits(planned(path, seed=1))
    assert found != waits(planned(path, seed=2))


@pytest.mark.parametrize("name", ["mini", "pan-asia", "sovereignty"])
def test_shipped_scenarios_have_nothing_to_warn_of(name: str) -> None:
    assert queue_warnings(shipped_plan(name)) == []


def test_check_says_it_and_keeps_json_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import argparse
    import json

    parser = argparse.ArgumentParser()
    check.add_parser(parser.add_subparsers())
    path = str(written(tmp_path, interval="1500us"))
    assert check.run(parser.parse_args(["check", path])) == 0
    assert "WARNS: probes wait for each other" in capsys.readouterr().out
    assert check.run(parser.parse_args(["check", path, "--json"])) == 0
    out, errors = capsys.readouterr()
    assert json.loads(out)
    assert "WARNS: probes wait" in errors


MS, ROUNDS = 1_000_000, 12


def meetings(plan: Plan) -> list[tuple[int, int]]:
    """Pairs of demands of which a probe comes to a fibre while one of the other is sent there:
    delays and rates are those of the wiring, and no queue is computed."""
    wires = {wire.fibre: wire for wire in plan.wiring.fibres}
    probing = next(n for n, name in enumerate(plan.job.phases) if name == "probe")
    starts = {
        part.demand: (part.start_ns, part.interval_ns)
        for host in plan.job.hosts
        for part in host.of(Probe)
        if part.phase == probing
    }
    first_ns = min(start_ns for start_ns, _ in starts.values())
    sent: defaultdict[tuple[str, str], list[tuple[int, int, int]]] = defaultdict(list)
    for demand in plan.demands:
        if demand.index not in starts or demand.predicted_backward_ns is None:
            continue
        start_ns, interval_ns = starts[demand.index]
        there = list(zip(demand.fibres, pairwise(demand.hubs), strict=True))
        same = demand.predicted_backward_ns == demand.predicted_forward_ns
        back = [(fibre, (z, a)) for fibre, (a, z) in reversed(there)] if same else []
        for number in range(ROUNDS):
            at_ns = start_ns - first_ns + number * interval_ns
            for fibre, (begin, _) in [*there, *back]:
                wire = wires[fibre]
                shape = wire.forward if wire.a.hub == begin else wire.backward
                at_ns += shape.usual_ns
                ends_ns = at_ns + 132 * 8 * 10**9 // shape.rate_bps
                sent[fibre, begin].append((at_ns, ends_ns, demand.index))
                at_ns = ends_ns
    return [
        (one[2], other[2])
        for passed in sent.values()
        for one, other in pairwise(sorted(passed))
        if other[0] < one[1]
    ]


@pytest.mark.parametrize("name", ["mini", "pan-asia", "reference", "sovereignty"])
def test_no_two_probes_of_a_shipped_scenario_meet_on_a_fibre(name: str) -> None:
    assert meetings(shipped_plan(name)) == []


HOPS = [Hop(("one", True), 5 * MS, MS), Hop(("two", True), 5 * MS, MS)]


def test_a_demand_that_would_meet_another_starts_later_by_as_little_as_suffices() -> None:
    assert starts_apart({0: 0, 1: MS // 2}, {0: 20 * MS, 1: 20 * MS}, {0: HOPS, 1: HOPS}) == {
        0: 0,
        1: MS + GUARD_NS,
    }
    apart = {0: 0, 1: 10 * MS}
    assert starts_apart(apart, {0: 20 * MS, 1: 20 * MS}, {0: HOPS, 1: HOPS}) == apart


def test_probes_of_other_intervals_are_kept_apart_for_all_times() -> None:
    found = starts_apart({0: 0, 1: 0}, {0: 20 * MS, 1: 15 * MS}, {0: HOPS[:1], 1: HOPS[:1]})
    passes = [{(found[n] + k * step * MS) for k in range(60)} for n, step in ((0, 20), (1, 15))]
    assert min(abs(one - other) for one in passes[0] for other in passes[1]) >= MS + GUARD_NS


def test_a_demand_that_finds_no_free_time_keeps_its_start() -> None:
    hops = [Hop(("one", True), 0, 3 * MS)]
    starts, every = {n: n * MS for n in range(3)}, dict.fromkeys(range(3), 8 * MS)
    found = starts_apart(starts, every, dict.fromkeys(range(3), hops))
    assert found[0] == 0
    assert found[1] == 3 * MS + GUARD_NS
    assert found[2] == 2 * MS, "two of 3 ms and their gaps leave less than 3 of 8 ms"


SPANS = st.lists(st.tuples(st.integers(0, 999_999), st.integers(1, 60_000)), max_size=20)


@given(spans=SPANS, begin_ns=st.integers(0, 999_999), sends_ns=st.integers(1, 600_000))
def test_every_span_that_a_probe_overlaps_is_near_it(spans, begin_ns, sends_ns):
    """Also around the end of the period, where times begin again."""
    taken = probe_queues._Taken()
    for span in spans:
        taken.add(*span)
    near = [*taken.near(begin_ns, sends_ns, MS)]
    assert not Counter(near) - Counter(spans)
    for span in spans:
        assert not probe_queues._overlap(begin_ns, sends_ns, span, MS) or span in near
