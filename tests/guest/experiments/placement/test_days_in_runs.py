"""A planned day carried out: octets and energy counted are those planned, and an independent sum
from raw records is the audit."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

import corridor
from corridor.experiments.results.run_result import Run
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_scenario

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(400),
    pytest.mark.usefixtures("virtual_kernel"),
]
JOBS = """
name: small
topology: mini
policies: cn-outbound
as_of: 2026-11-24
service: leased-circuit
hubs: [shanghai, guian]
state: {mw: {shanghai: 50, guian: 50}, pue: {shanghai: 1.25, guian: 1.2}}
wan_kwh_per_gb: 0.05
jobs:
  - {id: train, count: 4, origin: shanghai, data: cn-general-exempt, returns: same-class, it_mw: 5,
     window_h: [0, 24], hours: 24, input: 200TB, output: 20TB, state: 50TB}
  - {id: infer, count: 2, origin: shanghai, data: cn-personal-none, returns: cn-general-exempt,
     it_mw: 1, rtt_budget: 60ms, input: 2400GB, output: 4800GB, state: 1TB}
events:
  - {id: drought, at_h: 12, power: guian, mw: 11, because: drought}
"""
WITHIN = 0.02


@pytest.fixture(scope="module")
def carried(tmp_path_factory: pytest.TempPathFactory, virtual_kernel: object) -> Run:
    folder = tmp_path_factory.mktemp("day")
    (folder / "jobs.yaml").write_text(JOBS)
    corridor.place(folder / "jobs.yaml", count="location", scenario=folder / "day.yaml", hour="4s")
    options = Options(
        str(folder / "day.yaml"), testbed="uml", clock="virtual", out=folder / "out", report=False
    )
    run_scenario(options, say=lambda _line: None)
    return Run(folder / "out")


def test_octets_and_energy_are_those_planned(carried: Run):
    total = carried.summary.energy.total
    assert total.planned_it_mwh == pytest.approx(4 * 5 * 24 + 2 * 24)
    assert total.it_mwh == pytest.approx(total.planned_it_mwh, rel=WITHIN)
    assert total.it_mwh < total.planned_it_mwh  # transfers take their time
    assert total.bytes == pytest.approx(total.planned_bytes, rel=WITHIN)
    assert total.tco2 == pytest.approx(total.planned_tco2, rel=WITHIN)
    assert all(one.arrived_h is not None for one in carried.summary.energy.transfers)


def test_no_packet_is_where_it_must_not_be_and_the_account_closes(carried: Run):
    summary = carried.summary
    assert summary.complete
    assert summary.invalid is None
    assert summary.crossings.forbidden == summary.crossings.strange == ()
    assert summary.crossings.frames > 1000
    assert summary.account.closes
    proof = json.loads((carried.out_dir / "proof.json").read_text())
    assert proof["holds"]


def test_the_audit_is_the_sum_of_raw_records(carried: Run):
    """By plain arithmetic on what hosts wrote, in code of its own."""
    folder = carried.out_dir
    plan = json.loads((folder / "raw/plan.json").read_text())
    computing = yaml.safe_load((folder / "scenario.yaml").read_text())["resolved"]["computing"]
    lines = [
        json.loads(line)
        for file in sorted((folder / "raw").glob("messages-*.jsonl"))
        for line in file.read_text().splitlines()
    ]
    came = {one["m"]: one["in"][1] for one in lines if "in" in one and one["in"][1] is not None}
    messages = plan["messages"]
    epoch_ns = min(one["out"][0] - at for one in lines if "out" in one and one["out"][0]
                   for at in [messages["at_ns"][messages["id"].index(one["m"])]])  # fmt: skip
    start_ns = epoch_ns + plan["start_ns"]
    octets, arrived_h = {}, {}
    for number, workload in enumerate(plan["workloads"]):
        mine = [at for at, of in enumerate(messages["workload"]) if of == number]
        scale = workload["factors"][0]
        octets[workload["id"]] = (
            sum(messages["bytes"][at] for at in mine if messages["id"][at] in came) / scale
        )
        last_ns = max(came[messages["id"][at]] for at in mine)
        arrived_h[workload["id"]] = (last_ns - start_ns) / 4e9
    audit = carried.summary.energy
    assert audit.total.bytes == pytest.approx(sum(octets.values()), abs=1)
    values = {(one["hub"], one["from_h"]): one for one in computing["hubs"]}

    def energy(run: dict[str, Any]) -> tuple[float, float, float]:
        begins_h = max((arrived_h[name] for name in run["awaits"]), default=0.0)
        it_mwh = kg = planned = 0.0
        for hour, mw in enumerate(run["mw"]):
            of = next(values[run["hub"], at] for at in range(hour, -1, -1)
                      if (run["hub"], at) in values)  # fmt: skip
            share = max(0.0, min(1.0, hour + 1 - begins_h))
            planned += mw
            it_mwh += mw * share
            kg += mw * share * of["pue"] * of["g_per_kwh"]
        return planned, it_mwh, kg / 1000

    sums = [sum(column) for column in zip(*map(energy, computing["runs"]), strict=True)]
    assert [audit.total.planned_it_mwh, audit.total.it_mwh, audit.total.tco2] == pytest.approx(
        sums, rel=1e-9
    )
    by_hub = {one.name: one.it_mwh for one in audit.hubs}
    for hub in ("shanghai", "guian"):
        mine = [energy(run)[1] for run in computing["runs"] if run["hub"] == hub]
        assert by_hub[hub] == pytest.approx(sum(mine), rel=1e-9)


def test_the_report_and_the_text_have_the_audit(carried: Run):
    from corridor.experiments.pages.report import write_report

    page = write_report(carried.out_dir).read_text(encoding="utf-8")
    assert "Energy audit" in page
    assert "drought" in page


def test_states_are_sent_after_the_event(carried: Run):
    states = [one for one in carried.summary.energy.transfers if "-state-" in one.workload]
    assert states
    assert all(12 <= one.began_h < one.arrived_h < 13 for one in states)
