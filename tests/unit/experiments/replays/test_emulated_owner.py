"""The network of one owner after a cut, as files that the product reads."""

from __future__ import annotations

import pytest
import yaml

from corridor.experiments.cli import main
from corridor.experiments.replays.asking import replay_network
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError


def test_each_holding_is_a_fibre_with_a_stream_of_what_it_is_offered(tmp_path):
    folder = tmp_path / "net"
    assert main(["replay", "redsea-2025-09", "--network", "PK/ptcl", "--out", str(folder)]) == 0
    loaded = load_scenario(str(folder / "scenario.yaml"))
    made = replay_network("redsea-2025-09", "PK/ptcl")
    assert [one.id for one in loaded.topology.fibres] == [one.fibre for one in made.expected]
    shares = {one["stream"]: float(one["share"][:-1]) / 100 for one in made.scenario["timeline"]}
    for one in made.expected:
        assert shares[one.fibre] == pytest.approx(one.offered_share, abs=1e-4)
        assert one.loss_share == pytest.approx(max(0, 1 - 1 / one.offered_share))
        fibre = loaded.topology.fibre(one.fibre)
        assert 2 * fibre.one_way_delay_ns / 1e6 == pytest.approx(one.rtt_before_ms, abs=0.02)
    assert yaml.safe_load((folder / "topology.yaml").read_text())["capacity"]["scale"] == 1e-5


def test_the_losses_of_all_fibres_are_the_shortfall_of_the_owner():
    import corridor

    made = replay_network("redsea-2025-09", "PK/ptcl")
    lost = sum(
        one.loss_share * one.offered_share * float(fibre["capacity"].removesuffix("Gbit"))
        for one, fibre in zip(made.expected, made.topology["fibres"], strict=True)
    )
    (found,) = (
        one
        for one in corridor.replay("redsea-2025-09", samples=0).states
        if (one.country, one.after) == ("PK", "own")
    )
    assert lost == pytest.approx(found.unserved_gbps, rel=1e-3)


@pytest.mark.parametrize(
    ("event", "network", "complaint"),
    [
        ("redsea-2025-09", "PK/ptc", "PK/ptcl"),
        ("redsea-2025-09", "XX/none", "known are"),
        ("hengchun-2006", "PK/ptcl", "no capacity of 2006"),
    ],
)
def test_an_owner_that_is_not_there_is_one_line(event, network, complaint):
    with pytest.raises(InputError, match=rf"(?s){complaint}"):
        replay_network(event, network)
