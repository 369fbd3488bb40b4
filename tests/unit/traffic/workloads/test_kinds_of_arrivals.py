"""Send times are exact integers, the same on every machine, of whatever kind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corridor.topologies.base.seeds import seed_of
from corridor.traffic import workloads as arrivals
from corridor.traffic.workloads.arrival_kind import ArrivalKind, SplitMix64
from corridor.traffic.workloads.arrivals import KINDS, send_times
from kinds_lab import arrival_of, named_in

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
ROOT = Path(__file__).resolve().parents[4]


def test_every_file_of_a_kind_is_in_the_registry() -> None:
    assert named_in(arrivals, ArrivalKind) == dict(KINDS)


@every_kind
@given(seed=st.integers(0, 2**63), interval_ns=st.integers(1, 10**9), count=st.integers(0, 50))
def test_times_depend_on_the_seed_alone_and_never_go_back(
    kind: ArrivalKind, seed: int, interval_ns: int, count: int
) -> None:
    planned = arrival_of(kind.example).planned
    times = list(send_times(planned, 9, interval_ns, count, seed))
    again = send_times(json.loads(json.dumps(planned)), 9, interval_ns, count, seed)
    assert times == list(again)
    assert len(times) == count
    assert times == sorted(times)
    assert all(type(time) is int and time >= 9 for time in times)


@every_kind
def test_each_name_has_a_sequence_of_its_own_if_its_kind_draws_at_all(kind: ArrivalKind) -> None:
    planned = arrival_of(kind.example).planned
    found = {
        tuple(send_times(planned, 0, 10_000_000, 50, seed_of(1, "arrivals of", name)))
        for name in ("one", "two", "three")
    }
    assert len(found) == (3 if kind.draws else 1)
    assert len({times[0] for times in found}) == len(found), "the first times are the same"


def test_agents_know_every_kind_by_the_standard_library_alone() -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT / '.package')!r})\n"
        "import corridor.traffic.agents.agent, corridor.traffic.workloads.arrivals\n"
        "known = {'corridor', '__main__', *sys.stdlib_module_names} - {'dataclasses', 'random'}\n"
        "print({name.partition('.')[0] for name in sys.modules} - known)"
    )
    command = [sys.executable, "-I", "-S", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


POISSON_OF_SEED_1 = [11_363_390, 17_229_835, 17_818_354, 34_040_794, 50_267_488]


def test_a_periodic_stream_never_drifts() -> None:
    assert [*send_times("periodic", 5, 20_000_000, 3)] == [5, 20_000_005, 40_000_005]
    assert send_times("periodic", 0, 333_333_333, 10**4)[-1] == 333_333_333 * (10**4 - 1)
    assert not send_times("periodic", 7, 10, 0)
    assert len(send_times("periodic", 0, 1, 10**12)) == 10**12, "they take no room"


def test_poisson_arrivals_of_seed_1_are_these() -> None:
    assert send_times("poisson", 0, 20_000_000, 5, seed=1) == POISSON_OF_SEED_1


def test_splitmix64_of_seed_1234567_gives_the_published_numbers() -> None:
    generator = SplitMix64(1234567)
    assert [generator.next() for _ in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_poisson_gaps_have_the_mean_and_the_tail_of_the_exponential() -> None:
    mean, count = 1_000_000, 40_000
    times = send_times("poisson", 0, mean, count, seed=7)
    gaps = [b - a for a, b in zip([0, *times], times, strict=False)]
    assert abs(sum(gaps) / count / mean - 1) < 0.02
    beyond = sum(gap > 2 * mean for gap in gaps) / count
    assert abs(beyond - 0.1353) < 0.01
    assert min(gaps) >= 0


def test_an_unknown_arrival_process_is_refused() -> None:
    with pytest.raises(ValueError, match=f"unknown: there are {', '.join(KINDS)}"):
        send_times("fractal", 0, 1, 1)
