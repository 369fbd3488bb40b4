"""Have ``traffic/packets/frames.py`` build frame templates, in a separate process.

The one way from the rest of the project to Scapy: its licence (GPL-2.0-only) stays on the other
side of a pipe. As importing Scapy takes longer than most of what is asked for around it, its frames
are kept for those who ask for the same again.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict

from corridor.topologies.base.disk_cache import kept_text
from corridor.topologies.base.errors import CorridorError, EnvironmentUnsupported
from corridor.topologies.base.installation import IMPORT_ROOT, PACKAGE
from corridor.traffic.packets.frame_spec import BuiltFrame, FrameSpec
from corridor.traffic.packets.template import FrameTemplate, Offsets

ROOM = PACKAGE / "traffic"
NO_OFFSETS: Offsets = {"payload": 0, "sequence": 0, "timestamp": 0, "udp_checksum": 0}


def build_templates(
    specs: Sequence[FrameSpec], python: str = sys.executable
) -> dict[str, FrameTemplate]:
    """Templates by specification id; the same bytes for the same specifications."""
    if not specs:
        return {}
    asked = json.dumps([asdict(spec) for spec in specs])
    said = kept_text("frames", _key(asked, python), lambda: _built(asked, python))
    built: list[BuiltFrame] = json.loads(said)
    return {one["id"]: FrameTemplate(one["frame_hex"], one["offsets"]) for one in built}


def blank_templates(specs: Sequence[FrameSpec]) -> dict[str, FrameTemplate]:
    """Templates of the right sizes without headers, for plans whose packets are never sent.

    No process is started: Scapy takes 0.3 s of CPU to be imported.
    """
    return {spec.id: FrameTemplate("00" * spec.size_bytes, NO_OFFSETS) for spec in specs}


def _key(asked: str, python: str) -> str:
    """All that frames depend on: what is asked for, Scapy, and the files of this folder."""
    try:
        scapy = importlib.metadata.version("scapy")
    except importlib.metadata.PackageNotFoundError:
        scapy = ""
    parts = [asked, python, scapy, *(path.read_text() for path in sorted(ROOM.rglob("*.py")))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _built(asked: str, python: str) -> str:
    done = subprocess.run(
        [python, "-m", "corridor.traffic.packets.frames"],
        input=asked,
        capture_output=True,
        text=True,
        cwd=IMPORT_ROOT,
        check=False,
    )
    if done.returncode == 2:
        raise CorridorError(f"cannot build {done.stderr.strip()}")
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EnvironmentUnsupported(f"Scapy built no frames: {last[0]}", "run ./corridor setup")
    return done.stdout
