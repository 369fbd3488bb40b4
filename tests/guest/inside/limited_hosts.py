"""Stock Mininet with hosts that get a fifth of the processor, in a bare lab."""

import json
import time
from pathlib import Path

from mininet.link import TCLink
from mininet.log import setLogLevel
from mininet.net import Mininet
from mininet.node import CPULimitedHost
from mininet.topo import SingleSwitchTopo

SHARE, BUSY_S = 0.2, 3


def main() -> None:
    setLogLevel("critical")
    net = Mininet(SingleSwitchTopo(2), host=CPULimitedHost, link=TCLink, waitConnected=True)
    net.start()
    for host in net.hosts:
        host.setCPUFrac(SHARE)
    dropped = net.ping()
    h1 = net["h1"]
    spinning = h1.popen("sh", "-c", "while true; do :; done")
    used = Path("/sys/fs/cgroup/cpuacct/h1/cpuacct.usage")
    before, began = int(used.read_text()), time.monotonic()
    time.sleep(BUSY_S)
    share = (int(used.read_text()) - before) / 1e9 / (time.monotonic() - began)
    spinning.kill()
    net.stop()
    print(json.dumps({"dropped": dropped, "share": share}))


main()
