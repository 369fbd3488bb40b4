"""pcapng that Scapy reads, and tshark where it is installed."""

import shutil
import struct
import subprocess

import pytest

from corridor.traffic.packets import pcapng

AT_NS = 1_800_000_000_123_456_789
FRAME = bytes.fromhex("02c00000020102c000000101 0800".replace(" ", "")) + b"\x45" + bytes(46)


@pytest.fixture
def path(tmp_path):
    made = tmp_path / "some.pcapng"
    made.write_bytes(
        pcapng.section("corridor")
        + pcapng.interface("c0s1p2", "shanghai-guian at shanghai")
        + pcapng.interface("c0s2p2")
        + pcapng.packet(0, AT_NS, FRAME, out=True, comment="render: PRE, epoch 0")
        + pcapng.packet(1, AT_NS + 1, FRAME[:33], length=len(FRAME), out=False, comment="")
    )
    return made


def test_scapy_reads_what_was_written(path):
    from scapy.utils import RawPcapNgReader

    with RawPcapNgReader(str(path)) as reader:
        (first, said), (second, said_second) = list(reader)
    assert (first, second) == (FRAME, FRAME[:33])
    assert (said.tshigh << 32 | said.tslow) == AT_NS
    assert (said_second.tshigh << 32 | said_second.tslow) == AT_NS + 1
    assert said.tsresol == 10**9
    assert said.ifname == b"c0s1p2"
    assert said_second.ifname == b"c0s2p2"
    assert said_second.wirelen == len(FRAME)
    assert b"".join(said.comments) == b"render: PRE, epoch 0"


def test_every_block_is_as_long_as_it_says_at_both_ends(path):
    rest, kinds = path.read_bytes(), []
    while rest:
        kind, length = struct.unpack_from("<II", rest)
        assert length % 4 == 0
        assert struct.unpack_from("<I", rest, length - 4) == (length,)
        kinds.append(kind)
        rest = rest[length:]
    assert kinds == [pcapng.SECTION, 1, 1, 6, 6]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_reads_what_was_written(path):
    fields = ["frame.time_epoch", "frame.interface_name", "frame.comment", "frame.len"]
    words = ["tshark", "-r", str(path), "-T", "fields"]
    words += [word for field in fields for word in ("-e", field)]
    said = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert said[0].split("\t") == [
        *("1800000000.123456789", "c0s1p2", "render: PRE, epoch 0", str(len(FRAME)))
    ]
