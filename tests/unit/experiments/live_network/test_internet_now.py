"""What the cuts of a live network do to Internet traffic: the same answer as that of a scenario."""

import argparse
import asyncio
from contextlib import contextmanager
from datetime import date
from types import SimpleNamespace

import pytest

import corridor
from corridor.experiments.live_commands import cut
from corridor.experiments.live_network import client, session, setting
from corridor.experiments.live_network.page_app import PageServer, internet_now
from corridor.experiments.text.internet_text import internet_sentence
from corridor.topologies.base.codec import to_plain
from corridor.topologies.formats.load import load_topology

FIBRE = "smw4-karachi-jeddah"
DAY = "2025-09-06"
FAULTS = [{"kind": "cut", "what": FIBRE}, {"kind": "degrade", "what": "tw1-karachi-fujairah"}]


@pytest.fixture(scope="module")
def topology():
    return load_topology("pan-asia")


@pytest.fixture(scope="module")
def of_a_scenario():
    return corridor.cut(FIBRE, as_of=DAY).internet


def test_it_is_the_answer_of_the_same_cut_of_a_scenario(topology, of_a_scenario):
    found = internet_now(topology, date.fromisoformat(DAY), FAULTS)
    assert found == of_a_scenario
    assert found.countries


@pytest.mark.parametrize(("name", "faults"), [("pan-asia", FAULTS[1:]), ("mini", FAULTS[:1])])
def test_there_is_none_without_cuts_or_internet_traffic(topology, name, faults):
    of = topology if name == topology.name else load_topology(name)
    fault = [{**one, "what": "guian-kunming"} if name == "mini" else one for one in faults]
    assert internet_now(of, date.fromisoformat(DAY), fault) is None


class Asked:
    """Operations and a controller, for the page and for the command."""

    def __init__(self, faults):
        self.faults = faults

    async def ask(self, do):
        return {"faults": self.faults} if do == "lasting" else {}

    async def read(self, of):
        return {"as_of": DAY} if of == "status" else {}


@pytest.mark.parametrize("faults", [FAULTS, []])
def test_the_page_has_the_answer_and_its_sentence(topology, of_a_scenario, faults):
    asked = Asked(faults)
    server = SimpleNamespace(operations=asked, link=asked, topology=topology)
    said = asyncio.run(PageServer._internet(server))
    if faults:
        assert said["cut"] == to_plain(of_a_scenario)
        assert said["said"] == internet_sentence(of_a_scenario)
    else:
        assert said == {"cut": None, "said": ""}


@pytest.mark.parametrize("noted", [True, False])
def test_the_command_states_it_after_the_cut_if_the_map_has_internet_traffic(
    noted, topology, of_a_scenario, monkeypatch, capsys
):
    class Client:
        def ask(self, do, **_):
            return {"faults": FAULTS} if do == "lasting" else {"changed": True}

    @contextmanager
    def reached(_):
        yield Client()

    one = SimpleNamespace(
        url="http://127.0.0.1:1",
        token_file="token",
        name="one",
        out="out",
        has_internet_traffic=noted,
    )
    kept = SimpleNamespace(specification=SimpleNamespace(topology=topology))
    monkeypatch.setattr(cut, "reached", reached)
    monkeypatch.setattr(cut, "_is_a_question", lambda _: False)
    monkeypatch.setattr(session, "find", lambda _: one)
    monkeypatch.setattr(setting.Setting, "read", lambda _: kept)
    monkeypatch.setattr(client, "Api", lambda *_: SimpleNamespace(get=lambda _: {"as_of": DAY}))
    parser = argparse.ArgumentParser()
    cut.add_parser(parser.add_subparsers())
    assert cut.run(parser.parse_args(["cut", FIBRE])) == 0
    said = capsys.readouterr().out
    if not noted:
        assert said == f"cut {FIBRE}: begun\n"
        return
    assert said.startswith(f"cut {FIBRE}: begun\n{internet_sentence(of_a_scenario)[:60]}")
    assert "Internet traffic not carried, busy hour of 2025-09-06" in said
