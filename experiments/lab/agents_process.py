"""The traffic agents as a run sees them: their launcher's process and its lines."""

from __future__ import annotations

from pathlib import Path

from corridor.experiments.lab.line_process import LineProcess
from corridor.traffic.agents.launcher import SEVERAL, command


class AgentsProcess(LineProcess):
    """The launcher of the traffic agents: for one job, or without one for all that ``begin``
    names, one after another."""

    def __init__(self, job_path: Path | None = None) -> None:
        super().__init__(command(str(job_path or SEVERAL)), "the traffic agents")

    def begin(self, job_path: Path) -> None:
        """Returns at once; the one before it must be done."""
        self.tell({"job": str(job_path)})

    def stop(self) -> None:
        """Send nothing more; what is in flight is awaited for as long as the job lingers."""
        self.tell({"stop": True})
