"""Paths by routers' tables as kernels report them."""

from __future__ import annotations

import pytest

from corridor.experiments.routing.router_tables import RouterTables
from corridor.experiments.routing.routing_plan import Change
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.routers import RouterNetwork, router_network
from corridor.topologies.model.routing import Path
from corridor.topologies.model.wiring import wire

KARACHI = "10.0.0.5/32"


@pytest.fixture
def network() -> RouterNetwork:
    return router_network(wire(load_topology("mini"), run_id="r"))


def towards(network: RouterNetwork, hub: str, fibre: str, prefix: str = KARACHI) -> Change:
    """The route of a hub over a fibre."""
    (link,) = (one for one in network.links if one.fibre == fibre)
    (end,) = (one for one in link.ends if one.hub == hub)
    return Change(0, hub, True, prefix, end.interface)


@pytest.fixture
def tables(network) -> RouterTables:
    made = RouterTables(network)
    for hub, fibre in (
        ("shanghai", "shanghai-guian"),
        ("guian", "guian-kunming"),
        ("kunming", "kunming-karachi"),
    ):
        made.apply(towards(network, hub, fibre))
    return made


def test_a_path_follows_the_routes_to_the_destination(tables):
    assert tables.path("shanghai", "karachi") == Path(
        ("shanghai", "guian", "kunming", "karachi"),
        ("shanghai-guian", "guian-kunming", "kunming-karachi"),
    )
    assert tables.reaching("karachi") == {"shanghai", "guian", "kunming", "karachi"}


def test_a_hub_without_a_route_drops_packets(tables):
    assert tables.path("bangkok", "karachi") is None


def test_a_cut_removes_routes_that_no_kernel_reports(tables):
    tables.lose(["guian-kunming"])
    assert tables.path("shanghai", "karachi") is None
    assert tables.path("kunming", "karachi") is not None
    assert tables.reaching("karachi") == {"kunming", "karachi"}


def test_routes_in_a_circle_lead_nowhere(network, tables):
    tables.apply(towards(network, "guian", "shanghai-guian"))
    assert tables.path("shanghai", "karachi") is None
    assert tables.reaching("karachi") == {"kunming", "karachi"}


def test_a_removed_route_that_was_replaced_before_removes_nothing(network, tables):
    old = towards(network, "guian", "guian-kunming")
    tables.apply(towards(network, "guian", "shanghai-guian"))
    tables.apply(Change(1, "guian", False, KARACHI, old.interface))
    assert tables.routes["guian"] == {
        KARACHI: towards(network, "guian", "shanghai-guian").interface
    }


def test_a_removed_route_is_gone(network, tables):
    old = towards(network, "kunming", "kunming-karachi")
    tables.apply(Change(1, "kunming", False, KARACHI, old.interface))
    assert tables.path("kunming", "karachi") is None


def test_routes_to_links_are_not_kept(network, tables):
    tables.apply(towards(network, "guian", "guian-kunming", prefix="172.16.0.4/31"))
    assert list(tables.routes["guian"]) == [KARACHI]
