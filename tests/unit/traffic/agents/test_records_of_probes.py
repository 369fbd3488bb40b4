"""Record files survive whatever tears them, and join to one row a reply."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corridor.topologies.base.errors import InputError
from corridor.traffic.agents import records
from corridor.traffic.measures import samples

EPOCH_NS = 1_790_000_000_000_000_000


def write(path: Path, count: int, flush: int = 64) -> None:
    writer = records.RecordWriter(str(path), records.header("hub", EPOCH_NS, "real"), flush)
    for seq in range(count):
        writer.add(records.SENT, 0, 0, 0, 0, 1, seq, 0, EPOCH_NS + seq, EPOCH_NS + seq + 1, 0, 0, 0)
    writer.close()


def test_records_are_64_octets_in_both_readings() -> None:
    assert records.RECORD_BYTES == samples.RECORD_DTYPE.itemsize == 64


def test_records_come_back_as_written(tmp_path: Path) -> None:
    path = tmp_path / records.file_name("hub")
    writer = records.RecordWriter(str(path), records.header("hub", 0, "real"), 64)
    writer.rewrite_header(records.header("hub", EPOCH_NS, "virtual"))
    writer.add(records.REPLY, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13)
    writer.close()
    found = samples.read_file(path)
    assert (found.host, found.epoch_ns, found.clock, found.damaged) == (
        "hub",
        EPOCH_NS,
        "virtual",
        0,
    )
    assert found.records.tolist() == [(2, 2, 3, 4, 5, 0, 6, 7, 8, 0, 9, 10, 11, 12, 13)]


@settings(deadline=None)
@given(cut=st.integers(min_value=0, max_value=4096 + 100 * 64))
def test_records_a_torn_tail_costs_at_most_one_record(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("torn") / records.file_name("hub")
    write(path, 100)
    path.write_bytes(path.read_bytes()[:cut])
    found = samples.read_file(path)
    assert found.records["seq"].tolist() == list(range(max(0, cut - 4096) // 64))
    assert found.damaged == int(0 < cut < 4096 or cut % 64 > 0)


def test_records_without_their_header_page_can_still_be_read(tmp_path: Path) -> None:
    path = tmp_path / records.file_name("hub")
    write(path, 5)
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    found = samples.read_file(path)
    assert (found.host, found.epoch_ns, len(found.records), found.damaged) == ("hub", 0, 5, 1)


def test_records_around_a_hole_of_zeros_are_kept(tmp_path: Path) -> None:
    path = tmp_path / records.file_name("hub")
    write(path, 200)
    data = bytearray(path.read_bytes())
    data[4096 + 64 * 64 : 4096 + 128 * 64] = bytes(64 * 64)
    path.write_bytes(data)
    found = samples.read_file(path)
    assert found.records["seq"].tolist() == [*range(64), *range(128, 200)]
    assert found.damaged == 64


def test_records_leave_the_agent_in_batches_of_the_size_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "r"
    writer = records.RecordWriter(str(path), records.header("hub", 0, "real"), 10)
    sizes = []
    for seq in range(25):
        writer.add(records.SENT, 0, 0, 0, 0, 0, seq, 0, 0, 0, 0, 0, 0)
        sizes.append((path.stat().st_size - records.HEADER_BYTES) // 64)
    assert sizes == [0] * 9 + [10] * 10 + [20] * 6
    writer.close()
    assert (path.stat().st_size - records.HEADER_BYTES) // 64 == 25


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"not a record file", "is not a probe record file"),
        (b"x" * 5000, "is not a probe record file"),
        (
            records.HEADER.pack(records.MAGIC, 9, 64, 2) + b"{}" + bytes(5000),
            "has record version 9",
        ),
    ],
)
def test_records_of_another_kind_are_refused(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "probes-x.rec"
    path.write_bytes(data)
    with pytest.raises(InputError, match=says):
        samples.read_file(path)


def lab() -> list[samples.HostRecords]:
    """Demand 1 from a to b: 0 answered, 1 twice, 2 lost out, 3 lost back, 4 never sent."""

    def row(*values: int) -> tuple[int, ...]:
        return values

    a = [
        row(1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 100, 101, 0, 0, 0),
        row(2, 0, 255, 60, 0, 0, 1, 0, 0, 1, 0, 101, 111, 112, 122),
        row(1, 0, 0, 0, 0, 0, 1, 1, 0, 2, 200, 201, 0, 0, 0),
        row(1, 0, 0, 0, 0, 0, 1, 2, 0, 3, 300, 301, 0, 0, 0),
        row(2, 0, 255, 60, 0, 0, 1, 1, 1, 4, 0, 201, 211, 212, 322),
        row(2, 2, 255, 60, 0, 0, 1, 1, 1, 5, 0, 201, 211, 212, 323),
        row(1, 0, 0, 0, 0, 0, 1, 3, 0, 6, 400, 401, 0, 0, 0),
        row(1, 1, 0, 0, 0, 0, 1, 4, 0, 7, 500, 501, 0, 0, 0),
    ]
    b = [
        row(3, 0, 255, 0, 0, 0, 1, 0, 0, 0, 0, 101, 111, 112, 0),
        row(3, 0, 255, 0, 0, 0, 1, 1, 1, 1, 0, 201, 211, 212, 0),
        row(3, 0, 254, 0, 0, 0, 1, 3, 2, 2, 0, 401, 411, 412, 0),
    ]
    return [
        samples.HostRecords("a", 1000, "real", np.array(a, samples.RECORD_DTYPE), 0),
        samples.HostRecords("b", 1000, "real", np.array(b, samples.RECORD_DTYPE), 0),
    ]


def test_records_join_to_a_row_a_reply_and_a_row_a_silent_probe() -> None:
    probes = samples.join(lab())
    names = ["seq", "copy", "sent", "send_failed", "reflections", "received", "arrival"]
    assert probes[names].tolist() == [
        (0, 0, True, False, 1, True, 0),
        (1, 0, True, False, 1, True, 1),
        (1, 1, True, False, 1, True, 2),
        (2, 0, True, False, 0, False, -1),
        (3, 0, True, False, 1, False, -1),
        (4, 0, True, True, 0, False, -1),
    ]
    times = ["intended_ns", "t1_ns", "t2_ns", "t3_ns", "t4_ns"]
    assert probes[times].tolist() == [
        (100, 101, 111, 112, 122),
        (200, 201, 211, 212, 322),
        (200, 201, 211, 212, 323),
        (300, 301, 0, 0, 0),
        (400, 401, 411, 412, 0),
        (500, 501, 0, 0, 0),
    ]
    assert probes["kernel_stamped"].tolist() == [True, True, False, True, True, True]


def test_records_join_the_same_whatever_the_order_of_hosts() -> None:
    assert samples.join(lab()).tobytes() == samples.join(lab()[::-1]).tobytes()


def test_records_of_nobody_join_to_an_empty_table(tmp_path: Path) -> None:
    assert len(samples.join([])) == 0
    samples.write_parquet(tmp_path / "p", samples.join([]))
    assert len(samples.read_parquet(tmp_path / "p")[0]) == 0


def test_records_a_reply_tells_of_a_probe_whose_own_record_is_lost() -> None:
    a, b = lab()
    kept = a.records[a.records["kind"] == records.REPLY]
    probes = samples.join([samples.HostRecords("a", 0, "", kept, 0), b])
    assert probes[["seq", "copy", "sent", "received"]].tolist() == [
        (0, 0, False, True),
        (1, 0, False, True),
        (1, 1, False, True),
        (3, 0, False, False),
    ]


def test_records_survive_parquet_with_nulls_for_the_unknown(tmp_path: Path) -> None:
    probes = samples.join(lab())
    path = tmp_path / "probes.parquet"
    samples.write_parquet(path, probes, lab())
    again, metadata = samples.read_parquet(path)
    assert again.tobytes() == probes.tobytes()
    assert metadata["corridor_schema"] == "probes/1"
    assert metadata["epoch_ns"] == "1000"
    table = samples.to_arrow(probes)
    assert table["t4_ns"].null_count == 3
    assert table["t2_ns"].null_count == 2
    assert all(
        name.endswith("_ns") for name in table.column_names if name[0] == "t" and name[1].isdigit()
    )
    first = path.read_bytes()
    samples.write_parquet(path, probes, lab())
    assert path.read_bytes() == first


def test_records_parquet_of_another_schema_is_refused(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"x": [1]}), tmp_path / "x")
    with pytest.raises(InputError, match="has schema None, not probes/1"):
        samples.read_parquet(tmp_path / "x")
