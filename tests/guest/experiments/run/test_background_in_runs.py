"""Background traffic by a reserved rate, next to the same background sent as packets.

Separate fibres of 10 Mbit/s carry one demand each next to 6 Mbit/s of background, Poisson packets
of 1000 octets: for each load of the demand once as packets that share the queue, once reserved.
docs/background.md has the table of longer runs.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import yaml

import corridor
from corridor.experiments.account.utilisation import USE_FILE, use_of
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_scenario
from corridor.traffic.measures.samples import join, read_directory

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("virtual_kernel"),
]
RATE_BPS, BACKGROUND = 10_000_000, 0.6
SIZE_BYTES, FRAME_BITS = 1000, 1004 * 8
SECONDS, DELAY_MS = 8, 1.0
LOADS = (0.2, 0.3, 0.5)
FRAME_MS = FRAME_BITS / RATE_BPS / (1 - BACKGROUND) * 1e3
"""The time of a frame at the rate that the background leaves."""


class Seen(NamedTuple):
    """What became of the packets of a demand."""

    loss: float
    mean_ms: float
    """Over the fibre, without its propagation."""
    longest_ms: float


def line_of(fibres: int) -> dict:
    hubs = [
        {"id": f"h{n}", "name": f"Hub {n}", "role": "foreign", "located_in": "TH",
         "lat": 10 + n * 0.1, "lon": 100.0}
        for n in range(fibres + 1)
    ]  # fmt: skip
    links = [
        {"id": f"f{n}", "a": f"h{n}", "z": f"h{n + 1}", "length": "150km",
         "one_way_delay": f"{DELAY_MS}ms", "capacity": "10Mbit"}
        for n in range(fibres)
    ]  # fmt: skip
    return {"name": "line", "title": "Separate fibres", "hubs": hubs, "fibres": links}


def demand(name: str, fibre: int, share: float) -> dict:
    gap_ns = round(FRAME_BITS / (share * RATE_BPS) * 1e9)
    probe = {
        "size": f"{SIZE_BYTES}B",
        "interval": f"{gap_ns}ns",
        "count": round(SECONDS * 1e9 / gap_ns),
        "arrival": "poisson",
    }
    return {"id": name, "class": "x", "src": f"h{fibre}", "dst": f"h{fibre + 1}", "probe": probe}


def run(folder, scenario: dict, topology: dict):
    (folder / "line.yaml").write_text(yaml.safe_dump(topology))
    (folder / "beside.yaml").write_text(yaml.safe_dump({**scenario, "topology": "line.yaml"}))
    asked = Options(
        scenario=str(folder / "beside.yaml"),
        testbed="uml",
        clock="virtual",
        report=False,
        out=folder / "run",
    )
    run_scenario(asked, say=lambda _text: None)
    return folder / "run"


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> dict[tuple[str, float], Seen]:
    """By ``packets`` or ``reserved``, and the load of the demand."""
    demands, numbers, reserved = [], {}, {}
    for place, load in enumerate(LOADS):
        numbers["packets", load] = len(demands)
        demands.append(demand(f"packets-{place}", 2 * place, load))
        demands.append(demand(f"background-{place}", 2 * place, BACKGROUND))
        numbers["reserved", load] = len(demands)
        demands.append(demand(f"reserved-{place}", 2 * place + 1, load))
        reserved[f"f{2 * place + 1}"] = "6Mbit"
    scenario = {"schema": 1, "name": "beside", "demands": demands}
    folder = run(
        tmp_path_factory.mktemp("beside"),
        {**scenario, "background": {"fibres": reserved}},
        line_of(2 * len(LOADS)),
    )
    probes = join(read_directory(folder / "raw"))
    return {key: seen_of(probes[probes["demand"] == number]) for key, number in numbers.items()}


def seen_of(rows) -> Seen:
    sent = rows[rows["sent"]]
    arrived = sent[sent["reflections"] > 0]
    over_ms = (arrived["t2_ns"] - arrived["t1_ns"]) / 1e6 - DELAY_MS
    return Seen(1 - len(arrived) / len(sent), float(np.mean(over_ms)), float(np.max(over_ms)))


@pytest.mark.parametrize("load", LOADS[:2])
def test_below_the_rate_that_is_left_a_demand_loses_next_to_nothing(seen, load):
    assert seen["packets", load].loss < 0.01
    assert seen["reserved", load].loss < 0.01


@pytest.mark.parametrize("load", LOADS)
def test_the_longest_delay_is_the_same_to_a_frame(seen, load):
    packets, reserved = seen["packets", load], seen["reserved", load]
    assert abs(reserved.longest_ms - packets.longest_ms) < 1.5 * FRAME_MS


@pytest.mark.parametrize("load", LOADS)
def test_the_mean_delay_is_longer_by_less_than_a_frame_and_a_half(seen, load):
    packets, reserved = seen["packets", load], seen["reserved", load]
    assert 0 < reserved.mean_ms - packets.mean_ms < 1.5 * FRAME_MS


def test_what_does_not_fit_is_lost_by_the_demand_alone(seen):
    """As much in all; next to packets, the background bears its share of it."""
    load = LOADS[-1]
    packets, reserved = seen["packets", load], seen["reserved", load]
    assert packets.loss * (load + BACKGROUND) == pytest.approx(reserved.loss * load, rel=0.25)
    assert reserved.loss == pytest.approx(1 - (1 - BACKGROUND) / load, abs=0.03)


def test_capacity_computes_the_utilization_that_a_run_measures(tmp_path):
    scenario = {
        "schema": 1,
        "name": "beside",
        "demands": [{"id": "sent", "class": "x", "src": "h0", "dst": "h1"}],
        "background": {"fibres": {"f0": {"h1": "6Mbit"}}},
        "workloads": [
            {"id": "sent", "kind": "stream", "class": "x", "transport": {"udp": "2500kbit"}}
        ],
        "probe": {"count": 250},
    }
    folder = run(tmp_path, scenario, line_of(1))
    (computed,) = (
        one for one in corridor.capacity(tmp_path / "beside.yaml").links if one.hub == "h0"
    )
    measured = [one for one in use_of(folder / USE_FILE) if one.from_hub == "h0"][1:-1]
    mean = float(np.mean([one.share for one in measured]))
    assert mean == pytest.approx(computed.usual_share, rel=0.02)
    assert computed.usual_background_gbps == pytest.approx(0.006)
    rows = corridor.load(folder).utilisation.to_pylist()
    background = [one for one in rows if one["packets_of"] == "background"]
    assert {(one["from_hub"], one["share"]) for one in background} == {("h0", BACKGROUND)}
    assert corridor.load(folder).summary.account.closes
