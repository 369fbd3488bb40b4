"""In a guest: whether a host comes through to anything but the network.

A host is a network namespace, so what counts is what the network shows it: no port of a controller
or of a switch's management by any address there is. Files, and sockets that are files, are not
kept from processes by a namespace.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

from attack_field import Field

TIMEOUT_S = 2
ASKED_FOR_S = 4
"""How long hosts request an unused address by ARP, and switches take to count that."""
LISTENING = "0A"
OPENFLOW_PORTS, OVSDB_PORT = (6633, 6653), 6640


def open_doors(field: Field) -> dict[str, Any]:
    """What every host could connect to; and where anything listens, there and in the switches'
    namespace."""
    ports = (*OPENFLOW_PORTS, OVSDB_PORT)
    addresses = ["127.0.0.1", "10.255.255.254", *(hub.host_ip for hub in field.wiring.hubs)]
    reached = []
    for hub in field.wiring.hubs:
        with field.net[hub.hub].namespace.entered():
            reached += [
                [hub.hub, address, port]
                for address in addresses
                for port in ports
                if connects(address, port)
            ]
    time.sleep(ASKED_FOR_S)
    listening = {"switches": listeners()}
    for hub in field.wiring.hubs:
        with field.net[hub.hub].namespace.entered():
            listening[hub.hub] = listeners()
    return {"reached": reached, "listening": listening}


def connects(address: str, port: int) -> bool:
    with socket.socket() as attempt:
        attempt.settimeout(TIMEOUT_S)
        try:
            attempt.connect((address, port))
        except OSError:
            return False
        return True


def listeners() -> list[str]:
    """Addresses and ports where TCP connections are taken, in the namespace of this thread.

    A kernel without IPv6 has no table of its own for that.
    """
    found = []
    for family, table in ((socket.AF_INET, "tcp"), (socket.AF_INET6, "tcp6")):
        path = Path("/proc/thread-self/net", table)
        for line in path.read_text().splitlines()[1:] if path.exists() else ():
            local, state = line.split()[1], line.split()[3]
            if state == LISTENING:
                packed, port = bytes.fromhex(local.split(":")[0]), int(local.split(":")[1], 16)
                words = [packed[at : at + 4][::-1] for at in range(0, len(packed), 4)]
                found.append(f"{socket.inet_ntop(family, b''.join(words))}:{port}")
    return sorted(found)
