"""Connections to switches: only the current one sends, and which ones are read.

Its real twins are the guest tests of live networks and restarts.
"""

import itertools
import struct

import pytest

from corridor.controller.forwarding.program import Flow, Table
from corridor.controller.openflow.channel import OpenFlowChannel
from corridor.controller.openflow.decoding import ANSWERS, read_reply
from corridor.controller.openflow.errors import Lost, Refused, SwitchTimeout
from corridor.controller.openflow.framework import hub, ofproto, parser
from corridor.controller.openflow.modifications import Modification
from corridor.controller.reconcile import following_app
from switch_messages import entry, multipart

DPID = 7
NAMES = {ofproto.OFPT_FLOW_MOD: "entry", ofproto.OFPT_BARRIER_REQUEST: "barrier"}
OURS = entry(cookie=0xC0DA << 48)
ENTRY = Flow(Table.SWITCH, 500, (("in_port", 3),), (), None, 0x1234)


class Connection:
    """As a framework's datapath: a switch that answers barriers, unless it is deaf."""

    ofproto, ofproto_parser = ofproto, parser
    xids = itertools.count(1)

    def __init__(self, board, deaf=False, refuses=False):
        self.id = DPID
        self.board = board
        self.deaf = deaf
        self.refuses = refuses
        self.got = []

    def set_xid(self, message):
        message.set_xid(next(self.xids))
        return message.xid

    def send(self, octets):
        while octets:
            _, kind, length, xid = struct.unpack_from("!BBHI", octets)
            self.hear(kind, xid, octets[8:length])
            octets = octets[length:]
        return True

    def hear(self, kind, xid, body):
        self.got.append(NAMES[kind])
        if self.refuses and kind == ofproto.OFPT_FLOW_MOD:
            self.say(parser.OFPErrorMsg(self, ofproto.OFPET_FLOW_MOD_FAILED, 1), xid)
        if kind == ofproto.OFPT_BARRIER_REQUEST and not self.deaf:
            self.say(parser.OFPBarrierReply(self), xid)

    def say(self, message, xid):
        message.set_xid(xid)
        self.board.hear(message)


@pytest.fixture
def board():
    return OpenFlowChannel(answer_s=0.05)


def tell(board):
    board.tell({DPID: [Modification("add", ENTRY)]})


def test_orders_end_when_the_switch_has_said_that_it_is_done(board):
    connection = Connection(board)
    board.connect(connection)
    tell(board)
    assert connection.got == ["entry", "barrier"]


def test_what_a_switch_refuses_is_matched_to_who_asked(board):
    board.connect(Connection(board, refuses=True))
    with pytest.raises(Refused, match="switch 7 refuses: type 5 code 1"):
        tell(board)
    assert board.unasked_errors == []


def test_a_switch_that_does_not_answer_is_named(board):
    board.connect(Connection(board, deaf=True))
    with pytest.raises(SwitchTimeout) as problem:
        tell(board)
    assert problem.value.dpids == {DPID}


def test_switches_are_waited_for_as_long_as_one_after_another_answers():
    board = OpenFlowChannel(answer_s=1.0)

    class Slow(Connection):
        """Answers after 0.6 s times its number."""

        def __init__(self, number):
            super().__init__(board, deaf=True)
            self.id = number

        def hear(self, kind, xid, body):
            if kind == ofproto.OFPT_BARRIER_REQUEST:
                hub.spawn(self.later, xid)

        def later(self, xid):
            hub.sleep(0.6 * self.id)
            self.say(parser.OFPBarrierReply(self), xid)

    for number in (1, 2):
        board.connect(Slow(number))
    board.tell({number: [Modification("add", ENTRY)] for number in (1, 2)})
    board.connect(Slow(4))
    with pytest.raises(SwitchTimeout) as problem:
        board.tell({number: [Modification("add", ENTRY)] for number in (1, 4)})
    assert problem.value.dpids == {4}


def test_who_waits_for_a_connection_hears_that_another_has_taken_its_place(board):
    class Replaced(Connection):
        def hear(self, kind, xid, body):
            if kind == ofproto.OFPT_BARRIER_REQUEST:
                board.connect(Connection(board))

    board.connect(Replaced(board, deaf=True))
    with pytest.raises(Lost, match="switch 7 went away"):
        tell(board)


def test_nothing_is_sent_to_a_connection_that_has_been_replaced_and_nothing_heard_from_it(board):
    old = Connection(board)
    board.connect(old)
    board.connect(Connection(board))
    tell(board)
    assert old.got == []
    assert not board.is_current(old)

    class Haunted(Connection):
        """The old one answers in its place."""

        def hear(self, kind, xid, body):
            if kind == ofproto.OFPT_BARRIER_REQUEST:
                old.say(parser.OFPBarrierReply(old), xid)

    board.connect(Haunted(board))
    with pytest.raises(SwitchTimeout):
        tell(board)


