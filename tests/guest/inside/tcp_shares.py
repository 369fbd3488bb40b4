"""In a guest: what two and eight connections get of one fibre, by drop-tail and by fair queueing,
and what losses leave of one.

``tcp_shares.py OUT_DIR`` leaves ``seen.json``: rates in bit/s.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.benchmarks import fairness
from tests.benchmarks import tcp_lab as lab
from tests.benchmarks.plain import Line
from tests.benchmarks.tcp_lab import Flow

EACH_BPS = 2_500_000
LASTS_S, FROM_S = 200, 20
QUEUED_S = 80
RTT_MS, LOSS_PPM, LOSSY_S = 60, 10_000, 150


def shared(out_dir: Path, count: int) -> list[float]:
    line = Line(0, 1, count * EACH_BPS, 20 * lab.NS_PER_MS)
    with lab.lines_up(2, [line], out_dir, 40) as net:
        flows = [Flow(0, 1, LASTS_S, "reno", 0.37 * number) for number in range(count)]
        got = lab.run(net, flows, out_dir / f"shared-{count}")
    return [one.bps(FROM_S, LASTS_S) for one in got]


def queued(out_dir: Path, count: int) -> list[float]:
    setting = fairness.Setting(count, count * EACH_BPS // 10**6, fairness.RTT_MS, queue="fq_codel")
    line = Line(0, 1, count * EACH_BPS, 20 * lab.NS_PER_MS)
    with lab.lines_up(2, [line], out_dir, queue=setting.laid_out) as net:
        flows = [Flow(0, 1, QUEUED_S, "cubic", 0.37 * number) for number in range(count)]
        got = lab.run(net, flows, out_dir / f"queued-{count}")
    return [one.bps(FROM_S, QUEUED_S) for one in got]


def lossy(out_dir: Path) -> float:
    line = Line(0, 1, 100_000_000, RTT_MS * lab.NS_PER_MS // 2, LOSS_PPM)
    with lab.lines_up(2, [line], out_dir) as net:
        (got,) = lab.run(net, [Flow(0, 1, LOSSY_S, "reno")], out_dir / "lossy")
    return got.bps(5, LOSSY_S)


def main() -> None:
    out_dir = Path(sys.argv[1])
    seen = {
        "shared": {count: shared(out_dir, count) for count in (2, 8)},
        "queued": {count: queued(out_dir, count) for count in (2, 8)},
        "lossy": lossy(out_dir),
    }
    (out_dir / "seen.json").write_text(json.dumps(seen))


main()
