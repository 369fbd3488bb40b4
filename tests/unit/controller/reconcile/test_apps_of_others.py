"""The process that runs an app of a user: its options, its imports, its OpenFlow version.

The learning switch that stock Mininet scripts find as their default controller.
"""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from corridor.controller.openflow.framework import ofproto, parser
from corridor.controller.reconcile.learning_app import LearningSwitch

TOPOLOGY_APP = """
import os, sys
from {package}.base import app_manager
from {package}.topology import event, switches
from {package}.topology.api import get_link
from {package}.controller.handler import set_ev_cls
from {package}.lib import hub
from {package} import cfg

cfg.CONF.register_cli_opts([cfg.StrOpt("colour", default="none")])

class Links(app_manager.{base}):
    def start(self):
        super().start()
        hub.spawn(self.look)

    def look(self):
        print(self.CONF.observe_links, self.CONF.colour, len(get_link(self)), flush=True)
        os._exit(0)

    @set_ev_cls(event.EventLinkAdd)
    def on_link(self, _event):
        pass
"""
OTHER_VERSION = """
from ryu.base import app_manager
from ryu.ofproto import ofproto_v1_{minor}

class Old(app_manager.RyuApp):
    OFP_VERSIONS = [ofproto_v1_{minor}.OFP_VERSION]
"""
FRAMEWORKS = {"ryu": ("ryu", "RyuApp"), "os-ken": ("os_ken", "OSKenApp")}


def run_app(folder, app, framework="ryu"):
    return subprocess.run(
        [
            *(sys.executable, "-m", "corridor.controller.reconcile.app_main"),
            *("--socket", str(folder / "s.sock"), "--app", app),
        ],
        env=os.environ | {"CORRIDOR_FRAMEWORK": framework},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_an_app_uses_discovered_links_and_gets_its_options(tmp_path, framework):
    package, base = FRAMEWORKS[framework]
    (tmp_path / "links.py").write_text(TOPOLOGY_APP.format(package=package, base=base))
    ran = run_app(tmp_path, f"{tmp_path}/links.py --observe-links --colour red", framework)
    assert (ran.returncode, ran.stdout) == (0, "True red 0\n"), ran.stderr
    ran = run_app(tmp_path, f"{tmp_path}/links.py", framework)
    assert (ran.returncode, ran.stdout) == (0, "False none 0\n"), ran.stderr


def test_an_option_that_nobody_registered_is_named(tmp_path):
    (tmp_path / "links.py").write_text(TOPOLOGY_APP.format(package="ryu", base="RyuApp"))
    ran = run_app(tmp_path, f"{tmp_path}/links.py --color red")
    assert ran.returncode == 2
    assert "unrecognized arguments: --color red" in ran.stderr.splitlines()[-1]


@pytest.mark.parametrize("minor", [0, 2, 4, 5])
def test_an_app_for_another_openflow_version_is_refused_by_version(tmp_path, minor):
    (tmp_path / "old.py").write_text(OTHER_VERSION.format(minor=minor))
    ran = run_app(tmp_path, f"{tmp_path}/old.py")
    said = f"controller: Old supports OpenFlow 1.{minor}, and the switches use OpenFlow 1.3; "
    last = ran.stderr.splitlines()[-1]
    assert (ran.returncode, last.startswith(said)) == (2, True), ran.stderr


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
