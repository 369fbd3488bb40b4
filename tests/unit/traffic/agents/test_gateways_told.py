"""The controller's line to those who run the gateways."""

import json
import os
import socket
import threading

import pytest

from corridor.controller.openflow.deployments import Assessed
from corridor.controller.openflow.errors import GatewaysError
from corridor.controller.reconcile.gateways import GatewaysLink, NoGateways
from corridor.traffic.agents.gateway_supervisor import Gateways
from corridor.traffic.agents.inspection import LABEL_NOT_ASSESSED, PASSED, Inspector

DEMAND = {"demand": "ckpt", "src": "10.0.0.1", "dst": "10.0.0.2"}
LABELS = {"bangkok": {16: Assessed(**DEMAND)}, "kunming": {}}


def frame(label):
    ip = bytes.fromhex("450000140000000040110000") + bytes([10, 0, 0, 1, 10, 0, 0, 2])
    return bytes(12) + b"\x88\x47" + ((label << 12) | 0x140).to_bytes(4) + ip


def test_other_labels_count_from_the_next_frame_on_and_counts_go_on():
    inspector = Inspector({"16": DEMAND})
    assert inspector.inspect(frame(16)).header.reason == PASSED
    inspector.assess({"17": DEMAND})
    assert inspector.inspect(frame(16)).header.reason == LABEL_NOT_ASSESSED
    assert inspector.inspect(frame(17)).header.reason == PASSED
    assert sum(total["packets"] for total in inspector.totals()) == 3


@pytest.fixture
def place(tmp_path):
    """Where gateways listen that none has been started for."""
    path = str(tmp_path / "gateways.sock")
    plans = {hub: {"labels": {}} for hub in LABELS}
    gateways = Gateways({"out_dir": str(tmp_path), "gateways": plans, "socket": path})
    listener = gateways._listener
    gateways._poll.register(listener.fileno(), 1)
    stopped = threading.Event()

    def serve():
        while not stopped.is_set():
            for descriptor, _ in gateways._poll.poll(50):
                gateways._hear(descriptor)

    thread = threading.Thread(target=serve)
    thread.start()
    yield path, plans
    stopped.set()
    thread.join()
    listener.close()


def test_gateways_agree_to_what_they_are_told(place):
    path, plans = place
    GatewaysLink(path).assess(LABELS)
    assert plans == {"bangkok": {"labels": {"16": DEMAND}}, "kunming": {"labels": {}}}
    GatewaysLink(path).assess({"bangkok": {}, "kunming": {}})
    assert plans["bangkok"]["labels"] == {}


def test_a_gateway_that_nobody_runs_is_an_error_only_where_it_is_needed(place):
    path, _ = place
    link = GatewaysLink(path)
    with pytest.raises(GatewaysError, match="no gateway at lagos"):
        link.assess({"lagos": LABELS["bangkok"]})
    link.assess({"lagos": LABELS["bangkok"]}, needed=())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "JSONDecodeError"),
        (b'{"do": "stop"}', "only the runner may stop"),
        (b'{"do": "assess", "hub": "bangkok", "labels": {"x": {}}}', "ValueError"),
        (b'{"do": "assess", "hub": "bangkok", "labels": {"16": {"demand": "a"}}}', "KeyError"),
        (b"[]", "TypeError"),
    ],
)
def test_what_is_not_understood_is_refused_and_the_line_stays_open(place, line, said):
    path, _ = place
    with socket.socket(socket.AF_UNIX) as link, link.makefile("rb") as answers:
        link.connect(path)
        for _ in range(2):
            link.sendall(line + b"\n")
            assert said in json.loads(answers.readline())["refused"]["reason"]


def test_nobody_there_is_an_error_only_if_there_is_something_to_tell(tmp_path):
    gone = GatewaysLink(os.fspath(tmp_path / "nothing.sock"))
    unset = "nothing is configured that tells the gateways of bangkok their labels"
    for link, said in ((gone, "gateways: "), (NoGateways(), unset)):
        link.assess({"kunming": {}})
        with pytest.raises(GatewaysError, match=said):
            link.assess(LABELS)
