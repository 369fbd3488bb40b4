"""A study by hand: two conditions, five runs each, whose values a reader can add up."""

from __future__ import annotations

import json
from pathlib import Path

import page_case

STUDY = {
    "name": "by-hand",
    "title": "A handmade study",
    "question": "What does the level change?",
    "answer": "The level changes the round trip by {high-to-low.far-rtt}.",
    "assumptions": ["Nothing else differs."],
    "sources": [
        {
            "title": "A paper",
            "url": "https://paper.example/1",
            "confidence": "unsure",
            "says": "So.",
        }
    ],
    "scenario": "mini",
    "matrix": {"level": {"high": {}, "low": {}}},
    "measures": [{"id": "far-rtt", "of": "demands[far].rtt_ms.min", "unit": "ms"}],
    "compare": [{"id": "high-to-low", "axis": "level", "from": "high", "to": "low"}],
}
VALUES = {"high": (70.0, 71.0, 72.0, 73.0, 74.0), "low": (60.0, 63.0, 61.0, 64.5, 62.0)}


def write_study(folder: Path) -> Path:
    """As ``corridor study run`` leaves it."""
    cells = []
    for level, values in VALUES.items():
        for number, value in enumerate(values):
            name = f"{level}-{number}"
            out = folder / "cells" / name
            out.mkdir(parents=True)
            page_case.write_run(out)
            summary = json.loads((out / "summary.json").read_text())
            next(one for one in summary["demands"] if one["id"] == "far")["rtt_ms"]["min"] = value
            (out / "summary.json").write_text(json.dumps(summary))
            known = {"state": "valid", "message": "", "wall_s": 1.0}
            (out / "cell.json").write_text(json.dumps(known))
            cells.append({"id": name, "levels": {"level": level}, "repetition": number})
    index = {"schema": 1, "study": STUDY, "version": "by hand", "cells": cells}
    (folder / "study.json").write_text(json.dumps(index))
    return folder
