"""Networks and policy sets by chance that use every key of the language, as plain data."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from corridor.topologies.model.topology import Topology
from policy_lab import fibre, hub, network, other_examples

CODES = ("CN", "HK", "PK", "XX")
PLACES = ("CN", "HK", "PK", "ours", "gba")
OPERATORS = ("Beta", "Alpha / Beta", "Alpha and partners", "CN", "Beta and others", None)
RUNS = ("Alpha", "Beta", "CN", "ours")
NAMES = ("a", "b", "c", "d")
SYSTEMS = ("one", "two", "")
SRLGS = ("cable:one", "cable:two", "corridor:sea")
ROLES = ("western", "core", "foreign")
CONFIDENCES = ("confident", "confident", "unsure")
SERVICES = ("internet", "wave")
CLASSES = ("plain", "mixed", "nowhere", "ended", "theirs")
DAY = "2026-01-01"


def some(values: Any, most: int = 2) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True)


def any_keys(
    most: int, least: int = 1, **keys: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these keys, with values."""
    return some(sorted(keys), most).flatmap(
        lambda chosen: st.fixed_dictionaries({name: keys[name] for name in chosen[least - 1 :]})
    )


@st.composite
def wide_networks(draw: st.DrawFn) -> Topology:
    names = NAMES[: draw(st.integers(3, 4))]
    hubs = [
        hub(
            name,
            draw(st.sampled_from(CODES)),
            role=draw(st.sampled_from(ROLES)),
            intl_gateway=draw(st.booleans()),
            operated_by=draw(st.sampled_from(OPERATORS)),
            confidence=draw(st.sampled_from(CONFIDENCES)),
        )
        for name in names
    ]
    pairs = [f"{a}-{z}" for a in names for z in names if a < z]
    line = [f"{a}-{z}" for a, z in itertools.pairwise(names)]
    chosen = dict.fromkeys((*line, *draw(st.lists(st.sampled_from(pairs), max_size=3))))
    return network(hubs, [draw(_fibres(name)) for name in chosen])


@st.composite
def _fibres(draw: st.DrawFn, name: str) -> Any:
    crosses = draw(st.lists(st.sampled_from(CODES), max_size=1))
    may = draw(st.lists(st.sampled_from(CODES[:3]), max_size=1))
    return fibre(
        name,
        draw(st.integers(1, 4)),
        medium=draw(st.sampled_from(("submarine", "terrestrial"))),
        status=draw(st.sampled_from(("in-service", "planned", "uncertain"))),
        system=draw(st.sampled_from(SYSTEMS)),
        crosses=crosses,
        may_cross=[{"code": code} for code in may if code not in crosses],
        operated_by=draw(st.sampled_from(OPERATORS)),
        srlgs=draw(st.lists(st.sampled_from(SRLGS), max_size=2, unique=True)),
        confidence=draw(st.sampled_from(CONFIDENCES)),
    )


of_hubs: dict[str, st.SearchStrategy[Any]] = {
    "hubs": some(NAMES[:3]),
    "role": some(ROLES),
    "located_in": some(PLACES),
    "outside": some(PLACES),
    "operated_by": some(RUNS),
    "confidence": some(CONFIDENCES[1:]),
    "gateway": st.booleans(),
}
of_fibres: dict[str, st.SearchStrategy[Any]] = {
    "fibres": some(("a-b", "b-c")),
    "cables": some(("one", "two")),
    "srlgs": some(SRLGS),
    "medium": some(("submarine", "terrestrial")),
    "status": some(("in-service", "planned", "uncertain")),
    "crosses": some(PLACES),
    "operated_by": some(RUNS),
    "confidence": some(CONFIDENCES[1:]),
}


def with_exceptions(
    selectors: st.SearchStrategy[dict[str, Any]], others: st.SearchStrategy[Any]
) -> st.SearchStrategy[dict[str, Any]]:
    excepted = st.one_of(others, st.lists(others, min_size=1, max_size=2))
    return st.one_of(
        selectors,
        selectors,
        st.tuples(selectors, excepted).map(lambda both: {**both[0], "except": both[1]}),
        excepted.map(lambda one: {"except": one}),
    )


