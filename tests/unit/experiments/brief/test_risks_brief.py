"""The brief of a register of risks: map by importance, nines with intervals, the register."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

import corridor
from corridor.experiments import cli
from corridor.experiments.availability.figures import Interval
from corridor.experiments.availability.risk_effects import Detours, LostTraffic
from corridor.experiments.availability.risks_answer import RisksDocument, read_risks
from corridor.experiments.brief.html import brief_page
from corridor.experiments.brief.risks import BANDS, risks_brief
from corridor.topologies.base.errors import InputError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("risks") / "out"
    assert cli.main(["risks", "mini", "--policies", "pan-asia", "--out", str(out)]) == 0
    return out


@pytest.fixture(scope="module")
def found(folder: Path) -> RisksDocument:
    return read_risks(folder)


def test_the_folder_has_the_answer_and_its_brief(folder, found, capsys):
    assert found.answer == corridor.risks("mini", policies="pan-asia")
    page = (folder / "brief.html").read_text(encoding="utf-8")
    assert page == brief_page(risks_brief(found))
    assert cli.main(["report", str(folder), "--brief"]) == 0
    assert (folder / "brief.html").read_text(encoding="utf-8") == page
    assert cli.main(["risks", "mini", "--out", str(folder)]) == 2
    assert "is not empty" in capsys.readouterr().err


def test_the_whole_page_has_each_risk_of_a_demand_and_all_traffic(folder, found):
    page = (folder / "risks.html").read_text(encoding="utf-8")
    brief = risks_brief(found, everything=True)
    assert page == brief_page(brief, is_whole=True)
    affecting = [one for one in found.answer.risks if one.affected]
    assert len(brief.table.rows) == len(affecting)
    assert page.count("<tr>") == len(affecting) + 1 + (
        len(brief.second.rows) + 1 if brief.second else 0
    )
    assert page.count('class="map') == 2
    assert "in the full results" not in page


def test_fibres_are_drawn_by_the_importance_of_what_takes_them_down(found):
    picture = risks_brief(found).picture
    looks = {fibres[0]: look for look, fibres in picture.paths}
    for fibre, look in looks.items():
        most = max(one.fussell_vesely.mean for one in found.answer.risks if fibre in one.fibres)
        assert look == next(name for least, name, _ in BANDS if most >= least)
    assert looks[found.answer.risks[0].fibres[0]] == "most"
    assert set(picture.meanings) == set(looks.values())


def test_the_least_available_demands_have_their_nines_and_intervals(found):
    bars = risks_brief(found).chart.bars
    figures = {one.demand: one.figure for one in found.answer.by_demand}
    values = [bar.value for bar in bars]
    assert values == sorted(values)
    assert all(bar.value == figures[bar.small].nines < 5 for bar in bars)
    assert all(bar.interval[0] <= bar.value <= bar.interval[1] for bar in bars)


def test_nines_of_demands_are_those_of_availability(found):
    other = corridor.availability("mini", policies="pan-asia")
    nines = {one.demand: one.replanned.nines for one in other.demands}
    for one in found.answer.by_demand:
        assert one.figure.nines == pytest.approx(nines[one.demand])


def test_traffic_and_the_law_of_detours_are_stated_if_there_are_any(found):
    lost = LostTraffic("PK", "assumed", 2000.0, 800.0, 600.0, Interval(28.0, 8.0, 67.0))
    first, *others = found.answer.risks
    first = replace(first, traffic=(lost,), detours=Detours(3, 1, ("LA", "MM?")))
    page = brief_page(
        risks_brief(replace(found, answer=replace(found.answer, risks=(first, *others))))
    )
    assert "28 (8.0 to 67)" in page
    assert "Pakistan*" in page
    assert "Next permitted paths meet Laos and Myanmar?." in page
    assert "1 demand would have no other path." in page
    assert risks_brief(found).second is None


def test_a_register_without_risks_has_a_brief(found):
    empty = replace(found, answer=replace(found.answer, risks=(), by_demand=()))
    assert "No failure that was explored" in brief_page(risks_brief(empty))


def test_a_damaged_register_is_one_line(tmp_path):
    (tmp_path / "risks.json").write_text('{"schema": 1}')
    with pytest.raises(InputError, match="run corridor risks again"):
        read_risks(tmp_path)
