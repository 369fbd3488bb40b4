"""Carries out a study: what is missing runs, as many at once as there are workers.

Cells that are done stay as they are; a cell comes into the folder when it is
whole. So whatever is killed loses what was in progress, and the same command goes on from there.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from corridor.experiments.scenario.intents import objective_of
from corridor.experiments.study.answers import Told, enough_repetitions
from corridor.experiments.study.cells import Cell, cells, conditions
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
from corridor.experiments.study.worker import Ran, bundle_of, program_digest, run_cell
from corridor.topologies.base.errors import EnvironmentUnsupported, InputError
from corridor.topologies.base.installation import require
from corridor.topologies.base.scratch import scratch_folder

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


# Cells of a study in this process, one after another: for batch systems, which start many of it.


def run_part(
    study: Study,
    out: Path,
    part: Part,
    say: Say,
    *,
    retry: bool = False,
    overwrite: bool = False,
) -> bool:
    """Whether all cells of a part are valid in the end. ``until`` is not followed: ``repeat`` seeds
    run. Raises InputError where a part has no cells, EnvironmentUnsupported where none can run."""
    program = program_digest()
    every = cells(study, conditions(study), program)
    wanted = part.among(every)
    if not wanted:
        said = f"part {part.number} of {part.of} has no cells: there are {len(every)}"
        raise InputError(said, f"ask for {len(every)} parts at most")
    folder = StudyFolder(out)
    with folder.open(Path(study.document.file).read_bytes(), shared=True, overwrite=overwrite):
        folder.write_inputs(files_named(study.document.data, study.folder))
        index = index_of(study, every, program)
        if line := changed_packages(out, index):
            say(line)
        folder.write_index(index)
        done = [_run(study, folder, cell, program, say, retry=retry) for cell in wanted]
    return all(done)


def _run(
    study: Study, folder: StudyFolder, cell: Cell, program: str, say: Say, *, retry: bool
) -> bool:
    known = folder.known(cell.id)
    if known is not None and known.state != "valid" and retry:
        folder.forget(cell.id)
        known = None
    if known is not None:
        say(f"{cell.title}: {_told(known.state, known.message)}, done before")
        return known.state == "valid"
    ran = run_cell(bundle_of(cell, study.of, study.folder, program))
    if ran.state == "unable":
        raise EnvironmentUnsupported(ran.message, "then repeat the command: it continues")
    folder.keep(cell, ran)
    found = folder.known(cell.id)
    state, message = (ran.state, ran.message) if found is None else (found.state, found.message)
    say(f"{cell.title}: {_told(state, message)}, {ran.wall_s:.1f} s")
    return state == "valid"


def _told(state: str, message: str) -> str:
    return f"{state}: {message}" if message else state


# A part of a study's cells, as a batch system asks for it. Pure.


class Part(NamedTuple):
    """One of this many, counted from 1."""

    number: int
    of: int

    def among[One](self, every: Sequence[One]) -> Sequence[One]:
        """Every n-th of them: parts take about equally long."""
        return every[self.number - 1 :: self.of]


# Where cells run: Dask's workers, on this machine or those of a scheduler that is given.

CONNECT_S = 20
STARTS, START_S = 3, 60
LOOPBACK = "127.0.0.1"
DASHBOARD_PORT = 8787
"""Dask's own; another where that is taken."""
RESTING: dict[str, Any] = {
    "distributed.worker.profile.enabled": False,
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "10s",
}
"""Workers wait for processes of cells. As Dask comes, that alone takes 5 % of two processors."""
QUIET: dict[str, Any] = {
    **RESTING,
    "distributed.logging": {"distributed": "critical"},
    "distributed.worker.daemon": False,
    "distributed.scheduler.allowed-failures": 5,
    "distributed.comm.timeouts.connect": f"{CONNECT_S}s",
    "distributed.diagnostics.nvml": False,
}


def check_dashboard() -> None:
    """Raises EnvironmentUnsupported where Dask cannot show it."""
    if find_spec("bokeh") is None:
        raise EnvironmentUnsupported(
            "Dask's dashboard needs bokeh, which is not installed",
            f"{sys.executable} -m pip install 'bokeh>=3.1' (one package more moves round trips by "
            "ticks); progress is shown without it, too",
        )


def resting_environment() -> dict[str, str]:
    """``RESTING``, as programs of Dask read it from their environment."""
    return {
        f"DASK_{key.upper().replace('.', '__').replace('-', '_')}": str(value)
        for key, value in RESTING.items()
    }


@contextmanager
def cluster(
    scheduler: str | None, workers: int | None, *, dashboard: bool = False
) -> Iterator[Any]:
    """A client of Dask; raises EnvironmentUnsupported where no scheduler answers.

    On this machine all speak TLS with a certificate of the moment: who may connect may run code.
    The dashboard is for all users of this machine to read.
    """
    require("a study", "emulate", "study")
    import dask

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with dask.config.set(QUIET), warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="distributed")
        warnings.filterwarnings("ignore", "Creating scratch")
        if scheduler is not None:
            with _connected(scheduler) as client:
                yield client
            return
        with scratch_folder() as folder, ExitStack() as stack:
            yield _own(stack, workers or len(os.sched_getaffinity(0)), folder, dashboard=dashboard)


def _own(stack: ExitStack, count: int, folder: Path, *, dashboard: bool) -> Any:
    """A client of a cluster on this machine with a worker at least.

    Dask starts a worker again whose process dies, but not one whose connection broke, as it may
    on a machine that stands still for a while: then another cluster is started.
    """
    from distributed import Client, LocalCluster

    for _ in range(STARTS):
        with ExitStack() as made:
            local = LocalCluster(
                n_workers=count,
                threads_per_worker=1,
                memory_limit=0,
                dashboard_address=f"{LOOPBACK}:{DASHBOARD_PORT}" if dashboard else None,
                security=True,
                silence_logs=logging.CRITICAL,
                local_directory=str(folder),
            )
            client = made.enter_context(Client(made.enter_context(local)))
            with suppress(TimeoutError):
                client.wait_for_workers(1, timeout=START_S)
                stack.enter_context(made.pop_all())
                return client
    raise EnvironmentUnsupported(
        f"no worker started on this machine, {STARTS} times in {START_S} s",
        "end what else uses its processors; then repeat the command: it continues",
    )


@contextmanager
def _connected(scheduler: str) -> Iterator[Any]:
    from distributed import Client

    try:
        client = Client(scheduler, timeout=CONNECT_S)
    except (OSError, TimeoutError, ValueError) as error:
        raise EnvironmentUnsupported(
            f"no scheduler answers at {scheduler} ({type(error).__name__})",
            "start one: corridor study scheduler, and corridor study worker ADDRESS",
        ) from error
    with client:
        yield client
