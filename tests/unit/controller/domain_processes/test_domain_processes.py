"""Processes of domains over TLS: what they agree on, and what they refuse and count."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from corridor.controller.domain_processes.certificates import Authority, context
from corridor.controller.domain_processes.launch import DomainProcesses
from corridor.controller.domain_processes.process import framed
from corridor.controller.domains.in_memory import whole_path
from corridor.controller.domains.messages import MOST_BYTES, Frame, Prepare, Query, encoded
from corridor.controller.policy.product import Place
from corridor.experiments.scenario.intents import specify
from corridor.experiments.scenario.scenario import load_under, under_given

EXAMPLE = Path(__file__).parents[4] / "examples/two_operators.yaml"
NORTH, SOUTH = "north@CN", "south@TH"


@pytest.fixture(scope="module")
def net(tmp_path_factory) -> Iterator[DomainProcesses]:
    specification = specify(load_under(str(EXAMPLE), under_given(None, None)))
    with DomainProcesses(specification, tmp_path_factory.mktemp("domains")) as net:
        settle(net)
        yield net


def settle(net: DomainProcesses) -> None:
    for _ in range(1000):
        if all(one["settled"] for one in net.order(net.sights, "status").values()):
            return
    raise AssertionError("domains do not come to rest")


def refusals(net: DomainProcesses, name: str) -> dict[str, int]:
    return net.order([name], "status")[name]["refused"]


def spoken(net: DomainProcesses, data: bytes, folder: Path) -> str:
    """What the process of the south answers to one frame; empty if it hangs up."""
    try:
        with (
            socket.create_connection(("127.0.0.1", net.ports[SOUTH]), 5) as plain,
            context(folder, is_server=False).wrap_socket(plain) as link,
        ):
            link.sendall(data)
            length = int.from_bytes(link.recv(4))
            return json.loads(link.recv(length))["refused"] if length else ""
    except OSError:
        return ""


def test_they_find_the_paths_of_one_controller_and_their_tables_are_proven(net):
    found = {
        net.specification.directions[number - 1].demand.id: whole_path(parts).hubs
        for number, parts in net.paths().items()
    }
    assert len(found) == 6
    assert found["render"] == ("guian", "kunming", "bangkok")
    assert net.violated() == []


def frame(**more) -> Frame:
    made = {"sender": NORTH, "to": SOUTH, "boot": 99, "number": 1, "items": ()}
    digest = "0" * 16
    return Frame.model_validate({**made, "policies": digest, **more})


def test_what_is_wrong_is_refused_in_one_line_and_counted(net):
    mine = net.folders[NORTH]
    good = encoded(frame())
    plain = json.loads(good)
    old = Prepare(query=Query(1, 0, 1), epoch=0, place=Place("bangkok", ()), before=(), fibre="x")
    cases = [
        ("malformed", b"not JSON"),
        ("version", json.dumps({**plain, "version": 2}).encode()),
        ("certificate", encoded(frame(sender="south@PK"))),
        ("receiver", encoded(frame(to="south@PK"))),
    ]
    before = refusals(net, SOUTH)
    for kind, data in cases:
        answer = spoken(net, framed(data), mine)
        assert answer.startswith(f"{kind}: ")
        assert "\n" not in answer
    too_long = (MOST_BYTES + 1).to_bytes(4)
    assert spoken(net, too_long, mine).startswith("too large: 1048577 octets")
    assert spoken(net, framed(encoded(frame(items=(old,)))), mine) == ""  # the frame is taken
    assert spoken(net, framed(good), mine) == "replayed: frame 1 of start 99"
    after = refusals(net, SOUTH)
    more = {kind: after[kind] - before.get(kind, 0) for kind in after}
    wanted = {kind: 1 for kind, _ in cases} | {"too large": 1, "replayed": 1, "other policies": 1}
    assert {kind: count for kind, count in more.items() if count} == wanted
    log = (net.folders[SOUTH] / "refused.log").read_text().splitlines()
    assert "south@TH refused a message of north@CN: version: 2, and this controller has 1" in log


def test_a_certificate_of_another_authority_opens_nothing(net, tmp_path):
    Authority().write(tmp_path, NORTH)
    (tmp_path / "authority.pem").write_bytes((net.folders[NORTH] / "authority.pem").read_bytes())
    before = refusals(net, SOUTH).get("certificate", 0)
    assert spoken(net, framed(encoded(frame())), tmp_path) == ""
    assert refusals(net, SOUTH)["certificate"] == before + 1


def test_a_process_that_is_killed_takes_over_from_its_file(net):
    paths = net.paths()
    net.kill(SOUTH)
    net.start_again(SOUTH)
    assert net.violated() == []
    settle(net)
    assert net.paths() == paths
    assert net.controllers()[SOUTH].state.boot == 3  # the reader counts as a start, too


def test_keys_are_private(net):
    assert all((one / "key.pem").stat().st_mode & 0o077 == 0 for one in net.folders.values())
