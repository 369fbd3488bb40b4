"""What Scapy builds, what patching makes of it, and what Scapy reads back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netns_lab as lab
from corridor.topologies.base.disk_cache import MOST, TEXTS
from corridor.topologies.base.errors import CorridorError
from corridor.traffic.agents import scapy_process
from corridor.traffic.agents.probe import Probe
from corridor.traffic.packets import stamp
from corridor.traffic.packets import stamp as stream_header
from corridor.traffic.packets.template import (
    FrameTemplate,
    Template,
    TemplateError,
    udp_checksum_of,
)

ROOT = Path(__file__).resolve().parents[4]
SPECS = (
    lab.stamp_spec("least", 0),
    lab.stamp_spec("padded", 1, size=300),
    lab.stamp_spec("reply", 2, source=1, reply=True),
    lab.stream_spec("stream", 7),
    lab.stream_spec("odd", 8, size=1401),
)
Templates = dict[str, FrameTemplate]
GOLDEN_LEAST = (
    "020000000a02020000000a010800"
    "4528004800004000ff1166b40a6300010a630002"
    "4e20035e003415b4"
    "000000000000000000000000838a0001"
) + "00" * 28

words = st.integers(min_value=0, max_value=0xFFFF_FFFF)
longs = st.integers(min_value=0, max_value=0xFFFF_FFFF_FFFF_FFFF)


@pytest.fixture(scope="module", autouse=True)
def _nothing_kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


OF_IPV6 = (
    lab.stamp_spec("least-6", 0, size=106),
    lab.stamp_spec("padded-6", 1, size=300),
    lab.stream_spec("odd-6", 8, size=1401),
)
ENDS_OF_IPV6 = {"src_ip": "fd00:c0da::a00:1", "dst_ip": "fd00:c0da::a00:2"}


@pytest.fixture(scope="module")
def frames_of_ipv6() -> Templates:
    return scapy_process.build_templates(replace(one, **ENDS_OF_IPV6) for one in OF_IPV6)


@given(words, longs)
@settings(max_examples=20)
def test_frames_of_ipv6_have_their_size_and_a_checksum_that_follows_what_is_patched(
    frames_of_ipv6: Templates, sequence: int, timestamp: int
) -> None:
    for spec in OF_IPV6:
        template = frames_of_ipv6[spec.id]
        assert template.size_bytes == spec.size_bytes
        frame = Template.of(template).patch(sequence, timestamp)
        assert frame[12:14] == bytes.fromhex("86dd")
        assert int.from_bytes(frame[18:20]) == spec.size_bytes - 54
        carried, wanted = udp_checksum_of(frame)
        assert carried == wanted


def test_a_probe_of_ipv6_knows_where_it_is_sent(frames_of_ipv6: Templates) -> None:
    probe = Probe(0, frames_of_ipv6["least-6"], 20_000, 0, 1, 1)
    assert (probe.family, probe.target, probe.ssid) == ("ipv6", "fd00:c0da::a00:2", 1)


@pytest.fixture(scope="module")
def templates() -> Templates:
    return scapy_process.build_templates(SPECS)


@pytest.fixture
def scapys_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What Scapy said in this test, which begins with an empty cache."""
    said: list[str] = []

    def built(asked: str, python: str) -> str:
        said.append(really(asked, python))
        return said[-1]

    really = scapy_process._built
    monkeypatch.setattr(scapy_process, "_built", built)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return said


def kept(folder: Path) -> list[Path]:
    return list((folder / "corridor" / TEXTS).glob("frames-*"))


