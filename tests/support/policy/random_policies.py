"""Small networks and policies by chance, with much to detour around and much that forbids it."""

from __future__ import annotations

import itertools
from typing import Any

from hypothesis import strategies as st

from corridor.controller.policy.model import Policy
from corridor.topologies.model.topology import Topology
from policy_lab import fibre, hub, network, other_examples, permit, policy

CODES = ("CN", "CN", "CN", "HK", "PK", "PK", "XX")
KNOWN = ("CN", "HK", "PK")
OPERATORS = ("Beta", "Beta", "Beta", "Alpha / Beta", None)
NAMES = ("a", "b", "c", "d", "e")
SRLGS = ("s1", "s2")
ROLES = ("transit", "transit", "western")
MEDIA = ("terrestrial", "terrestrial", "submarine")
STATUSES = ("in-service", "in-service", "planned", "uncertain")
CABLES = ("", "c1", "c2")
CONFIDENCES = ("confident", "confident", "unsure")
MAX_STOPS = 2

some_codes = st.lists(st.sampled_from(KNOWN), min_size=1, max_size=2, unique=True)


crossings = st.sampled_from(
    (
        *({},) * 4,
        *({"crosses": (code,)} for code in ("CN", "HK", "PK", "XX")),
        *({"may_cross": ({"code": code},)} for code in ("CN", "HK", "PK")),
    )
)
"""The jurisdictions that a fibre certainly or possibly crosses."""


@st.composite
def networks(draw: st.DrawFn, most: int = 5, extra: int = 3) -> Topology:
    names = NAMES[: draw(st.integers(3, most))]
    hubs = [
        hub(
            name,
            draw(st.sampled_from(CODES if number else KNOWN)),
            intl_gateway=draw(st.booleans()),
            operated_by=draw(st.sampled_from(OPERATORS)),
            role=draw(st.sampled_from(ROLES)),
            confidence=draw(st.sampled_from(CONFIDENCES)),
        )
        for number, name in enumerate(names)
    ]
    pairs = [f"{a}-{z}" for a in names for z in names if a < z]
    line = [f"{min(pair)}-{max(pair)}" for pair in itertools.pairwise(names)]
    more = draw(st.lists(st.sampled_from(pairs), min_size=2, max_size=extra, unique=True))
    chosen = list(dict.fromkeys((*line, *more)))
    fibres = [
        fibre(
            name,
            draw(st.integers(1, 4)),
            **draw(crossings),
            operated_by=draw(st.sampled_from(OPERATORS)),
            srlgs=draw(st.lists(st.sampled_from((*SRLGS, "cable:c2")), max_size=1)),
            medium=draw(st.sampled_from(MEDIA)),
            status=draw(st.sampled_from(STATUSES)),
            system=draw(st.sampled_from(CABLES)),
            confidence=draw(st.sampled_from(CONFIDENCES)),
        )
        for name in chosen
    ]
    return network(hubs, fibres)


def some_of(*names: str) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True)


of_hubs = {
    "hubs": some_of(*NAMES),
    "role": some_of("western", "transit"),
    "gateway": st.booleans(),
    "located_in": some_codes,
    "outside": some_codes,
    "operated_by": st.just(["Alpha"]),
    "confidence": some_of("confident", "unsure"),
}
of_fibres = {
    "cables": some_of("c1", "c2"),
    "srlgs": some_of(*SRLGS),
    "medium": some_of("terrestrial", "submarine"),
    "status": some_of("planned", "uncertain"),
    "crosses": some_codes,
    "operated_by": st.just(["Alpha"]),
    "confidence": some_of("confident", "unsure"),
}
plain_selectors = st.sampled_from((of_hubs, of_fibres)).flatmap(
    lambda keys: some_of(*keys).flatmap(
        lambda chosen: st.fixed_dictionaries({key: keys[key] for key in chosen})
    )
)
selectors = st.one_of(
    plain_selectors,
    plain_selectors,
    st.tuples(plain_selectors, plain_selectors).map(lambda two: {**two[0], "except": two[1]}),
)
"""Of hubs and fibres; fibres by id are in none, since few networks have the same."""
by_themselves = ("hubs", "role", "cables", "srlgs", "medium", "status", "confidence")
exceptions = st.one_of(st.just({}), selectors.map(lambda one: {"except": one}))
avoided = st.tuples(
    st.sampled_from(by_themselves).flatmap(
        lambda key: st.fixed_dictionaries({key: {**of_hubs, **of_fibres}[key]})
    )
    | st.lists(selectors, min_size=1, max_size=2).map(lambda some: {"any_of": some}),
    exceptions,
).map(lambda parts: {**parts[0], **parts[1]})
confined = st.tuples(
    st.fixed_dictionaries({"role": st.just(["transit"])})
    | st.fixed_dictionaries({"medium": st.just(["terrestrial"])})
    | st.fixed_dictionaries({"confidence": st.just(["confident"])})
    | st.fixed_dictionaries({"status": st.just(["in-service"]), "within": st.just(["CN", "PK"])}),
    exceptions,
).map(lambda parts: {**parts[0], **parts[1]})
stops = selectors | st.fixed_dictionaries(
    {"any_of": selectors, "before": st.sampled_from(("border", "end"))}
)
atoms = st.sampled_from(
    (*"bcd", ".", "CN", "HK", "!PK", "!c", "@western", "!@gateway", "<s1>", "!<s2>", "<c2>b")
)
expressions = st.recursive(
    atoms,
    lambda part: st.one_of(
        st.tuples(part, part).map(" ".join),
        st.tuples(part, part).map(lambda two: f"({two[0]}|{two[1]})"),
        st.tuples(part, st.sampled_from(("*", "+", "?", "{1,2}"))).map(
            lambda two: f"({two[0]}){two[1]}"
        ),
    ),
    max_leaves=4,
).map(lambda middle: f".* ({middle}) .*" if len(middle) < 4 else f". ({middle}) .*")


