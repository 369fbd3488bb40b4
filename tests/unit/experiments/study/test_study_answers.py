"""What the runs of a study come to, in numbers, words and tables."""

import pytest

from corridor.experiments.study.answers import RunValues, Told, answers, enough_repetitions
from corridor.experiments.study.load import Study
from corridor.experiments.study.measures import parse_bound
from corridor.experiments.study.study_file import StudyFile
from corridor.experiments.study.words import (
    Table,
    as_csv,
    as_markdown,
    failed,
    figure,
    sentences,
    tables,
)
from corridor.experiments.study.writing import as_latex
from corridor.topologies.base.words import escaped

STUDY = {
    "name": "law-and-loss",
    "question": "What does the law cost?",
    "scenario": "mini",
    "repeat": 5,
    "matrix": {"law": {"none": {}, "th": {"policies": "th"}}, "network.loss": ["0%", "1%"]},
    "measures": [{"id": "rtt", "of": "demands[a].rtt_ms.p50", "title": "round trip"}],
    "compare": [{"id": "price", "axis": "law", "from": "none", "to": "th"}],
}


def study(**more):
    return StudyFile.model_validate({**STUDY, **more})


def run(law, loss, repetition, value, state="valid"):
    levels = {"law": law, "network.loss": loss}
    values = {} if state != "valid" else {"rtt": value}
    return RunValues("x", levels, repetition, state, "late" * (state == "invalid"), values)


def runs():
    return [
        run(law, loss, seed, 20 + seed + 10 * (law == "th") + (seed / 10) * (loss == "1%"))
        for law in ("none", "th")
        for loss in ("0%", "1%")
        for seed in range(5)
    ]


def test_differences_are_taken_seed_by_seed():
    found = answers(study(), runs())
    assert [one.levels for one in found.comparisons] == [
        {"network.loss": "0%"},
        {"network.loss": "1%"},
    ]
    for one in found.comparisons:
        assert one.difference.mean == pytest.approx(10)
        assert one.difference.blocks == 5
        unpaired = one.difference.unpaired_within
        assert unpaired.high - unpaired.low > 2


def test_what_is_not_valid_is_in_no_figure_and_is_named():
    with_an_invalid = [run("th", "1%", 0, 9999, "invalid"), *runs()[:-5], *runs()[-4:]]
    found = answers(study(), with_an_invalid)
    last = found.comparisons[-1].difference
    assert (last.blocks, last.mean) == (4, pytest.approx(10))
    assert last.within is None
    said = list(sentences(study(), found))
    assert any("1 cell is invalid, and not used (late): law th" in one for one in said)
    assert any(" with each of 4 seeds" in one for one in said)


@pytest.mark.parametrize(
    ("bound", "of", "holds"),
    [
        ("< 40 ms", "mean", [True, True, True, True]),
        ("< 25", "mean", [True, True, False, False]),
        ("< 22", "mean", [None, None, False, False]),
        ("< 33", "each", [True, True, False, False]),
        (">= 20", "each", [True, True, True, True]),
    ],
)
def test_an_expectation_holds_over_its_whole_interval_or_not_at_all(bound, of, holds):
    wanted = study(expect=[{"measure": "rtt", "is": bound, "of": of}])
    found = answers(wanted, runs())
    assert [one.holds for one in found.expectations] == holds
    assert failed(found) is (holds != [True] * 4)


def test_an_expectation_of_nothing_is_not_told():
    wanted = study(
        compare=[{"id": "price", "axis": "law", "from": "none", "to": "th", "measures": []}],
        expect=[{"measure": "rtt", "is": "< 99", "where": {"law": "pk"}}],
    )
    found = answers(wanted, runs())
    assert [one.holds for one in found.expectations] == [None]
    assert failed(found)


def test_runs_that_are_all_the_same_are_held_to_what_was_seen():
    same = [run("none", "0%", seed, 20.0) for seed in range(5)]
    wanted = study(expect=[{"measure": "rtt", "is": "< 21 ms"}], compare=[])
    (found,) = answers(wanted, same).expectations
    assert (found.holds, found.found) == (True, "20 in each run")


def test_an_expectation_may_be_of_a_difference():
    wanted = study(
        expect=[
            {"measure": "rtt", "compare": "price", "is": "< 11", "where": {"network.loss": "0%"}}
        ]
    )
    (found,) = answers(wanted, runs()).expectations
    assert found.holds is True
    assert found.where == {"network.loss": "0%"}


def test_sentences_begin_with_the_question_and_give_intervals():
    said = list(sentences(study(), answers(study(), runs())))
    assert said[0] == "What does the law cost?"
    assert said[1].startswith("round trip, none to th (network.loss 0%): +10 ms with each of")


