"""The learning switch that stock Mininet scripts find as their default controller."""

from types import SimpleNamespace

import pytest

from corridor.controller.openflow.framework import ofproto, parser
from corridor.controller.reconcile.learning_app import LearningSwitch

SWITCH, HOST, PORT = 1, "00:00:00:00:00:01", 3


class Datapath(SimpleNamespace):
    def send_msg(self, message):
        self.sent.append(message)


@pytest.fixture
def datapath():
    return Datapath(id=SWITCH, ofproto=ofproto, ofproto_parser=parser, sent=[])


@pytest.fixture
def app(datapath):
    app = LearningSwitch()
    app.switch_features_handler(SimpleNamespace(msg=SimpleNamespace(datapath=datapath)))
    app.mac_to_port[SWITCH] = {HOST: PORT}
    return app


def removed(datapath, priority, reason):
    return SimpleNamespace(msg=SimpleNamespace(datapath=datapath, priority=priority, reason=reason))


def test_a_switch_reports_the_end_of_its_table_miss_entry(app, datapath):
    (entry,) = datapath.sent
    assert (entry.priority, entry.flags) == (0, ofproto.OFPFF_SEND_FLOW_REM)
    assert entry.instructions[0].actions[0].port == ofproto.OFPP_CONTROLLER


def test_an_emptied_switch_gets_the_table_miss_entry_again_and_learns_anew(app, datapath):
    app._emptied(removed(datapath, 0, ofproto.OFPRR_DELETE))
    first, again = datapath.sent
    assert again.to_jsondict() == first.to_jsondict()
    assert SWITCH not in app.mac_to_port


def test_other_entries_end_without_an_answer(app, datapath):
    app._emptied(removed(datapath, 1, ofproto.OFPRR_DELETE))
    app._emptied(removed(datapath, 0, ofproto.OFPRR_IDLE_TIMEOUT))
    assert len(datapath.sent) == 1
    assert app.mac_to_port[SWITCH] == {HOST: PORT}
