"""Run the queries of an export with AalWiNes, and store its answers next to ours.

    corridor export sovereignty --to aalwines --out asked
    .venv/bin/python examples/ask_aalwines.py asked [PROGRAM]
    corridor export --compare asked

PROGRAM is AalWiNes, by default what $AALWINES names, or ``aalwines``. Where it crashes, the query
is named in ``crashed`` and the others are asked all the same.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ANSWER = re.compile(
    r'"query" : ("(?:[^"\\]|\\.)*"),\s*"reachability-time" : [^,]*,\s*"result" : (\w+)'
)
RESULTS = {"true": True, "false": False, "null": None}


def ask(program: str, folder: Path, queries: list[str]) -> tuple[dict[str, bool | None], int]:
    """The answers that were printed, by query, and the exit code."""
    part = folder / "part.q"
    part.write_text("".join(f"{query}\n" for query in queries))
    words = [program, "--input", folder / "network.json", "--query", part, "--engine", "1", "-s"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    part.unlink()
    found = {json.loads(query): RESULTS[result] for query, result in ANSWER.findall(done.stdout)}
    if done.returncode > 0:
        sys.exit(f"{program}: exit code {done.returncode}: {done.stderr.strip()}")
    return found, done.returncode


def main(folder: Path, program: str) -> None:
    left = (folder / "queries.q").read_text().splitlines()
    answers: dict[str, bool | None] = {}
    crashed: list[str] = []
    alone = False
    while left:
        found, code = ask(program, folder, left[:1] if alone else left)
        answers |= found
        if code and alone:
            crashed.append(left[0])
        alone = bool(code) and not found
        left = [one for one in left if one not in answers and one not in crashed]
    used = os.times()
    document = {
        "answers": {f"Q{n}": {"query": q, "result": r} for n, (q, r) in enumerate(answers.items())},
        "crashed": crashed,
        "cpu_s": round(used.children_user + used.children_system, 2),
    }
    (folder / "answers.json").write_text(json.dumps(document, indent=1) + "\n")
    print(f"{len(answers)} answers, {len(crashed)} crashes, {document['cpu_s']} CPU s")


if __name__ == "__main__":
    main(Path(sys.argv[1]), (sys.argv[2:] or [os.environ.get("AALWINES", "aalwines")])[0])
