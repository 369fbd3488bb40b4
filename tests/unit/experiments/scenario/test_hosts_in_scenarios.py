"""Demands between hosts behind hubs: who sends what to whom, and mistakes in one line."""

import pytest

from corridor.experiments.account.packet_classes import selected
from corridor.experiments.plan.plan import make_plan_unsent
from corridor.experiments.plan.values import Plan
from corridor.experiments.scenario.intents import turned_demands
from corridor.experiments.scenario.scenario import load_scenario
from corridor.topologies.base.codec import from_plain, to_plain
from corridor.topologies.base.errors import InputError
from corridor.traffic.agents.messages import ConnectionEnd
from corridor.traffic.agents.probe import Probe
from corridor.traffic.agents.reflector import Reflector
from corridor.traffic.agents.stream_in import StreamIn
from corridor.traffic.agents.stream_out import StreamOut

HOSTS = """\
name: several
extends: [mini]
hosts:
- {id: web1, hub: shanghai}
- {id: web2, hub: shanghai}
- {id: db1, hub: karachi}
"""
HEAD = """\
schema: 1
name: hosts
topology: several.yaml
probe: {interval: 20ms, count: 50}
demands:
"""
ORDERS = "- {id: orders, class: infer, src: web1, dst: db1}\n"
BOTH = (
    ORDERS
    + "- {id: more, class: dr, src: db1, dst: web1, throughput: {udp: 10%, duration: 1s}}\n"
    + "- {id: plain, class: dr, src: web2, dst: karachi}\n"
    + "workloads:\n- {id: chat, shipped: infer-chat, class: infer, interval: 100ms, gap: 5ms}\n"
)


@pytest.fixture
def read(tmp_path):
    def load(demands):
        (tmp_path / "several.yaml").write_text(HOSTS)
        (tmp_path / "hosts.yaml").write_text(HEAD + demands)
        return load_scenario(str(tmp_path / "hosts.yaml"))

    return load


def parts_of(plan, kind):
    return {(host.name, one.demand) for host in plan.job.hosts for one in host.of(kind)}


def test_a_demand_has_the_hubs_of_its_hosts(read):
    (orders,) = read(ORDERS).scenario.demands
    assert (orders.src, orders.dst, orders.hosts) == ("shanghai", "karachi", ("web1", "db1"))
    assert orders.ruled(None).model_dump(by_alias=True)["src_host"] == "web1"


def test_demands_between_default_hosts_are_written_as_before(read):
    (plain,) = read("- {id: plain, class: dr, src: shanghai, dst: karachi}\n").scenario.demands
    assert not {"src_host", "dst_host"} & plain.model_dump().keys()
    assert plain.hosts == ("shanghai", "karachi")


def test_agents_of_the_named_hosts_send_and_receive(read):
    plan = make_plan_unsent(read(BOTH))
    assert parts_of(plan, Probe) == {("web1", 0), ("db1", 1), ("web2", 2)}
    reflectors = {(host.name, one.ip) for host in plan.job.hosts for one in host.of(Reflector)}
    assert reflectors == {
        ("web1", "10.16.1.1"),
        ("db1", "10.16.5.1"),
        ("karachi", "10.0.0.5"),
    }
    streams = [
        [host.name for host in plan.job.hosts if host.of(kind)] for kind in (StreamOut, StreamIn)
    ]
    assert streams == [["db1"], ["web1"]]
    ends = {
        (host.name, one.role, one.local_ip, one.peer_ip)
        for host in plan.job.hosts
        for one in host.of(ConnectionEnd)
    }
    assert ends == {
        ("web1", "listens", "10.16.1.1", "10.16.5.1"),
        ("db1", "connects", "10.16.5.1", "10.16.1.1"),
    }
    assert turned_demands(read(BOTH).scenario.demands) == {0}
    assert from_plain(Plan, to_plain(plan)) == plan


def test_packets_are_counted_by_the_addresses_of_their_hosts(read):
    plan = make_plan_unsent(read(ORDERS))
    ends = {(one.src_ip, one.dst_ip) for one in selected(plan)}
    assert ends == {("10.16.1.1", "10.16.5.1"), ("10.16.5.1", "10.16.1.1")}


@pytest.mark.parametrize(
    ("ends", "complaint"),
    [
        ("src: web3, dst: db1", 'hosts.yaml:6: demand "one" names unknown hub or host "web3"'),
        ("src: web1, dst: web2", 'hosts.yaml:6: demand "one" starts and ends at "shanghai"'),
        ("src: web1, dst: shanghai", "name a host behind another hub"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_line(read, ends, complaint):
    with pytest.raises(InputError) as caught:
        read(f"- {{id: one, class: infer, {ends}}}\n")
    assert complaint in f"{caught.value} {caught.value.hint}"
