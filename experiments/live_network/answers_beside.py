"""What a scenario comes to, computed while its network is built: its page needs it."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from corridor.experiments.answers.document import ANSWERS_FILE, document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.scenario.scenario import LoadedScenario
from corridor.topologies.model.delay_model import load_delay_model


def write_answers(loaded: LoadedScenario, out_dir: Path) -> None:
    """Into a result folder, as a whole or not at all. Returns at once."""
    threading.Thread(target=_write, args=(loaded, out_dir), daemon=True).start()


def _write(loaded: LoadedScenario, out_dir: Path) -> None:
    answers = document(gather(loaded, load_delay_model(None)), "")
    aside = out_dir / f".{ANSWERS_FILE}"
    aside.write_text(json.dumps(answers.to_json(), ensure_ascii=False) + "\n", encoding="utf-8")
    aside.replace(out_dir / ANSWERS_FILE)
