"""Placements in samples of the values: reproducible, within their intervals, and what is held."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

import corridor
from corridor.experiments import cli
from corridor.experiments.placement.program import NoPlacement
from corridor.experiments.placement.sampling import _drawn
from corridor.experiments.text.place_text import told
from corridor.topologies.base.errors import InputError

JOB = {
    "id": "train",
    "origin": "shanghai",
    "data": "cn-general-exempt",
    "returns": "same-class",
    "it_mw": 10,
    "input": "1TB",
    "output": "1TB",
    "window_h": [0, 24],
    "hours": 24,
}


def written(folder: Path, hubs: dict[str, tuple[object, object]], **job: object) -> Path:
    """A file with one job, and the power limit and PUE of hubs."""
    state = {
        "mw": {hub: mw for hub, (mw, _) in hubs.items()},
        "pue": {hub: pue for hub, (_, pue) in hubs.items()},
    }
    head = {"name": "test", "as_of": "2026-11-24", "service": "leased-circuit"}
    file = {**head, "hubs": list(hubs), "state": state, "jobs": [{**JOB, **job}]}
    path = folder / "jobs.yaml"
    path.write_text(yaml.safe_dump(file))
    return path


def test_a_triangular_distribution_has_its_bounds_and_its_mode():
    uniform = np.array([0.0, 0.25, 0.5, 1.0])
    assert _drawn(uniform, 10, 15, 30).tolist() == pytest.approx([10, 15, 30 - 150**0.5, 30])
    assert _drawn(uniform, 10, 10, 30)[[0, 3]].tolist() == [10, 30]
    assert _drawn(uniform, 10, None, 30).tolist() == [10, 15, 20, 30]
    assert _drawn(uniform, 7, 7, 7).tolist() == [7, 7, 7, 7]


def test_samples_are_those_of_the_interval(tmp_path):
    path = written(tmp_path, {"tianfu": ("50", "1.25:1.25-1.25")})
    found = corridor.place(path, count="location", samples=400)
    sure = found.sensitivity
    factor = next(
        one for one in corridor.energy("tianfu").hubs[0].countings
        if (one.count, one.boundary) == ("location", "direct")
    )  # fmt: skip
    unit = 240 * 1.25 / 1000
    each = np.sort(_drawn(np.linspace(0, 1, 100_001), factor.low, factor.value, factor.high)) * unit
    low, median, high = np.quantile(each, (0.05, 0.5, 0.95))
    width = high - low
    assert sure.optimum.low == pytest.approx(low, abs=0.06 * width)
    assert sure.optimum.median == pytest.approx(median, abs=0.06 * width)
    assert sure.optimum.high == pytest.approx(high, abs=0.06 * width)
    assert sure.drawn == ("factor tianfu",)
    assert sure.held == ("mw tianfu", "pue tianfu")
    assert (sure.stays_first, sure.cost_of_law.low, sure.cost_of_law.high) == (1, 0, 0)


def test_a_seed_gives_the_same_samples_and_another_hub_changes_none(tmp_path):
    hubs = {"tianfu": (50, "1.25:1.1-1.5"), "horinger": (50, "1.25:1.1-1.5")}
    path = written(tmp_path, hubs)
    one = corridor.place(path, count="location", samples=20, seed=3)
    again = corridor.place(path, count="location", samples=20, seed=3)
    other = corridor.place(path, count="location", samples=20, seed=4)
    assert one == again
    assert one.sensitivity.optimum != other.sensitivity.optimum
    alone = corridor.place(path, count="location", samples=20, seed=3, hubs=["tianfu"])
    assert alone.sensitivity.optimum == one.sensitivity.optimum


def test_without_intervals_each_sample_is_the_placement(tmp_path):
    hubs = {"tianfu": (50, 1.25), "shanghai": (50, 1.25)}
    factor = {"tianfu": 100, "shanghai": 500}
    found = corridor.place(written(tmp_path, hubs), count="location", samples=3, factor=factor)
    sure = found.sensitivity
    assert sure.optimum.low == sure.optimum.high == pytest.approx(found.with_law.value)
    assert found.with_law.value == pytest.approx(240 * 1.25 * 100 / 1000)
    assert sure.drawn == ()
    assert len(sure.held) == 6
    assert "mw of tianfu, shanghai" in told(found)


def test_the_first_hub_stays_first_in_the_share_of_samples_that_overlap_leaves(tmp_path):
    hubs = {"tianfu": (50, 1.25), "shanghai": (50, 1.25)}
    factor = {"tianfu": "100:50-350", "shanghai": "150:150-151"}
    found = corridor.place(written(tmp_path, hubs), count="location", samples=500, factor=factor)
    sure = found.sensitivity
    assert sure.hub == "tianfu"
    expected = 1 - (350 - 150.5) ** 2 / ((350 - 50) * (350 - 100))  # of the triangular distribution
    low, high = sure.stays_interval
    assert low - 0.02 < expected < high + 0.02
    assert low < sure.stays_first < high
    assert {one.hub: one.first for one in sure.hubs}["tianfu"] == sure.stays_first
    text = told(found).replace("\n    ", " ")
    assert "tianfu has most IT energy in" in text
    assert "500 samples of the values" in text


def test_other_hubs_have_the_same_values_sample_by_sample(tmp_path):
    hubs = {"tianfu": (50, "1.25:1.1-1.5"), "shanghai": (50, "1.3:1.2-1.5")}
    path = written(tmp_path, hubs)
    asked = {"count": "location", "samples": 100, "hubs": ["tianfu"]}
    same = corridor.place(path, **asked, against=["tianfu"]).against
    assert (same.adds, same.low, same.high) == (0, 0, 0)
    assert (same.rtt.low, same.rtt.high) == (0, 0)
    assert (same.sampled.adds.low, same.sampled.adds.high, same.sampled.more) == (0, 0, 0)
    found = corridor.place(path, **asked, against=["shanghai"])
    alone = corridor.place(path, **(asked | {"hubs": ["shanghai"]}))
    assert found.against.optimum == alone.with_law
    assert found.against.adds == alone.with_law.value - found.with_law.value
    assert found.against.rtt.median == pytest.approx(
        alone.mean_rtt.median - found.mean_rtt.median, abs=1
    )
    adds = found.against.sampled.adds
    assert adds.low < adds.median < adds.high
    apart = (
        alone.sensitivity.optimum.low - found.sensitivity.optimum.high,
        alone.sensitivity.optimum.high - found.sensitivity.optimum.low,
    )
    assert apart[0] < adds.low
    assert adds.high < apart[1]
    assert "At shanghai instead: " in told(found)
    assert "above 0 in 100 % of 100 samples" in told(found).replace("\n    ", " ")


def test_other_hubs_that_do_not_take_a_job_are_refused(tmp_path):
    path = written(tmp_path, {"tianfu": (50, 1.25), "shanghai": (50, 1.3)})
    path.write_text(path.read_text().replace("- data: ", "- hubs: [tianfu]\n  data: "))
    with pytest.raises(NoPlacement, match=r"^among the hubs of --against, no job has"):
        corridor.place(path, count="location", against=["shanghai"])
    with pytest.raises(InputError, match=r'has no hub "atlantis"'):
        corridor.place(path, count="location", against=["atlantis"])


def test_hubs_of_one_grid_share_the_factor(tmp_path):
    hubs = {"guangzhou": (50, 1.25), "shenzhen": (50, 1.25)}
    path = written(tmp_path, hubs, origin="shenzhen")
    sure = corridor.place(path, count="location", samples=50).sensitivity
    assert (sure.hub, sure.stays_first) == ("shenzhen", 1)


def test_hubs_of_one_country_share_equal_bounds_of_the_marginal_factor(tmp_path):
    hubs = {"tianfu": (50, 1.25), "qingyang": (50, 1.3)}
    sure = corridor.place(written(tmp_path, hubs), count="marginal", samples=50).sensitivity
    assert (sure.hub, sure.stays_first) == ("tianfu", 1)
    assert {"factor tianfu", "factor qingyang"} <= {*sure.drawn}


def test_samples_in_which_jobs_do_not_fit_are_counted(tmp_path):
    path = written(tmp_path, {"tianfu": ("12:6-14", 1.25)})
    found = corridor.place(path, count="location", samples=100)
    assert 0 < found.sensitivity.placed < 100
    left = 100 - found.sensitivity.placed
    assert f"In {left} more samples the jobs do not fit" in told(found).replace("\n    ", " ")


def test_prices_and_limits_are_sampled_by_the_other_objectives(tmp_path):
    hubs = {"tianfu": (50, 1.25), "shanghai": ("10:9-30", 1.25)}
    path = written(tmp_path, hubs)
    price = {"tianfu": "0.4:0.3-0.5CNY", "shanghai": "0.6CNY"}
    cost = corridor.place(path, objective="cost", samples=100, price=price)
    assert 240e3 * 1.25 * 0.3 < cost.sensitivity.optimum.low < cost.with_law.value
    assert cost.cost_of_law.money == (0, 0, 0)
    latency = corridor.place(path, objective="latency", samples=100)
    assert latency.sensitivity.drawn == ("mw shanghai",)
    assert latency.sensitivity.optimum.low == 0 < latency.sensitivity.optimum.high


def test_numbers_of_samples_and_intervals_are_checked(tmp_path, capsys):
    path = written(tmp_path, {"tianfu": (50, 1.25)})
    with pytest.raises(InputError, match="samples are 0 to 100,000, not -1"):
        corridor.place(path, count="location", samples=-1)
    with pytest.raises(InputError, match="a seed is 0 or more"):
        corridor.place(path, count="location", samples=1, seed=-1)
    for wrong in ("60:70-90", "60:40-50", "60:40", "60:-90"):
        words = ["place", str(path), "--count", "location", "--mw", f"tianfu={wrong}"]
        assert cli.main(words) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line == (
            f"corridor: {wrong} is not a power limit of tianfu; write --mw tianfu=120, with an "
            "interval 120:80-160"
        )
    with pytest.raises(NoPlacement):
        corridor.place(path, count="location", samples=5, mw={"tianfu": "1:0-1"})


def test_a_stated_factor_makes_a_hub_without_one_known(tmp_path):
    path = written(tmp_path, {"djibouti": (50, 1.25)})
    with pytest.raises(InputError, match="state --factor djibouti=GRAMS"):
        corridor.place(path, count="location")
    found = corridor.place(path, count="location", factor={"djibouti": "300:250-400"})
    assert found.with_law.value == pytest.approx(240 * 1.25 * 300 / 1000)
    assert (found.totals[0].low, found.totals[0].high) == (75, 120)
    hub = corridor.energy("horinger", factor={"horinger": 100}).hubs[0]
    stated = {(one.count, one.boundary): one.value for one in hub.countings}
    assert stated["location", "direct"] == 100
    assert round(stated["market", "direct"]) == 94


def test_contracts_of_one_hub_are_drawn_apart_from_those_of_another(tmp_path):
    """With one draw for both, the hub of larger shares would stay first in every sample."""
    hubs = {"tianfu": (50, 1.25), "qingyang": (50, 1.25)}
    green = {"tianfu": "0.5:0-0.8", "qingyang": "0.4:0-0.7"}
    path = written(tmp_path, hubs)
    found = corridor.place(path, count="market", samples=200, green=green)
    sure = found.sensitivity
    assert sure.hub == "tianfu"
    assert 0.5 < sure.stays_first < 0.85
    assert {"green tianfu", "green qingyang", "residual tianfu"} <= {*sure.drawn}
    only = corridor.place(path, count="market", samples=200, green={"tianfu": 0.5}, hubs=["tianfu"])
    assert only.sensitivity.optimum.low > 240 * 1.25 * 0.5 * 585.6 / 1000
    assert only.sensitivity.optimum.high < 240 * 1.25 * 0.5 * 609.6 / 1000


def test_hubs_that_may_emit_as_little_as_the_first_are_named(tmp_path):
    hubs = {"tianfu": (50, 1.25), "qingyang": (50, 1.25), "shanghai": (50, 1.5)}
    path = written(tmp_path, hubs)
    location = corridor.place(path, count="location")
    assert (location.equal, location.unresolved) == ((), ())
    green = {"tianfu": "0.5:0.4-0.8", "qingyang": "0.4:0-0.7", "shanghai": "0"}
    market = corridor.place(path, count="market", green=green)
    assert (market.equal, market.unresolved) == ((), ("qingyang",))
    assert "not known which of tianfu and qingyang emits least" in flat(market)
    same = corridor.place(path, count="market", green=dict.fromkeys(hubs, "0.2:0-0.4"))
    assert same.unresolved == ("shanghai",)
    marginal = corridor.place(path, count="marginal")
    assert marginal.hubs[0].hub == "qingyang"
    assert (marginal.equal, marginal.unresolved) == (("tianfu",), ())
    assert "As much as at qingyang is emitted" in flat(marginal)
    assert "low end nothing is emitted: distance alone decides" in flat(marginal)
    assert corridor.place(path, objective="latency").equal == ()


def flat(answer) -> str:
    return told(answer).replace("\n    ", " ")