@pytest.mark.parametrize(
    "call",
    [
        tell,
        lambda board: board.bundle({DPID: [Modification("add", ENTRY)]}),
        lambda board: board.dump({DPID}),
        lambda board: board.port_counts({DPID}),
    ],
    ids=["tell", "bundle", "dump", "port_counts"],
)
def test_what_was_numbered_for_one_connection_is_not_sent_by_another(board, call):
    """Its replies would be read as answers to nothing that was asked there."""

    class Next(Connection):
        def hear(self, kind, xid, body):
            self.got.append(kind)

    class Replaced(Connection):
        """Is replaced after its first number was taken."""

        def set_xid(self, message):
            if board.is_current(self):
                board.connect(after)
            return super().set_xid(message)

    before, after = Replaced(board), Next(board)
    board.connect(before)
    with pytest.raises(Lost, match="switch 7 went away"):
        call(board)
    assert (before.got, after.got) == ([], [])


def test_the_end_of_a_connection_that_has_been_replaced_is_nobodys_loss(board):
    old, new = Connection(board), Connection(board)
    board.connect(old)
    board.connect(new)
    assert not board.disconnect(old)
    assert board.connected == {DPID}
    assert board.disconnect(new)
    with pytest.raises(Lost, match="switch 7 is away"):
        tell(board)


class Bundling(Connection):
    """Records by name the bundle messages that it receives, and answers as long as it agrees."""

    CONTROLS = ("open", "opened", "close", "closed", "commit", "committed", "discard", "discarded")

    def __init__(self, board, number, log):
        super().__init__(board)
        self.id, self.log = number, log
        self.refused = ""

    def hear(self, kind, xid, body):
        assert kind == ofproto.OFPT_EXPERIMENTER
        _, experiment, number = struct.unpack_from("!III", body)
        if experiment == ofproto.ONF_ET_BUNDLE_ADD_MESSAGE:
            assert struct.unpack_from("!I", body, 20) == (xid,)
            self.log.append((self.id, "entry"))
            return
        what, flags = struct.unpack_from("!HH", body, 12)
        self.log.append((self.id, self.CONTROLS[what]))
        if self.CONTROLS[what] == self.refused:
            self.say(parser.OFPErrorMsg(self, ofproto.OFPET_EXPERIMENTER, 2300), xid)
        else:
            self.say(parser.ONFBundleCtrlMsg(self, number, what + 1, flags, []), xid)


def test_no_bundle_is_committed_before_all_switches_have_closed_theirs(board):
    log = []
    for number in (1, 2):
        board.connect(Bundling(board, number, log))
    board.bundle({number: [Modification("add", ENTRY)] * 2 for number in (1, 2)})
    filled = ["open", "entry", "entry", "close"]
    assert log == [
        *((1, what) for what in filled),
        *((2, what) for what in filled),
        (1, "commit"),
        (2, "commit"),
    ]


@pytest.mark.parametrize("what", ["open", "close"])
def test_a_bundle_that_one_switch_refuses_is_discarded_everywhere(board, what):
    log = []
    switches = [Bundling(board, number, log) for number in (1, 2)]
    for one in switches:
        board.connect(one)
    switches[1].refused = what
    with pytest.raises(Refused, match="switch 2 refuses"):
        board.bundle({number: [Modification("add", ENTRY)] for number in (1, 2)})
    assert not [said for _, said in log if said == "commit"]
    assert log[-2:] == [(1, "discard"), (2, "discard")]
    assert board.unasked_errors == []


def test_a_bundle_that_cannot_be_filled_everywhere_is_discarded_where_it_can_be(board):
    log = []
    kept, lost = (Bundling(board, number, log) for number in (1, 2))
    for one in (kept, lost):
        board.connect(one)
    lost.send = lambda _octets: False
    with pytest.raises(Lost, match="switch 2 takes nothing more"):
        board.bundle({number: [Modification("add", ENTRY)] for number in (1, 2)})
    assert log[-1] == (1, "discard")


class Unreadable(Connection):
    """Has one of our entries, and one for which its framework drops every message."""

    def hear(self, kind, xid, body):
        (part,) = struct.unpack_from("!H", body)
        cookie, mask = struct.unpack_from("!QQ", body, 24) if part == ofproto.OFPMP_FLOW else (0, 0)
        if cookie:
            assert (cookie, mask) == (0xC0DA << 48, 0xFFFF << 48)
            self.answer(part, xid, OURS)
        elif part == ofproto.OFPMP_GROUP_DESC:
            self.answer(part, xid)
        elif part == ofproto.OFPMP_AGGREGATE:
            self.answer(part, xid, struct.pack("!QQI4x", 0, 0, 2))

    def answer(self, part, xid, body=b""):
        octets = multipart(part, body)
        self.board.hear(read_reply(self, 4, octets[1], len(octets), xid, octets))


def test_what_could_not_be_read_is_told_beside_what_is_ours_and_waited_for_no_longer(board):
    connection = Unreadable(board)
    board.connect(connection)
    said = board.dump({DPID})[DPID]
    ours, more = said["switches"]
    assert (ours.flow.cookie, ours.packets, more["unread"]) == (0xC0DA << 48, 2, 1)
    assert said["groups"] == []
    assert said["meters"] == [{"unread": True}]
    assert "count" not in said


def test_all_kinds_of_answers_that_are_waited_for_are_heard():
    heard = {one.__name__.removeprefix("Event") for one in following_app.REPLIES}
    assert heard >= {one.__name__.removeprefix("Event") for one in ANSWERS}
