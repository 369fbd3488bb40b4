"""The key ``background``: figures of the Internet, or rates of fibres."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from corridor.experiments.cli import main
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.plan.warnings import full_of_background
from corridor.experiments.scenario.scenario import LoadedScenario, load_scenario
from corridor.topologies.base.errors import InputError

FIBRE = "guian-kunming"


def scenario(folder: Path, background: str, topology: str = "mini") -> LoadedScenario:
    file = folder / "beside.yaml"
    file.write_text(
        f"schema: 1\nname: beside\ntopology: {topology}\nas_of: 2026-11-24\n{background}\n"
        "demands:\n- {id: one, class: dr, src: guian, dst: kunming}\n"
    )
    return load_scenario(str(file))


def test_without_the_key_there_is_none(tmp_path: Path) -> None:
    loaded = scenario(tmp_path, "")
    assert loaded.background is None
    assert loaded.topology.background_gbps == {}


def test_rates_of_fibres_are_of_both_directions_or_towards_a_hub(tmp_path: Path) -> None:
    both = scenario(tmp_path, f"background: {{fibres: {{{FIBRE}: 4Tbit}}}}")
    assert both.topology.background_gbps == {FIBRE: (4000.0, 4000.0)}
    toward = scenario(tmp_path, f"background: {{fibres: {{{FIBRE}: {{guian: 4Tbit}}}}}}")
    fibre = toward.topology.fibre(FIBRE)
    rates = dict(zip((fibre.z, fibre.a), toward.topology.background_gbps[FIBRE], strict=True))
    assert rates == {"guian": 4000.0, "kunming": 0.0}


def test_a_plan_predicts_with_the_rate_that_is_left(tmp_path: Path) -> None:
    without, beside = (
        make_plan_unsent(scenario(tmp_path, text))
        for text in ("", f"background: {{fibres: {{{FIBRE}: 16Tbit}}}}")
    )
    before, after = without.demands[0], beside.demands[0]
    assert before.bottleneck_bps == 2 * (after.bottleneck_bps or 0)
    assert before.predicted_rtt_ns is not None
    assert after.predicted_rtt_ns is not None
    sending_ns = 132 * 8 * 10**9 / before.bottleneck_bps  # a probe of 128 octets with its label
    assert after.predicted_rtt_ns - before.predicted_rtt_ns == pytest.approx(2 * sending_ns, abs=4)


def test_a_fibre_full_of_background_is_warned_of(tmp_path: Path) -> None:
    (said,) = full_of_background(
        make_plan_unsent(scenario(tmp_path, f"background: {{fibres: {{{FIBRE}: 90Tbit}}}}"))
    )
    assert said.startswith("background traffic takes all of 1 fibre on paths of demands")
    assert f"get 1%: {FIBRE} (" in said
    half = scenario(tmp_path, f"background: {{fibres: {{{FIBRE}: 16Tbit}}}}")
    assert full_of_background(make_plan_unsent(half)) == []


def test_internet_traffic_flows_towards_its_country_on_the_day_of_the_scenario(
    tmp_path: Path,
) -> None:
    loaded = scenario(tmp_path, "background: internet", "pan-asia")
    rates, topology = loaded.topology.background_gbps, loaded.topology
    assert loaded.background is not None
    assert loaded.background.day == date(2026, 11, 24)
    tw1 = topology.fibre("tw1-karachi-fujairah")
    towards = dict(zip((tw1.z, tw1.a), rates[tw1.id], strict=True))
    assert towards["karachi"] > 0
    assert towards["fujairah"] == 0
    earlier = scenario(tmp_path, "background: {date: 2025-06-01, load: 50%}", "pan-asia")
    assert 0 < max(earlier.topology.background_gbps[tw1.id]) < towards["karachi"]
    assert scenario(tmp_path, "background: {load: 0%}", "pan-asia").topology.background_gbps == {}


def test_owners_move_traffic_of_a_cut_fibre_to_their_other_systems(tmp_path: Path) -> None:
    loaded = scenario(tmp_path, "background: internet", "pan-asia")
    assert loaded.background is not None
    usual, after = loaded.background.after(), loaded.background.after(["tw1-karachi-fujairah"])
    before, now = ({one.id: one.gbps for one in of.flows} for of in (usual, after))
    assert "pk-twa-tw1/gulf" not in now
    assert now["pk-twa-smw5/gulf"] > before["pk-twa-smw5/gulf"]
    assert now["pk-ptcl-smw4/gulf"] == before["pk-ptcl-smw4/gulf"]
    moved = sum(now[name] - before[name] for name in now if name.startswith("pk-twa"))
    lost = after.shortfalls_gbps.get("PK", 0.0) - usual.shortfalls_gbps.get("PK", 0.0)
    assert 0 < moved + lost <= before["pk-twa-tw1/gulf"] + 1e-6  # the rest is not on the map


def test_circuits_that_only_pass_a_failed_hub_stay(tmp_path: Path) -> None:
    loaded = scenario(tmp_path, "background: internet", "pan-asia")
    assert loaded.background is not None
    usual = loaded.background.after()
    jeddah = loaded.background.after(hubs=["jeddah"])
    rates = {one.id: one.gbps for one in jeddah.flows}
    passing = [one for one in usual.flows if one.id.startswith("pk-ptcl") and "europe" in one.id]
    assert passing
    assert all(rates[one.id] == one.gbps for one in passing)
    assert jeddah.shortfalls_gbps.keys() - usual.shortfalls_gbps.keys() == {"KW"}


def test_intervals_hold_the_value(tmp_path: Path) -> None:
    loaded = scenario(tmp_path, "background: internet", "pan-asia")
    assert loaded.background is not None
    intervals = loaded.background.intervals()
    for link, gbps in loaded.background.after().link_gbps.items():
        low, high = intervals[link]
        assert low < gbps < high, link


@pytest.mark.parametrize(
    ("background", "said"),
    [
        ("background: internet", "no fibre of mini is known to carry Internet traffic"),
        ("background: interent", 'no background "interent" is known'),
        ("background: {file: missing.yaml}", "missing.yaml"),
        ("background: {load: 2}", "needs a percent sign"),
        ("background: {fibres: {nowhere: 1Tbit}}", 'background on unknown fibre "nowhere"'),
        (f"background: {{fibres: {{{FIBRE}: {{karachi: 1Tbit}}}}}}", 'does not end at "karachi"'),
        (f"background: {{load: 50%, fibres: {{{FIBRE}: 1Tbit}}}}", "rates of fibres replace"),
        ("background: {fibres: {}}", "fibres without a rate"),
        (
            f"background: {{fibres: {{{FIBRE}: 400Tbit}}}}",
            "over 10 times the capacity of guian",
        ),
        (f"background: {{fibres: {{{FIBRE}: {{guian: 400Tbit}}}}}}", "state at most 320Tbit"),
        (f"background: {{fibres: {{{FIBRE}: {{}}}}}}", "fibres without a rate"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, background: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        scenario(tmp_path, background)
    assert said in str(caught.value)
    assert "beside.yaml:5" in str(caught.value)


def test_a_day_without_figures_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"beside.yaml:5.*2035-01-01"):
        scenario(tmp_path, "background: {date: 2035-01-01}", "pan-asia")


@pytest.mark.parametrize("background", [f"background: {{fibres: {{{FIBRE}: 4Tbit}}}}", ""])
@pytest.mark.parametrize("guarantee", [", guarantee: {cir: 1Mbit}", ""])
def test_check_says_that_rates_are_verified_next_to_the_usual_background(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], background: str, guarantee: str
) -> None:
    scenario(tmp_path, background)
    file = tmp_path / "beside.yaml"
    file.write_text(file.read_text().replace("dst: kunming", f"dst: kunming{guarantee}"))
    assert main(["check", str(file)]) == 0
    (line,) = (one for one in capsys.readouterr().out.splitlines() if one.startswith("C12"))
    is_said = "next to background traffic without failures; for what owners move" in line
    assert is_said == bool(background and guarantee)
