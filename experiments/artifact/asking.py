"""Artifacts from Python."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from corridor.experiments.artifact.expected import parse_tolerance
from corridor.experiments.artifact.packing import Packed, pack
from corridor.experiments.artifact.verdict import Verdict
from corridor.experiments.artifact.verifying import How, verify


def pack_artifact(
    folder: str | Path,
    out: str | Path | None = None,
    *,
    authors: Sequence[str] = (),
    tolerances: Sequence[str] = (),
    overwrite: bool = False,
    say: Callable[[str], None] = lambda _text: None,
) -> Packed:
    """One archive of a study's folder, or of a run's, for who is to check it.

    ``tolerances`` are written as on the command line: ``rtt=0.1``, ``lost=5%``. A file that exists
    is replaced with ``overwrite`` only. Raises InputError.
    """
    return pack(
        Path(folder),
        None if out is None else Path(out),
        authors=authors,
        tolerances=dict(map(parse_tolerance, tolerances)),
        overwrite=overwrite,
        say=say,
    )


def verify_artifact(
    file: str | Path,
    *,
    runs: bool = True,
    whole: bool = False,
    workers: int | None = None,
    any_version: bool = False,
    say: Callable[[str], None] = lambda _text: None,
) -> Verdict:
    """Whether an artifact, or the folder it was unpacked to, holds: ``.holds``, ``.checks``.

    Some runs are repeated, with ``whole`` all, without ``runs`` none. Raises InputError for what is
    no artifact.
    """
    how = How(runs=runs, whole=whole, workers=workers, any_version=any_version)
    return verify(Path(file), how, say)