plain_selectors = st.one_of(any_keys(2, **of_hubs), any_keys(2, **of_fibres))
hub_selectors = st.one_of(
    st.just("gateways"), with_exceptions(any_keys(2, **of_hubs), any_keys(2, **of_hubs))
)
selectors = st.one_of(st.just("gateways"), with_exceptions(plain_selectors, plain_selectors))
avoided = {key: of_hubs[key] for key in ("hubs", "role", "located_in", "operated_by")} | of_fibres
stops = st.fixed_dictionaries(
    {"any_of": hub_selectors, "before": st.sampled_from(("border", "end", "end"))}
)
some_selectors = st.one_of(selectors, st.lists(selectors, min_size=1, max_size=2))
atoms = st.sampled_from(
    (
        *(".", ".", "a", "b", "d", "CN", "ours", "@western", "@gateway", "<one>", "<corridor:sea>"),
        *("!b", "!CN", "!@gateway", "!<one>", "<one>b", "<a-b>.", "!<two>!c", "<one>!CN", "'c'"),
    )
)
expressions = st.recursive(
    atoms,
    lambda inner: st.one_of(
        st.tuples(inner, inner).map(" ".join),
        st.tuples(inner, inner).map(lambda both: f"({both[0]}|{both[1]})"),
        st.tuples(inner, st.sampled_from(("*", "+", "?", "{2}", "{1,2}", "{0,}"))).map(
            lambda both: f"({both[0]}){both[1]}"
        ),
    ),
    max_leaves=4,
).map(lambda middle: f"(.|a) {middle} .*")


@st.composite
def avoids(draw: st.DrawFn) -> dict[str, Any]:
    asked: dict[str, Any] = draw(any_keys(2, any_of=some_selectors, **avoided))
    if "operated_by" in asked:
        asked["unknown_operator"] = draw(st.sampled_from(("refuse", "accept")))
    return asked | draw(st.one_of(st.just({}), st.fixed_dictionaries({"except": some_selectors})))


confines = st.tuples(
    any_keys(
        2,
        within=some(PLACES, 3),
        **{key: keys for key, keys in avoided.items() if key not in ("located_in", "crosses")},
    ),
    st.one_of(st.just({}), st.fixed_dictionaries({"except": some_selectors})),
).map(lambda both: both[0] | both[1])
vias = st.one_of(
    selectors,
    st.fixed_dictionaries({"any_of": selectors, "before": st.sampled_from(("border", "end"))}),
)
hard_values = {
    "confine": st.one_of(some(PLACES, 3), confines),
    "avoid": avoids(),
    "terminate": some(PLACES, 3).map(lambda only: {"only": only}),
    "waypoints": st.lists(stops, min_size=1, max_size=2),
    "via": st.lists(vias, min_size=1, max_size=2),
    "no_return": some(PLACES),
    "path": expressions,
    "borders": st.integers(1, 12),
    "hops": st.integers(1, 5),
    "max_one_way": st.integers(3, 14).map(lambda ms: f"{ms}ms"),
}
others = {kind: st.sampled_from(values) for kind, values in other_examples(hard_values).items()}
hards = any_keys(2, **hard_values, **others)
matches = st.one_of(
    st.just({}),
    any_keys(
        2,
        origin=some(PLACES),
        service=some(SERVICES),
        family=st.sampled_from(("ipv4", "ipv6")),
        src=hub_selectors,
        dst=hub_selectors,
        **{"class": some(("plain", "mixed", "ended", "nowhere"))},
    ),
)
days = st.sampled_from((None, None, None, "2025-12-31", "2026-01-01", "2026-01-02"))


@st.composite
def wide_policies(draw: st.DrawFn, number: int) -> dict[str, Any]:
    effect = draw(st.sampled_from(("permit", "permit", "permit", "restrict", "restrict", "deny")))
    asks = {"match": draw(matches), "enabled": draw(st.sampled_from((True, True, True, False)))}
    if effect == "restrict" or (effect == "permit" and draw(st.booleans())):
        asks["hard"] = draw(hards)
    first, last = draw(days), draw(days)
    if first is None or last is None or first <= last:
        asks |= {"valid_from": first, "valid_until": last}
    return {"id": f"N{number}", "effect": effect, **asks}


@st.composite
def wide_sets(draw: st.DrawFn) -> dict[str, Any]:
    """A policy set by the keys of its plain form."""
    count = draw(st.integers(1, 4))
    policies = [draw(wide_policies(number)) for number in range(count)]
    free = {"id": "FREE", "effect": "permit", "hard": draw(hards)}
    say = {"sensitivity": "general", "basis": "exempt"}
    return {
        "name": "lab",
        "groups": {"ours": ["CN", "HK"]},
        "classes": [
            {
                "id": "plain",
                "origin": "CN",
                "service": draw(st.sampled_from((None, "wave"))),
                **say,
            },
            {"id": "mixed", "origin": ["CN", "PK"], **say},
            {"id": "nowhere", "origin": "XX", **say},
            {"id": "ended", "origin": "CN", "valid_until": draw(days), **say},
        ],
        "described": [
            {"id": "theirs", "origin": "PK", "service": "wave", "valid_until": draw(days), **say}
        ],
        "outside": draw(st.sampled_from(("deny", "not-judged"))),
        "policies": [*policies, *([free] if draw(st.booleans()) else [])],
    }
