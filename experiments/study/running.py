"""Carries out a study: what is missing runs, as many at once as there are workers.

Cells that are done stay as they are; a cell comes into the folder when it is
whole. So whatever is killed loses what was in progress, and the same command goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from corridor.experiments.scenario.intents import objective_of
from corridor.experiments.study.answers import Told, enough_repetitions
from corridor.experiments.study.bundle import bundle_of, program_digest
from corridor.experiments.study.cells import Cell, cells, conditions
from corridor.experiments.study.cluster import cluster
from corridor.experiments.study.folder import StudyFolder
from corridor.experiments.study.load import Study
from corridor.experiments.study.reading import (
    Progress,
    Say,
    changed_packages,
    index_of,
    runs_of,
)
from corridor.experiments.study.study_file import files_named
from corridor.experiments.study.worker import Ran
from corridor.topologies.base.errors import EnvironmentUnsupported

if TYPE_CHECKING:
    from distributed import Client, Future

WORKERS_S = 120
AHEAD = 2
"""Cells that wait at each worker, so that none is idle."""


class How(NamedTuple):
    scheduler: str | None = None
    workers: int | None = None
    retry: bool = False
    """Run again what failed or was not valid."""
    dashboard: bool = False
    """Dask's, of workers on this machine."""
    overwrite: bool = False
    """Replace another study, and its answers, in the folder; its cells stay."""


def run_study(study: Study, out: Path, how: How, say: Say) -> list[Cell]:
    """All cells of a study, run; those that were to be added until it knows enough, too."""
    checked = conditions(study)
    for one in checked:
        objective_of(one.loaded)  # is refused before anything runs
    program = program_digest()
    folder = StudyFolder(out)
    with folder.open(Path(study.document.file).read_bytes(), overwrite=how.overwrite):
        folder.write_inputs(files_named(study.document.data, study.folder))
        repetitions = study.of.repetitions
        forget = how.retry
        while True:
            all_of_them = cells(study, checked, program, repetitions)
            index = index_of(study, all_of_them, program)
            if line := changed_packages(out, index):
                say(line)
            folder.write_index(index)
            _run_missing(study, all_of_them, program, folder, how._replace(retry=forget), say)
            forget = False
            needed = enough_repetitions(study, Told(runs_of(out, all_of_them)), repetitions)
            if needed <= repetitions:
                return all_of_them
            say(f"{study.of.until.measure if study.of.until else ''}: {needed} seeds are needed")
            repetitions = needed


def _run_missing(
    study: Study,
    wanted: Sequence[Cell],
    program: str,
    folder: StudyFolder,
    how: How,
    say: Say,
) -> None:
    missing = []
    for cell in {one.id: one for one in wanted}.values():
        known = folder.known(cell.id)
        if known is not None and known.state != "valid" and how.retry:
            folder.forget(cell.id)
            known = None
        if known is None:
            missing.append(cell)
    done = len(wanted) - len(missing)
    say(f"{len(wanted)} cells, {done} of them done before" if done else f"{len(wanted)} cells")
    if not missing:
        return
    with cluster(how.scheduler, how.workers, dashboard=how.dashboard) as client:
        if how.dashboard:
            say(f"dashboard at {client.dashboard_link}")
        progress = Progress(len(missing), say, lambda: _threads(client))
        for cell, ran in _results(client, missing, study, program):
            folder.keep(cell, ran)
            progress.step(cell, ran)


def _results(
    client: Client, missing: Sequence[Cell], study: Study, program: str
) -> Iterator[tuple[Cell, Ran]]:
    """In the order in which they come; few are in progress, so few are lost."""
    from distributed import as_completed

    from corridor.experiments.study.worker import run_cell

    waiting = iter(missing)
    running: dict[Future[Any], Cell] = {}

    def submit() -> Any:
        cell = next(waiting, None)
        if cell is None:
            return None
        future = client.submit(
            run_cell,
            bundle_of(cell, study.of, study.folder, program),
            key=f"cell-{cell.id}",
            pure=False,
        )
        running[future] = cell
        return future

    begun = [one for _ in range(AHEAD * _workers(client)) if (one := submit()) is not None]
    coming = as_completed(begun)
    for future in coming:
        cell = running.pop(future)
        ran = _result(future, cell)
        if ran.state == "unable":
            raise EnvironmentUnsupported(ran.message, "then repeat the command: it continues")
        yield cell, ran
        future.release()
        if (more := submit()) is not None:
            coming.add(more)


def _workers(client: Client) -> int:
    try:
        client.wait_for_workers(1, timeout=WORKERS_S)
    except TimeoutError as error:
        raise EnvironmentUnsupported(
            f"the scheduler had no worker for {WORKERS_S} s", "start some: corridor study worker"
        ) from error
    return _threads(client)


def _threads(client: Client) -> int:
    """Cells that run at once, at the moment."""
    threads: dict[str, int] = client.nthreads()
    return max(1, sum(threads.values()))


def _result(future: Future[Any], cell: Cell) -> Ran:
    from distributed import CancelledError, KilledWorker

    try:
        ran: Ran = future.result()
    except CancelledError as error:
        raise EnvironmentUnsupported(
            "the scheduler is gone", "start it again, then repeat the command: it continues"
        ) from error
    except OSError as error:
        return Ran(cell.id, "unable", f"a worker: {error}", 0.0, "", b"")
    except KilledWorker:
        return Ran(cell.id, "failed", "its workers were killed repeatedly", 0.0, "", b"")
    return ran
