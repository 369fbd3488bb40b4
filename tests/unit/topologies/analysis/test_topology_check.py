"""The checks find what a reader must know, on graphs small enough to see."""

from __future__ import annotations

import json

import pytest

from corridor.topologies.analysis.check import check_topology
from corridor.topologies.formats.load import load_topology
from corridor.topologies.model.hosts import Host
from corridor.topologies.model.topology import Fibre, Hub, Topology

SCALING = load_topology("mini").scaling


def hub(name: str, lat: float = 0.0, lon: float = 0.0, located_in: str = "PK") -> Hub:
    return Hub(id=name, name=name, role="foreign", located_in=located_in, lat=lat, lon=lon)


def fibre(a: str, z: str, length_km: float = 500.0, **more: object) -> Fibre:
    fields = {
        "id": f"{a}-{z}", "a": a, "z": z, "medium": "terrestrial", "length_km": length_km,
        "length_basis": "published", "one_way_delay_ns": 1_000_000,
    }  # fmt: skip
    return Fibre.model_validate(fields | more)


def net(hubs: tuple[Hub, ...], *fibres: Fibre) -> Topology:
    return Topology(name="net", title="net", hubs=hubs, fibres=fibres, scaling=SCALING)


A, B, C, D = hub("a"), hub("b", 1, 1), hub("c", 2, 0), hub("d", 3, 1)


def test_a_ring_has_no_single_point_of_failure() -> None:
    report = check_topology(net((A, B, C), fibre("a", "b"), fibre("b", "c"), fibre("c", "a")))
    assert report.ok
    assert report.connected
    assert report.single_fibres == ()


def test_a_spur_is_named_with_what_it_cuts_off() -> None:
    ring = (fibre("a", "b"), fibre("b", "c"), fibre("c", "a"), fibre("c", "d"))
    report = check_topology(net((A, B, C, D), *ring))
    assert [(cut.fibre, cut.cuts_off) for cut in report.single_fibres] == [("c-d", ("d",))]
    assert report.ok


def test_parallel_fibres_are_no_spur() -> None:
    both = (fibre("a", "b"), fibre("a", "b", id="second"))
    assert check_topology(net((A, B), *both)).single_fibres == ()


def test_parallel_fibres_in_one_duct_are_one_risk() -> None:
    both = (fibre("a", "b", srlgs=["duct"]), fibre("a", "b", id="second", srlgs=["duct"]))
    report = check_topology(net((A, B), *both))
    (risk,) = report.shared_risks
    assert (risk.srlg, risk.fibres) == ("duct", ("a-b", "second"))


def test_a_split_topology_fails_and_names_who_is_apart() -> None:
    report = check_topology(net((A, B, C), fibre("a", "b")))
    assert not report.ok
    assert "c cannot reach the rest" in report.problems[0].message
    assert "FAILS" in str(report)


def test_a_fibre_shorter_than_the_great_circle_fails() -> None:
    report = check_topology(net((A, B), fibre("a", "b", 100.0)))
    assert "by great circle" in report.problems[0].message


def test_many_fibres_shorter_than_the_great_circle_are_one_line_with_the_worst() -> None:
    fibres = [fibre("a", "b", 100.0 - number, id=f"f{number}") for number in range(11)]
    assert len(check_topology(net((A, B), *fibres[:10])).problems) == 10
    (problem,) = check_topology(net((A, B), *fibres)).problems
    assert problem.message.startswith("11 of 11 fibres are shorter than the great circle; the")
    assert "fibre f10 is 90 km" in problem.message
    assert "f7 " not in problem.message


def test_many_fibres_that_are_not_in_service_are_one_warning() -> None:
    planned = [fibre("a", "b", id=f"f{number}", status="planned") for number in range(11)]
    (warning,) = check_topology(net((A, B), *planned)).warnings
    assert warning.message.startswith("11 of 11 fibres are not in service")


def test_known_capacities_below_the_least_emulated_rate_are_warned_of_with_a_scale() -> None:
    topology = net(
        (A, B),
        fibre("a", "b", id="narrow", capacity_gbps=500.0, capacity_basis="published"),
        fibre("a", "b", id="assumed", assumed_gbps=1.0),
    )
    scaling = topology.scaling.model_copy(update={"capacity_scale": 1e-6, "min_rate_bps": 10**7})
    (warning,) = check_topology(topology.model_copy(update={"scaling": scaling})).warnings
    assert "1 fibre of known capacity is emulated at min_rate (10Mbit)" in warning.message
    assert "narrow (500Gbit)" in warning.message
    assert warning.hint == "a scale of 2e-05 fits, or a lower min_rate"
    fitting = scaling.model_copy(update={"capacity_scale": 2e-5})
    assert check_topology(topology.model_copy(update={"scaling": fitting})).warnings == ()


def test_crossing_the_jurisdiction_of_an_end_fails() -> None:
    report = check_topology(net((A, B), fibre("a", "b", crosses=["PK"])))
    assert "where it already ends" in report.problems[0].message


@pytest.mark.parametrize("status", ["uncertain", "planned"])
def test_a_fibre_that_may_not_be_in_service_is_warned_of(status: str) -> None:
    report = check_topology(net((A, B), fibre("a", "b"), fibre("a", "b", id="new", status=status)))
    assert report.ok
    assert [warning.message.split()[:4] for warning in report.warnings] == [
        ["fibre", "new", "is", f"{status},"]
    ]
    assert f"WARNS: fibre new is {status}, and paths use it unless the scenario" in str(report)


def test_lengths_are_counted_by_what_they_are_based_on() -> None:
    bases = ("published", "stated", "stated", "apportioned", "derived")
    report = check_topology(
        net((A, B), *(fibre("a", "b", id=f"f{i}", length_basis=b) for i, b in enumerate(bases)))
    )
    assert (report.lengths_published, report.lengths_stated) == (1, 2)
    assert "2 stated without a source" in str(report)


def test_an_unlisted_jurisdiction_fails() -> None:
    report = check_topology(net((A, hub("b", 1, 1, "QQ")), fibre("a", "b", crosses=["QM"])))
    assert [p.message.split()[-5] for p in report.problems] == ["QM,", "QQ,"]


def test_the_report_reads_as_json_and_as_text() -> None:
    report = check_topology(load_topology("mini"))
    data = json.loads(json.dumps(report.to_json()))
    assert data["schema"] == "corridor/topology-check/1"
    assert data["ok"] is True
    assert "5 hubs, 7 fibres" in str(report)


def test_hosts_behind_hubs_are_counted():
    topology = net((hub("a"), hub("b", lon=1.0)), fibre("a", "b"))
    assert "further" not in str(check_topology(topology))
    more = check_topology(topology.with_hosts([Host(id="web", hub="a")]))
    assert more.hosts == 1
    assert str(more).startswith("net: 2 hubs, 1 fibre, 1 further host\n")
