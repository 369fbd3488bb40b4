"""Pages of prices: each set with certain law separate, and the path of each demand under each."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from corridor.experiments import cli
from corridor.experiments.pages.report import read_paths, read_prices

MOST_BYTES = 400_000


@pytest.fixture(scope="module")
def priced(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every shipped set that knows data of the scenario."""
    folder = tmp_path_factory.mktemp("prices") / "all"
    assert cli.main(["price", "sovereignty", "--no-changes", "--out", str(folder)]) == 0
    return folder


def text_of(folder: Path) -> str:
    return (folder / "report.html").read_text(encoding="utf-8")


def json_of(folder: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / name).read_text(encoding="utf-8"))
    return found


def part(text: str, name: str) -> str:
    start = text.index(f'<section id="{name}"')
    return text[start : text.index("</section>", start)]


def test_a_price_leaves_a_page_that_is_small(priced: Path) -> None:
    assert (priced / "report.html").stat().st_size < MOST_BYTES


def test_no_two_elements_of_it_have_one_id(priced: Path) -> None:
    ids = re.findall(r'<[a-z][^>]* id="([^"]*)"', text_of(priced))
    assert len(set(ids)) == len(ids)
    assert {"each", "set", "matrix-table"} <= set(ids)


def test_each_set_is_a_row_with_certain_law_apart(priced: Path) -> None:
    prices, rows = json_of(priced, "price.json"), part(text_of(priced), "sets")
    for number, one in enumerate(prices["sets"]):
        row = re.search(rf'<tr><th[^>]*><button[^>]*data-set="{number}">.*?</tr>', rows, re.DOTALL)
        assert row
        cells = re.findall(r'<td class="n">([^<]*)', row[0])
        assert cells[0] == str(one["by_certain_rules"]["kept_back"])
        assert cells[1] == str(one["with_readings"]["kept_back"])
        assert cells[3].strip("+") == f"{one['with_readings']['extra_ms']:.1f}".replace("0.0", "0")


def test_demands_that_some_set_touches_are_a_matrix_by_set(priced: Path) -> None:
    prices, matrix = json_of(priced, "price.json"), part(text_of(priced), "matrix")
    names = [one["policies"] for one in prices["sets"]]
    assert re.findall(r'<th scope="col" class="n">([^<]*)</th>', matrix) == names
    touched = {
        one["demand"]
        for each in prices["sets"]
        for one in each["demands"]
        if one["with_readings"]["kept_back"]
        or (one["with_readings"]["extra_ms"] or 0) >= 0.05
        or one["with_readings"]["lost"]
    }
    assert set(re.findall(r"data-demand=\"\d+\">([^<]*)</button>", matrix)) == touched


def test_paths_are_those_that_prices_are_of(priced: Path) -> None:
    prices, paths = json_of(priced, "price.json"), json_of(priced, "paths.json")
    assert paths["sets"] == [one["policies"] for one in prices["sets"]]
    for number, of in enumerate(paths["demands"]):
        for one, under in zip(prices["sets"], of["sets"], strict=True):
            demand = one["demands"][number]
            assert demand["demand"] == of["id"]
            if demand["answered"]:
                assert under["path"]["hubs"][0] == demand["src"]
                assert under["path"]["hubs"][-1] == demand["dst"]
                assert under["path"]["one_way_ms"] < demand["round_trip_ms"]


def test_a_folder_of_an_earlier_version_is_read_by_its_former_names(
    priced: Path, tmp_path: Path
) -> None:
    prices, paths = json_of(priced, "price.json"), json_of(priced, "paths.json")
    for one in prices["sets"]:
        one["both_ways"] = one.pop("by_value")
    for under in (under for one in paths["demands"] for under in one["sets"]):
        under["way"] = under.pop("path")
    (tmp_path / "price.json").write_text(json.dumps(prices))
    (tmp_path / "ways.json").write_text(json.dumps(paths))
    assert read_paths(tmp_path) == read_paths(priced)
    assert read_prices(tmp_path) == read_prices(priced)


def test_the_page_opens_with_what_costs_most(priced: Path) -> None:
    prices = json_of(priced, "price.json")
    most = max(
        (one["with_readings"]["extra_ms"] or 0, one["demand"], one["policies"])
        for each in prices["sets"]
        for one in each["demands"]
    )
    text = text_of(priced)
    assert f"{most[1]} under {most[2]}" in part(text, "verdict")
    assert f"The map shows {most[1]} under {most[2]}" in text


def test_a_price_is_told_again_from_its_folder(
    priced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(priced, folder)
    (folder / "report.html").unlink()
    assert cli.main(["report", str(folder)]) == 0
    assert f"Report: {folder / 'report.html'}" in capsys.readouterr().out
    assert text_of(folder) == text_of(priced)


def test_one_set_alone_is_a_price_and_no_comparison(tmp_path: Path) -> None:
    folder = tmp_path / "one"
    words = ["price", "mini", "--policies", "none", "--against", "pan-asia", "--no-changes"]
    assert cli.main([*words, "--out", str(folder)]) == 0
    text = text_of(folder)
    assert "<h1>Cost of policy set none" in text
    assert 'id="set"' not in text


def test_prices_of_an_older_version_are_told_to_be_made_again(
    priced: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "old"
    folder.mkdir()
    shutil.copy(priced / "price.json", folder)
    assert cli.main(["report", str(folder)]) == 2
    assert "run corridor price again, with --out" in capsys.readouterr().err


@pytest.fixture(scope="module")
def beside_another(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The draft of the analyst's story next to the set that it adds to."""
    folder = tmp_path_factory.mktemp("prices")
    (folder / "draft.yaml").write_text(
        "schema: 1\nname: draft\ninclude: [pan-asia]\npolicies:\n- id: BY-LAND\n"
        "  effect: restrict\n  match: {class: th-personal-contract, dst: {located_in: CN}}\n"
        "  hard: {confine: [TH, LA, MM, CN]}\n"
    )
    words = ["--policies", str(folder / "draft.yaml"), "--against", "pan-asia", "--no-changes"]
    assert cli.main(["price", "reference", *words, "--out", str(folder / "out")]) == 0
    return folder / "out"


def test_what_both_sets_block_is_blocked_and_no_fibre_is_said_to_be_missing(
    beside_another: Path,
) -> None:
    model = model_of(beside_another)
    states = {one["id"]: one["by"][0] for one in model["demands"]}
    answered = {
        one["demand"]: one["answered"]
        for one in json_of(beside_another, "price.json")["sets"][0]["demands"]
    }
    blocked = {name for name, state in states.items() if state["st"] == "kept"}
    assert blocked == {name for name, served in answered.items() if not served}
    assert len(blocked) == 7
    assert not any(state["st"] == "down" for state in states.values())
    for name in blocked:
        assert states[name]["why"], f"the page does not say why {name} is blocked"


def test_the_path_under_the_other_set_is_called_by_its_name(
    beside_another: Path, priced: Path
) -> None:
    assert model_of(beside_another)["base"] == "Under pan-asia"
    assert "without policies</span>" not in text_of(beside_another)
    assert model_of(priced)["base"] == "Without policies"


def model_of(folder: Path) -> dict[str, Any]:
    found = re.search(r'<script[^>]*id="model"[^>]*>(.*?)</script>', text_of(folder), re.DOTALL)
    assert found
    model: dict[str, Any] = json.loads(found[1])
    return model