def test_tables_are_written_for_papers_pages_and_programs():
    conditions, comparisons = tables(study(), answers(study(), runs()))
    assert conditions.rows[0][:4] == ("none", "0%", "round trip (ms)", "22")
    latex = as_latex(conditions, "corridor 1")
    assert r"\begin{tabular}{@{}llrrrr@{}}" in latex
    assert r"\multicolumn{6}{@{}l}{\textit{round trip (ms)}} \\" in latex
    assert r"none & 0\% & 22" in latex
    assert "{\\footnotesize 5 runs each.\\par}" in latex
    assert r"\label{tab:law-and-loss-conditions}" in latex
    assert as_csv(conditions).splitlines()[0].startswith("law,network.loss,measure,mean")
    assert as_markdown(comparisons).splitlines()[2].startswith("| none to th | 0% |")
    assert escaped("a_b & 5% <c>") == r"a\_b \& 5\% \textless{}c\textgreater{}"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (-1e-9, "0"), (1e-9, "0"), (-1.234567e6, "-1235000"), (-0.004765, "-0.004765")],
)
def test_figures_have_as_many_digits_as_say_something(value, shown):
    assert figure(value) == shown


def test_tables_of_the_studys_own_choice_show_what_it_names():
    wanted = study(
        tables=[
            {"id": "lossless", "title": "Without loss", "where": {"network.loss": "0%"}},
            {"id": "the-price", "of": "comparisons", "compare": ["price"], "measures": ["rtt"]},
        ]
    )
    *_, lossless, price = tables(wanted, answers(wanted, runs()))
    assert (lossless.name, lossless.caption) == ("lossless", "Without loss")
    assert [row[:2] for row in lossless.rows] == [("none", "0%"), ("th", "0%")]
    assert len(price.rows) == 2
    assert "network.loss 0\\%; 5 runs each" in as_latex(lossless, "v")


def wide(label: str) -> Table:
    headings = ("case", "measure", "mean", "95 % interval", "median", "spread", "runs", "no value")
    values = ("12345", "12345 to 23456", "12345", "12.34")
    rows = [(f"{label} {n}", name, *values, str(n), "0") for name in ("a", "b") for n in (5, 6)]
    return Table("conditions", "Wide", headings, rows, 2, "wide")


def test_a_table_of_a_paper_is_as_wide_as_its_text():
    fits = as_latex(wide("short"), "v")
    assert r"\small" in fits
    assert "case & mean & 95 \\% interval & median & spread & runs" in fits
    assert fits.count(r"\multicolumn") == 2, "a measure is named once, above its rows"
    assert "no value" not in fits, "nought in all rows"
    smaller = as_latex(wide("a condition that needs some more"), "v")
    assert r"\footnotesize" in smaller
    assert "spread" in smaller
    least = as_latex(wide("a condition that says much more than there is room for"), "v")
    assert "spread" not in least


def test_more_seeds_are_asked_for_until_a_mean_is_known_well_enough():
    until = {"measure": "rtt", "within": "50%", "most": 12}
    wanted = Study(study(until=until), None, None, [])
    assert enough_repetitions(wanted, Told(runs()), 5) == 5
    narrow = Study(study(until={**until, "within": "1%"}), None, None, [])
    assert enough_repetitions(narrow, Told(runs()), 5) == 10
    assert enough_repetitions(narrow, Told(runs()), 12) == 12
    few = Study(study(until=until), None, None, [])
    assert enough_repetitions(few, Told(runs()[:1]), 1) == 2


def shaken(difference_by):
    """Values that seeds move by much, and a law by what is given for each seed."""
    return [
        run(law, "0%", seed, 20 + 3 * seed + (difference_by[seed] if law == "th" else 0))
        for law in ("none", "th")
        for seed in range(5)
    ]


def test_a_sentence_says_what_common_seeds_save():
    said = list(sentences(study(), answers(study(), shaken([10.0, 10.2, 9.9, 10.1, 9.8]))))
    assert "; 5 seeds, " in said[1]
    assert float(said[1].split("5 seeds, interval ")[1].split(" times narrower")[0]) > 20
    separate = list(sentences(study(), answers(study(), shaken([9.0, 6.0, 1.0, -2.0, -9.0]))))
    assert "5 seeds, interval not narrower than with independent seeds)" in separate[1]


def test_a_difference_is_known_well_with_fewer_seeds_than_its_means_are():
    until = {"measure": "rtt", "within": "5%", "most": 40}
    told = Told(shaken([10.0, 10.2, 9.9, 10.1, 9.8]))
    of_means = Study(study(until=until), None, None, [])
    of_difference = Study(study(until={**until, "compare": "price"}), None, None, [])
    assert enough_repetitions(of_means, told, 5) == 10
    assert enough_repetitions(of_difference, told, 5) == 5
    few = Told(shaken([10.0, 10.2, 9.9, 10.1, 9.8])[:4])
    assert enough_repetitions(of_difference, few, 4) == 4, "no seed ran with both yet"
    same = Told(shaken([10.0] * 5))
    assert enough_repetitions(of_difference, same, 5) == 5


@pytest.mark.parametrize(
    ("text", "value", "holds"),
    [("< 5", 5, False), ("<= 5 ms", 5, True), (">5", 6, True), (">= 5.5 Mbit/s", 5, False)],
)
def test_bounds(text, value, holds):
    assert parse_bound(text).holds(value) is holds
