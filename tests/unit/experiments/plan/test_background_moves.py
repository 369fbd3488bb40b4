"""Background traffic that owners move while a run goes on: what a plan reserves when."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from corridor.experiments.account.utilisation import BackgroundRates
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.plan.values import Change, Plan
from corridor.experiments.plan.warnings import nothing_moves
from corridor.experiments.scenario.event_registry import action
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.topologies.emulation.faults import Faults
from corridor.topologies.model.background import RESERVE, reserved
from corridor.topologies.model.wiring import queue_packets
from remembering_network import Kernel

CUT, OTHER = "tw1-karachi-fujairah", "smw5-karachi-fujairah"
MS = 1_000_000
EVENTS = "  - {at: 1s, for: 2s, cut: tw1-karachi-fujairah}\n"


def scenario(
    folder: Path, events: str = EVENTS, react: str = "own, after: 300ms"
) -> LoadedScenario:
    file = folder / "moving.yaml"
    file.write_text(
        "schema: 1\nname: moving\ntopology: pan-asia\nas_of: 2026-11-24\n"
        f"background: {{react: {react}}}\nprobe: {{count: 250}}\n"
        "demands:\n- {id: one, class: dr, src: fujairah, dst: karachi}\n"
        f"timeline:\n{events}"
    )
    return load_scenario(str(file))


def moves(plan: Plan) -> list[Change]:
    return [one for one in plan.changes if one.do == RESERVE]


def test_rates_change_the_stated_time_after_a_cut_and_after_its_repair(tmp_path: Path) -> None:
    loaded = scenario(tmp_path)
    plan = make_plan_unsent(loaded)
    moved, back = moves(plan)
    assert [one.at_ns - plan.start_ns for one in (moved, back)] == [1300 * MS, 3300 * MS]
    assert back.options == {"fibres": {}}, "all is as planned again"
    assert loaded.background is not None
    cut = loaded.background.after([CUT]).on(loaded.topology)
    wires = {wire.fibre: wire for wire in plan.wiring.fibres}
    fibres = moved.options["fibres"]
    assert {CUT, OTHER} <= fibres.keys()
    for name, both in fibres.items():
        wire = wires[name]
        for (background, packets), end, shape in zip(
            both, (wire.a, wire.z), (wire.forward, wire.backward), strict=True
        ):
            rate = cut.free_rate_bps(cut.fibre(name), end.hub)
            now = reserved(shape, (background, packets))
            assert now.rate_bps == rate
            assert now.fibre_bps == shape.fibre_bps
            assert packets == queue_packets(rate, loaded.scenario.network.buffer / 1e6)
    assert max(bps for bps, _ in fibres[CUT]) == 0
    assert max(bps for bps, _ in fibres[OTHER]) > wires[OTHER].backward.background_bps


def test_nothing_moves_unless_it_is_asked_for(tmp_path: Path) -> None:
    still = make_plan_unsent(scenario(tmp_path, react="none"))
    assert moves(still) == []


def test_what_is_over_before_the_run_ends_is_all_that_is_planned(tmp_path: Path) -> None:
    events = "  - {at: 1s, cut: tw1-karachi-fujairah}\n"
    plan = make_plan_unsent(scenario(tmp_path, events, "own, after: 1h"))
    assert moves(plan) == []


@pytest.mark.parametrize(("lasts", "at"), [("300ms", []), ("301ms", [1300, 1601])])
def test_a_failure_that_is_over_before_owners_react_moves_nothing(
    tmp_path: Path, lasts: str, at: list[int]
) -> None:
    events = f"  - {{at: 1s, for: {lasts}, cut: {CUT}}}\n"
    plan = make_plan_unsent(scenario(tmp_path, events))
    assert [(one.at_ns - plan.start_ns) // MS for one in moves(plan)] == at


def test_it_is_warned_of_that_nothing_moves(tmp_path: Path) -> None:
    """Of a run that is over by then, and of cuts one after another."""
    late = scenario(tmp_path, react="own, after: 1h")
    (said,) = nothing_moves(make_plan_unsent(late), late)
    assert said.startswith("react: own moves no background traffic in this run: ")
    assert "longer than after (3,600 s)" in said
    file = tmp_path / "moving.yaml"
    file.write_text(file.read_text().partition("timeline:")[0] + f"cuts: {{fibres: [{CUT}]}}\n")
    cuts = load_scenario(str(file))
    assert nothing_moves(make_plan_unsent(cuts), cuts) == [said]
    for react in ("own", "none"):
        loaded = scenario(tmp_path, react=react)
        assert nothing_moves(make_plan_unsent(loaded), loaded) == []


def test_a_degraded_fibre_gets_the_rate_that_is_predicted(tmp_path: Path) -> None:
    """Owners move traffic to it later: half of what that leaves is left."""
    events = (
        f"  - {{at: 500ms, for: 4s, degrade: {CUT}, rate: 50%}}\n"
        f"  - {{at: 1s, for: 2s, cut: {OTHER}}}\n"
    )
    plan = make_plan_unsent(scenario(tmp_path, events))
    wire = next(one for one in plan.wiring.fibres if one.fibre == CUT)
    faults, rates = Faults(plan.wiring, Kernel(plan.wiring)), list[int]()
    for change in sorted(plan.changes, key=lambda one: one.at_ns):
        action(change.do)(faults, change.what, change.options)
        rates.append(faults.kernel.shapes[wire.z.interface].rate_bps)
    free = reserved(wire.backward, moves(plan)[0].options["fibres"][CUT][1]).rate_bps
    usual = wire.backward.rate_bps
    assert usual // 2 > free // 2 > 400_000
    half = [round(usual / 2), round(free / 2)]
    assert list(dict.fromkeys(rates)) == [*half, usual]


def test_each_cut_adds_to_those_that_last(tmp_path: Path) -> None:
    events = (
        f"  - {{at: 1s, for: 2s, cut: {CUT}}}\n  - {{at: 1500ms, for: 3s, group: 'cable:smw5'}}\n"
    )
    loaded = scenario(tmp_path, events)
    plan = make_plan_unsent(loaded)
    at = [(one.at_ns - plan.start_ns) // MS for one in moves(plan)]
    assert at == [1300, 1800, 3300, 4800]
    assert loaded.background is not None
    both = loaded.background.after([CUT], ["cable:smw5"]).on(loaded.topology)
    alone = loaded.background.after((), ["cable:smw5"]).on(loaded.topology)
    for change, then in zip(moves(plan)[1:3], (both, alone), strict=True):
        for name, rates in change.options["fibres"].items():
            fibre = then.fibre(name)
            found = tuple(bps for bps, _ in rates)
            assert found == tuple(
                then.emulated_rate_bps(fibre) - then.free_rate_bps(fibre, hub) for hub in fibre.ends
            )


def test_a_probe_is_predicted_at_the_rate_of_its_time(tmp_path: Path) -> None:
    """A demand stays on its fibre, which other traffic joins."""
    events = f"  - {{at: 1s, for: 2s, cut: {OTHER}}}\n"
    still, moving = (
        make_plan_unsent(scenario(tmp_path, events, react))
        for react in ("none", "own, after: 100ms")
    )
    assert still.events[0].impacts == ()
    (hit,) = moving.events[0].impacts
    wire = next(one for one in moving.wiring.fibres if one.fibre == CUT)
    now = reserved(wire.backward, moves(moving)[0].options["fibres"][CUT][1])
    bits = 132 * 8 * 10**9  # of a probe with its label
    assert hit.before_rtt_ns is not None
    assert hit.followed_rtt_ns is not None
    longer_ns = hit.followed_rtt_ns - hit.before_rtt_ns
    assert longer_ns == pytest.approx(bits / now.rate_bps - bits / wire.backward.rate_bps, abs=4)
    assert longer_ns > 500_000
    assert hit.out_ns == 0


def test_the_background_of_an_interval_is_its_mean(tmp_path: Path) -> None:
    plan = make_plan_unsent(scenario(tmp_path))
    plan = from_plain(Plan, json.loads(json.dumps(to_plain(plan))))
    rates, wire = BackgroundRates(plan), next(w for w in plan.wiring.fibres if w.fibre == OTHER)
    change_ns = moves(plan)[0].at_ns
    back = wire.backward.background_bps > wire.forward.background_bps
    shape = wire.backward if back else wire.forward
    moved = moves(plan)[0].options["fibres"][OTHER][back][0]
    times = [change_ns - 3000, change_ns - 1000, change_ns + 1000, change_ns + 3000]
    usual = shape.background_bps
    found = [rates.mean_bps(OTHER, shape, *while_, back=back) for while_ in pairwise(times)]
    assert found == [usual, (usual + moved) // 2, moved]


@pytest.mark.parametrize(
    ("background", "said"),
    [
        ("{after: 1s}", "add react: own"),
        ("{react: bought}", "none"),
        ("{react: own, fibres: {tw1-karachi-fujairah: 1Gbit}}", "no owners who move them"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, background: str, said: str) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(
        f"schema: 1\nname: wrong\ntopology: pan-asia\nbackground: {background}\n"
        "demands:\n- {id: one, class: dr, src: fujairah, dst: karachi}\n"
    )
    with pytest.raises(InputError, match=said) as caught:
        load_scenario(str(file))
    assert "wrong.yaml:4" in str(caught.value)
