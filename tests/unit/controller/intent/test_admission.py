"""Admission by hand: who loads what when, what is refused, and the way out."""

from __future__ import annotations

import itertools
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from corridor.controller.intent import admit as admission
from corridor.controller.intent.admit import admit
from corridor.controller.intent.values import Added, Lowered, Use, Worst
from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.units import parse_rate_bps

ROOT = Path(__file__).resolve().parents[4]
G = 10**9
LINKS = {f"link:{fibre}": frozenset({fibre}) for fibre in ("north", "south", "spur")}
KARAKORAM = {"srlg:karakoram": frozenset({"north", "spur"})}
SOUTH = ("south", "kashgar")


def use(demand: str, cir: str, *links: tuple[str, str] | str, down=(), up=()) -> Use:
    """Links are entered from kashgar unless they say otherwise."""
    directed = tuple((link, "kashgar") if isinstance(link, str) else link for link in links)
    return Use(demand, parse_rate_bps(cir), frozenset(down), directed, frozenset(up))


def protected(demand: str, cir: str) -> list[Use]:
    """By the north, else by the south."""
    return [use(demand, cir, "north"), use(demand, cir, "south", down=["north"])]


def capacity(each: str = "10Gbit", **other: str) -> dict[str, int]:
    fibres = dict.fromkeys(("north", "south", "spur"), each) | other
    return {fibre: parse_rate_bps(rate) for fibre, rate in fibres.items()}


def on(admission, fibre: str, hub: str = "kashgar") -> Worst:
    return next(link for link in admission.links if (link.fibre, link.hub) == (fibre, hub))


def test_a_detour_counts_where_it_leads_when_its_fibre_fails():
    uses = [*protected("a", "6Gbit"), use("b", "3Gbit", "south")]
    admission = admit(uses, capacity(), LINKS, k=1)
    assert admission.fits
    assert admission.refusal() == ""
    assert (admission.lowered, admission.added) == ((), ())
    assert on(admission, "north") == Worst("north", "kashgar", 6 * G, 10 * G, (), ("a",))
    assert on(admission, "south") == Worst(
        "south", "kashgar", 9 * G, 10 * G, ("link:north",), ("a", "b")
    )


def test_what_cannot_be_in_one_place_at_once_is_not_added_up():
    """One comes when the north fails and the other when the spur does: never both."""
    uses = [*protected("a", "6Gbit"), use("b", "6Gbit", "spur")]
    uses.append(use("b", "6Gbit", "south", down=["spur"]))
    assert on(admit(uses, capacity(), LINKS, k=1), "south").load_bps == 6 * G
    assert on(admit(uses, capacity(), LINKS, k=2), "south").load_bps == 12 * G
    together = admit(uses, capacity(), LINKS | KARAKORAM, k=1)
    assert on(together, "south").failure == ("srlg:karakoram",)
    assert on(together, "south").load_bps == 12 * G


def test_the_refusal_says_what_when_who_and_the_way_out():
    uses = [
        *protected("a", "6Gbit"),
        use("b", "2500Mbit", "spur"),
        use("b", "2500Mbit", "south", down=["spur"]),
        use("c", "3500Mbit", "south"),
    ]
    admission = admit(uses, capacity(), LINKS | KARAKORAM, k=1)
    assert not admission.fits
    assert admission.refusal() == (
        "12Gbit do not fit fibre south from kashgar (10Gbit) when srlg:karakoram fails: "
        "demands a, b, c; least change: lower a from 6Gbit to 4Gbit; or add 2Gbit to fibre south"
    )
    assert admission.lowered == (Lowered("a", 6 * G, 4 * G),)
    assert admission.added == (Added("south", 10 * G, 2 * G),)


def test_the_refusal_speaks_of_no_failure_of_several_and_of_other_links():
    alone = admit([use("a", "12Gbit", "south", "spur")], capacity(spur="11Gbit"), LINKS, k=0)
    assert "south from kashgar (10Gbit) while nothing fails: demands a" in alone.refusal()
    assert "demands a (1 more link is overloaded); least change: lower a" in alone.refusal()
    assert alone.refusal().endswith("add 2Gbit to fibre south, 1Gbit to fibre spur")
    both = [use("a", "12Gbit", "south", down=["north", "spur"])]
    assert "when link:north and link:spur fail:" in admit(both, capacity(), LINKS, k=2).refusal()


