"""The folder of a study: what it is, and a folder for each cell that ran. Nothing is half there.

study.yaml      the study as it was written
inputs/         the same, next to the files of the user's own that it names
study.json      its cells: what each is, which seed, which program
cells/ID/       the results of a run, and cell.json; moved there when it is whole
failed/ID.json  why a cell has no results
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import json
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from corridor.experiments.run.folders import OWN_ONLY, writing
from corridor.experiments.study.cells import Cell
from corridor.experiments.study.worker import ANSWER, LOG, RUN, Ran, State
from corridor.topologies.base.bounded_file import RESULT, read_json
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.scratch import in_turn
from corridor.topologies.base.whole_file import hand_over_all, owner_in, write_whole

INDEX, CELL, CELLS, FAILED, LOCK = "study.json", "cell.json", "cells", "failed", ".lock"
STUDY, INPUTS, TURN = "study.yaml", "inputs", ".turn"
PARTIAL = ".partial"
SUMMARY = "summary.json"
SCHEMA = 1


class Known(NamedTuple):
    """What a folder knows of a cell."""

    state: State
    message: str
    wall_s: float


class StudyFolder:
    """Raises InputError where a folder cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @contextlib.contextmanager
    def open(
        self, written: bytes, *, shared: bool = False, overwrite: bool = False
    ) -> Iterator[None]:
        """For one command, or for many that are ``shared``, at a time; made where it is not there,
        with the study as ``written``. A folder with another study is refused, or with
        ``overwrite`` gets this one."""
        with writing(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.mkdir(OWN_ONLY, exist_ok=True)
            for name in (CELLS, FAILED):
                (self.path / name).mkdir(exist_ok=True)
            lock = (self.path / LOCK).open("w")
        with lock:
            self._take(lock.fileno(), fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
            with writing(self.path), self._in_turn():
                for left in (self.path / CELLS).glob(f"*{PARTIAL}"):
                    shutil.rmtree(left)
                self._refuse_another(written, overwrite)
                write_whole(self.path / STUDY, written)
            try:
                yield
            finally:
                if (owner := owner_in(self.path.parent)) is not None:
                    hand_over_all(self.path, owner)

    def _refuse_another(self, written: bytes, overwrite: bool) -> None:
        with contextlib.suppress(FileNotFoundError):
            if (self.path / STUDY).read_bytes() != written and not overwrite:
                raise InputError(
                    f"its {STUDY} is another study, or this study before a change",
                    "name another folder with --out, or replace study and answers with --force",
                    file=str(self.path),
                )

    def _in_turn(self) -> contextlib.AbstractContextManager[None]:
        """While commands that share the folder change what is not one cell's."""
        return in_turn(self.path / TURN, lambda: None)

    def _take(self, lock: int, how: int) -> None:
        try:
            fcntl.flock(lock, how | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(
                "another command runs this study",
                "wait for it, or use --out for another folder",
                file=str(self.path),
            ) from None
        except OSError as error:
            said = f"has no locks ({error.strerror})"
            raise InputError(said, "use --out on another file system", str(self.path)) from error

    def write_index(self, index: dict[str, Any]) -> None:
        """One that has these cells and more, of the same study and program, stays as it is."""
        with self._in_turn():
            if not self._has_more(index):
                said = json.dumps({"schema": SCHEMA, **index}, indent=1)
                write_whole(self.path / INDEX, said.encode())

    def _has_more(self, index: dict[str, Any]) -> bool:
        if not (self.path / INDEX).exists():
            return False
        try:
            known = read_index(self.path)
        except InputError:
            return False
        same = all(known.get(key) == index[key] for key in ("study", "program"))
        cells = known.get("cells")
        return same and isinstance(cells, list) and cells[: len(index["cells"])] == index["cells"]

    def write_inputs(self, files: Mapping[str, bytes]) -> None:
        """The study and what it names, so that its folder suffices to run it again."""
        with writing(self.path), self._in_turn():
            for name, content in {**files, STUDY: (self.path / STUDY).read_bytes()}.items():
                place = self.path / INPUTS / name
                place.parent.mkdir(parents=True, exist_ok=True)
                write_whole(place, content)

    def result(self, cell: str) -> Path:
        return self.path / CELLS / cell

    def known(self, cell: str) -> Known | None:
        """None of a cell that never ran to an end."""
        for place in (self.result(cell) / CELL, self.path / FAILED / f"{cell}.json"):
            if place.exists():
                said: dict[str, Any] = read_json(place, RESULT)
                return Known(said["state"], said["message"], said["wall_s"])
        return None

    def forget(self, cell: str) -> None:
        """Of a cell that is to run again."""
        with contextlib.suppress(FileNotFoundError):
            (self.path / FAILED / f"{cell}.json").unlink()
        if self.result(cell).exists():
            gone = self.result(cell).with_name(f"{cell}{PARTIAL}")
            self.result(cell).rename(gone)
            shutil.rmtree(gone)

    def keep(self, cell: Cell, ran: Ran) -> None:
        """What came back of a cell; one without results has failed, whatever it says."""
        with writing(self.path), self._in_turn():
            self._keep(cell, ran)

    def _keep(self, cell: Cell, ran: Ran) -> None:
        said = {
            "levels": dict(cell.condition.levels),
            "repetition": cell.repetition,
            "seed": cell.seed,
            "scenario": cell.condition.digest,
            "state": ran.state,
            "message": ran.message,
            "wall_s": round(ran.wall_s, 3),
            "machine": ran.machine,
        }
        partial = self.result(cell.id).with_name(f"{cell.id}{PARTIAL}")
        partial.mkdir()
        if ran.archive:
            with tarfile.open(fileobj=io.BytesIO(ran.archive), mode="r:gz") as archive:
                archive.extractall(partial, filter="data")
        has_results = any((partial / RUN / one).exists() for one in (SUMMARY, ANSWER))
        if ran.state == "failed" or not has_results:
            said["state"] = "failed"
            log = partial / LOG
            said["log"] = log.read_text(errors="replace") if log.exists() else ""
            write_whole(self.path / FAILED / f"{cell.id}.json", json.dumps(said, indent=1).encode())
            shutil.rmtree(partial)
            return
        results = partial / RUN
        results.chmod(OWN_ONLY)
        (partial / LOG).rename(results / LOG)
        write_whole(results / CELL, json.dumps(said, indent=1).encode())
        if self.result(cell.id).exists():  # another command ran it in the meantime: it is the same
            shutil.rmtree(partial)
            return
        results.rename(self.result(cell.id))
        partial.rmdir()


def read_index(path: Path) -> dict[str, Any]:
    """Raises InputError where that is not a study's folder."""
    if not (path / INDEX).exists():
        raise InputError(
            "is not a study's folder", "name one that corridor study run made", str(path)
        )
    found: dict[str, Any] = read_json(path / INDEX, RESULT)
    if not isinstance(found, dict) or found.get("schema") != SCHEMA:
        raise InputError("is of another version", "run the study again", str(path / INDEX))
    return found
