"""Runs the code of a notebook, cell by cell, as Jupyter would: ``notebook.py FILE``."""

import json
import sys
from pathlib import Path


def code_of(path: Path) -> list[str]:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def main(path: Path) -> None:
    names = {"__name__": "notebook"}
    for number, code in enumerate(code_of(path)):
        exec(compile(code, f"{path.name}, code {number + 1}", "exec"), names)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
