"""One run again, in a process of its own: ``... one_replay RECORDED OUT TESTBED``.

Leaves its results in ``OUT/run`` and says in ``OUT/outcome.json`` what became of it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from corridor.experiments.run.replaying import Testbed, replay
from corridor.experiments.study_runs.outcome import OUTCOME, RUN, State
from corridor.topologies.base.errors import (
    CorridorError,
    EnvironmentUnsupported,
    MeasurementInvalid,
)


def main(recorded: Path, out: Path, testbed: Testbed) -> None:
    state, message = _run(recorded, out / RUN, testbed)
    (out / OUTCOME).write_text(json.dumps({"state": state, "message": message}))


def _run(recorded: Path, out: Path, testbed: Testbed) -> tuple[State, str]:
    try:
        summary = replay(recorded, out, testbed, print)
    except MeasurementInvalid as error:
        return "invalid", str(error)
    except EnvironmentUnsupported as error:
        return "unable", str(error)
    except CorridorError as error:
        return "failed", str(error)
    return ("invalid", summary["invalid"]) if summary["invalid"] else ("valid", "")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])  # type: ignore[arg-type]
