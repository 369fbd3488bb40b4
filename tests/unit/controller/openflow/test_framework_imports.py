"""A controller of ours imports the half of its framework that it uses, and the rest when asked."""

import os
import subprocess
import sys

import pytest

from corridor.topologies.base.installation import IMPORT_ROOT

NOT_USED = """
import importlib, sys
from corridor.controller.openflow import framework
from corridor.controller.reconcile import static_app
package = framework.NAMES[framework.FRAMEWORK]
for name in framework.NOT_USED:
    assert isinstance(sys.modules[name.format(package)], framework.Later), name
assert "setuptools" not in sys.modules
bgp, last = (importlib.import_module(f"{package}.{one}") for one in
    ("lib.packet.bgp", "ofproto.ofproto_v1_5_parser"))
import asyncio.base_events, rfc3986, stevedore
assert asyncio.run(asyncio.sleep(0, result=7)) == 7
assert rfc3986.is_valid_uri("https://example.org/a")
assert stevedore.ExtensionManager("none.such").names() == []
print(bgp.BGPMessage.__name__, bgp.BGPMessage is sys.modules[bgp.__name__].BGPMessage,
    last.OFPTableStatus.__name__, hasattr(last, "OFPNothing"))
"""
EVENTS = """
from corridor.controller.openflow import framework
print(*sorted(name for name in dir(framework.ofp_event) if name.startswith("EventOFP")))
"""


def said(text, framework, apps):
    done = subprocess.run(
        [sys.executable, "-P", "-W", "ignore", "-c", text],
        env={
            **os.environ,
            "PYTHONPATH": str(IMPORT_ROOT),
            "CORRIDOR_FRAMEWORK": framework,
            "CORRIDOR_APPS": apps,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


@pytest.mark.parametrize("framework", ["ryu", "os-ken"])
def test_what_our_apps_do_not_use_is_imported_when_something_of_it_is_asked_for(framework):
    assert said(NOT_USED, framework, "ours") == ["BGPMessage", "True", "OFPTableStatus", "False"]


@pytest.mark.parametrize("framework", ["ryu", "os-ken"])
def test_apps_of_others_have_the_events_of_all_versions(framework):
    theirs, ours = (said(EVENTS, framework, apps) for apps in ("others", "ours"))
    assert set(theirs) - set(ours) >= {"EventOFPTableStatus", "EventOFPControllerStatus"}
    assert {"EventOFPPacketIn", "EventOFPFlowRemoved", "EventOFPHello"} <= set(ours) <= set(theirs)
