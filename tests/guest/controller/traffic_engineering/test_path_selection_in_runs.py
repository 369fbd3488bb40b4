"""Rates that fit only on jointly selected paths are met under load, with the fibre cut."""

from pathlib import Path

import pytest

from corridor.experiments.plan.plan import make_plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.errors import InputError
from corridor_runs import run

pytestmark = [pytest.mark.guest, pytest.mark.usefixtures("virtual_kernel")]
EXAMPLE = Path(__file__).resolve().parents[4] / "examples" / "fitting_rates.yaml"
KEPT = 0.97
MOST_PROBES, STREAMED = 1100, 40_000


@pytest.fixture(scope="module")
def ran(tmp_path_factory, virtual_kernel, client):
    folder = tmp_path_factory.mktemp("fitting") / "result"
    found = run(folder, EXAMPLE, "--testbed", "uml", "--clock", "virtual", client=client)
    assert found.code == 0, found.said + found.complained
    return found


def test_rates_are_kept_under_load_with_the_fibre_cut(ran):
    account = ran.summary["account"]
    assert account["closes"]
    assert account["sent"] > MOST_PROBES + STREAMED
    lost = [one for one in account["demands"] if one["kind"] == "stream"]
    assert [one["demand"] for one in lost] == ["training"], "the others lost nothing"
    assert lost[0]["delivered"] >= KEPT * lost[0]["sent"]
    assert "queue" not in account["lost"], account["lost"]


def test_the_same_rates_are_refused_on_the_shortest_paths(tmp_path):
    text = EXAMPLE.read_text(encoding="utf-8").replace("added-delay", "none")
    alone = tmp_path / "alone.yaml"
    alone.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="105Mbit do not fit fibre shanghai-guian"):
        make_plan(load_scenario(alone), clock="virtual", run_id="a", seed=1)
