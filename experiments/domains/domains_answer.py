"""``corridor domains``: a scenario served by a controller for each domain. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import get_args

from corridor.controller.domains.composition import Agreement, Domains
from corridor.controller.domains.controller_view import USABLE, HandOvers
from corridor.controller.domains.lies import Lie, LieKind
from corridor.controller.domains.reconstruction import Received, inferred
from corridor.controller.domains.timing import WORK_NS, AgreementTime, agreement_time
from corridor.controller.policy.permitted_paths import PermittedPath, lawful_route
from corridor.controller.policy.semantics import ApplicablePolicies, Failures, PolicyLookup
from corridor.experiments.domains.composed_proof import MOST_BREACHES, composed_proof
from corridor.experiments.domains.domains_documents import (
    PATHS_SCHEMA,
    Carried,
    CarriedDirection,
    CutDifference,
    Cuts,
    DomainPathsAnswer,
    Exchanged,
    Lied,
    Listened,
    MedianMs,
    Spread,
    Timing,
)
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import LoadedScenario, load_under, under_given
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.seconds import NS_PER_MS
from corridor.topologies.base.suggestions import nearest
from corridor.topologies.model.domains import DomainMap, domains_of

NUMBERS_OF_FIBRE = 3


def domains(
    scenario: str | Path = "reference",
    *,
    hand_overs: HandOvers = "any",
    silent: Iterable[str] = (),
    cuts: bool = False,
    prove: bool = False,
    curious: str = "",
    lie: str = "",
    policies: str | None = None,
    as_of: str | date | None = None,
) -> DomainPathsAnswer:
    """Compute paths of demands if each operator has its own controller.

    Args:
        scenario: A shipped scenario or a file.
        hand_overs: ``any``: domains meet wherever both are at a hub; ``stated``: only where a
            source or the topology file names both.
        silent: Domains whose controllers do not answer.
        cuts: Whether to repeat all after each single failure of a fibre on a path.
        prove: Whether to prove the compiled tables domain by domain, and compare with one proof.
        curious: A domain: what it can infer of its neighbours' maps from the delays it receives.
        lie: ``DOMAIN:KIND``, a controller that lies about ``delay``, ``reach``, ``state`` or
            ``plausible-state``: what that costs.
        policies: A policy set or file instead of the scenario's.
        as_of: The day of the policies.

    Returns:
        For each direction of each demand its domains, delays in ms, the number of delays that
        controllers disclosed to each other, and the result of one controller.

    Raises:
        InputError: An argument or a file has a mistake.

    Example:
        >>> corridor.domains("mini").equal
        12
    """
    loaded = load_under(str(scenario), under_given(policies, as_of))
    more = {"cuts": cuts, "prove": prove}
    return domain_paths(loaded, hand_overs, tuple(silent), curious=curious, lie=lie, **more)


def domain_paths(
    loaded: LoadedScenario,
    hand_overs: HandOvers = "any",
    silent: tuple[str, ...] = (),
    *,
    cuts: bool = False,
    prove: bool = False,
    curious: str = "",
    lie: str = "",
) -> DomainPathsAnswer:
    """Return the same for a scenario that is loaded. Raises as ``domains`` does."""
    if hand_overs not in get_args(HandOvers.__value__):
        raise InputError(f'hand-overs are "{hand_overs}"', "write any or stated")
    known = domains_of(loaded.topology)
    stated_lie = _lie(lie) if lie else None
    for name in (*silent, *filter(None, [curious]), *([stated_lie.domain] if stated_lie else [])):
        if name not in known.domains:
            hint = nearest(name, known.domains) or "corridor topology domains lists them"
            raise InputError(f'no domain "{name}"', hint)
    question = _Question(loaded, known, hand_overs, silent)
    directions = tuple(question.direction(one) for one in question.asked)
    exchanged = [one.exchanged for one in directions if one.exchanged.rounds]
    return DomainPathsAnswer(
        schema=PATHS_SCHEMA,
        scenario=loaded.scenario.name,
        topology=loaded.topology.name,
        policies=loaded.policies.name,
        as_of=loaded.as_of.isoformat(),
        hand_overs=hand_overs,
        silent=silent,
        domains=known.domains,
        inter_domain_fibres=sum(map(known.is_shared, loaded.topology.fibres)),
        hubs_of_several_domains=sum(len(names) > 1 for names in known.at_hub.values()),
        directions=directions,
        equal=sum(not one.difference for one in directions),
        numbers=_spread([one.numbers for one in exchanged]),
        rounds=_spread([one.rounds for one in exchanged]),
        map_numbers=NUMBERS_OF_FIBRE * len(loaded.topology.fibres),
        timing=question.timing(),
        cuts=question.cuts() if cuts else None,
        proof=composed_proof(loaded) if prove else None,
        lied=question.lied(stated_lie) if stated_lie else None,
        curious=curious,
        inferred=inferred(known, curious, question.received) if curious else (),
    )


def _lie(text: str) -> Lie:
    domain, _, name = text.partition(":")
    kinds = get_args(LieKind.__value__)
    kind = next((one for one in kinds if one == name), None)
    if kind is None:
        raise InputError(f'"{text}" is not a lie', f"write DOMAIN:KIND with {', '.join(kinds)}")
    return Lie(domain, kind)


def _spread(values: list[int]) -> Spread:
    return Spread(median(values), max(values)) if values else Spread(0, 0)


def _times(values_ns: Iterable[int | None]) -> MedianMs | None:
    ms = [one / NS_PER_MS for one in values_ns if one is not None]
    return MedianMs(len(ms), median(ms), max(ms)) if ms else None


class _Question:
    """One scenario, served by its domains and by one controller."""

    def __init__(
        self,
        loaded: LoadedScenario,
        known: DomainMap,
        hand_overs: HandOvers,
        silent: tuple[str, ...],
    ) -> None:
        specification = specify(loaded)
        self._known = known
        self._hand_overs = hand_overs
        self._silent = silent
        self._controllers = Domains(known, hand_overs)
        self.received: list[Received] = []
        """All offers, with the hubs that they lead to."""
        self._took: list[AgreementTime] = []
        lookup = PolicyLookup(loaded.policies, loaded.topology, loaded.as_of)
        self.asked: tuple[ApplicablePolicies, ...] = tuple(
            lookup.on(loaded.policies.seen(one.demand)) for one in specification.directions
        )

    def direction(self, asked: ApplicablePolicies) -> CarriedDirection:
        found = self._controllers.agree(asked, silent=self._silent)
        self.received += [Received(asked.demand.dst, one) for one in found.disclosed.offers]
        alone = lawful_route(asked)
        demand, route = asked.demand, found.route
        took = None if self._silent else agreement_time(self._controllers.views, asked)
        self._took += [took] if took else []
        return CarriedDirection(
            demand=demand.id,
            src=demand.src,
            dst=demand.dst,
            one_way_ms=None if route is None else route.one_way_ns / NS_PER_MS,
            one_controller_ms=None if alone is None else alone.one_way_ns / NS_PER_MS,
            permit="" if route is None else route.permit,
            domains=() if route is None else route.chain,
            carried=tuple(_carried(found)),
            exchanged=_exchanged(found),
            agreed_ms=took.final_ns / NS_PER_MS if took and took.final_ns is not None else None,
            difference=self._difference(found, alone),
        )

    def lied(self, lie: Lie) -> Lied:
        """The paths of all directions if one controller lies, judged by what they really are."""
        count: Counter[str] = Counter()
        more_ms: list[float] = []
        examples: list[str] = []
        for asked in self.asked:
            honest = self._controllers.agree(asked, silent=self._silent).route
            found = self._controllers.agree(asked, silent=self._silent, lie=lie).route
            path = found.path if found else None
            count["changed"] += path != (honest.path if honest else None)
            if found is None or not found.is_delivered:
                count["undelivered"] += honest is not None
                continue
            fibres = map(self._known.topology.fibre, found.path.fibres)
            true_ns = sum(map(self._known.topology.one_way_delay_ns, fibres))
            count["measurable"] += true_ns != found.one_way_ns
            if honest is not None and true_ns > honest.one_way_ns:
                more_ms.append((true_ns - honest.one_way_ns) / NS_PER_MS)
            broken = asked.verdict(found.path).violations
            # This clause is judged last: of its permit, nothing else is violated.
            is_late = any(one.clause == "max_one_way" for one in broken)
            count["late"] += is_late
            count["forbidden"] += bool(broken) and not is_late
            examples += [f"{asked.demand.id}: {one}" for one in broken[:1] if not is_late]
        names = ("changed", "late", "undelivered", "forbidden", "measurable")
        return Lied(
            domain=lie.domain,
            kind=lie.kind,
            slower=len(more_ms),
            most_ms=max(more_ms, default=0.0),
            examples=tuple(examples[:MOST_BREACHES]),
            **{name: count[name] for name in names},
        )

    def timing(self) -> Timing | None:
        """How long the exchanges take, and how many delays they then disclose."""
        if self._silent:
            return None
        tried = [one for one in self._took if one.quiet_ns]
        return Timing(
            work_ms=WORK_NS / NS_PER_MS,
            agreed_ms=_times(one.final_ns for one in tried),
            quiet_ms=_times(one.quiet_ns for one in tried),
            numbers=_spread([one.numbers for one in tried]),
        )

    def cuts(self) -> Cuts:
        """Each single failure of a fibre on the path of one controller."""
        cases = equal = without = 0
        differences = []
        took: list[int | None] = []
        for asked in self.asked:
            alone = lawful_route(asked)
            for fibre in alone.path.fibres if alone else ():
                cases += 1
                detour = lawful_route(asked, Failures(links=frozenset({fibre})))
                route = self._controllers.agree(asked, {fibre}, self._silent).route
                wanted = None if detour is None else detour.one_way_ns
                got = None if route is None else route.one_way_ns
                equal, without = equal + (wanted == got), without + (wanted == got is None)
                if not self._silent and self._known.is_shared(self._known.topology.fibre(fibre)):
                    took.append(self._detour_ns(asked, alone, fibre))
                if wanted != got:
                    ms = [None if ns is None else ns / NS_PER_MS for ns in (got, wanted)]
                    differences.append(CutDifference(asked.demand.id, fibre, *ms))
        return Cuts(cases, equal, without, _times(took), tuple(differences))

    def _detour_ns(
        self, asked: ApplicablePolicies, alone: PermittedPath | None, fibre: str
    ) -> int | None:
        """The report of a cut back to the source, and the exchange that follows."""
        again = agreement_time(self._controllers.views, asked, {fibre}).final_ns
        before = alone.path.fibres[: alone.path.fibres.index(fibre)] if alone else ()
        topology = self._known.topology
        report = sum(topology.fibre(one).one_way_delay_ns for one in before)
        return None if again is None else report + WORK_NS + again

    def _difference(self, found: Agreement, alone: PermittedPath | None) -> str:
        """Why domains do not do what one controller does; empty if they do."""
        got = None if found.route is None else found.route.one_way_ns
        wanted = None if alone is None else alone.one_way_ns
        if got == wanted or alone is None:
            return "" if got == wanted else "one controller finds no path"
        causes = [*self._missing(alone)]
        causes += [f"{name} is silent" for name in self._on(alone) if name in self._silent]
        result = "no path" if got is None else f"{(got - alone.one_way_ns) / NS_PER_MS:.1f} ms more"
        return f"{result}: {'; '.join(causes) or 'not explained'}"

    def _on(self, route: PermittedPath) -> list[str]:
        """The domains whose switches a path of one controller meets."""
        path = route.path
        ends = [
            self._known.domain(fibre, hub)
            for fibre, pair in zip(path.fibres, pairwise(path.hubs), strict=True)
            for hub in pair
        ]
        homes = [self._known.home[hub] for hub in (path.src, path.dst)]
        return list(dict.fromkeys([homes[0], *ends, homes[1]]))

    def _missing(self, route: PermittedPath) -> Iterator[str]:
        """Hand-overs that a path of one controller needs and no source states."""
        if self._hand_overs == "any":
            return
        path, at_hub = route.path, self._known
        before = at_hub.home[path.src]
        for position, hub in enumerate(path.hubs):
            after = (
                at_hub.domain(path.fibres[position], hub)
                if position < len(path.fibres)
                else at_hub.home[hub]
            )
            stated = at_hub.hand_over(hub, before, after)
            if before != after and (stated is None or stated.state not in USABLE):
                yield f"no hand-over {before} - {after} at {hub} is stated"
            if position < len(path.fibres):
                before = at_hub.domain(path.fibres[position], path.hubs[position + 1])


def _carried(found: Agreement) -> Iterator[Carried]:
    for one in found.route.segments if found.route else ():
        yield Carried(one.domain, one.hubs, one.fibres, one.delay_ns / NS_PER_MS)


def _exchanged(found: Agreement) -> Exchanged:
    disclosed = found.disclosed
    listened = (Listened(by, to, count) for (by, to), count in sorted(disclosed.listeners.items()))
    return Exchanged(
        disclosed.requests.total(), disclosed.numbers, disclosed.rounds, tuple(listened)
    )
