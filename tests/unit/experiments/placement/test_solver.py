"""The solver ends, whatever it is asked."""

from __future__ import annotations

import subprocess
import sys

MOST_S = 120
ASKED = """
from corridor.experiments.placement.jobs_file import Job
from corridor.experiments.placement.program import Effort, NoPlacement, solve
from corridor.experiments.placement.program_rows import Column, Problem

ends = {"id": "job", "origin": "a", "data": "x", "returns": "same-class"}
ends |= {"input": "1GB", "output": "1GB"}
jobs = [
    {"it_mw": 2, "rtt_budget": "30ms"},
    {"it_mw": 3, "window_h": [2, 5], "hours": 2},
    {"it_mw": 1, "window_h": [1, 2], "hours": 1, "divisible": ["time"]},
    {"it_mw": 2, "window_h": [1, 4], "hours": 2},
    {"it_mw": 2, "rtt_budget": "30ms"},
]
columns = [
    (0, 0, 1, 23), (1, 0, 1, 56), (1, 1, 3, 62), (2, 0, 5, 55),
    (2, 1, 7, 46), (3, 0, 19, 51), (3, 1, 10, 83), (4, 0, 2, 33),
]
problem = Problem(
    [(Job.model_validate({**ends, **one}), 1) for one in jobs],
    [5, 2],
    [Column(*one) for one in columns],
    {},
)
try:
    solve(problem, Effort(1e-6, 20))
except NoPlacement as problem:
    print(problem)
"""


def test_variables_have_bounds_without_which_the_presolve_of_highs_loops() -> None:
    done = subprocess.run(
        [sys.executable, "-P", "-c", ASKED],
        capture_output=True,
        text=True,
        timeout=MOST_S,
        check=True,
    )
    assert "do not fit" in done.stdout
