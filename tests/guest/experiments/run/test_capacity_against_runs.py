"""What ``corridor capacity`` computes is what a run measures: the fibres of highest utilization.

Demands of known rates share fibres of the shipped map with Internet traffic. Sent for 16 s.
"""

from __future__ import annotations

from statistics import fmean

import pytest

import corridor
from corridor.experiments.account.utilisation import USE_FILE, use_of
from corridor_runs import run

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("virtual_kernel"),
]
SECONDS, S = 16, 10**9
BUSIEST = 12
SCENARIO = f"""\
schema: 1
name: loaded
topology: pan-asia
leave_out: [uncertain]
policies: none
as_of: 2026-11-24
background: internet
probe: {{interval: 200ms, count: {5 * SECONDS}}}
demands:
- {{id: gulf, class: a, src: fujairah, dst: karachi}}
- {{id: land, class: b, src: urumqi, dst: islamabad}}
- {{id: border, class: b, src: kashgar, dst: rawalpindi}}
- {{id: oman, class: a, src: muscat, dst: dammam}}
- {{id: back, class: a, src: karachi, dst: muscat}}
workloads:
- {{id: gulf, kind: stream, demands: [gulf], transport: {{udp: 300Gbit}}}}
- {{id: land, kind: stream, demands: [land], transport: {{udp: 150Gbit}}}}
- {{id: border, kind: stream, demands: [border], transport: {{udp: 200Gbit}}}}
- {{id: oman, kind: stream, demands: [oman], transport: {{udp: 250Gbit}}}}
- {{id: back, kind: stream, demands: [back], transport: {{udp: 500Gbit}}}}
"""


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    path = tmp_path_factory.mktemp("loaded") / "loaded.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture(scope="module")
def folder(scenario):
    found = run(scenario.with_name("result"), scenario, "--testbed", "uml", "--clock", "virtual")
    assert found.code == 0, found.said + found.complained
    return found.folder


@pytest.fixture(scope="module")
def computed(scenario):
    """The busiest directions of fibres while nothing fails, by fibre and hub."""
    links = [one for one in corridor.capacity(scenario).links if "group" not in one.fibre]
    busiest = sorted(links, key=lambda one: -one.usual_share)[:BUSIEST]
    return {(one.fibre, one.hub): one for one in busiest}


@pytest.fixture(scope="module")
def measured(computed, folder):
    """The mean utilization of these while demands send, and the part that is reserved."""
    every = [
        one
        for one in use_of(folder / USE_FILE)
        if one.at_ns >= S and one.at_ns + one.lasts_ns <= (SECONDS - 1) * S
    ]
    mine = {key: [one for one in every if (one.fibre, one.from_hub) == key] for key in computed}
    return {
        key: (fmean(one.share for one in rows), rows[0].background_bps / rows[0].rate_bps)
        for key, rows in mine.items()
    }


def test_the_busiest_fibres_are_as_full_as_computed(computed, measured):
    assert {key: share for key, (share, _) in measured.items()} == pytest.approx(
        {key: one.usual_share for key, one in computed.items()}, rel=0.02
    )
    assert max(share for share, _ in measured.values()) > 0.9


def test_the_part_of_demands_is_as_computed(computed, measured):
    """The reserved rate alone does not make the sums equal."""
    loaded = 0
    for key, one in computed.items():
        share, reserved = measured[key]
        of_demands = one.usual_share - one.usual_background_gbps / one.capacity.gbps
        assert share - reserved == pytest.approx(of_demands, rel=0.02, abs=1e-3), key
        loaded += of_demands > 0.09
    assert loaded >= 5


def test_the_summary_has_the_utilization_of_all_used_directions(computed, folder):
    summary = corridor.load(folder).summary
    found = {(one.fibre, one.from_): one for one in summary.fibre_use}
    rows = use_of(folder / USE_FILE)
    assert found.keys() == {(one.fibre, one.from_hub) for one in rows}
    for key in computed:
        mine = [one for one in rows if (one.fibre, one.from_hub) == key]
        assert found[key].most_utilization == max(one.share for one in mine)
        assert found[key].utilization <= found[key].most_utilization + 1e-9
    assert [key for key, one in found.items() if one.is_congested]
    assert summary.account.closes
    assert any(line.startswith("Congested fibres:") for line in summary.verdict)
