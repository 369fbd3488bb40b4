"""In which order files of tests run, and with how many examples tests of properties.

    ./corridor test --whole --record-costs tests/costs.json

Files run by the CPU seconds that each took when last recorded. Processes take files one after
another: a costly file that begins last leaves the others idle. Costly tests are recorded, too: the
short form of the checks (``--quick``) leaves them out.
"""

import contextlib
import gc
import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import is_hypothesis_test, settings

COSTS = Path(__file__).with_name("costs.json")
LEAST_S = 1.0
"""Files that cost less are not recorded: they run last, in the order of their names."""
QUICK_S = 0.5
"""What one test may cost that ``--quick`` runs; tests that cost less are not recorded."""
ELSEWHERE = {"guest", "browser", "netns", "native", "vm", "slow"}
"""Marks of tests that the short form leaves out at any cost."""
EXAMPLES = 50
"""Of a property that does not say how many it needs."""
FEWER = 2
_started = pytest.StashKey[float]()
_costs: Counter[str] = Counter()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--record-costs", metavar="FILE", help="write the CPU seconds of each file of tests"
    )
    parser.addoption(
        "--few-examples", action="store_true", help=f"1 of {FEWER} examples of each property"
    )
    parser.addoption(
        "--quick", action="store_true", help=f"no test that last took {QUICK_S} CPU seconds"
    )
    settings.register_profile("suite", max_examples=EXAMPLES, deadline=None)
    settings.load_profile("suite")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect the tests without looking for garbage: what this creates is used to the end.

    Nor is it searched again while tests run: that took a sixth of the CPU time of unit tests.
    """
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--few-examples"):
        for test in {item.obj for item in items if isinstance(item, pytest.Function)}:
            try_few_examples(test)
    costs = json.loads(COSTS.read_text(encoding="utf-8"))
    items.sort(key=lambda item: -costs.get(_file(item.nodeid), 0.0))
    if config.getoption("--quick"):
        left_out = [item for item in items if item.nodeid in costs]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item.nodeid not in costs]


@pytest.fixture(scope="session")
def seeds(pytestconfig: pytest.Config) -> Callable[[int], range]:
    """``seeds(3)``: seeds of chance that stand for all others, or fewer as of a property."""
    few = pytestconfig.getoption("--few-examples")
    return lambda number: range(max(1, number // FEWER) if few else number)


def try_few_examples(test: Callable[..., object]) -> None:
    """Have a test of a property try some of the examples that its settings ask for."""
    test = getattr(test, "__func__", test)
    if is_hypothesis_test(test):
        asked = test._hypothesis_internal_use_settings  # type: ignore[attr-defined]
        few = settings(asked, max_examples=max(1, asked.max_examples // FEWER))
        test._hypothesis_internal_use_settings = few  # type: ignore[attr-defined]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    item.stash[_started] = _cpu_s()
    if cache := sys.modules.get("corridor.topologies.base.disk_cache"):
        cache._ignored.clear()  # a command with --no-cache may have run in this process


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call):
    report = yield
    if call.when == "teardown":
        report.cpu_s = _cpu_s() - item.stash[_started]
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Also called in the process that hands the files out."""
    cost = getattr(report, "cpu_s", 0.0)
    _costs[_file(report.nodeid)] += cost
    if not ELSEWHERE & report.keywords.keys():
        _costs[report.nodeid] += cost


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--record-costs")
    if target and not hasattr(session.config, "workerinput"):
        before = json.loads(Path(target).read_text()) if Path(target).exists() else {}
        after = before | {file: round(cost, 1) for file, cost in _costs.items()}
        kept = {
            name: cost
            for name, cost in sorted(after.items())
            if cost >= (QUICK_S if "::" in name else LEAST_S)
        }
        Path(target).write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


def _cpu_s() -> float:
    """CPU seconds of this process and of its children, also of those that serve later tests."""
    spent = os.times()
    ended = spent.user + spent.system + spent.children_user + spent.children_system
    with contextlib.suppress(OSError):  # not every kernel lists children
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return ended + sum(map(_ticks_of, children)) / os.sysconf("SC_CLK_TCK")
    return ended


def _ticks_of(child: str) -> int:
    """Clock ticks of a child and of its own children that have ended: 0 if it ends just now."""
    with contextlib.suppress(OSError):
        fields = Path("/proc", child, "stat").read_text().rpartition(")")[2].split()
        return sum(map(int, fields[11:15]))
    return 0
