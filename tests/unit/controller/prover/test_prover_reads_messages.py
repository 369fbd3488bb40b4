"""Groups, and a switch's report of them, survive OpenFlow on both frameworks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corridor.controller.forwarding.program import (
    Bucket,
    FastFailover,
    Program,
    SwitchProgram,
    group,
    output,
    set_field,
)
from corridor.topologies.base.codec import from_plain, to_plain

ROOT = Path(__file__).resolve().parents[4]
GROUPS = (
    FastFailover(2, (Bucket(4, None, (set_field("mpls_label", 40), output(4))),)),
    FastFailover(
        1,
        (
            Bucket(3, None, (output(3),)),
            Bucket(None, 2, (group(2),)),
        ),
    ),
)

SAY_BACK = """
import json, struct, sys
from corridor.controller.openflow import codec, decoding, encoding, framework
from corridor.controller.forwarding.program import FastFailover
from corridor.topologies.base.codec import from_plain, to_plain
back = []
for plain, kind in json.load(sys.stdin):
    message = encoding.group(from_plain(FastFailover, plain), 7)
    buckets = message[16:]
    said = struct.pack("!HBxI", 8 + len(buckets), kind, plain["id"]) + buckets
    back += map(to_plain, decoding.groups(said, 0))
actions = framework.parser
stray = [actions.OFPActionPushMpls(0x8847), actions.OFPActionSetField(eth_src="02:00:00:00:00:01"),
         actions.OFPActionPopMpls(0x8847), actions.OFPActionSetQueue(1)]
kinds = [action.kind for action in codec.actions_from_openflow(stray)]
json.dump({"groups": back, "kinds": kinds}, sys.stdout)
"""
FAST_FAILOVER, ALL = 3, 0


def say_back(framework: str, kind: int) -> dict:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SAY_BACK],
        input=json.dumps([[to_plain(made), kind] for made in GROUPS]),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "CORRIDOR_FRAMEWORK": framework},
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("framework", ["ryu", "os-ken"])
def test_groups_come_back_as_they_were_sent(framework):
    said = say_back(framework, FAST_FAILOVER)["groups"]
    assert tuple(from_plain(FastFailover, plain) for plain in said) == GROUPS


@pytest.mark.parametrize("framework", ["ryu", "os-ken"])
def test_what_has_no_value_here_is_kept_as_unknown(framework):
    said = say_back(framework, ALL)
    for plain in said["groups"]:
        assert plain["buckets"][0]["actions"][0]["kind"] == "unknown"
    assert said["kinds"] == ["unknown", "set_field", "unknown", "unknown"]


def test_plans_of_before_groups_are_still_read():
    program = Program((SwitchProgram("a", 1, (), GROUPS), SwitchProgram("b", 2, ())), ())
    plain = to_plain(program)
    assert from_plain(Program, plain) == program
    for switch in plain["switches"]:
        del switch["groups"]
    assert from_plain(Program, plain).switches[0].groups == ()
