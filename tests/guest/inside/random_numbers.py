"""Draw from the kernel after a planned instant, and 100 s later, whatever comes before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

from corridor.experiments.lab.planned_instants import await_instant


def main(folder: str, *befores: str) -> None:
    for before in befores:
        {
            "draws": lambda: os.getrandom(1000),
            "interrupts": lambda: [time.sleep(0.0011) for _ in range(200)],
            "programs": lambda: subprocess.run(["true"], check=True),
            "a minute": lambda: time.sleep(61),
        }[before]()
    await_instant("virtual")
    drawn = [os.getrandom(16).hex()]
    time.sleep(100)
    drawn.append(os.getrandom(16).hex())
    Path(folder, "seen.json").write_text(json.dumps(drawn))


if __name__ == "__main__":
    main(*sys.argv[1:])
