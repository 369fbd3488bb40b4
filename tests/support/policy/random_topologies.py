"""Connected topologies for property tests, with many ties and parallel fibres among them."""

from __future__ import annotations

from hypothesis import strategies as st

from corridor.topologies.model.routing import Path, shortest_path_between
from corridor.topologies.model.topology import Fibre, Hub, Scaling, Topology

JURISDICTIONS = ("CN", "HK", "PK", "TH", "SA")
SCALING = Scaling(
    capacity_scale=1.0,
    assumed_terrestrial_gbps=1.0,
    assumed_submarine_gbps=0.5,
    min_rate_bps=1_000_000,
    max_rate_bps=10**10,
)


def hub(number: int, located_in: str = "CN") -> Hub:
    return Hub(
        id=f"hub{number}", name=f"Hub {number}", role="core", located_in=located_in, lat=0, lon=0
    )


def fibre(name: str, a: int, z: int, delay_ns: int, **more: object) -> Fibre:
    values: dict[str, object] = {
        "id": name,
        "a": f"hub{a}",
        "z": f"hub{z}",
        "medium": "terrestrial",
        "length_km": 1.0,
        "length_basis": "derived",
        "one_way_delay_ns": delay_ns,
    }
    return Fibre(**(values | more))  # type: ignore[arg-type]


def topology(hubs: int, fibres: list[Fibre], name: str = "random") -> Topology:
    made = tuple(hub(n, JURISDICTIONS[n % len(JURISDICTIONS)]) for n in range(hubs))
    return Topology(name=name, title=name, hubs=made, fibres=tuple(fibres), scaling=SCALING)


@st.composite
def topologies(draw: st.DrawFn, max_hubs: int = 7, max_extra: int = 6) -> Topology:
    """A random tree and some fibres more; delays from few values, so that paths tie."""
    hubs = draw(st.integers(2, max_hubs))
    delays = st.sampled_from([0, 1_000_000, 1_000_000, 2_000_000, 3_000_001])
    pairs = [(draw(st.integers(0, n - 1)), n) for n in range(1, hubs)]
    ends = st.tuples(st.integers(0, hubs - 1), st.integers(0, hubs - 1))
    pairs += draw(st.lists(ends.filter(lambda pair: pair[0] != pair[1]), max_size=max_extra))
    pairs = draw(st.permutations(pairs))
    return topology(hubs, [fibre(f"f{n}", a, z, draw(delays)) for n, (a, z) in enumerate(pairs)])


@st.composite
def ordered_pairs(draw: st.DrawFn, of: Topology) -> list[tuple[str, str]]:
    """Some ordered pairs of different hubs."""
    names = [one.id for one in of.hubs]
    every = [(a, z) for a in names for z in names if a != z]
    return draw(st.lists(st.sampled_from(every), min_size=1, max_size=len(every), unique=True))


def shortest_paths(graph, pairs):
    """Path by pair; None where no fibres lead."""
    routes = {(src, dst): shortest_path_between(graph, src, dst) for src, dst in pairs}
    return {
        pair: route and Path(route.hubs, tuple(fibre.id for fibre in route.fibres))
        for pair, route in routes.items()
    }
