"""What must hold between the answers to two questions about policies, whatever the answers are.

Each relation is a function of chance that draws a setting, changes it, and asserts. Its name is the
sentence it stands for. ``policy_mutants`` has for each a change of the evaluator that breaks it, so
that none of them holds for want of something to notice.
"""

from __future__ import annotations

from random import Random
from typing import Any

from corridor.controller.intent.intent import Protection
from corridor.topologies.base.units import format_duration
from corridor.topologies.model.routing import Path
from corridor.topologies.model.topology import Fibre, Hub, Topology
from plain_judge import FIBRE_KEYS, Case, is_lawful
from plain_worlds import random_rule
from policy_lab import fibre, hub, network
from policy_setting import Setting, random_setting, renamed, renamed_path, renamed_topology
from relations import permit, relation, restrict
from table_walker import Met, Walked

# The judge alone.


@relation
def each_verdict_is_that_of_a_judge_that_reads_policies_as_written(chance: Random) -> None:
    start = random_setting(chance)
    case = Case(start.topology, start.src, start.dst, start.rules)
    judged = frozenset(path for path in start.simple_paths() if is_lawful(case, in_full(path)))
    assert start.allowed == judged


# Adding policies.


@relation
def a_further_restrict_adds_no_path_and_shortens_none(chance: Random) -> None:
    before = random_setting(chance)
    after = before.beside(random_rule(chance, before.topology, "X", "restrict"))
    assert after.allowed <= before.allowed
    if after.best_ns is not None:
        assert before.best_ns is not None


@relation
def what_is_delivered_under_a_further_restrict_is_lawful_without_it(chance: Random) -> None:
    before = random_setting(chance)
    after = before.beside(random_rule(chance, before.topology, "X", "restrict"))
    for name, walked in after.walks().items():
        assert not walked.delivered_to or passes(before, walked), name


@relation
def two_restricts_leave_what_each_of_them_leaves(chance: Random) -> None:
    start = random_setting(chance)
    one, other = (random_rule(chance, start.topology, name, "restrict") for name in "XY")
    both = start.beside(one, other).allowed
    assert both == start.beside(one).allowed & start.beside(other).allowed


@relation
def a_further_permit_takes_no_path_away(chance: Random) -> None:
    before = random_setting(chance)
    after = before.beside(random_rule(chance, before.topology, "X", "permit"))
    assert before.allowed <= after.allowed
    assert after.best_ns is not None or before.best_ns is None


