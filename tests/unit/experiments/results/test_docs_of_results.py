"""The pages on results and scenarios know every key, and their examples work."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

import handmade_run
from corridor.controller.prover.search.tables import DUMP_SCHEMAS
from corridor.experiments.account.flows import FLOW_COLUMNS
from corridor.experiments.account.summary import (
    CrossingsSummary,
    EventSummary,
    ExpectationSummary,
    Outage,
)
from corridor.experiments.account.workload_summary import (
    ClassSummary,
    ExpectedSummary,
    RttSummary,
    StretchSummary,
    WorkloadsSummary,
    WorkloadSummary,
)
from corridor.experiments.results.event_impacts import EventImpact
from corridor.experiments.results.messages import MessageRow
from corridor.experiments.results.outages import CUTS_SCHEMA, summary_of
from corridor.experiments.results.results import SUMMARY_SCHEMA, read_plan, summarise
from corridor.experiments.run.manifest import MANIFEST_SCHEMA
from corridor.experiments.scenario import options, scenario
from corridor.experiments.scenario.extending import shipped_scenarios
from corridor.topologies.base.codec import key_of
from corridor.topologies.base.errors import InputError
from corridor.traffic.measures.samples import PROBE_DTYPE

DOCS = Path(__file__).resolve().parents[4] / "docs"
RESULTS = (DOCS / "results.md").read_text()
SCENARIOS = (DOCS / "scenarios.md").read_text()


def unnamed(names: Iterable[str], page: str) -> list[str]:
    named = set(re.findall(r"`([^`\n]+)`", page))
    return [name for name in names if name not in named]


def keys(of: type) -> list[str]:
    return [key_of(field.name) for field in fields(of)]


def section(page: str, title: str) -> str:
    return re.split(r"\n##+ ", page.split(f"# {title}\n", 1)[1], maxsplit=1)[0]


def test_the_page_names_every_key_of_the_summary(tmp_path: Path) -> None:
    handmade_run.write_run(tmp_path / "run")
    found = summarise(tmp_path / "run", read_plan(tmp_path / "run"), handmade_run.FACTS)
    summary: Any = found.to_json()
    demand = summary["demands"][0]
    names = [*summary, *summary["network"], *demand, *demand["flows"][0]]
    assert unnamed(names, section(RESULTS, "summary.json")) == []


def test_the_page_names_what_a_run_under_policies_and_cuts_adds() -> None:
    page = section(RESULTS, "summary.json")
    names = [
        "crossings",
        "cuts",
        *(field.name for field in fields(CrossingsSummary)),
        *vars(summary_of([])),
    ]
    assert unnamed(names, page) == []


def test_the_page_names_what_a_run_with_events_adds() -> None:
    page = section(RESULTS, "summary.json") + section(RESULTS, "Events")
    names = ["events", "expectations", "lost_by", *keys(EventSummary)]
    assert unnamed([*names, *keys(ExpectationSummary)], page) == []
    columns = [field.name for field in fields(EventImpact)]
    assert unnamed(columns, section(RESULTS, "events.parquet")) == []


def test_the_page_names_every_column() -> None:
    assert unnamed((field.name for field in fields(Outage)), section(RESULTS, "cuts.parquet")) == []
    assert unnamed(PROBE_DTYPE.names or (), section(RESULTS, "probes.parquet")) == []
    assert unnamed([name for name, _ in FLOW_COLUMNS], section(RESULTS, "flows.parquet")) == []


def test_the_page_names_what_a_run_with_workloads_adds() -> None:
    page = section(RESULTS, "Workloads")
    names = [
        *keys(WorkloadsSummary),
        *keys(WorkloadSummary),
        *keys(ClassSummary),
        *keys(StretchSummary),
        *keys(RttSummary),
        *keys(ExpectedSummary),
    ]
    assert unnamed(names, page) == []
    columns = ["class" if name == "data_class" else name for name in MessageRow._fields]
    assert unnamed(columns, section(RESULTS, "messages.parquet")) == []


def test_the_page_knows_the_versions() -> None:
    assert f"- `schema`: {SUMMARY_SCHEMA}\n" in section(RESULTS, "summary.json")
    assert f'{{"schema": {DUMP_SCHEMAS[-1]}, "switches"' in section(RESULTS, "tables/")
    assert MANIFEST_SCHEMA == CUTS_SCHEMA == 1


def test_the_pyarrow_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    handmade_run.write_run(tmp_path / "results" / "first")
    out_dir = tmp_path / "results" / "first"
    summarise(out_dir, read_plan(out_dir), handmade_run.FACTS)
    code = re.search(r"```python\n(import pyarrow.*?)```", RESULTS, re.S)
    assert code is not None
    assert code[1].strip().count("\n") <= 5
    monkeypatch.chdir(tmp_path)
    found: dict[str, object] = {}
    exec(code[1], found)
    assert found["rtt_ns"][:2] == [10_000_750, 10_003_000]  # type: ignore[index]


def test_the_example_is_a_scenario(tmp_path: Path) -> None:
    example = re.search(r"```yaml[^\n]*\n(.*?)```", SCENARIOS, re.S)
    assert example is not None
    (tmp_path / "two.yaml").write_text(example[1])
    loaded = scenario.load_scenario(str(tmp_path / "two.yaml")).scenario
    assert loaded.network.loss == pytest.approx(0.001)
    own = loaded.demands[1].probe
    assert own is not None
    assert (own.count, own.interval) == (20, options.ProbeOptions().interval)
    (tmp_path / "two.yaml").write_text(example[1].replace("50ms", "50"))
    with pytest.raises(InputError, match=r"two\.yaml:5: .*no unit"):
        scenario.load_scenario(str(tmp_path / "two.yaml"))


def test_the_page_tells_every_class_that_ships() -> None:
    classes = {
        demand.data_class
        for name in shipped_scenarios()
        for demand in scenario.load_scenario(name).scenario.demands
    }
    assert unnamed(classes, section(SCENARIOS, "Data classes of the shipped scenarios")) == []
