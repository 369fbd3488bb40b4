"""Cut and repair fibres of a live network under traffic; what happens is held against predictions.

    .venv/bin/python -m tests.benchmarks.cables --steps fibres pairs flapping partition
    .venv/bin/python -m tests.benchmarks.cables --help

Steps are ``fibres``, each cut and repaired in turn; ``pairs``, two at once, drawn at random;
``flapping``, the fibre that most demands cross, up and down six times; ``partition``, all fibres
between a jurisdiction and the rest. A network is kept in a guest with the virtual clock. The prover
predicts from the tables what becomes of each demand while switches bridge the failure, an oracle
that shares no search with the controller says what its status must be once the controller has
followed, the watch judges every fibre. ``steps.jsonl`` in DIR has a line for each step.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from corridor.controller.intent.intent import Intent
from corridor.controller.intent.specification import Specification
from corridor.controller.openflow import deployments
from corridor.controller.openflow.deployments import DesiredState
from corridor.controller.openflow.statuses import SERVED
from corridor.controller.policy.semantics import NO_FAILURES, Failures
from corridor.controller.prover import tables_of
from corridor.controller.prover.exact_search import Explorer
from corridor.experiments.live_network.network import LiveNetwork
from corridor.experiments.live_network.setting import Setting, live_wiring
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.terminal.columns import render
from corridor.topologies.base.codec import to_plain
from corridor.topologies.base.seconds import NS_PER_S
from corridor.topologies.model import cut
from corridor.topologies.model.topology import Topology
from corridor.topologies.model.wiring import Wiring
from tests.benchmarks import in_guest
from tests.benchmarks.in_guest import GUEST_RUN_ID, SCRATCH, result_folder, run_inside, say
from tests.chaos.traffic import Traffic
from tests.soak.oracle import Broken, expect

MODULE = "tests.benchmarks.cables"
KINDS = ("fibres", "pairs", "flapping", "partition")
SPACING_S = 0.02
LEAD_S, HELD_S, HOLD_S = 0.06, 0.1, 0.15
FLAPS, FLAP_S, QUIET_S = 6, 0.2, 21.0


@dataclass(frozen=True)
class Step:
    """Fibres that are cut at once, and repaired at once."""

    kind: str
    fibres: tuple[str, ...]
    times: int = 1
    """How often, one after another."""
    seldom: tuple[str, ...] = ()
    """Demands that have nothing to do with it."""


def steps_of(
    topology: Topology, kinds: Sequence[str], busiest: str, code: str, pairs: int, seed: int
) -> Iterator[Step]:
    names = [fibre.id for fibre in topology.fibres]
    if "fibres" in kinds:
        yield from (Step("fibres", (name,)) for name in names)
    if "pairs" in kinds:
        rng = random.Random(seed)
        yield from (Step("pairs", tuple(rng.sample(names, 2))) for _ in range(pairs))
    if "flapping" in kinds:
        yield Step("flapping", (busiest,), FLAPS)
    if "partition" in kinds:
        within = {hub.id for hub in topology.hubs if hub.located_in == code}
        border = (one.id for one in topology.fibres if (one.a in within) != (one.z in within))
        yield Step("partition", tuple(border))


def inside(out_dir: Path, framework: str) -> None:
    """In the guest: a line to ``steps.jsonl`` for each step."""
    steps = [Step(**one) for one in json.loads((out_dir / "steps.json").read_text())]
    kept = LiveNetwork(
        *Setting.read(out_dir),
        scratch=SCRATCH,
        out_dir=out_dir,
        framework=framework,
        bfd_interval_ms=None,
        timing={"audit_ns": 3600 * NS_PER_S},
    )
    with kept, (out_dir / "steps.jsonl").open("w") as lines:
        for step in steps:
            lines.write(json.dumps(carry_out(kept, step)) + "\n")
            lines.flush()
            say("step", fibres=step.fibres)


def carry_out(kept: LiveNetwork, step: Step) -> dict[str, Any]:
    known = len(kept.events())
    with Traffic(kept, spacing_s=SPACING_S, seldom=step.seldom) as traffic:
        time.sleep(LEAD_S)
        cut_ns = time.time_ns()
        for _ in range(step.times - 1):
            _switch(kept, step.fibres, up=False)
            time.sleep(FLAP_S)
            _switch(kept, step.fibres, up=True)
            time.sleep(FLAP_S)
        last_cut_ns = time.time_ns()
        _switch(kept, step.fibres, up=False)
        _settle(kept, step.fibres, works=False)
        while_cut = _said(kept)
        time.sleep(HELD_S)
        repaired_ns = time.time_ns()
        _switch(kept, step.fibres, up=True)
        _settle(kept, step.fibres, works=True)
        after = _said(kept)
        held_out = _held_out(kept)
    if held_out:
        time.sleep(QUIET_S)
        _settle(kept, step.fibres, works=True)
    events = kept.events()[known:]
    return {
        **to_plain(replace(step, seldom=())),
        "start_ns": traffic.start_ns,
        "cut_ns": cut_ns,
        "last_cut_ns": last_cut_ns,
        "repaired_ns": repaired_ns,
        "statuses": {"while cut": while_cut, "after": after, "at last": _said(kept)},
        "held_out": held_out,
        "held_out_at_last": _held_out(kept),
        "lost": {demand: lost for demand, lost in traffic.account.lost.items() if lost},
        "sent": sum(traffic.account.sent.values()),
        "verdict": to_plain(traffic.account.verdict),
        "events": [one for one in events if one["event"] != "status"],
    }


def _switch(kept: LiveNetwork, fibres: Sequence[str], *, up: bool) -> None:
    for fibre in fibres:
        kept.carry_out(cut.MEND if up else cut.CUT, fibre)


def _settle(kept: LiveNetwork, fibres: Sequence[str], *, works: bool) -> None:
    """Until the controller has seen it, waited for more, and done what it would."""

    def seen() -> bool:
        said = kept.ask("topology")["fibres"]
        return all(said[fibre]["works"] == works or said[fibre]["held_out"] for fibre in fibres)

    kept.until(seen, 30)
    time.sleep(HOLD_S)
    kept.ask("counters")  # answered once nothing before it is left to do


def _said(kept: LiveNetwork) -> dict[str, list[str]]:
    return {one["demand"]: [one["status"], one["clause"]] for one in kept.ask("demands")["demands"]}


def _held_out(kept: LiveNetwork) -> list[str]:
    return [name for name, one in kept.ask("topology")["fibres"].items() if one["held_out"]]


class Judge:
    """Holds what was seen against what must be, and keeps count."""

    def __init__(self, specification: Specification, wiring: Wiring) -> None:
        self._specification = specification
        self._topology = specification.topology
        self._intents = specification.intents()
        deployment = deployments.stand(DesiredState(specification), wiring, 0)
        explorer = Explorer(tables_of(deployment.program), wiring, self._topology)
        self._explorer = explorer
        self._intact = {one.id: explorer.follow(one, NO_FAILURES) for one in self._intents}
        self._unbuilt = frozenset(one.hub for one in wiring.hubs if one.gateway is None)
        self.counts: Counter[str] = Counter()
        self.times_ms: dict[str, list[float]] = {"bridged": [], "followed": [], "back": []}
        self.wrong: list[str] = []

    def untouched(self, fibres: Sequence[str]) -> tuple[str, ...]:
        """Demands that cross none of these."""
        return tuple(one.id for one in self._intents if set(self._crossed(one)).isdisjoint(fibres))

    def busiest(self) -> str:
        """The fibre that most demands cross."""
        crossed = Counter(name for one in self._intents for name in self._crossed(one))
        return crossed.most_common(1)[0][0]

    def judge(self, seen: dict[str, Any]) -> None:
        what = f"{seen['kind']} {', '.join(seen['fibres'])}"
        self.counts["steps"] += 1
        self.counts["watched"] += seen["verdict"]["frames"]
        self.counts["sent"] += seen["sent"]
        for kind in ("forbidden", "strange"):
            self.counts[kind] += sum(one["packets"] for one in seen["verdict"][kind])
        self.counts["unseen"] += seen["verdict"]["lost"]
        self.counts["held out for flapping"] += len(seen["held_out"])
        self.counts["... and still, when quiet"] += len(seen["held_out_at_last"])
        self._statuses(what, seen)
        for intent in self._intents:
            lost = seen["lost"].get(intent.id, [])
            if seen["times"] == 1:
                self._losses(what, intent, seen, [at * 1e3 for at in lost])
            elif lost and self._intact[intent.id].delivered:
                self._flapped(what, intent, seen, lost)
        self._moves(seen)

    def _flapped(
        self, what: str, intent: Intent, seen: dict[str, Any], lost_s: Sequence[float]
    ) -> None:
        """Some is lost each time a fibre goes down, by demands that cross it."""
        self.counts["lost by flapping"] += len(lost_s)
        if set(self._crossed(intent)).isdisjoint(seen["fibres"]):
            self.wrong.append(f"{what}: {intent.id} crosses nothing of it, and lost {lost_s}")
        held_s = (seen["last_cut_ns"] - seen["start_ns"]) / NS_PER_S
        if any(at > held_s + SPACING_S for at in lost_s):
            self.wrong.append(f"{what}: {intent.id} lost {lost_s} once it was held out")

    def _statuses(self, what: str, seen: dict[str, Any]) -> None:
        held_out = frozenset(seen["held_out"])
        broken = {"while cut": frozenset(seen["fibres"]), "after": held_out, "at last": held_out}
        broken["at last"] = frozenset(seen["held_out_at_last"])
        for when, fibres in broken.items():
            wanted = expect(self._specification, Broken(fibres, gateways=self._unbuilt))
            for demand, (status, clause) in seen["statuses"][when].items():
                self.counts["statuses"] += 1
                said = "SERVED" if status in SERVED else status
                if said != wanted[demand].status:
                    self.wrong.append(
                        f"{what}, {when}: {demand} is {status}, not {wanted[demand].status}"
                    )
                self.counts[f"{when}: {said}"] += 1
                if status == "BLOCKED" and not clause:
                    self.wrong.append(f"{what}, {when}: {demand} is BLOCKED by no clause")

    def _losses(
        self, what: str, intent: Intent, seen: dict[str, Any], lost_ms: list[float]
    ) -> None:
        """Of a demand, by the prover's verdict on the tables that served it."""
        crossed = self._crossed(intent)
        cut = [number for number, name in enumerate(crossed) if name in seen["fibres"]]
        if not self._intact[intent.id].delivered:
            return
        cut_ms, repaired_ms = (
            (seen[at] - seen["start_ns"]) / 1e6 for at in ("cut_ns", "repaired_ns")
        )
        if not cut:
            self.counts["untouched"] += 1
            if lost_ms:
                self.wrong.append(f"{what}: {intent.id} crosses nothing of it, and lost {lost_ms}")
            return
        reach_ms = sum(self._delay_ms(name) for name in crossed[: cut[0]])
        under_way = [at for at in lost_ms if at + reach_ms < cut_ms]
        later = [at for at in lost_ms if at + reach_ms >= cut_ms]
        self.counts["lost under way"] += len(under_way)
        fate = self._explorer.follow(intent, Failures(links=frozenset(seen["fibres"])))
        after = [at for at in later if at > repaired_ms + 1e3 * SPACING_S]
        if fate.delivered:
            self.counts["bridged"] += 1
            self.times_ms["bridged"].append(len(later) * 1e3 * SPACING_S)
            if len(later) > 1:
                self.wrong.append(f"{what}: {intent.id} is bridged, and lost {later}")
        else:
            self.counts["not bridged, as predicted"] += 1
            if not later:
                self.wrong.append(f"{what}: {intent.id} was predicted to be lost, and was not")
            status = seen["statuses"]["while cut"][intent.id][0]
            if status in SERVED:
                self.times_ms["followed"].append(max(later, default=cut_ms) - cut_ms)
                self.counts["... and served again by new paths"] += 1
            else:
                self.times_ms["back"].append(max(later, default=repaired_ms) - repaired_ms)
                self.counts["... until it was repaired"] += 1
        if fate.delivered and after:
            self.wrong.append(f"{what}: {intent.id} lost {after} by repair")

    def _moves(self, seen: dict[str, Any]) -> None:
        updates = [one for one in seen["events"] if one["event"] == "update"]
        self.counts["updates"] += len(updates)
        for one in updates:
            entries = one["entries"]
            self.times_ms.setdefault("flip", []).append(one["done_ms"]["flipped"])
            more = 100 * (entries["most"] / entries["before"] - 1)
            self.times_ms.setdefault("more entries, %", []).append(more)
        moved = [one["at_ns"] for one in updates if one["at_ns"] < seen["repaired_ns"]]
        if moved and seen["times"] == 1:
            drained = updates[0]["done_ms"]["removed"] - updates[0]["done_ms"]["flipped"]
            flipped_ms = (moved[0] - seen["cut_ns"]) / 1e6 - drained
            self.times_ms.setdefault("cut to flip", []).append(flipped_ms)

    def _crossed(self, intent: Intent) -> tuple[str, ...]:
        outcome = self._intact[intent.id]
        return outcome.fibres if outcome.delivered else ()

    def _delay_ms(self, fibre: str) -> float:
        return self._topology.one_way_delay_ns(self._topology.fibre(fibre)) / 1e6

    def report(self) -> int:
        rows = [(name, f"{count:,}") for name, count in self.counts.items()]
        rows += [(f"{name}, ms" if "%" not in name else name, _spread(times))
                 for name, times in self.times_ms.items() if times]  # fmt: skip
        print(render(("", ""), rows))
        for one in self.wrong:
            print(one)
        bad = sum(self.counts[kind] for kind in ("forbidden", "strange", "unseen"))
        print("all as predicted" if not (self.wrong or bad) else f"{len(self.wrong)} not so")
        return int(bool(self.wrong or bad))


