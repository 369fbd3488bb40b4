"""The section of a run's page on carried traffic, and the sentence on congestion."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest

from corridor.experiments.answers.document import EventOnInternet, internet_of
from corridor.experiments.pages.capacity import MOST_FIBRES, carried_of
from corridor.experiments.pages.page import template
from corridor.experiments.scenario.scenario import load_scenario
from corridor.experiments.text.workload_text import congestion_sentence, utilization_said
from typed_summary import typed


def use(fibre: str, most: float, congested_s: float = 0.0, **more: object) -> dict[str, object]:
    keys = {"fibre": fibre, "from": "west", "utilization": most / 2, "most_utilization": most}
    return {**keys, "congested_s": congested_s, **more}


SUMMARY = typed(
    {
        "fibre_use": [
            use("idle", 0.3, background=0.1),
            use("full", 0.97, 1.5, congested_in=["red-sea"], dropped_packets=4),
            use("short", 0.91, 0.5),
            use("third", 0.9, 0.5),
        ]
    }
)


@dataclass(frozen=True)
class Computed:
    """The part of answers that the section reads."""

    internet: tuple[EventOnInternet, ...]


@cache
def computed() -> Computed:
    return Computed(tuple(internet_of(load_scenario("reference"))))


def test_congested_directions_are_named_with_their_events() -> None:
    assert congestion_sentence(SUMMARY) == (
        "Congested fibres: 3 of 4 used directions reach 90 % utilization: full from west (1.5 s, "
        "maximum 97.0 %, during red-sea), short from west (0.5 s, maximum 91.0 %) and 1 more."
    )


def test_without_congestion_a_verdict_is_silent_and_a_page_names_the_highest() -> None:
    calm = typed({"fibre_use": [use("idle", 0.3), use("busy", 0.7)]})
    assert congestion_sentence(calm) == congestion_sentence(typed({})) == ""
    said = utilization_said(calm.fibre_use)
    assert "none of 2 used directions reaches 90 %" in said
    assert "busy from west (maximum 70.0 %)" in said


def test_fibres_are_rows_with_their_background_and_losses() -> None:
    found = carried_of(SUMMARY, None)
    assert found is not None
    (table,) = found.tables
    rows = {row[0]: row for row in table.rows}
    assert rows["idle"][4:] == ("10.0 %", "0", "", "")
    assert rows["full"][5:] == ("4", "1.5 s", "red-sea")


def test_of_many_fibres_the_first_and_all_congested_ones_are_shown() -> None:
    many = [use(f"calm-{n}", 0.5) for n in range(MOST_FIBRES + 5)]
    found = carried_of(typed({"fibre_use": [*many, use("full", 0.95, 1.0)]}), None)
    assert found is not None
    (table,) = found.tables
    assert len(table.rows) == MOST_FIBRES + 1
    assert table.rows[-1][0] == "full"


def test_countries_are_rows_by_event_in_tbit_s() -> None:
    found = carried_of(typed({}), computed())  # type: ignore[arg-type]
    assert found is not None
    (table,) = found.tables
    (event,) = (one for one in computed().internet if one.event == "red-sea")
    pakistan = next(one for one in event.cut.countries if one.country == "PK")
    row = next(one for one in table.rows if one[:2] == ("red-sea", "Pakistan"))
    values = [one if isinstance(one, str) else one[0] for one in row]
    assert values[2] == f"{pakistan.offered_gbps.value / 1000:.2f}"
    assert values[4:7] == [f"{one.shortfall_gbps.value / 1000:.2f}" for one in pakistan.after]
    assert row[4][1].startswith("[")
    assert "the split by cable is our assumption" in table.about


@pytest.mark.parametrize("with_answers", [False, True])
def test_the_section_is_a_page(*, with_answers: bool) -> None:
    found = carried_of(SUMMARY, computed() if with_answers else None)  # type: ignore[arg-type]
    text = template("tables.html.j2").render(data=found)
    assert ('id="internet-table"' in text) is with_answers
    assert text.count("<tr>") >= 4
    assert "1.5 s" in text


def test_a_run_without_workloads_and_cuts_of_cables_has_no_such_section() -> None:
    assert carried_of(typed({}), None) is None
    assert carried_of(typed({}), Computed(())) is None  # type: ignore[arg-type]
