"""A cut of another cable is felt by the queue of a demand: owners move Internet traffic there."""

from __future__ import annotations

import numpy as np
import pytest

import corridor
from corridor.experiments.account.utilisation import USE_FILE, use_of
from corridor.experiments.scenario.scenario import load_scenario
from corridor.traffic.measures.samples import join, read_directory
from corridor_runs import run

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("virtual_kernel"),
]
CUT, FIBRE = "smw5-karachi-fujairah", "tw1-karachi-fujairah"
S = 10**9
CUT_S, REACTED_S, MENDED_S, BACK_S, OVER_S = 2, 3, 5, 6, 8
SCENARIO = f"""\
schema: 1
name: felt
topology: pan-asia
leave_out: [uncertain]
policies: none
as_of: 2026-11-24
background: {{react: own, after: {REACTED_S - CUT_S}s}}
probe: {{interval: 10ms, count: {100 * OVER_S}}}
demands:
- {{id: one, class: x, src: fujairah, dst: karachi}}
workloads:
- {{id: sent, kind: stream, class: x, transport: {{udp: 60Gbit}}}}
timeline:
- {{at: {CUT_S}s, for: {MENDED_S - CUT_S}s, cut: {CUT}}}
"""


@pytest.fixture(scope="module")
def felt(tmp_path_factory):
    folder = tmp_path_factory.mktemp("felt")
    (folder / "felt.yaml").write_text(SCENARIO)
    found = run(folder / "result", folder / "felt.yaml", "--testbed", "uml", "--clock", "virtual")
    assert found.code == 0, found.said + found.complained
    return found


@pytest.fixture(scope="module")
def sent(felt):
    """When each probe was sent, after the first, and its one-way delay, both in seconds."""
    rows = join(read_directory(felt.folder / "raw"))
    rows = rows[(rows["phase"] > 0) & rows["sent"] & (rows["reflections"] > 0)]
    at = (rows["t1_ns"] - rows["t1_ns"].min()) / 1e9
    return at, (rows["t2_ns"] - rows["t1_ns"]) / 1e9


def between(sent, begin_s, end_s):
    at, delay = sent
    return delay[(at > begin_s) & (at < end_s)]


def test_delays_rise_when_owners_have_moved_and_fall_when_they_are_back(sent):
    first, cut, moved, mended, back = (
        between(sent, begin + 0.1, end)
        for begin, end in (
            (0, CUT_S), (CUT_S, REACTED_S), (REACTED_S, MENDED_S), (MENDED_S, BACK_S),
            (BACK_S, OVER_S),
        )
    )  # fmt: skip
    calm_ms = [1e3 * float(np.mean(one)) for one in (first, cut, back)]
    full_ms = [1e3 * float(np.mean(one)) for one in (moved, mended)]
    assert min(full_ms) > max(calm_ms) + 3, (calm_ms, full_ms)


def test_lone_probes_take_the_time_of_the_rate_that_is_left(sent, felt):
    """The least delay changes by the transmission time of a probe, at just the planned instants."""
    bits = 132 * 8
    usual, moved = rates(felt.folder.with_name("felt.yaml"))
    least = [min(between(sent, *one)) for one in ((0, REACTED_S), (REACTED_S, BACK_S))]
    assert least[1] - least[0] == pytest.approx(bits / moved - bits / usual, abs=2e-6)
    at, delay = sent
    quick = at[delay < (least[0] + least[1]) / 2]
    assert REACTED_S - 0.1 < quick[quick < BACK_S - 0.1].max() < REACTED_S
    assert BACK_S <= quick[quick > REACTED_S].min() < BACK_S + 0.1


def rates(scenario):
    """What is left of the fibre, in bit/s as emulated: usually, and while the other is cut."""
    loaded = load_scenario(str(scenario))
    maps = (loaded.background.after(dead).on(loaded.topology) for dead in ((), (CUT,)))
    return [one.free_rate_bps(one.fibre(FIBRE), "fujairah") for one in maps]


def test_capacity_computes_the_utilization_before_and_after(felt, tmp_path):
    scenario = tmp_path / "felt.yaml"
    scenario.write_text(SCENARIO)
    rows = [one for one in use_of(felt.folder / USE_FILE) if one.fibre == FIBRE]
    rows = [one for one in rows if one.from_hub == "fujairah"]
    for dead, begin, end in (((), 0, CUT_S), ((CUT,), REACTED_S, MENDED_S)):
        computed = {
            (one.fibre, one.hub): one for one in corridor.capacity(scenario, cut=dead).links
        }[FIBRE, "fujairah"].usual_share
        seen = [
            one for one in rows if begin * S <= one.at_ns and one.at_ns + one.lasts_ns <= end * S
        ]
        measured = sum(one.share * one.lasts_ns for one in seen) / sum(one.lasts_ns for one in seen)
        assert measured == pytest.approx(computed, rel=0.02), dead
