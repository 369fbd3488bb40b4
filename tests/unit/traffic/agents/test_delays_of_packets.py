"""What each packet of a stream took: written in blocks, read up to where a kill tore them."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

import netns_lab as lab
from corridor.traffic.agents.delays import (
    BLOCK_ROWS,
    DELAY,
    HEADER,
    LATE,
    DelayFile,
    Delays,
    file_name,
)
from corridor.traffic.agents.jobs import Host, plan_job
from corridor.traffic.agents.stream_in import StreamIn
from corridor.traffic.agents.stream_out import StreamOut
from corridor.traffic.measures.flows import read_stream_delays

MS = 1_000_000
MISSING = lab.lacking()


def written(folder: Path, rows: int, host: str = "guian") -> Path:
    """One stream whose packets took 7 ns more than a thousand times their number."""
    path = folder / file_name(host)
    file = DelayFile(str(path))
    one = Delays(file, DELAY, 3)
    for number in range(rows):
        one.numbers.append(number)
        one.times_ns.append(1000 * number + 7)
        one.flush_full()
    one.flush()
    file.close()
    return path


def test_all_packets_are_read_whatever_blocks_they_came_in(tmp_path: Path) -> None:
    written(tmp_path, 2 * BLOCK_ROWS + 5)
    found = read_stream_delays(tmp_path)
    assert found.torn == 0
    assert found.delay[3].number.tolist() == list(range(2 * BLOCK_ROWS + 5))
    assert (found.delay[3].ns == 1000 * found.delay[3].number + 7).all()
    assert found.late == {}


def test_a_torn_file_is_read_up_to_its_last_whole_block(tmp_path: Path) -> None:
    path = written(tmp_path, 2 * BLOCK_ROWS)
    whole = path.read_bytes()
    block = len(whole) // 2
    for length in (block, block + 3, block + HEADER.size + 9, len(whole) - 1):
        path.write_bytes(whole[:length])
        found = read_stream_delays(tmp_path)
        assert len(found.delay[3].number) == BLOCK_ROWS
        assert found.torn == (length != block)


def test_what_stands_behind_rubbish_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, 2 * BLOCK_ROWS)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    found = read_stream_delays(tmp_path)
    assert (len(found.delay[3].number), found.torn) == (BLOCK_ROWS, 1)


def test_streams_of_a_host_share_a_file(tmp_path: Path) -> None:
    file = DelayFile(str(tmp_path / file_name("a")))
    several = [Delays(file, what, flow) for what in (DELAY, LATE) for flow in (0, 9)]
    truth: dict[int, list[int]] = {at: [] for at in range(4)}
    numbers = random.Random(4)
    for value in range(9000):
        at = numbers.randrange(4)
        truth[at].append(value)
        several[at].numbers.append(value)
        several[at].times_ns.append(-value)
        several[at].flush_full()
    for one in several:
        one.flush()
    file.close()
    found = read_stream_delays(tmp_path)
    read = [found.delay[0], found.delay[9], found.late[0], found.late[9]]
    assert [one.number.tolist() for one in read] == list(truth.values())
    assert (read[1].ns == -read[1].number).all()


def test_hosts_without_streams_leave_no_file(tmp_path: Path) -> None:
    DelayFile(str(tmp_path / file_name("a"))).close()
    assert list(tmp_path.iterdir()) == []
    assert read_stream_delays(tmp_path).delay == {}


@pytest.mark.netns
@pytest.mark.skipif(bool(MISSING), reason=MISSING or "namespaces work")
def test_both_ends_of_a_stream_leave_what_each_packet_took(tmp_path: Path) -> None:
    with lab.pair("d") as pair:
        built = lab.templates(lab.stream_spec("s", 5, size=1400))
        out = StreamOut(5, built["s"], 0, 1_500 * MS, 20_000_000)
        into = StreamIn(5, 30000, 1_700 * MS)
        hosts = (
            Host("a", pair.path(0), "eth0", (out,)),
            Host("b", pair.path(1), "eth0", (into,)),
        )
        agents = lab.Run(plan_job("real", str(tmp_path), hosts), tmp_path).to_end()["agents"]
    found = read_stream_delays(tmp_path)
    counts = agents["b"]["streams_in"][0]
    assert found.torn == 0
    assert sorted(found.delay[5].number) == list(range(out.packets))
    assert found.delay[5].ns.sum() == counts["delay_sum_ns"]
    assert found.delay[5].ns.max() == counts["delay_max_ns"]
    assert found.late[5].ns.max() == agents["a"]["streams_out"][0]["late_max_ns"]
    assert set(found.late) == set(found.delay) == {5}
