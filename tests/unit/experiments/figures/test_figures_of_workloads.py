"""Figures of workloads: what rounds took, what classes brought, what fibres carried and lost."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import handmade_run
import handmade_workloads
from corridor.experiments.account.summary import AccountFile
from corridor.experiments.account.utilisation import UTILISATION_FILE, Load, write_utilisation
from corridor.experiments.atlas import event_data
from corridor.experiments.atlas.event_data import PredictedLevel
from corridor.experiments.figures import fibre_use, losses
from corridor.experiments.figures.data import RunData
from corridor.experiments.figures.registry import KINDS
from corridor.experiments.figures.saving import save_pgf
from corridor.experiments.figures.style import COLUMN, TEXT, lay_out, style
from corridor.experiments.figures.workloads import waits
from corridor.experiments.results.message_columns import goodput_mbps
from corridor.experiments.results.results import read_plan, summarise
from drawn_texts import assert_apart, assert_legible, visible_texts
from typed_summary import made

WIDTHS = pytest.mark.parametrize("width", [TEXT, COLUMN], ids=["text", "column"])
NAMES = ("completion-times", "goodput", "latency-by-class", "fibre-use")
FORWARD = {"demand": "near", "kind": "message", "direction": "forward"}
QUEUED = {"place": "one:shanghai->guian", "cause": "queue", "packets": 90}
ACCOUNT: Any = {
    "closes": True,
    "off_by": 0,
    "sent": 1000,
    "delivered": 870,
    "in_flight": 2,
    "demands": [
        {
            **FORWARD,
            "lost_at": [
                QUEUED,
                {"place": "one:shanghai->guian", "cause": "in flight", "packets": 2},
                {"place": "two:guian->karachi", "cause": "fault", "packets": 15},
            ],
        },
        {
            **FORWARD,
            "demand": "far",
            "lost_at": [
                {"place": "one:shanghai->guian", "cause": "fault", "packets": 5},
                {"place": "shanghai", "cause": "policy", "packets": 18},
            ],
        },
    ],
}


def load(data_class: str, packets_of: str, at_ns: int, octets: int, fibre: str = "one") -> Load:
    """Of a fibre of 8 Mbit/s: 1 MB fills a second."""
    start = (fibre, "shanghai", "near", data_class, packets_of, False, at_ns, 10**9, octets)
    return Load(*start, 8_000_000, octets / 1e6, octets / 1e6 * 8, None)


def account_file(plain: dict[str, Any]) -> str:
    return json.dumps(made(AccountFile, plain).to_json())


LOADS = [
    load("ckpt", "message", 0, 600_000),
    load("ckpt", "message", 10**9, 400_000),
    load("infer", "transfer", 10**9, 200_000),
    load("infer", "probe", 0, 4_000),
    load("ckpt", "message", 0, 20_000, fibre="two"),
]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    out_dir = tmp_path_factory.mktemp("workloads") / "run"
    handmade_workloads.write_run(out_dir)
    summary = summarise(out_dir, read_plan(out_dir), handmade_run.FACTS)
    (out_dir / "account.json").write_text(account_file(ACCOUNT))
    write_utilisation(out_dir / UTILISATION_FILE, LOADS)
    return RunData(out_dir, summary)


def drawn(name: str, run: RunData, width: Any = TEXT) -> Any:
    with style():
        figure = KINDS[name].draw(run, width)
        if figure is not None:
            lay_out(figure)
    return figure


def texts(figure: Any) -> list[str]:
    return [" ".join(text.get_text().split("\n")) for text in visible_texts(figure)]


def test_who_fills_a_fibre_is_a_share_of_what_it_carries(run: RunData) -> None:
    one = next(one for one in fibre_use.read_loads(run) if one.fibre == "one")
    assert one.by == {"ckpt": 0.5, "infer": 0.1, "probes": 0.002}
    assert any("83 % ckpt" in text for text in texts(drawn("fibre-use", run)))


def test_the_axis_of_a_single_round_reaches_its_end_and_has_more_than_one_label(
    run: RunData,
) -> None:
    assert run.summary.workloads is not None
    (infer,) = (one for one in run.summary.workloads.classes if one.class_ == "infer")
    classes = (replace(infer, deadlines=0),)
    workloads = replace(run.summary.workloads, classes=classes, stretches=())
    alone = RunData(run.out_dir, replace(run.summary, events=(), workloads=workloads))
    of_infer = next(one for one in run.rounds if one.data_class == "infer")
    took = of_infer._replace(from_ns=run.start_ns, completed_ns=run.start_ns + 2_110_000_000)
    alone.__dict__["rounds"] = [took]
    figure = drawn("completion-times", alone)
    axes = next(one for one in figure.axes if one.get_yscale() == "log")
    assert axes.get_xlim() == (0.0, 2.11)
    low, high = axes.get_ylim()
    assert len([tick for tick in axes.get_yticks() if low <= tick <= high]) >= 2
    assert not any("deadline" in text for text in texts(figure))


def test_rounds_are_told_by_class_with_what_was_in_time(run: RunData) -> None:
    said = texts(drawn("completion-times", run))
    assert "ckpt misses 2 of 4 deadlines" in said
    assert "ckpt: 3 of 4 arrived, 2 of 4 in time" in said
    assert "infer: 60 of 60 arrived" in said
    assert not any(text.startswith("dr") for text in said), "all of it was blocked"


def test_what_rounds_took_has_a_level_a_stretch_with_an_interval_where_there_are_enough(
    run: RunData,
) -> None:
    found = run.summary.workloads
    assert found is not None
    before, during, after = event_data.levels_of(found, "infer")
    assert (before.from_s, before.until_s, before.middle_ms) == (0.0, 1.5, 50.0)
    assert (during.middle_ms, during.until_s) == (250.0, 2.5)
    assert before.interval_ms == (50.0, 50.0)
    assert after.interval_ms is None, "ten rounds carry no median"
    assert after.middle_ms == 250.0


def test_rounds_that_never_came_are_late(run: RunData) -> None:
    found = event_data.finished(run.rounds, "ckpt", run.start_ns)
    assert found.from_s.tolist() == [0.0, 0.8, 1.6, 2.4]
    assert found.took_ms[:3].tolist() == [100.0, 700.0, 100.0]
    assert np.isnan(found.took_ms[3])
    assert found.late.tolist() == [False, True, False, True]


def test_goodput_is_spread_over_the_time_in_which_messages_came(run: RunData) -> None:
    edges = np.array([0.0, 0.5, 1.0, 1.5])
    ckpt = [row for row in run.messages if row.data_class == "ckpt"][:2]
    first, second, third = goodput_mbps(ckpt, edges * 1e9 + run.start_ns)
    assert first == pytest.approx(50_000 * 8 / 0.5 / 1e6)
    assert second == 0.0
    assert third == pytest.approx(first), "from 1.15 to 1.5 s"


def test_waits_are_above_what_a_path_takes_and_what_has_no_prediction_is_not_lost() -> None:
    from corridor.traffic.measures.samples import PROBE_DTYPE, Probes

    probes = Probes.of(np.zeros(4, PROBE_DTYPE))
    probes["intended_ns"] = [0, 400_000_000, 600_000_000, 1_500_000_000]
    probes["received"] = [True, True, False, False]
    probes["t4_ns"] = [10_000_000, 12_500_000, 0, 0]
    found = waits([(probes, [PredictedLevel(0.0, 1.0, 10.0)])], np.array([0.0, 0.5, 1.0]))
    assert found.slowest_ms[0] == pytest.approx(2.5)
    assert np.isnan(found.slowest_ms[1])
    assert found.lost_s.tolist() == [0.6], "nothing was expected of the last"


def test_fibres_are_as_full_as_their_queues_counted(run: RunData) -> None:
    one, two = fibre_use.read_loads(run)
    assert (one.fibre, one.from_hub) == ("one", "shanghai")
    assert one.shares == pytest.approx([0.8, 0.8, 0.0, 0.0, 0.8, 0.8])
    assert two.shares == pytest.approx([0.5] * 6)
    assert one.dropped.tolist() == [0, 0, 7, 0, 0, 0]
    said = texts(drawn("fibre-use", run))
    title = "Highest utilization: one, 80 % on average (83 % ckpt); 0 of 2 directions reach 90 %"
    assert title in said


def test_losses_are_by_fibre_and_cause_and_what_is_left_was_lost_elsewhere() -> None:
    one, two, rest = losses.places_of(made(AccountFile, ACCOUNT))
    assert (one.name, one.lost) == ("one from shanghai", Counter(queue=90, fault=5))
    assert (two.name, two.lost) == ("two from guian", Counter(fault=15))
    assert (rest.name, rest.lost) == (losses.ELSEWHERE, Counter(policy=18))


def test_the_title_of_losses_says_whether_the_account_closes(run: RunData, tmp_path: Path) -> None:
    assert "128 packets lost, 90 of them: queue; packet accounting balanced" in texts(
        drawn("losses", run)
    )
    broken = {**ACCOUNT, "closes": False, "off_by": 4}
    (tmp_path / "account.json").write_text(account_file(broken))
    other = RunData(tmp_path, run.summary)
    assert any(
        text.endswith("packet accounting unbalanced by 4") for text in texts(drawn("losses", other))
    )


def losses_drawn(folder: Path, run: RunData, *lost: tuple[str, str, int]) -> Any:
    lost_at = [{"place": place, "cause": cause, "packets": count} for place, cause, count in lost]
    account = {**ACCOUNT, "demands": [{"lost_at": lost_at}]}
    (folder / "account.json").write_text(account_file(account))
    return drawn("losses", RunData(folder, run.summary))


def test_counts_of_few_lost_packets_stand_on_whole_numbers(run: RunData, tmp_path: Path) -> None:
    figure = losses_drawn(tmp_path, run, ("one:shanghai->guian", "queue", 2))
    ticks = [tick for tick in figure.axes[0].get_xticks() if tick <= 2]
    assert ticks == [0, 1, 2]


def test_what_policies_dropped_does_not_flatten_what_fibres_lost(
    run: RunData, tmp_path: Path
) -> None:
    faults = [(f"fibre-{number}:a->b", "fault", 3 + number) for number in range(9)]
    figure = losses_drawn(tmp_path, run, *faults, ("shanghai", "policy", 2244))
    assert figure.axes[0].get_xlim()[1] < 13, "no fibre has more than 11 packets"
    assert "policy 2,244 (bar cut)" in texts(figure)


def test_latex_need_not_draw_hatches_dot_by_dot(run: RunData, tmp_path: Path) -> None:
    every = [(f"{cause}:a->b", cause, 20) for cause in losses.SHOWN]
    figure = losses_drawn(tmp_path, run, *every)
    save_pgf(figure, tmp_path / "losses.pgf", "losses", "a test")
    assert (tmp_path / "losses.pgf").stat().st_size < 200_000
    assert "pgfpathcurveto" not in (tmp_path / "losses.pgf").read_text()


def test_a_run_without_workloads_has_none_of_these(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "run")
    summary = summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    run = RunData(tmp_path / "run", summary)
    assert [name for name in (*NAMES, "losses") if drawn(name, run) is not None] == []


@WIDTHS
@pytest.mark.parametrize("name", [*NAMES, "losses"])
def test_no_text_is_small_leaves_the_figure_or_covers_another(
    run: RunData, name: str, width: Any
) -> None:
    figure = drawn(name, run, width)
    assert_legible(figure)
    assert_apart(figure, high_px=3)
