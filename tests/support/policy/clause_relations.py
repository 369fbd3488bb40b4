"""What must hold between a clause and the same clause wider, narrower, or said in other words."""

from __future__ import annotations

from random import Random

from corridor.topologies.model.routing import Path
from plain_worlds import Rule, clause_avoid, clause_confine, selector, some
from policy_lab import network
from policy_setting import Setting, random_setting
from relations import permit, relation, restrict

# One clause wider, narrower, or said in other words.


@relation
def a_wider_confine_loses_no_path(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    within = some(chance, ("CN", "PK", "TH", "MM"), 3)
    wider = [*within, chance.choice(("CN", "PK", "TH", "MM", "HK"))]
    rest = start.rules[1:]
    narrow = start.under(permit(confine=within), *rest)
    assert narrow.allowed <= start.under(permit(confine=wider), *rest).allowed


@relation
def an_exception_to_confine_or_avoid_loses_no_path(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    avoid, confine = clause_avoid(chance, start.topology), clause_confine(chance, start.topology)
    confine = confine if isinstance(confine, dict) else {"within": confine}
    for key, clause in (("avoid", avoid), ("confine", confine)):
        wide = {**clause, "except": selector(chance, start.topology)}
        strict = {name: value for name, value in clause.items() if name != "except"}
        narrow = start.under(permit(**{key: strict}), *start.rules[1:]).allowed
        assert narrow <= start.under(permit(**{key: wide}), *start.rules[1:]).allowed


@relation
def to_avoid_less_loses_no_path(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    avoid = clause_avoid(chance, start.topology)
    keys = [key for key in avoid if key not in ("except", "unknown_operator")]
    less = {key: avoid[key] for key in avoid if key != chance.choice(keys)}
    if any(key in less for key in keys):
        more, fewer = start.under(permit(avoid=avoid)), start.under(permit(avoid=less))
        assert more.allowed <= fewer.allowed


@relation
def to_avoid_two_things_is_to_avoid_each(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    one, other = selector(chance, start.topology), selector(chance, start.topology)
    both = start.under(permit(avoid={"any_of": [one, other]})).allowed
    each = [start.under(permit(avoid={"any_of": [part]})).allowed for part in (one, other)]
    assert both == each[0] & each[1]


@relation
def to_avoid_a_property_is_to_keep_to_the_rest_where_all_is_known(chance: Random) -> None:
    start = random_setting(chance, permits=1, known=True)
    for avoid, confine in in_other_words(chance, start):
        shunned = start.under(permit(avoid=avoid)).allowed
        assert shunned == start.under(permit(confine=confine)).allowed, (avoid, confine)


@relation
def paths_by_some_hub_or_other_are_all_paths(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    hard = start.rules[0]["hard"]
    rest = start.rules[1:]
    if "via" in hard:
        return
    by_hub = {
        name: start.under(permit(**hard, via=[{"hubs": name}]), *rest).allowed
        for name in start.hubs
    }
    assert start.allowed == frozenset[Path]().union(*by_hub.values())
    for name, paths in by_hub.items():
        assert paths == {path for path in start.allowed if name in path.hubs}


@relation
def to_go_by_one_of_two_is_to_go_by_either(chance: Random) -> None:
    start = random_setting(chance, permits=1, known=True)
    first, second = chance.sample(start.fibres, 2)
    either = start.under(permit(via=[{"fibres": [first, second]}])).allowed
    each = [start.under(permit(via=[{"fibres": one}])).allowed for one in (first, second)]
    assert either == each[0] | each[1]
    assert either == {p for p in start.under(permit()).allowed if {first, second} & {*p.fibres}}


@relation
def two_stops_in_either_order_are_both_passed(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    one, other = chance.sample(start.hubs, 2)
    stops = [{"hubs": one}, {"hubs": other}]
    ordered = [start.under(permit(via=stop)).allowed for stop in (stops, stops[::-1])]
    free = start.under(permit()).allowed
    assert ordered[0] | ordered[1] == {p for p in free if {one, other} <= {*p.hubs}}
    assert not ordered[0] & ordered[1]


@relation
def at_most_so_many_hops_is_an_expression_of_so_many_hubs(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    most = chance.randint(1, 5)
    short = start.under(permit(hops=most))
    again = start.under(permit(path=f".{{1,{most + 1}}}"))
    assert short.allowed == again.allowed
    assert short.best_ns == again.best_ns


@relation
def to_cross_no_border_is_to_stay_where_the_path_starts(chance: Random) -> None:
    """Fibres that touch their ends' jurisdictions as if those were third ones are not asked of."""
    start = random_setting(chance, permits=1, known=True)
    bare = [one.model_copy(update={"crosses": ()}) for one in start.topology.fibres]
    start = start.on(network(list(start.topology.hubs), bare))
    home = start.topology.hub(start.src).located_in
    stays = start.under(permit(confine=home)).allowed
    assert start.under(permit(borders=0)).allowed == stays


@relation
def a_further_border_loses_no_path(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    most = chance.randint(0, 5)
    fewer = start.under(permit(borders=most))
    assert fewer.allowed <= start.under(permit(borders=most + 1)).allowed


@relation
def an_expression_says_what_clauses_say(chance: Random) -> None:
    start = random_setting(chance, permits=1, known=True)
    name, other = chance.sample(start.hubs, 2)
    code = chance.choice(("CN", "PK", "TH"))
    role = chance.choice(("western", "transit", "foreign"))
    others = " | ".join(one for one in start.hubs if one != name)
    kept = [one.id for one in start.topology.hubs if one.located_in == code]
    for expression, hard in (
        (f".* {name} .*", {"via": [{"hubs": name}]}),
        (f".* {name} .* {other} .*", {"via": [{"hubs": name}, {"hubs": other}]}),
        (f".* @{role} .*", {"via": [{"role": role}]}),
        (f".* <{start.fibres[0]}>. .*", {"via": [{"fibres": start.fibres[0]}]}),
        (f"({others})+", {"confine": {"hubs": [o for o in start.hubs if o != name]}}),
        (f"{code}*", {"confine": {"hubs": kept or ["a"]}} if kept else None),
    ):
        if hard is not None:
            said = start.under(permit(path=expression)).allowed
            assert said == start.under(permit(**hard)).allowed, expression


@relation
def an_expression_of_two_halves_is_the_union_of_both(chance: Random) -> None:
    start = random_setting(chance, permits=1)
    one, other = (random_expression(chance, start) for _ in range(2))
    either = start.under(permit(path=f"({one}) | ({other})")).allowed
    each = [start.under(permit(path=part)).allowed for part in (one, other)]
    assert either == each[0] | each[1]


@relation
def never_to_return_is_out_in_out_where_all_is_known(chance: Random) -> None:
    start = random_setting(chance, permits=1, known=True)
    bare = [one.model_copy(update={"crosses": ()}) for one in start.topology.fibres]
    start = start.on(network(list(start.topology.hubs), bare))
    code = chance.choice(("CN", "PK"))
    said = start.under(permit(no_return=code)).allowed
    assert said == start.under(permit(path=f"!{code}* {code}* !{code}*")).allowed


@relation
def never_to_return_where_one_never_is_forbids_nothing(chance: Random) -> None:
    start = random_setting(chance, known=True)
    again = start.beside(restrict("X", no_return="KZ"))
    assert start.allowed == again.allowed
    assert start.best_ns == again.best_ns


# What they are made of.


def in_other_words(chance: Random, start: Setting) -> list[tuple[Rule, Rule]]:
    """What to avoid, and what that leaves; the ends may be anything."""
    ends = [start.src, start.dst]
    hubs = some(chance, start.hubs)
    fibres = some(chance, start.fibres)
    code, role = chance.choice(("CN", "PK", "TH")), chance.choice(("western", "transit"))
    of_hubs = start.topology.hubs
    return [
        ({"hubs": hubs}, {"hubs": [*ends, *(h for h in start.hubs if h not in hubs)]}),
        ({"fibres": fibres}, {"fibres": [f for f in start.fibres if f not in fibres] or ["none"]}),
        ({"medium": "submarine"}, {"medium": "terrestrial"}),
        ({"status": ["planned", "uncertain"]}, {"status": "in-service"}),
        (
            {"located_in": code},
            {"hubs": [*ends, *(h.id for h in of_hubs if h.located_in != code)]},
        ),
        ({"role": role}, {"hubs": [*ends, *(h.id for h in of_hubs if h.role != role)]}),
    ]


def random_expression(chance: Random, start: Setting) -> str:
    one, other = chance.sample(start.hubs, 2)
    return chance.choice(
        (
            f".* {one} .*",
            f". !{one}* .",
            ".{2,4}",
            f". ({one}|{other})* .",
            ".* <smw-4>. .*",
            ".* @western? CN .*",
            f". (<peace>. | {one})+ .?",
        )
    )
