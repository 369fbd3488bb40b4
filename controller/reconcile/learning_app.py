"""Switch frames by learned addresses, as the default controller of stock Mininet in a lab.

This is the framework's learning switch, with one difference. Stock scripts empty the tables of
OpenFlow 1.0 switches, where a missing entry means the controller. Switches of OpenFlow 1.3 drop
such packets, so this app installs the table-miss entry again.
"""

from __future__ import annotations

import importlib
from typing import Any

from corridor.controller.openflow.framework import (
    FRAMEWORK,
    NAMES,
    handler,
    ofp_event,
    ofproto,
    parser,
)

TABLE_MISS_PRIORITY = 0
_switches: Any = importlib.import_module(f"{NAMES[FRAMEWORK]}.app.simple_switch_13")


class LearningSwitch(_switches.SimpleSwitch13):
    """Forget what a switch was taught, and start again, whenever its tables are emptied."""

    def add_flow(
        self, datapath: Any, priority: int, match: Any, actions: Any, buffer_id: Any = None
    ) -> None:
        """Install an entry; the switch reports the end of a table-miss entry."""
        if priority != TABLE_MISS_PRIORITY:
            super().add_flow(datapath, priority, match, actions, buffer_id)
            return
        apply = parser.OFPInstructionActions(ofproto.OFPIT_APPLY_ACTIONS, actions)
        entry = {"match": match, "instructions": [apply], "flags": ofproto.OFPFF_SEND_FLOW_REM}
        datapath.send_msg(parser.OFPFlowMod(datapath, priority=priority, **entry))

    @handler.set_ev_cls(ofp_event.EventOFPFlowRemoved, handler.MAIN_DISPATCHER)
    def _emptied(self, event: Any) -> None:
        """Install the table-miss entry again."""
        removed = event.msg
        if removed.priority == TABLE_MISS_PRIORITY and removed.reason == ofproto.OFPRR_DELETE:
            self.mac_to_port.pop(removed.datapath.id, None)
            ask = parser.OFPActionOutput(ofproto.OFPP_CONTROLLER, ofproto.OFPCML_NO_BUFFER)
            self.add_flow(removed.datapath, TABLE_MISS_PRIORITY, parser.OFPMatch(), [ask])