def _spread(values: Sequence[float]) -> str:
    p50, p95, most = np.percentile(values, (50, 95, 100))
    return f"p50 {p50:.1f}  p95 {p95:.1f}  most {most:.1f}  ({len(values)})"


def main() -> int:
    options = _parsed()
    loaded = load_scenario(options.scenario)
    specification = specify(loaded)
    if options.k is not None:
        specification = specification.model_copy(update={"k": options.k})
    wiring = live_wiring(loaded, GUEST_RUN_ID, options.seed)
    judge = Judge(specification, wiring)
    if options.judge:
        return _judge(judge, options.judge)
    out_dir = result_folder(options.out)
    part, parts = map(int, options.part.split("/"))
    steps = [
        *steps_of(
            loaded.topology,
            options.steps,
            judge.busiest(),
            options.partition,
            options.pairs,
            options.seed,
        )
    ][options.first - 1 :][part - 1 :: parts]
    Setting(specification, wiring).write(out_dir)
    steps = [replace(one, seldom=judge.untouched(one.fibres)) for one in steps]
    (out_dir / "steps.json").write_text(json.dumps(to_plain(steps)))

    started_s = time.monotonic()

    def note(event: dict[str, Any]) -> None:
        if event["event"] == "step":
            wall_s = time.monotonic() - started_s
            print(f"{wall_s:7.0f} s  {', '.join(event['fibres'])}", flush=True)

    run_inside(MODULE, out_dir, [options.framework], note)
    return _judge(judge, [out_dir])


def _judge(judge: Judge, folders: Sequence[Path]) -> int:
    for folder in folders:
        for line in (folder / "steps.jsonl").read_text().splitlines():
            judge.judge(json.loads(line))
    return judge.report()


def _parsed() -> argparse.Namespace:
    parser = in_guest.options(MODULE)
    parser.add_argument("--steps", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--pairs", type=int, default=50)
    parser.add_argument("--k", type=int, default=None, help="protection instead of the scenario's")
    parser.add_argument("--partition", default="PK", metavar="CODE")
    parser.add_argument(
        "--from", type=int, default=1, metavar="N", dest="first", help="leave out steps before it"
    )
    parser.add_argument("--part", default="1/1", help="every Nth step from the Ith on")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--judge", nargs="+", type=Path, metavar="DIR", help="only judge what these hold"
    )
    return parser.parse_args()


if __name__ == "__main__":
    in_guest.start(main, inside)
