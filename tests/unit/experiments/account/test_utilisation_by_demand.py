"""The traffic of each demand on each fibre over time, from counts of the kernel."""

from __future__ import annotations

from pathlib import Path

import pytest

import handmade_run
from corridor.experiments.account.packet_classes import classes_of
from corridor.experiments.account.utilisation import (
    RAW_FILE,
    UTILISATION_FILE,
    Carried,
    read_utilisation,
    utilisation_of,
    write_utilisation,
)
from corridor.topologies.base.errors import InputError

S = 1_000_000_000


def of_near(kind: str, direction: str = "forward") -> int:
    """The number of a class of packets."""
    return next(
        one.number
        for one in classes_of(handmade_run.plan())
        if (one.demand, one.kind, one.direction) == ("near", kind, direction)
    )


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """Two readings a second apart, from the start of probing: a stream of near, and its probes."""
    wire = handmade_run.plan().wiring.fibres[0]
    stream, probe = of_near("stream"), of_near("probe", "backward")
    readings = [
        Carried(1 * S, [(wire.z.interface, stream, 1000)]),
        Carried(2 * S, [(wire.z.interface, stream, 626_000), (wire.a.interface, probe, 86)]),
        Carried(3 * S, [(wire.a.interface, probe, 172), ("nobody", probe, 5)]),
    ]
    (tmp_path / RAW_FILE).write_text("".join(f"{one.to_json()}\n" for one in readings))
    return tmp_path


def test_what_came_between_readings_is_told_by_fibre_and_demand(raw: Path) -> None:
    found = read_utilisation(raw, handmade_run.plan(), 1e-3)
    told = [
        (one.fibre, one.from_hub, one.demand, one.packets_of, one.back, one.at_ns, one.bytes)
        for one in found
    ]
    assert told == [
        ("one", "guian", "near", "probe", True, 0, 86),
        ("one", "guian", "near", "probe", True, S, 86),
        ("one", "shanghai", "near", "stream", False, 0, 625_000),
    ]
    stream = found[-1]
    assert stream.emulated_mbps == pytest.approx(5.0)
    assert stream.share == pytest.approx(5e6 / stream.rate_bps)
    assert stream.real_gbps == pytest.approx(5.0), "5 Mbit/s at a thousandth"
    assert found[0].real_gbps == pytest.approx(86 * 8e-9), "probes stand for themselves"


def test_a_line_that_is_torn_ends_it(raw: Path) -> None:
    path = raw / RAW_FILE
    path.write_text(path.read_text()[:-20])
    found = read_utilisation(raw, handmade_run.plan(), None)
    assert [one.at_ns for one in found] == [0, 0]
    assert found[-1].real_gbps is None, "whose scale is not known"


def test_the_table_is_as_it_was_written(raw: Path, tmp_path: Path) -> None:
    rows = read_utilisation(raw, handmade_run.plan(), 1e-3)
    path = tmp_path / UTILISATION_FILE
    write_utilisation(path, rows)
    table = utilisation_of(path)
    assert table["class"].to_pylist() == [one.data_class for one in rows]
    assert table["bytes"].to_pylist() == [one.bytes for one in rows]
    write_utilisation(path, [])
    assert utilisation_of(path).num_rows == 0
    path.write_text("no parquet")
    with pytest.raises(InputError, match="is not a table"):
        utilisation_of(path)