def test_frames_are_the_same_bytes_every_time(templates: Templates, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert scapy_process.build_templates(SPECS) == templates


def test_blank_templates_have_the_sizes_of_those_that_scapy_builds(
    templates: Templates, scapys_answers: list[str]
) -> None:
    sizes = {name: one.size_bytes for name, one in scapy_process.blank_templates(SPECS).items()}
    assert sizes == {name: one.size_bytes for name, one in templates.items()}
    assert not scapys_answers


def test_frames_that_are_asked_for_again_need_no_scapy(
    templates: Templates, scapys_answers: list[str]
) -> None:
    assert [scapy_process.build_templates(SPECS) for _ in range(3)] == [templates] * 3
    assert len(scapys_answers) == 1


def test_frames_of_anything_else_are_built(
    scapys_answers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    scapy_process.build_templates(SPECS[:1])
    scapy_process.build_templates(SPECS[:2])
    monkeypatch.setattr("importlib.metadata.version", lambda _name: "0")
    scapy_process.build_templates(SPECS[:2])
    assert len(scapys_answers) == 3


def test_frames_that_were_harmed_are_built_anew(
    templates: Templates, scapys_answers: list[str], tmp_path: Path
) -> None:
    scapy_process.build_templates(SPECS)
    (path,) = kept(tmp_path)
    whole = path.read_text()
    path.write_text(whole.replace(GOLDEN_LEAST[:12], "02000000ffff"))
    assert scapy_process.build_templates(SPECS) == templates
    assert len(scapys_answers) == 2
    assert path.read_text() == whole


def test_frames_are_built_where_nothing_can_be_kept(
    templates: Templates, scapys_answers: list[str], tmp_path: Path
) -> None:
    (tmp_path / "corridor").write_text("no folder")
    assert scapy_process.build_templates(SPECS) == templates
    assert len(scapys_answers) == 1


def test_frames_that_could_not_be_built_are_not_kept(
    scapys_answers: list[str], tmp_path: Path
) -> None:
    for _ in range(2):
        with pytest.raises(CorridorError, match="frame 'tiny'"):
            scapy_process.build_templates([lab.stamp_spec("tiny", 0, size=85)])
    assert kept(tmp_path) == []


def test_frames_used_last_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(scapy_process, "_built", lambda _asked, _python: "[]")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    for port in range(1, MOST + 6):
        scapy_process.build_templates([lab.stream_spec("one", port)])
    assert len(kept(tmp_path)) == MOST


def test_frames_have_the_size_asked_for_and_valid_checksums(templates: Templates) -> None:
    for spec in SPECS:
        frame = bytes.fromhex(templates[spec.id].frame_hex)
        assert len(frame) == spec.size_bytes, spec.id
        carried, wanted = udp_checksum_of(frame)
        assert carried == wanted, spec.id


def test_frames_the_least_probe_is_the_golden_frame(templates: Templates) -> None:
    assert templates["least"].frame_hex == GOLDEN_LEAST


@settings(deadline=None)
@given(sequence=words, timestamp=longs)
def test_frames_stay_valid_whatever_is_patched_in(sequence: int, timestamp: int) -> None:
    for made in _templates():
        frame = made.patch(sequence, timestamp)
        carried, wanted = udp_checksum_of(frame)
        assert carried == wanted != 0, frame.hex()


@settings(deadline=None)
@given(head=st.binary(min_size=44, max_size=44), again=st.binary(min_size=44, max_size=44))
def test_frames_stay_valid_when_the_whole_stamp_packet_is_replaced(
    head: bytes, again: bytes
) -> None:
    for made in _templates():
        for part in (head, again):
            carried, wanted = udp_checksum_of(made.replace_head(part))
            assert carried == wanted != 0


def test_frames_patched_in_a_batch_equal_frames_patched_alone(templates: Templates) -> None:
    template = templates["stream"]
    made = Template.of(template)
    buffer = bytearray(bytes.fromhex(template.frame_hex) * 3)
    for index in range(3):
        made.patch_into(buffer, index * made.length, 100 + index, 12345)
    for index in range(3):
        part = buffer[index * made.length : (index + 1) * made.length]
        assert part == made.patch(100 + index, 12345)
        flow = stream_header.LAYOUT.unpack_from(part, template.offsets["payload"])
        assert flow == (stream_header.MAGIC, 7, 100 + index, 12345)


def test_frames_scapy_reads_back_what_was_patched(templates: Templates) -> None:
    """In a separate process, as everything that touches Scapy."""
    code = """
import json, sys
from scapy.config import conf
conf.route_autoload = False
from scapy.contrib.stamp import STAMPSessionSenderTestUnauthenticated as Stamp
from scapy.layers.l2 import Ether
from scapy.layers.inet import IP, UDP
p = Ether(bytes.fromhex(sys.argv[1]))
s = p[Stamp]
raw = bytes(p)
del p[IP].chksum, p[UDP].chksum
print(json.dumps([p.src, p[IP].tos >> 2, p[IP].ttl, p[UDP].dport, s.seq, float(s.ts), s.ssid,
    s.err_estimate.S, s.err_estimate.Z, [t.type for t in s.tlv_objects], bytes(p) == raw]))
"""
    template = templates["padded"]
    made = Template.of(template)
    now_ns = 1_795_532_941_126_000_000
    frame = made.patch(99, stamp.ntp_from_ns(now_ns))
    said = subprocess.run(
        [sys.executable, "-c", code, frame.hex()], capture_output=True, text=True, check=True
    )
    source, dscp, ttl, port, seq, ntp_s, ssid, synced, ptp, tlvs, valid = json.loads(said.stdout)
    assert (source, dscp, ttl, port) == (lab.MACS[0], 10, 255, 862)
    assert (seq, ssid, synced, ptp, tlvs) == (99, 2, 1, 0, [1])
    assert abs(ntp_s - 2_208_988_800 - now_ns / 1e9) < 1e-6
    assert valid, "Scapy calls for other checksums than the patched frame carries"


def test_frames_too_small_for_stamp_are_refused_with_their_name() -> None:
    with pytest.raises(CorridorError, match="frame 'tiny': 43 B of payload"):
        scapy_process.build_templates([lab.stamp_spec("tiny", 0, size=85)])


def test_frames_of_a_template_with_unfit_offsets_are_refused(templates: Templates) -> None:
    template = templates["least"]
    frame = bytes.fromhex(template.frame_hex)
    with pytest.raises(TemplateError, match="do not fit"):
        Template(frame, {**template.offsets, "timestamp": 47})
    with pytest.raises(TemplateError, match="has no offset of payload"):
        Template(frame, {k: v for k, v in template.offsets.items() if k != "payload"})
    unsummed = frame[:40] + b"\0\0" + frame[42:]
    with pytest.raises(TemplateError, match="no UDP checksum"):
        Template(unsummed, template.offsets)


def test_frames_only_one_file_imports_scapy() -> None:
    importers = [
        path.name
        for path in (ROOT / "traffic").rglob("*.py")
        if any(
            line.startswith(("import scapy", "from scapy"))
            for line in path.read_text().splitlines()
        )
    ]
    assert importers == ["frames.py"]
    code = (
        "import sys, corridor.traffic.agents.scapy_process, corridor.traffic.agents.launcher\n"
        "import corridor.traffic.agents.tcp\n"
        "frames = 'corridor.traffic.packets.frames'\n"
        "print([m for m in sys.modules if m.startswith('scapy') or m == frames])"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert loaded.stdout.strip() == "[]"


def test_frames_agents_import_the_standard_library_only() -> None:
    code = (
        "import sys\nsys.path.insert(0, '.package')\nimport corridor.traffic.agents.launcher\n"
        "own = set(sys.stdlib_module_names) | {'__main__', 'corridor'}\n"
        "print([m for m in sys.modules if m.split('.')[0] not in own])"
    )
    loaded = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    assert loaded.stdout.strip() == "[]"


_made: list[Template] = []


def _templates() -> list[Template]:
    if not _made:
        built = scapy_process.build_templates(SPECS)
        _made.extend(Template.of(template) for template in built.values())
    return _made
