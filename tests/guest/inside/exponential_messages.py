"""In a guest: messages of exponential size, each offered at once, onto one fibre.

``exponential_messages.py OUT_DIR LOAD MESSAGES`` leaves ``seen.json``: octets and times by message.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.benchmarks import mm1, tcp_lab
from tests.benchmarks.plain import Line


def main() -> None:
    out_dir, load, messages = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    line = Line(0, 1, mm1.RATE_BPS, mm1.DELAY_NS)
    with tcp_lab.lines_up(2, [line], out_dir, mm1.BUFFER_MS) as net:
        columns = mm1.offer(net, load, messages, seed=1)
    seen = {name: column.tolist() for name, column in columns.items()}
    (out_dir / "seen.json").write_text(json.dumps(seen))


main()