def test_the_refusal_counts_what_it_does_not_name():
    uses = [use(f"d{number}", "2Gbit", "south") for number in range(10)]
    line = admit(uses, capacity(), LINKS, k=0).refusal()
    assert "demands d0, d1, d2, d3, d4, d5, d6, d7 and 2 more;" in line
    assert "lower d0 from 2Gbit to no guarantee, d1 from 2Gbit to no guarantee, " in line


def test_directions_are_apart_and_a_fibre_needs_the_larger():
    back = ("south", "gwadar")
    uses = [use("a", "11Gbit", "south"), use("b", "12Gbit", back)]
    admission = admit(uses, capacity(), LINKS, k=0)
    assert on(admission, "south").load_bps == 11 * G
    assert on(admission, "south", "gwadar").load_bps == 12 * G
    assert admission.added == (Added("south", 10 * G, 2 * G),)


def test_a_link_crossed_twice_carries_the_rate_twice():
    admission = admit([use("a", "6Gbit", SOUTH, ("south", "gwadar"), SOUTH)], capacity(), LINKS, 0)
    assert on(admission, "south").load_bps == 12 * G
    assert on(admission, "south", "gwadar").load_bps == 6 * G
    assert admission.lowered == (Lowered("a", 6 * G, 5 * G),)


def test_a_gateway_is_found_alive_or_dead_like_a_fibre():
    uses = [
        use("a", "6Gbit", "north", up=["gateway kashgar"]),
        use("a", "6Gbit", "south", down=["gateway kashgar"]),
        use("b", "6Gbit", "south"),
    ]
    gateway = {"gateway:kashgar": frozenset({"gateway kashgar"})}
    assert admit(uses, capacity(), LINKS, k=1).fits
    admission = admit(uses, capacity(), LINKS | gateway, k=1)
    assert on(admission, "south").failure == ("gateway:kashgar",)


def test_what_takes_down_least_is_blamed():
    elements = {"hub:z": frozenset({"north", "spur"}), "a": frozenset({"north", "spur", "x"})}
    admission = admit(protected("a", "6Gbit"), capacity(), elements | LINKS, k=2)
    assert on(admission, "south").failure == ("link:north",)
    larger = admit(protected("a", "6Gbit"), capacity(), elements, k=2)
    assert on(larger, "south").failure == ("hub:z",)


@pytest.mark.parametrize("rates", list(itertools.permutations([1, 5, 5])))
def test_the_least_that_one_more_failure_brings_counts(rates):
    """Each demand comes when either of its two fibres fails."""
    uses, fibres = [], {"east": "x1", "north": "x2", "spur": "x3"}
    for (fibre, second), rate in zip(fibres.items(), rates, strict=True):
        uses.append(use(fibre, f"{rate}bit", fibre, second))
        uses.append(use(fibre, f"{rate}bit", "south", down=[fibre]))
        uses.append(use(fibre, f"{rate}bit", fibre, "south", down=[second]))
    every = [*fibres, *fibres.values()]
    admission = admit(uses, capacity() | dict.fromkeys(every, G), {one: {one} for one in every}, 3)
    assert on(admission, "south").load_bps == 11
    assert on(admission, "south").failure == ("east", "north", "spur")


def test_three_failures_beat_two_by_what_crosses_twice():
    fibres = ("east", "north", "spur")
    uses = [
        use("a", "5bit", "south", down=["east"]),
        use("b", "5bit", "south", down=["north"]),
        use("c", "1bit", "south", "south", down=["spur"]),
        use("d", "11bit", "south", *fibres, down=["x", "y"]),
    ]
    elements = {one: {one} for one in (*fibres, "x", "y")}
    assert on(admit(uses, capacity(east="1Gbit"), elements, k=2), "south").failure == ("x", "y")
    assert on(admit(uses, capacity(east="1Gbit"), elements, k=3), "south").failure == fibres


