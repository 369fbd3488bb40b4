"""Complaints of soaks about packets that a watch saw on fibres."""

import pytest
from tests.soak.attacks import ATTACK_PORT
from tests.soak.judging import FLIPPED_NS
from tests.soak.setup import DAYS, load_setup
from tests.soak.watching import Watcher, labels, wrong_on_fibres, wrong_since

from corridor.traffic.agents.transits import Seen, SeenFlow

SCENE = load_setup("mini")
OPEN, SHUT = (
    Watcher(SCENE.specification(name, DAYS[0]), SCENE.wiring) for name in ("open", "no-export")
)
CKPT = {"src": "guian", "dst": "karachi", "dst_port": 5000}


def end(fibre, hub):
    wire = next(one for one in SCENE.wiring.fibres if one.fibre == fibre)
    return next(one.interface for one in (wire.a, wire.z) if one.hub == hub)


def seen(fibre, hub, *, lost=0, **more):
    flow = {**CKPT, "src_port": 4000, "protocol": 17, "label": 16, "depth": 1, "packets": 3}
    flow |= {"traffic_class": 0, "vlan": None, "eth_type": None, "bytes": 300}
    flow |= {"interface": end(fibre, hub), "first_ns": 1, "last_ns": 1, **more}
    for key in ("src", "dst"):
        flow[key] = SCENE.wiring.hub(flow[key]).host_ip
    return Seen(schema=1, frames=3, lost=lost, flows=(SeenFlow(**flow),))


def test_what_one_of_those_in_force_allows_is_no_reason_to_complain():
    crossing = seen("guian-kunming", "guian")
    assert list(wrong_on_fibres([OPEN], crossing)) == []
    assert list(wrong_on_fibres([SHUT, OPEN], crossing)) == []
    (told,) = wrong_on_fibres([SHUT], crossing)
    assert told.startswith("forbidden: 3 packets of ckpt on guian-kunming from guian")


@pytest.mark.parametrize(("fibre", "hub"), [("kunming-karachi", "kunming")])
def test_a_switch_that_cannot_be_told_may_send_by_what_it_knows_and_no_other_may(fibre, hub):
    away = {"guian": OPEN}
    assert list(wrong_on_fibres([SHUT], seen("guian-kunming", "guian"), away)) == []
    assert len(list(wrong_on_fibres([SHUT], seen(fibre, hub), away))) == 1
    assert len(list(wrong_on_fibres([SHUT], seen("guian-kunming", "guian"), {"guian": SHUT}))) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"depth": 0, "label": None},
        {"depth": 2},
        {"dst_port": 5001},
        {"dst": "bangkok"},
        {"src_port": ATTACK_PORT},
        {"lost": 1},
    ],
)
def test_strange_packets_and_those_not_seen_are_told(change):
    assert list(wrong_on_fibres([OPEN], seen("guian-kunming", "guian", **change))) != []


def test_packets_are_counted_by_demand_and_fibre():
    crossing = seen("guian-kunming", "guian")
    assert OPEN.crossings(crossing) == {"ckpt": {("guian-kunming", "guian"): 3}}
    assert labels(crossing) == [16]


DELAY_NS = {"guian-kunming": 40}
FORBIDDEN_BY_NS = 1000 + FLIPPED_NS + DELAY_NS["guian-kunming"]


@pytest.mark.parametrize("late_ns", [0, 1])
def test_what_a_change_forbids_is_on_no_fibre_once_it_is_made_and_the_rest_has_arrived(late_ns):
    crossing = seen("guian-kunming", "guian", last_ns=FORBIDDEN_BY_NS + late_ns)
    told = list(wrong_since(SHUT, crossing, 1000, DELAY_NS))
    assert [one.split(":")[0] for one in told] == ["forbidden by then"] * late_ns
    assert list(wrong_since(OPEN, crossing, 1000, DELAY_NS)) == []
    assert list(wrong_since(SHUT, crossing, 1000, DELAY_NS, {"guian": OPEN})) == []