@relation
def two_permits_allow_what_either_allows(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    other = random_rule(chance, start.topology, "X", "permit")
    rest = tuple(rule for rule in start.rules if rule["effect"] != "permit")
    both = start.beside(other).allowed
    assert both == start.allowed | start.under(other, *rest).allowed


@relation
def a_deny_leaves_nothing_and_nothing_leaves_its_hub(chance: Random) -> None:
    denied = random_setting(chance).beside({"id": "D", "effect": "deny"})
    assert denied.allowed == frozenset()
    assert denied.route is None
    assert not any(walked.left_home for walked in denied.walks(3).values())


@relation
def a_preference_changes_no_path_that_is_lawful(chance: Random) -> None:
    start = random_setting(chance, permits=3)
    again = start.under(
        *(
            {**rule, "preference": chance.randint(0, 5)} if "preference" in rule else rule
            for rule in start.rules
        )
    )
    assert start.allowed == again.allowed
    assert (start.route is None) == (again.route is None)


@relation
def equal_permits_are_as_good_as_one_that_is_their_union(chance: Random) -> None:
    """By some hub between the ends, or not by it: whichever is called what."""
    start = random_setting(chance, permits=1)
    rest = start.rules[1:]
    hub_id = chance.choice(start.hubs[1:-1])
    names = shuffled(chance, ["ONE", "OTHER"])
    by, around = {"via": [{"hubs": hub_id}]}, {"avoid": {"hubs": hub_id}}
    either = start.under(permit(names[0], **by), permit(names[1], **around), *rest)
    whole = start.under(permit(), *rest)
    assert whole.allowed == either.allowed
    assert whole.best_ns == either.best_ns
    if whole.route and either.route and whole.route.path == either.route.path:
        arrived = {name: bool(walked.delivered_to) for name, walked in whole.walks().items()}
        again = {name: bool(walked.delivered_to) for name, walked in either.walks().items()}
        promised = [name for name in arrived if not name.startswith("gateway:")]
        assert [arrived[name] for name in promised] == [again[name] for name in promised]


@relation
def a_clause_of_a_permit_is_worth_as_much_in_a_restrict(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    rest = start.rules[1:]
    apart = start.under(permit(), restrict("X", **start.rules[0]["hard"]), *rest)
    if start.rules[0]["hard"]:
        assert start.allowed == apart.allowed
        assert start.best_ns == apart.best_ns
        assert start.walks() == apart.walks()


@relation
def more_protection_makes_no_lawful_path_unlawful(chance: Random) -> None:
    start = random_setting(chance)
    kinds = ("link", "srlg", "hub", "gateway")
    more = Setting(
        start.topology, start.rules, start.src, start.dst, Protection(chance.randint(1, 2), kinds)
    )
    none = Setting(start.topology, start.rules, start.src, start.dst, Protection())
    walks, fewer = more.walks(), none.walks()
    assert walks[""] == fewer[""]
    for name, walked in walks.items():
        assert not walked.delivered_to or passes(start, walked), name
        assert walked.delivered_to or not fewer[name].delivered_to, name


# Other names, other orders.


@relation
def other_names_in_the_same_order_change_nothing_but_names(chance: Random) -> None:
    start = random_setting(chance)
    names = {name: f"n{name}" for name in (*start.hubs, *start.fibres)}
    names |= {rule["id"]: f"n{rule['id']}" for rule in start.rules}
    again = in_other_names(start, names)
    assert frozenset(renamed_path(path, names) for path in start.allowed) == again.allowed
    assert start.best_ns == again.best_ns
    walks = again.walks()
    for name, walked in start.walks().items():
        kind, _, what = name.partition(":")
        same = walks[f"{kind}:{names.get(what, what)}" if name else ""]
        assert [names[one.name] for one in walked.met] == [one.name for one in same.met]


@relation
def other_names_in_any_order_change_no_path_and_no_delay(chance: Random) -> None:
    start = random_setting(chance)
    names = dict(zip(start.hubs, shuffled(chance, [f"h{n}" for n in range(9)]), strict=False))
    fibres = shuffled(chance, [f"f{n}" for n in range(40)])
    names |= dict(zip(start.fibres, fibres, strict=False))
    ids = shuffled(chance, [f"Q{n}" for n in range(9)])
    names |= dict(zip((rule["id"] for rule in start.rules), ids, strict=False))
    again = in_other_names(start, names)
    assert frozenset(renamed_path(path, names) for path in start.allowed) == again.allowed
    assert start.best_ns == again.best_ns


@relation
def the_order_of_policies_hubs_and_fibres_changes_no_path_and_no_delay(chance: Random) -> None:
    start = random_setting(chance)
    topology = network(
        shuffled(chance, start.topology.hubs), shuffled(chance, start.topology.fibres)
    )
    again = start.on(topology).under(*shuffled(chance, start.rules))
    assert start.allowed == again.allowed
    assert start.best_ns == again.best_ns


@relation
def which_end_of_a_fibre_comes_first_changes_nothing(chance: Random) -> None:
    start = random_setting(chance)
    turned = [f.model_copy(update={"a": f.z, "z": f.a}) for f in start.topology.fibres]
    again = start.on(network(list(start.topology.hubs), turned))
    assert start.allowed == again.allowed
    assert start.route == again.route
    assert start.walks() == again.walks()


# Other maps.


@relation
def hubs_and_fibres_that_nothing_leads_to_change_nothing(chance: Random) -> None:
    start = random_setting(chance)
    far = [hub("y1", chance.choice(("CN", "PK", "XX"))), hub("y2", "CN", intl_gateway=True)]
    topology = network([*start.topology.hubs, *far], [*start.topology.fibres, fibre("y1-y2", 1)])
    again = start.on(topology)
    assert start.allowed == again.allowed
    assert start.route == again.route
    before, after = start.walks(), again.walks(99)
    assert {name: after[name] for name in before} == before


@relation
def all_delays_and_budgets_times_three_give_the_same_paths(chance: Random) -> None:
    start = random_setting(chance)
    slower = [
        one.model_copy(update={"one_way_delay_ns": 3 * one.one_way_delay_ns})
        for one in start.topology.fibres
    ]
    rules = tuple(
        {**rule, "hard": {**rule["hard"], "max_one_way": thrice(rule["hard"]["max_one_way"])}}
        if "max_one_way" in rule["hard"]
        else rule
        for rule in start.rules
    )
    again = start.on(network(list(start.topology.hubs), slower)).under(*rules)
    assert start.allowed == again.allowed
    assert again.best_ns == (None if start.best_ns is None else 3 * start.best_ns)
    assert start.walks() == again.walks()


@relation
def a_hub_put_into_a_fibre_beside_its_end_changes_no_path_and_no_delay(chance: Random) -> None:
    """Except what counts hubs or fibres: ``hops`` and ``path``.

    Also except ``no_return`` with a hub in XX, since two hubs of unknown location
    need not be in one place; and from the delay where ``via`` asks for a fibre, since it may do now
    to go by half of it and turn.
    """
    start = without_clauses(random_setting(chance), "hops", "path")
    returns = any("no_return" in rule["hard"] for rule in start.rules)
    able = [
        one
        for one in start.topology.fibres
        if not (one.crosses or one.may_cross or one.z in (start.src, start.dst))
        and not (returns and start.topology.hub(one.z).located_in == "XX")
    ]
    if not able or any(len(rule["hard"].get("via", ())) > 1 for rule in start.rules):
        return
    split = chance.choice(able)
    again = start.on(with_hub_in(start.topology, split)).under(
        *(both_named(rule, {split.id: "half", split.z: "new"}) for rule in start.rules)
    )
    assert frozenset(split_path(path, split) for path in start.allowed) == again.allowed
    stops = [stop for rule in start.rules for stop in rule["hard"].get("via", ())]
    if not any(key in FIBRE_KEYS for stop in stops for key in stop.get("any_of", stop)):
        assert start.best_ns == again.best_ns


@relation
def a_fibre_that_is_cut_might_as_well_not_be_there(chance: Random) -> None:
    start = random_setting(chance)
    cut = chance.choice(start.topology.fibres)
    left = [one for one in start.topology.fibres if one != cut]
    again = start.on(network(list(start.topology.hubs), left))
    assert again.allowed == {path for path in start.allowed if cut.id not in path.fibres}


@relation
def a_fibre_more_takes_no_path_away(chance: Random) -> None:
    start = random_setting(chance)
    a, z = chance.sample(start.hubs, 2)
    more = fibre(f"{a}-{z}.9", chance.randint(1, 6), operated_by="Alpha")
    again = start.on(network(list(start.topology.hubs), [*start.topology.fibres, more]))
    assert start.allowed == {path for path in again.allowed if more.id not in path.fibres}


# What they are made of.


def passes(setting: Setting, walked: Walked) -> bool:
    """Whether a path is permitted, by the judge that sees which boxes were passed."""
    case = Case(setting.topology, setting.src, setting.dst, setting.rules)
    return is_lawful(case, walked.met)


def in_full(path: Path) -> list[Met]:
    """All that a packet meets on a path if it passes the box of every hub."""
    met = [Met("hub", path.src), Met("box", path.src)]
    for name, far in zip(path.fibres, path.hubs[1:], strict=True):
        met += [Met("fibre", name), Met("hub", far), Met("box", far)]
    return met


def shuffled[T](chance: Random, of: Any) -> list[T]:
    return chance.sample(list(of), len(of))


def in_other_names(start: Setting, names: dict[str, str]) -> Setting:
    return Setting(
        renamed_topology(start.topology, names),
        tuple(renamed(rule, names) for rule in start.rules),
        names[start.src],
        names[start.dst],
    )


def thrice(text: str) -> str:
    return format_duration(3 * int(text.removesuffix("ms")) * 10**6)


def without_clauses(start: Setting, *kinds: str) -> Setting:
    kept = (
        {**rule, "hard": {key: one for key, one in rule["hard"].items() if key not in kinds}}
        for rule in start.rules
    )
    return start.under(*(rule for rule in kept if rule["hard"] or rule["effect"] == "permit"))


def with_hub_in(topology: Topology, split: Fibre) -> Topology:
    """A twin of a fibre's second end on it; the rest of the fibre takes no time."""
    twin: Hub = topology.hub(split.z).model_copy(update={"id": "new"})
    first = split.model_copy(update={"z": "new"})
    rest = split.model_copy(update={"id": "half", "a": "new", "one_way_delay_ns": 0})
    fibres = [one for one in topology.fibres if one != split]
    return network([*topology.hubs, twin], [*fibres, first, rest])


def split_path(path: Path, split: Fibre) -> Path:
    if split.id not in path.fibres:
        return path
    at = path.fibres.index(split.id)
    halves = (split.id, "half") if path.hubs[at] == split.a else ("half", split.id)
    hubs = (*path.hubs[: at + 1], "new", *path.hubs[at + 1 :])
    return Path(hubs, (*path.fibres[:at], *halves, *path.fibres[at + 1 :]))


def both_named(value: Any, twins: dict[str, str]) -> Any:
    """Rules in which every name is next to its twin."""
    if isinstance(value, list):
        found = [both_named(one, twins) for one in value]
        return [*found, *(twins[one] for one in value if isinstance(one, str) and one in twins)]
    if isinstance(value, dict):
        return {
            key: [one, twins[one]]
            if isinstance(one, str) and one in twins
            else both_named(one, twins)
            for key, one in value.items()
        }
    return value