@st.composite
def hard_clauses(draw: st.DrawFn) -> dict[str, Any]:
    stop = st.fixed_dictionaries(
        {
            "any_of": st.one_of(
                st.just("gateways"), st.fixed_dictionaries({"located_in": some_codes})
            ),
            "before": st.sampled_from(("border", "end")),
        }
    )
    operated = {"operated_by": st.just(["Alpha"])}
    avoid = st.one_of(
        st.fixed_dictionaries({"crosses": some_codes}),
        st.fixed_dictionaries({"located_in": some_codes}),
        st.fixed_dictionaries({**operated, "unknown_operator": st.just("accept")}),
        st.fixed_dictionaries({**operated, "crosses": some_codes}),
        avoided,
        avoided,
    )
    kinds = {
        "confine": st.sampled_from((["CN", "PK"], ["CN", "HK", "PK"])) | confined,
        "avoid": avoid,
        "terminate": st.just({"only": ["CN", "PK"]}),
        "waypoints": st.lists(stop, min_size=1, max_size=MAX_STOPS),
        "hops": st.integers(1, 5),
        "via": st.lists(stops, min_size=1, max_size=MAX_STOPS),
        "no_return": some_codes,
        "path": expressions,
        "borders": st.integers(0, 4),
        "max_one_way": st.integers(3, 14).map(lambda ms: f"{ms}ms"),
    }
    kinds |= {kind: st.sampled_from(values) for kind, values in other_examples(kinds).items()}
    likely = ("waypoints", "avoid", *sorted(kinds))
    chosen = draw(st.lists(st.sampled_from(likely), min_size=1, max_size=2, unique=True))
    return {kind: draw(kinds[kind]) for kind in chosen}


matches = st.fixed_dictionaries(
    {},
    optional={
        "class": st.sampled_from((["general"], ["mixed"])),
        "origin": some_codes,
        "src": st.fixed_dictionaries({"located_in": some_codes})
        | st.fixed_dictionaries({"role": st.just(["transit"])}),
        "dst": st.fixed_dictionaries({"outside": st.just(["HK"])})
        | st.fixed_dictionaries({"except": st.just([{"located_in": ["HK"]}])}),
    },
)


@st.composite
def policies(draw: st.DrawFn, effect: str | None = None, name: str = "") -> Policy:
    effect = effect or draw(st.sampled_from(("permit",) * 4 + ("restrict",) * 4 + ("deny",)))
    hard: dict[str, Any] = {}
    if effect == "restrict" or (effect == "permit" and draw(st.integers(0, 5))):
        hard = draw(hard_clauses())
    match = draw(st.one_of(st.just({}), matches))
    return policy(effect, name or "X", match=match, hard=hard)


@st.composite
def policy_lists(draw: st.DrawFn) -> list[Policy]:
    """A permit that speaks of everything and is narrowed, and up to three others.

    Others that allow everything would leave little to find out, so few permits lack clauses.
    """
    first = permit("P0", hard=draw(hard_clauses()))
    count = draw(st.integers(0, 3))
    return [first, *(draw(policies(name=f"N{number}")) for number in range(count))]
