"""Real packets on one owner's fibres after a cut, against the fluid model of background traffic."""

from __future__ import annotations

from statistics import median

import pyarrow.parquet as pq
import pytest

from corridor.experiments.replays.asking import replay_network
from corridor.experiments.replays.emulation import CALM_MS, LOADED_MS, write_emulation
from corridor_runs import run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
SHARE_WITHIN = 0.02
"""Of utilization and loss: each frame has a label, and a buffer fills and empties."""
FRAME_BITS = 1446 * 8
"""Round trips differ by less than the time in which a fibre sends one: fluids have no frames."""
SETTLED_MS = 1000
"""After streams begin, until full buffers are full."""


@pytest.fixture(scope="module")
def made():
    return replay_network("redsea-2025-09", "PK/ptcl")


@pytest.fixture(scope="module")
def ran(made, tmp_path_factory):
    folder = tmp_path_factory.mktemp("owner")
    write_emulation(folder, made)
    found = run(
        folder / "result", folder / "scenario.yaml", "--testbed", "uml", "--clock", "virtual"
    )
    assert found.code == 0, found.said + found.complained
    return found


def test_fibres_are_as_full_and_lose_as_much_as_the_fluid_model_has_it(made, ran):
    assert max(one.offered_share for one in made.expected) > 1, "no fibre is overloaded"
    for one in made.expected:
        flow = ran.flow(one.fibre, "udp")
        measured = flow["delivered"] / flow["bottleneck"]
        lost = 1 - flow["delivered"] / flow["offered"]
        assert measured == pytest.approx(one.utilization, abs=SHARE_WITHIN), one.fibre
        assert lost == pytest.approx(one.loss_share, abs=SHARE_WITHIN), one.fibre


def test_round_trips_are_those_of_the_fluid_model_before_the_streams_and_with_them(made, ran):
    rows = rtts_ms(ran)
    for one in made.expected:
        calm = [rtt for at, rtt in rows[one.fibre] if at < CALM_MS - one.rtt_ms]
        loaded = [rtt for at, rtt in rows[one.fibre] if at > CALM_MS + SETTLED_MS]
        frame_ms = FRAME_BITS / 1e3 / ran.flow(one.fibre, "udp")["bottleneck"]
        assert median(calm) == pytest.approx(one.rtt_before_ms, abs=frame_ms), one.fibre
        assert median(loaded) == pytest.approx(one.rtt_ms, abs=frame_ms), one.fibre


def rtts_ms(ran):
    """By demand, when each probe that came back was sent, in ms after the first, and its RTT."""
    names = [one["id"] for one in ran.summary["demands"]]
    columns = ("demand", "received", "t1_ns", "t4_ns")
    table = pq.read_table(ran.folder / "probes.parquet").select(columns).to_pydict()
    rows = [one for one in zip(*table.values(), strict=True) if one[1]]
    begin = min(sent for _, _, sent, _ in rows)
    found = {name: [] for name in names}
    for demand, _, sent, back in rows:
        found[names[demand]].append(((sent - begin) / 1e6, (back - sent) / 1e6))
    assert all(max(at for at, _ in one) > CALM_MS + LOADED_MS / 2 for one in found.values())
    return found
