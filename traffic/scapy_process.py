"""Have ``traffic/frames.py`` build frame templates, in a process of its own.

The one way from the rest of the project to Scapy: its licence (GPL-2.0-only) stays on the other
side of a pipe.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from topologies.errors import CorridorError, EnvironmentLacking
from traffic.jobs import FrameSpec, FrameTemplate


def build_templates(
    specs: Sequence[FrameSpec], python: str = sys.executable
) -> dict[str, FrameTemplate]:
    """Templates by specification id; the same bytes for the same specifications."""
    if not specs:
        return {}
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        [python, "-m", "traffic.frames"],
        input=json.dumps([spec.to_json() for spec in specs]),
        capture_output=True,
        text=True,
        cwd=root,
        check=False,
    )
    if done.returncode == 2:
        raise CorridorError(f"cannot build {done.stderr.strip()}")
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise EnvironmentLacking(f"Scapy built no frames: {last[0]}", "run ./corridor setup")
    return {
        item["id"]: FrameTemplate(item["frame_hex"], item["offsets"])
        for item in json.loads(done.stdout)
    }