def test_what_takes_two_failures_counts_to_the_last_bit():
    uses = [use("a", "1bit", "south", down=["north", "spur"])]
    assert on(admit(uses, capacity(), LINKS, k=1), "south").load_bps == 0
    assert on(admit(uses, capacity(), LINKS, k=2), "south").load_bps == 1


def test_a_failure_that_takes_down_the_detour_too_is_no_cause():
    elements = {"hub:z": frozenset({"north", "south"})}
    assert on(admit(protected("a", "6Gbit"), capacity(), elements, k=3), "south").load_bps == 0


def test_beyond_its_own_k_a_demand_still_counts_for_others():
    """When the north fails, b is promised its rate, and the packets of a use its path."""
    uses = [*protected("a", "6Gbit"), use("b", "6Gbit", "south")]
    admission = admit(uses, capacity(), LINKS, k={"a": 0, "b": 1})
    assert on(admission, "south").demands == ("a", "b")
    assert on(admission, "south").load_bps == 12 * G


def test_a_link_on_which_nobody_is_promised_anything_breaks_no_promise():
    uses = [*protected("a", "6Gbit"), use("b", "6Gbit", "south"), use("c", "1Gbit", "spur")]
    admission = admit(uses, capacity(), LINKS, k={"a": 0, "b": 0, "c": 1})
    assert admission.fits
    assert on(admission, "south") == Worst("south", "kashgar", 6 * G, 10 * G, (), ("b",))


def test_one_change_that_repairs_two_links_beats_two():
    uses = [use("a", "5Gbit", "north", "south"), use("b", "6Gbit", "north")]
    uses.append(use("c", "6Gbit", "south"))
    admission = admit(uses, capacity(), LINKS, k=0)
    assert admission.lowered == (Lowered("a", 5 * G, 4 * G),)


def test_of_equal_changes_the_larger_demands_give_way_then_the_first_by_name():
    uses = [use("a", "4Gbit", "south"), use("b", "5Gbit", "south"), use("c", "5Gbit", "south")]
    admission = admit(uses, capacity(), LINKS, k=0)
    assert admission.lowered == (Lowered("b", 5 * G, 1 * G),)
    assert admit(uses[::-1], capacity(), LINKS, k=0) == admission


def test_failure_sets_that_the_first_change_does_not_repair_are_found_in_their_turn():
    """The worst is without a; once b is lowered for it, a and c are too much."""
    uses = [
        use("a", "5Gbit", "north"),
        use("a", "5Gbit", "south", down=["north"]),
        use("b", "8Gbit", "spur"),
        use("b", "8Gbit", "south", down=["spur"]),
        use("c", "6Gbit", "south"),
    ]
    admission = admit(uses, capacity(), LINKS, k=1)
    assert on(admission, "south").demands == ("b", "c")
    assert admission.lowered == (Lowered("b", 8 * G, 5 * G), Lowered("c", 6 * G, 5 * G))


def test_rates_that_come_out_uneven_are_rounded_down_and_fit():
    """Each two of three share a fibre for seven: three and a half each."""
    pairs = {"north": ("a", "b"), "south": ("b", "c"), "spur": ("a", "c")}
    uses = [
        use(demand, "6bit", *(fibre for fibre, pair in pairs.items() if demand in pair))
        for demand in "abc"
    ]
    admission = admit(uses, capacity("7bit"), LINKS, k=0)
    assert admission.lowered == tuple(Lowered(demand, 6, 3) for demand in "abc")


def test_rates_far_apart_stay_exact():
    uses = [use("big", "4Tbit", "south"), use("odd", "1000000000001bit", "south")]
    uses.append(use("tiny", "1bit", "north"))
    admission = admit(uses, capacity("3Tbit", north="1bit"), LINKS, k=0)
    assert admission.lowered == (Lowered("big", 4 * 10**12, 1_999_999_999_999),)


@pytest.mark.parametrize("rate", [7, 999_999_937, 4_294_967_291, 5_999_999_999_993])
def test_no_bit_is_lost_to_rounding(rate):
    uses = [use(demand, f"{rate}bit", "south") for demand in "abc"]
    admission = admit(uses, capacity(f"{2 * rate - 5}bit"), LINKS, k=0)
    assert sum(one.cir_bps - one.to_bps for one in admission.lowered) == rate + 5


