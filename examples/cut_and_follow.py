"""What half a second without a fibre costs, with a controller that follows and with one that does
not: ``.venv/bin/python examples/cut_and_follow.py [FOLDER]``. Boots two guests."""

import sys
from pathlib import Path

import corridor

FOLDER = Path(sys.argv[1]) if len(sys.argv) > 1 else Path("results/cut-and-follow")

for follow in (True, False):
    with corridor.Lab("mini", seed=7, follow=follow) as lab:
        lab.at("300ms").cut("guian-kunming", lasting="500ms", id="dig")
        run = lab.run("1s", out=FOLDER / ("follows" if follow else "stands-still"))
    print("the controller follows" if follow else "it stands still")
    for hit in run.events[0].hits:
        print(f"  {hit.demand:<18} lost {hit.lost:>2}, out for {hit.out_ms:g} ms")
    worst = run.events[0].hits[0].demand
    print("  over time:", [sample.value for sample in run.series(worst, "lost", bin="200ms")])
