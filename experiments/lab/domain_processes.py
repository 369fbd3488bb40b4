"""A scenario whose domains have a process each: they agree, and again after a cut, a repair and a
change of policies, while some are killed. The tables of all are proven together all along."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

from corridor.controller.domains.composition import Domains
from corridor.controller.domains.in_memory import whole_path
from corridor.controller.domains.messages import VERSION
from corridor.controller.policy.permitted_paths import lawful_route
from corridor.controller.policy.semantics import Failures
from corridor.experiments.domains.domains_documents import (
    PATHS_SCHEMA,
    CarriedBy,
    DomainRun,
    Killed,
    RunStep,
)
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import (
    LoadedScenario,
    Under,
    load_under,
    under_given,
)
from corridor.topologies.base.errors import InputError, MeasurementInvalid
from corridor.topologies.base.installation import require
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.model.domains import HomeDomains
from corridor.topologies.model.routing import Path as HubPath

MOST_KILLS = 100
POLL_S, SETTLE_S = 0.03, 180.0
KILL_SHARE = 0.3
"""Of the moments at which a process may be killed."""


def domain_processes(
    scenario: str | Path = "reference",
    *,
    kills: int = 2,
    then: str = "",
    seed: int = 1,
    policies: str | None = None,
    as_of: str | date | None = None,
) -> DomainRun:
    """Run a process for each domain; they agree on all demands.

    Args:
        scenario: A shipped scenario or a file.
        kills: How many processes are killed (SIGKILL) and started again at random moments.
        then: The policy set that all domains change to at last; by default ``none``, or
            ``pan-asia`` after that.
        seed: Of the moments and domains of kills.
        policies: A policy set or file instead of the scenario's.
        as_of: The day of the policies.

    Returns:
        For each step the wall time in s, messages, octets, disclosed delays, proofs, and each kill
        with its times in s; and who carries each direction at last.

    Raises:
        InputError: An argument or a file has a mistake.
        EnvironmentUnsupported: The extra ``study``, which has ``cryptography``, is missing.
        MeasurementInvalid: A process ended, or domains do not agree in time.

    Example:
        >>> corridor.domain_processes("mini").steps[0].equal
        12
    """
    given = under_given(policies, as_of)
    return run_processes(str(scenario), given, kills=kills, then=then, seed=seed)


def run_processes(
    scenario: str, given: Under, *, kills: int = 2, then: str = "", seed: int = 1
) -> DomainRun:
    """Return the same under what the command line gives. Raises as ``domain_processes``."""
    if not 0 <= kills <= MOST_KILLS:
        raise InputError(f"{kills} kills are not possible", f"write a number up to {MOST_KILLS}")
    require("a process for each domain", "study")
    loaded = load_under(scenario, given)
    then = then or ("pan-asia" if loaded.policies.name == "none" else "none")
    after = load_under(scenario, given.model_copy(update={"policies": then}))
    with tempfile.TemporaryDirectory(prefix="corridor-domains-") as folder:
        return _Run(loaded, after, Path(folder), kills, Random(seed)).answer()


class _Run:
    """The steps of one run."""

    def __init__(
        self,
        loaded: LoadedScenario,
        after: LoadedScenario,
        folder: Path,
        kills: int,
        chance: Random,
    ) -> None:
        from corridor.controller.domain_processes.launch import DomainProcesses

        self._loaded, self._after = loaded, after
        self._net = DomainProcesses(specify(loaded), folder)
        self._kills, self._chance = kills, chance
        self._paths: dict[int, HubPath] = {}
        self._before: Counter[str] = Counter()
        self._lost: Counter[str] = Counter()
        """Counts of processes that were killed."""
        self._dead: frozenset[str] = frozenset()
        self._proofs = 0
        self._violated: set[str] = set()

    def answer(self) -> DomainRun:
        specification = self._net.specification
        with self._net as net:
            steps = [self._step("agreement", lambda: None, kills=0, minimum=True)]
            fibre = self._hand_over()
            if fibre:
                steps.append(self._step(f"cut {fibre}", lambda: self._cut(fibre), self._kills // 2))
                steps.append(self._step(f"repair {fibre}", lambda: self._repair(fibre)))
            after = specify(self._after)
            left = self._kills - sum(len(one.killed) for one in steps)
            change = f"policies {self._after.policies.name}"
            steps.append(self._step(change, lambda: net.change(after, self._observe), left))
            refused = self._counts(net.order(net.sights, "status"), "refused")
            carried = tuple(self._carried())
        return DomainRun(
            schema=PATHS_SCHEMA,
            scenario=self._loaded.scenario.name,
            topology=specification.topology.name,
            policies=self._loaded.policies.name,
            policies_after=self._after.policies.name,
            protocol=VERSION,
            domains=tuple(sorted(net.sights)),
            steps=tuple(steps),
            refused=dict(sorted(refused.items())),
            carried=carried,
        )

    def _hand_over(self) -> str:
        """The fibre between two domains that most paths use; empty if none does."""
        used = Counter(
            part.fibres[-1]
            for parts in self._net.paths().values()
            for part in parts
            if part.downstream
        )
        return min(used, key=lambda one: (-used[one], one), default="")

    def _cut(self, fibre: str) -> None:
        self._dead = frozenset({fibre})
        self._net.cut(fibre)

    def _repair(self, fibre: str) -> None:
        self._dead = frozenset()
        self._net.cut(fibre, "repaired")

    def _step(
        self, name: str, begin: Callable[[], None], kills: int = 0, *, minimum: bool = False
    ) -> RunStep:
        began_s, self._proofs = time.monotonic(), 0
        self._violated.clear()
        begin()
        answers, killed = self._watch(began_s, kills)
        wall_s = time.monotonic() - began_s
        paths = self._whole_paths()
        ids = paths.keys() | self._paths.keys()
        moved = sum(paths.get(one) != self._paths.get(one) for one in ids)
        self._paths = paths
        counts = self._counts(answers, "sent") + self._lost
        for key in ("frames", "octets"):
            counts[key] = sum(one[key] for one in answers.values()) + self._lost[key]
        more, self._before = counts - self._before, counts
        return RunStep(
            name=name,
            wall_s=round(wall_s, 3),
            equal=sum(self._equal()),
            moved=moved,
            messages=more["frames"],
            octets=more["octets"],
            requests=more["request"],
            delays=more["offer"],
            minimum_delays=self._minimum() if minimum else None,
            killed=killed,
            proofs=self._proofs,
            violated=tuple(sorted(self._violated)),
        )

    def _watch(
        self, began_s: float, kills: int
    ) -> tuple[dict[str, dict[str, Any]], tuple[Killed, ...]]:
        """Prove what is installed until nothing is under way; kill some on the way."""
        net, killed, settled, quiet = self._net, list[Killed](), 0, 0
        is_quiet = False
        while quiet < 2:  # twice: a message may be between two processes
            if len(killed) < kills and self._chance.random() < KILL_SHARE:
                killed.append(self._kill(began_s, under_way=not is_quiet))
            self._observe()
            answers = net.order(net.sights, "status")
            is_quiet = all(one["settled"] for one in answers.values())
            if is_quiet:
                killed[settled:] = [self._settled(one, began_s) for one in killed[settled:]]
                settled = len(killed)
            quiet = quiet + 1 if is_quiet and len(killed) == kills else 0
            if time.monotonic() - began_s > SETTLE_S:
                raise MeasurementInvalid(f"domains do not agree within {SETTLE_S:g} s")
            time.sleep(POLL_S)
        return answers, tuple(killed)

    def _observe(self) -> None:
        """Prove the tables of all domains as they are now."""
        self._violated |= {one.claim for one in self._net.violated()}
        self._proofs += 1

    def _kill(self, began_s: float, *, under_way: bool) -> Killed:
        name = self._chance.choice(sorted(self._net.sights))
        last = self._net.order([name], "status")
        self._lost += self._counts(last, "sent")
        self._lost.update({key: last[name][key] for key in ("frames", "octets")})
        at_s = time.monotonic()
        self._net.kill(name)
        self._net.start_again(name)
        return Killed(
            domain=name,
            at_s=round(at_s - began_s, 3),
            under_way=under_way,
            takeover_s=round(time.monotonic() - at_s, 3),
            settled_s=0.0,
            proofs=-self._proofs,
        )

    def _settled(self, one: Killed, began_s: float) -> Killed:
        settled_s = round(time.monotonic() - began_s - one.at_s, 3)
        return replace(one, settled_s=settled_s, proofs=one.proofs + self._proofs)

    def _counts(self, answers: dict[str, dict[str, Any]], what: str) -> Counter[str]:
        found: Counter[str] = Counter()
        for one in answers.values():
            found.update(one[what])
        return found

    def _whole_paths(self) -> dict[int, HubPath]:
        return {number: whole_path(parts) for number, parts in self._net.paths().items()}

    def _equal(self) -> list[bool]:
        """By direction, whether it is served as one controller would, by a permitted path."""
        found, parts = [], self._net.paths()
        for number, intent in enumerate(self._net.specification.intents(), 1):
            asked = intent.applicable_policies
            alone = lawful_route(asked, Failures(links=self._dead))
            if number not in parts or alone is None:
                found.append(number not in parts and alone is None)
                continue
            is_allowed = asked.verdict(self._paths[number]).allowed
            found.append(is_allowed and parts[number][0].delay_ns == alone.one_way_ns)
        return found

    def _minimum(self) -> int:
        controllers = Domains(HomeDomains(self._net.specification.topology))
        asked = [one.applicable_policies for one in self._net.specification.intents()]
        return sum(controllers.agree(one).disclosed.numbers for one in asked)

    def _carried(self) -> list[CarriedBy]:
        home, parts = self._net.home, self._net.paths()
        found = []
        for number, direction in enumerate(self._net.specification.directions, 1):
            path = self._paths.get(number)
            hubs = path.hubs if path else ()
            chain = tuple(dict.fromkeys(home[hub] for hub in hubs))
            ms = parts[number][0].delay_ns / NS_PER_MS if path else None
            found.append(CarriedBy(direction.demand.id, chain, hubs, ms))
        return found
