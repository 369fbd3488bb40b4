"""Change the code that makes tables, and say which changes no claim notices.

    python -m tests.mutation                                # 300 changes, drawn by the seed
    python -m tests.mutation --all controller/forwarding/edge.py
    python -m tests.mutation --seed 2 --most 100

A change that survives makes the same tables, or others that are as right, or tables that are wrong
in a way that nothing claims: a person has to tell which.
"""

from __future__ import annotations

import argparse
import random
from collections import Counter

from tests.mutation.operators import Mutant, mutants_of
from tests.mutation.trials import FORWARDING, ROOT, noticed, prepare

FILES = ("compiler", "edge", "labels", "program", "two_phase_plan", "decisions", "forwarding_graph")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("files", nargs="*", default=[f"{FORWARDING}/{one}.py" for one in FILES])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--most", type=int, default=300)
    parser.add_argument("--all", action="store_true", help="every change, whatever --most says")
    options = parser.parse_args()
    found = [(file, one) for file in options.files for one in mutants_of((ROOT / file).read_text())]
    if not options.all and len(found) > options.most:
        found = random.Random(options.seed).sample(found, options.most)
    prepare()
    sums: Counter[str] = Counter()
    for file, mutant in found:
        sums.update(_tried(file, mutant))
    killed = len(found) - sums["survived"]
    print(f"{len(found)} changes, {killed} noticed; by what: {dict(sums.most_common())}")


def _tried(file: str, mutant: Mutant) -> set[str]:
    """The claims that notice, the first of them only where there are many to count once."""
    claims = noticed(file, mutant.code)
    if not claims:
        lines = (ROOT / file).read_text().splitlines()
        print(f"{file}:{mutant.line}: {mutant.what}: {lines[mutant.line - 1].strip()}", flush=True)
    return claims or {"survived"}


if __name__ == "__main__":
    main()
