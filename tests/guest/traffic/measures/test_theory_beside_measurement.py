"""Queues wait as theory says, and workloads take the time that is expected of them."""

import numpy as np
import pyarrow.compute as pc
import pytest
from tests.benchmarks import mm1
from tests.benchmarks.queues import TICK_NS, Queue, judged, laws, waits_of, write_scenario
from tests.benchmarks.theory_of_waiting import mg1_mean_s

import corridor
from corridor.experiments.run.options import Options
from corridor.experiments.run.runner import run_scenario
from corridor_runs import seen_inside

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]


@pytest.fixture(scope="module")
def queues():
    by_name = {law.name: law for law in laws()}
    chosen = [("constant", 0.3), ("constant", 0.6), ("exponential", 0.6), ("two-sizes", 0.9)]
    return [Queue(number, by_name[name], load) for number, (name, load) in enumerate(chosen)]


@pytest.fixture(scope="module")
def waited(queues, tmp_path_factory):
    folder = tmp_path_factory.mktemp("queues")
    path = write_scenario(folder, queues, packets=8_000)
    out = folder / "run"
    asked = Options(scenario=str(path), testbed="uml", clock="virtual", report=False, out=out)
    run_scenario(asked, say=lambda _text: None)
    return out


@pytest.mark.promise("packets wait in queues as theory predicts")
def test_every_packet_waits_as_the_recursion_says_and_the_mean_as_theory_does(queues, waited):
    run = corridor.load(waited)
    assert all(found.furthest_s * 1e9 < 50 * TICK_NS for found in judged(queues, waited))
    for queue in queues:
        waits = waits_of(queue, run._rows, run.plan)
        off = np.abs(waits.measured_s - waits.lindley_s) * 1e9
        assert np.count_nonzero(off > 5 * TICK_NS) <= 0.001 * len(off), queue
    for queue in queues[:3]:
        measured = waits_of(queue, run._rows, run.plan).measured_s
        expected_s = mg1_mean_s(queue.load, queue.law.mean_s, queue.law.cv)
        interval = mm1.mean_of_batches(measured)
        assert interval.holds(expected_s), (queue, expected_s, interval)


def test_messages_of_exponential_size_wait_as_in_mm1(virtual_kernel, tmp_path):
    load = 0.6
    seen = seen_inside(virtual_kernel, tmp_path, "exponential_messages", str(load), "6000")
    waits = mm1.waits_of({name: np.array(column) for name, column in seen.items()})
    off_ns = np.abs(waits.wait_s - waits.lindley_s)[1:] * 1e9
    assert off_ns.max() < 100 * TICK_NS
    assert np.count_nonzero(off_ns > 5 * TICK_NS) <= 0.001 * len(off_ns)
    for row in mm1.rows(load, [waits]):
        assert row.interval.holds(row.exponential), row


@pytest.fixture(scope="module")
def sent(once):
    ran = once("workloads-alone")
    assert ran.code == 0, ran.complained
    return corridor.load(ran.folder)


def test_workloads_alone_take_what_is_expected_of_them(sent):
    for name, within in (("bulk", 0.05), ("asked", 0.10)):
        expected = sent.workloads[name].expected
        ratio = expected.measured_ms.mean / expected.expected_ms.mean
        assert ratio == pytest.approx(1.0, abs=within), name
    assert sent.workloads["two"].fairness == pytest.approx(1.0, abs=0.05)
    assert sent.workloads["bulk"].goodput_mbps == pytest.approx(91, rel=0.1)


def test_fibres_carry_what_arrived_and_little_more(sent):
    table = sent.utilisation
    mine = table.filter(
        pc.and_(pc.equal(table["demand"], "train"), pc.equal(table["packets_of"], "message"))
    )
    there = mine.filter(pc.invert(mine["back"]))
    by_fibre = {}
    for fibre, octets in zip(there["fibre"].to_pylist(), there["bytes"].to_pylist(), strict=True):
        by_fibre[fibre] = by_fibre.get(fibre, 0) + octets
    payload = sent.workloads["bulk"].bytes
    assert list(by_fibre) == list(sent.plan.demands[0].fibres)
    assert all(payload * 1.04 < octets < payload * 1.08 for octets in by_fibre.values())
    assert max(there["share"].to_pylist()) == pytest.approx(1.0, abs=0.01)
