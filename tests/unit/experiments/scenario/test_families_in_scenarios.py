"""Demands of IPv6: which a scenario has, what they send, and mistakes in one line."""

import json

import pytest

from corridor.experiments.account.packet_classes import selected
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.traffic.agents.jobs import Job
from corridor.traffic.agents.messages import ConnectionEnd
from corridor.traffic.agents.reflector import Reflector
from corridor.traffic.agents.stream_in import StreamIn

HEAD = "schema: 1\nname: families\ntopology: mini\nprobe: {interval: 20ms, count: 50}\n"
ONE = "- {id: one, class: infer, src: shanghai, dst: guian"
TWO = "- {id: two, class: dr, src: kunming, dst: karachi"
STREAM = ", throughput: {udp: 10%, tcp: true, duration: 1s}}\n"
CHAT = "workloads:\n- {id: chat, shipped: infer-chat, class: infer, interval: 100ms, gap: 5ms}\n"


@pytest.fixture
def read(tmp_path):
    def load(demands, head=""):
        (tmp_path / "families.yaml").write_text(HEAD + head + "demands:\n" + demands)
        return load_scenario(str(tmp_path / "families.yaml"))

    return load


def families(loaded):
    return {one.id: one.family for one in loaded.scenario.demands}


def test_a_dual_demand_is_one_of_ipv4_and_behind_all_others_one_of_ipv6(read):
    found = families(read(f"{ONE}, family: dual}}\n{TWO}}}\n"))
    assert [*found.items()] == [("one", "ipv4"), ("two", "ipv4"), ("one-ipv6", "ipv6")]


def test_the_family_of_the_scenario_is_that_of_demands_without_one(read):
    loaded = read(f"{ONE}}}\n{TWO}, family: ipv4}}\n", "family: ipv6\n")
    assert families(loaded) == {"one": "ipv6", "two": "ipv4"}
    assert [one.family for one in loaded.scenario.demands] == ["ipv6", "ipv4"]


def test_answers_are_of_the_family_of_their_demand(read):
    loaded = read(f"{ONE}, family: ipv6}}\n")
    (demand,) = loaded.scenario.demands
    answers = demand.ruled(None).to(demand.dst).returning()
    assert answers.family == "ipv6"


def test_nothing_is_said_of_families_where_all_is_ipv4(read):
    loaded = read(f"{ONE}}}\n")
    assert "family" not in json.dumps(loaded.scenario.model_dump(mode="json", by_alias=True))
    plan = make_plan_unsent(loaded)
    assert "ipv6" not in json.dumps(to_plain(plan))
    assert "family" not in json.dumps(plan.job.to_plain())


@pytest.fixture
def plan(read):
    return make_plan_unsent(read(f"{ONE}, family: dual}}\n{TWO}, family: ipv6{STREAM}{CHAT}"))


def test_a_plan_sends_by_the_addresses_of_the_family(plan):
    assert plan.wiring.ipv6
    address = {host.name: host.ip("ipv6") for host in plan.wiring.hosts}
    reflectors = {(host.name, one.ip) for host in plan.job.hosts for one in host.of(Reflector)}
    assert reflectors == {
        ("guian", "10.0.0.2"),
        ("guian", address["guian"]),
        ("karachi", address["karachi"]),
    }
    (transfer,) = plan.transfers
    assert (transfer.src_ip, transfer.dst_ip) == (address["kunming"], address["karachi"])
    received = [one for host in plan.job.hosts for one in host.of(StreamIn)]
    assert [one.family for one in received] == ["ipv6"]
    ends = {one.local_ip for host in plan.job.hosts for one in host.of(ConnectionEnd)}
    assert ends == {"10.0.0.1", "10.0.0.2", address["shanghai"], address["guian"]}


def test_packets_of_both_families_count_in_classes_of_their_own(plan):
    keys = [
        (one.protocol, one.src_ip, one.dst_ip, one.src_port, one.dst_port) for one in selected(plan)
    ]
    assert len(keys) == len(set(keys))
    assert {":" in one.src_ip for one in selected(plan)} == {True, False}


def test_a_plan_of_both_families_is_read_back_as_it_was(plan):
    assert from_plain(Plan, json.loads(json.dumps(to_plain(plan)))) == plan
    assert Job.from_plain(json.loads(plan.job.to_json())) == plan.job


@pytest.mark.parametrize(
    ("demands", "head", "message"),
    [
        (f"{ONE}, family: ipv7}}\n", "", "family"),
        (f"{ONE}, family: dual}}\n{TWO.replace('two', 'one-ipv6')}}}\n", "", "used 2 times"),
        (
            f"{ONE}, family: ipv6, probe: {{size: 86B}}}}\n",
            "",
            'a probe of 86 B is too small for "one", which is of IPv6',
        ),
        (f"{ONE}, family: ipv6, probe: {{size: 108B}}}}\n", "", "a probe of 108 B is too small"),
    ],
)
def test_a_mistake_is_one_line(read, demands, head, message):
    with pytest.raises(InputError, match=message):
        read(demands, head)


def test_probes_may_be_as_small_as_their_headers_are(read):
    loaded = read(f"{ONE}, family: ipv6, probe: {{size: 106B}}}}\n")
    assert families(loaded) == {"one": "ipv6"}
