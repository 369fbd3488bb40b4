"""The traffic agents as a run sees them: their launcher's process and its lines."""

from __future__ import annotations

from pathlib import Path

from corridor.experiments.lab.line_process import LineProcess
from corridor.traffic.agents.launcher import command


class AgentsProcess(LineProcess):
    """The launcher of the traffic agents."""

    def __init__(self, job_path: Path) -> None:
        super().__init__(command(str(job_path)), "the traffic agents")