def test_nothing_at_all_fits():
    assert admit([], {}, {}, k=2).fits
    assert admit([use("a", "1Gbit")], {}, LINKS, k={"a": 1}).links == ()


@pytest.mark.parametrize(
    ("uses", "k", "complaint"),
    [
        ([use("a", "1Gbit", "north"), use("a", "2Gbit", "south")], 1, "one committed rate"),
        ([replace(use("a", "1Gbit", "north"), cir_bps=0)], 1, "above zero"),
        ([use("a", "1Gbit", "north"), use("a", "1Gbit", "south")], 1, "may hold at once"),
        ([use("a", "1Gbit", "elsewhere")], 1, "elsewhere is used and has no capacity"),
        ([use("a", "1Gbit", "north")], {"b": 1}, "demand a needs a k"),
        ([use("a", "1Gbit", "north")], -1, "demand a needs a k"),
    ],
)
def test_wrong_input_is_refused(uses, k, complaint):
    with pytest.raises(ValueError, match=complaint):
        admit(uses, capacity(), LINKS, k)


def test_what_fits_does_not_wait_for_the_linear_programs():
    script = (
        "import sys\nfrom corridor.controller.intent.admit import admit\n"
        "from corridor.controller.intent.values import Use\n"
        "use = Use('a', 5, frozenset(), (('f', 'h'),))\n"
        "print(admit([use], {'f': 9}, {}, 1).fits, 'scipy' in sys.modules)\n"
        "print(admit([use], {'f': 4}, {}, 1).fits, 'scipy' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout.split() == ["True", "False", "False", "True"]


LANDING = """name: landing
hubs: [singapore, karachi, fujairah]
capacity_groups: [{id: pk, at: karachi, capacity: 10Mbit}]
fibres:
- {id: east, a: singapore, z: karachi, shares: [pk]}
- {id: west, a: karachi, z: fujairah, shares: [pk]}
- {id: far, a: singapore, z: fujairah}
"""


def promised(tmp_path: Path, rates: dict[str, tuple[str, str, str]]) -> str:
    """What is refused of guaranteed rates, by demand: source, destination and rate."""
    (tmp_path / "landing.yaml").write_text(LANDING)
    demands = "".join(
        f"- {{id: {name}, src: {src}, dst: {dst}, class: bulk, guarantee: {{cir: {rate}}}}}\n"
        for name, (src, dst, rate) in rates.items()
    )
    scenario = tmp_path / "s.yaml"
    scenario.write_text(f"name: s\ntopology: landing.yaml\npolicies: none\ndemands:\n{demands}")
    try:
        make_plan(load_scenario(str(scenario)), clock="virtual", run_id="c0", seed=1)
    except InputError as problem:
        return problem.message
    return ""


def test_what_two_fibres_share_at_a_landing_is_counted_once(tmp_path: Path):
    both = {"a": ("singapore", "karachi", "6Mbit"), "b": ("fujairah", "karachi", "6Mbit")}
    said = promised(tmp_path, both)
    assert "12Mbit do not fit capacity group pk into karachi (10Mbit) while nothing fails" in said
    assert "demands a, b" in said
    assert "or add 2Mbit to capacity group pk" in said
    assert "assumed" not in said


def test_in_and_out_of_a_landing_do_not_share(tmp_path: Path):
    across = {"a": ("singapore", "karachi", "6Mbit"), "b": ("karachi", "fujairah", "6Mbit")}
    assert promised(tmp_path, across) == ""


def test_a_refusal_says_what_of_it_is_assumed(tmp_path: Path):
    said = promised(tmp_path, {"a": ("singapore", "fujairah", "2Gbit")})
    assert said.endswith("; assumed, not published, is 1 of 1 capacities: far")


def test_rounding_leaves_no_bit_too_much_where_a_demand_crosses_a_link_twice():
    row = SimpleNamespace(crossings=[(0, 2)], excess=lambda rates: 2 * rates[0] - 19)
    assert admission._within([row], [10]) == [9]
