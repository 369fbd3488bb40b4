"""Questions that Python asks about a scenario without running it: ``corridor.explain`` and others.

The scenarios of the examples are shipped; ``tests/unit/test_package.py`` runs the examples.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import get_args

from corridor.controller.explain import Explanation
from corridor.controller.explain import explain as explained
from corridor.controller.explain.path_summary import PathDetails, passage_of_journey
from corridor.controller.forwarding.packet_traces import trace_packet
from corridor.controller.intent.specification import failures_of
from corridor.controller.policy.certainty import Lawful
from corridor.controller.policy.law import load_law, read_flow
from corridor.controller.policy.set_names import NO_POLICIES
from corridor.experiments.answers.capacity_answer import CapacityQuestion, capacity_answer
from corridor.experiments.answers.capacity_document import CapacityAnswer, Holding, Load
from corridor.experiments.answers.cut_answer import (
    CutAnswer,
    cut_answer,
    cut_elements,
    dead_elements,
)
from corridor.experiments.answers.document import Answers, document
from corridor.experiments.answers.gathering import gather
from corridor.experiments.answers.law_answers import Classified, classified, interpreted
from corridor.experiments.answers.price import SetPrice
from corridor.experiments.answers.price import price as priced
from corridor.experiments.answers.price_sets import PricedScenario, alone
from corridor.experiments.scenario.given import (
    given_choice,
    given_day,
    given_factor,
    given_name,
    given_names,
    given_of,
    given_stated,
    given_texts,
)
from corridor.experiments.scenario.intents import planned_demand
from corridor.experiments.scenario.scenario import (
    DEFAULT,
    as_asked,
    load_scenario,
    load_under,
    under_given,
)
from corridor.topologies.analysis.monte_carlo import draw
from corridor.topologies.base.documents import Document, Plain
from corridor.topologies.base.today import today
from corridor.topologies.model.delay_model import load_delay_model
from corridor.topologies.model.footprint import footprint_of

type Fact = str | int | bool | list[str]
"""A fact about a data flow: text, a number, yes or no, or several texts."""


def answers(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
) -> Answers:
    """Compute everything about a scenario that needs no run.

    Runs write the same to ``answers.json``.

    Args:
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.

    Returns:
        The paths of all demands, their costs by clause, the effect of each failure and the
        uncertainty of each value. Times are in milliseconds.

    Raises:
        InputError: A file, a name or the scenario is invalid.

    Example:
        >>> corridor.answers("mini").scenario
        'mini'
    """
    asked = under_given(policies, as_of)
    loaded = load_under(str(scenario), asked)
    gathered = gather(loaded, load_delay_model(None))
    return document(gathered, as_asked(str(scenario), asked))


def explain(
    demand: str,
    scenario: str | Path = DEFAULT,
    *,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
) -> Explanation:
    """Explain why a demand takes its path, or why policies block it.

    Args:
        demand: The id of a demand; ``ID.return`` is its reverse demand.
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.

    Returns:
        The permit in use, the path (``passage``; None if the demand is blocked), the cost of each
        clause, the path after each single failure (``outages``) and ``remedies``. Delays are
        one-way, in nanoseconds; lengths are in kilometres.

    Raises:
        InputError: The scenario has no such demand, or a file or a name is invalid.

    Example:
        >>> found = corridor.explain("ckpt-karachi", "mini")
        >>> found.status, found.passage.hubs
        ('UP', ('guian', 'kunming', 'karachi'))
    """
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    planned = planned_demand(loaded, given_of(demand, str, "demand"))
    return explained(planned.forward, loaded.policies, loaded.as_of, planned.reverse)


def path(
    demand: str,
    failures: Sequence[str] | str = (),
    *,
    scenario: str | Path = DEFAULT,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
) -> PathDetails | None:
    """Return the path of a demand by the compiled tables, under failures.

    Switches take detours by themselves; the controller has not recomputed anything yet.
    :func:`corridor.cut` has both.

    Args:
        demand: The id of a demand; ``ID.return`` is its reverse demand.
        failures: One or several that have failed: fibres, shared-risk groups, ``hub:ID``,
            ``gateway:ID``.
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.

    Returns:
        Hubs, fibres, one-way delay in nanoseconds, length in kilometres and jurisdictions; None
        if packets are dropped, or if policies block the demand.

    Raises:
        InputError: The scenario has no such demand or element, or a file or a name is invalid.

    Example:
        >>> corridor.path("ckpt-karachi", scenario="mini").one_way_ns
        47070950
        >>> corridor.path("ckpt-karachi", ["guian-kunming"], scenario="mini") is None
        True
    """
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    dead = failures_of(loaded.topology, dead_elements(loaded, given_names(failures, "failures")))
    walk = trace_packet(
        planned_demand(loaded, given_of(demand, str, "demand")).forward, loaded.topology, dead
    )
    return passage_of_journey(loaded.topology, walk) if walk.delivered else None


def cut(
    *what: str,
    footprint: str | Path = "",
    scenario: str | Path = DEFAULT,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
) -> CutAnswer:
    """Predict the effect on each demand if elements fail at the same time.

    Args:
        what: Fibres, shared-risk groups (``red-sea``), segments of cables (``smw4:red-sea``),
            ``hub:ID``, ``gateway:ID``.
        footprint: A shipped disaster (``red-sea-2024``), or the file of a shape: all fibres that it
            surely or possibly hits fail, too. The answer's ``footprint`` separates the two.
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies and Internet traffic count; default: the scenario's date,
            or today.

    Returns:
        The affected demands (``hit``), disconnected demands first, each with its round-trip time
        in milliseconds before, at once and after recomputation; None where packets are dropped.
        ``internet`` has the Internet traffic of each country that is not carried at once, minutes
        later (owners have rerouted), and after purchases, in Gbit/s with 90 % intervals; None if
        background traffic does not use the map or what is cut.

    Raises:
        InputError: The topology has no such element, or a file or a name is invalid.

    Example:
        >>> [hit.demand for hit in corridor.cut("guian-kunming", scenario="mini").hit]
        ['infer-bangkok', 'science-karachi', 'ckpt-karachi', 'backup-east-west']
    """
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    shape = footprint_of(str(footprint)) if footprint else None
    return cut_answer(loaded, cut_elements(loaded, given_names(what, "what")), shape)


def capacity(
    scenario: str | Path = DEFAULT,
    *,
    policies: str | Path | None = None,
    as_of: date | str | None = None,
    rates: Mapping[str, str] | str | None = None,
    load: Load | None = None,
    cut: Sequence[str] | str = (),
    grow: str = "",
    times: str | float | Fraction | None = None,
    held_against: Holding = "real",
) -> CapacityAnswer:
    """Compute the utilization of fibres, the next bottleneck and the smallest upgrade.

    Args:
        scenario: The name of a shipped scenario, or a scenario file.
        policies: A shipped policy set or a file, instead of the scenario's own.
        as_of: The date whose policies are in force; default: the scenario's date, or today.
        rates: Real rates instead of committed rates: one for all (``"2Tbit"``), or rates by
            data class and demand.
        load: The kind of load: committed rates, peak rates, or the offered load of workloads.
        cut: Elements that have failed all the time, as in :func:`corridor.cut`.
        grow: The data class, demand or aggregate that grows; default: all.
        times: The growth factor of the upgrade; default: a tenth more than fits.
        held_against: ``"real"`` capacities, or ``"emulated"`` ones.

    Returns:
        The load of each link direction in its worst failure set (``links``), growth limits
        (``growth``) and the upgrade. Rates are in bit/s.

    Raises:
        InputError: A file, a name, a rate or a factor is invalid.

    Example:
        >>> corridor.capacity("mini", rates="2Tbit").links[0].fibre
        'guian-kunming'
    """
    loaded = load_scenario(str(scenario), policies=policies, as_of=as_of)
    return capacity_answer(
        loaded,
        CapacityQuestion(
            load=load,
            grows=given_of(grow or "", str, "grow"),
            times=given_factor(times),
            dead=dead_elements(loaded, given_names(cut, "cut")),
            stated=given_stated(rates),
            held_against=given_choice(held_against, get_args(Holding), "held_against"),
        ),
    )


def price(
    policies: str | Path,
    scenario: str | Path = DEFAULT,
    *,
    against: str | Path = NO_POLICIES,
    as_of: date | str | None = None,
    remedies: bool = True,
    uncertainty: bool = True,
) -> SetPrice:
    """Compute the cost of a policy set, compared with a baseline.

    Args:
        policies: A shipped policy set or a file.
        scenario: The name of a shipped scenario, or a scenario file.
        against: The policy set of the baseline; default: no policies.
        as_of: The date whose policies are in force; default: the scenario's date, or today.
        remedies: Whether to search for changes that reduce the cost.
        uncertainty: Whether to compute 90 % intervals from Monte Carlo samples of the map.

    Returns:
        Blocked demands, added round-trip time in milliseconds and lost backup paths: by demand,
        by data class (``rows``) and in total, with uncertain interpretations and without.

    Raises:
        InputError: A file, a name or the scenario is invalid.

    Example:
        >>> found = corridor.price("pan-asia", "mini", remedies=False, uncertainty=False)
        >>> found.with_readings.kept_back
        0
    """
    baseline = under_given(given_name(against, "against"), as_of)
    base = alone(load_under(str(scenario), baseline))
    asked = under_given(given_name(policies, "policies"), as_of)
    loaded = alone(load_under(str(scenario), asked, topology=base.topology))
    laid = PricedScenario.of(base)
    samples = draw(base.topology, load_delay_model(None)) if uncertainty else None
    lawful = None if samples is None else Lawful(samples, laid.paths.product)
    return priced(laid, loaded.policies, base.policies, search_changes=remedies, lawful=lawful)


def law(
    origin: str,
    destination: str,
    *,
    as_of: date | str | None = None,
    interpret: Mapping[str, str] | None = None,
    **facts: Fact,
) -> Classified:
    """Report what the encoded legal rules state about a data flow.

    Not legal advice.

    Args:
        origin: The jurisdiction where the data was collected, such as ``CN``.
        destination: The jurisdiction where the data is received, stored or viewed.
        as_of: The date whose rules apply; default: today.
        interpret: Values of disputed interpretations, by their names.
        facts: Further facts, such as ``sensitivity="personal"`` or ``mechanisms=["scc"]``;
            ``docs/law.md`` lists them.

    Returns:
        The outcome (``finding``) with its data class and the mechanisms that it requires, the
        rules that decided, disputed interpretations that change the outcome, and what the shipped
        policy sets do with the data class.

    Raises:
        InputError: A fact has an unknown name or value, or an interpretation is unknown.

    Example:
        >>> found = corridor.law("SA", "TH", sensitivity="personal").finding
        >>> found.outcome, found.data_class
        ('require', 'sa-personal-none')
    """
    known = interpreted(load_law(), given_texts(interpret, "interpret", '{"ID": "VALUE"}'))
    given: dict[str, Plain] = {"origin": origin, "destination": destination}
    given |= {name: list(fact) if isinstance(fact, list) else fact for name, fact in facts.items()}
    flow = read_flow(Document(given, "", {}), known)
    return classified(flow, known, given_day(as_of) or today())
