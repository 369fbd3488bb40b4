"""What stock Mininet scripts do to a machine, in a bare lab: each habit's result, as JSON."""

import json
import socket
import subprocess
import time
from pathlib import Path

from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import CPULimitedHost
from mininet.topo import LinearTopo

SETTINGS = Path("/etc/network/interfaces")
LINE = "iface nat0-eth0 inet manual\n"


def dropped_after_tables_are_emptied() -> list[float]:
    net = Mininet(LinearTopo(2), waitConnected=True)
    net.start()
    dropped = [net.pingAll()]
    for switch in net.switches:
        switch.dpctl("del-flows")
    time.sleep(1)  # a packet that is in a switch while it is emptied may be lost
    dropped.append(net.pingAll())
    net.stop()
    return dropped


def listens_on_the_usual_port() -> bool:
    """As the example scratchnet starts the reference controller."""
    started = subprocess.Popen(["controller", "-v", "ptcp:"], stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    try:
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", 6633)).close()
                return True
            except OSError:
                time.sleep(0.1)
        return False
    finally:
        started.kill()


def adds_a_setting() -> bool:
    with SETTINGS.open("a") as file:
        file.write(LINE)
    return SETTINGS.read_text().endswith(LINE)


def finds_no_real_time_limits() -> bool:
    """As in the example cpu: Mininet ends the process where the kernel has none."""
    try:
        CPULimitedHost("limited", sched="rt")
    except SystemExit:
        return True
    return False


def main() -> None:
    setLogLevel("critical")
    habits = {
        "dropped": dropped_after_tables_are_emptied(),
        "usual_port": listens_on_the_usual_port(),
        "settings": adds_a_setting(),
        "no_real_time": finds_no_real_time_limits(),
    }
    print(json.dumps(habits))


main()
