"""Another user of the machine of a native network: ``stranger.py GIVEN.json``, as ``nobody``.

Standard library only, since it has no rights to anything else. Prints as JSON what it got into,
read, or stopped; every list is empty if that is nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import signal
import socket
import struct
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ENDLESS_HELLO = bytes.fromhex("04000010000000010001000000000000")
HELLO = bytes.fromhex("0400000800000001")
PTRACE_ATTACH, CLONE_NEWNET, IP_TTL = 16, 0x40000000, 2
LISTENING = "0A"
BFD_PORT, BFD_TTL = 3784, 255
BFD_DOWN = bytes.fromhex("204003180000000100000000000f4240000f424000000000")
"""That a session is down, from who has not heard of the other."""
TUNSETIFF, IFF_TAP_WITHOUT_HEAD = 0x400454CA, 0x1002
NETLINK_ROUTE, NETLINK_GENERIC = 0, 16
REQUEST, ACKNOWLEDGED, DUMP = 0x1, 0x5, 0x301
NLMSG_ERROR, NLMSG_DONE = 2, 3
SET_LINK, DELETE_LINK, ADD_ADDRESS, DELETE_QUEUE, DELETE_FILTER = 19, 17, 20, 37, 45
GENERIC_CONTROL, GET_FAMILY, FAMILY_ID, FAMILY_NAME = 16, 3, 1, 2
SWITCH_COMMANDS = {
    "ovs_datapath": {"new": 1, "delete": 2, "set": 4},
    "ovs_vport": {"new": 1, "delete": 2, "set": 4},
    "ovs_flow": {"new": 1, "delete": 2, "set": 4},
    "ovs_packet": {"execute": 3},
    "ovs_meter": {"set": 2, "delete": 3},
}
"""By family: what would change a datapath, or send a packet through it."""
GET, DATAPATH = 3, "ovs-system"
PRIVATE = ("mem", "environ", "maps", "fd", "root", "cwd", "ns/net", "stack", "map_files")
_libc = ctypes.CDLL(None, use_errno=True)


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def features(dpid: int) -> bytes:
    return struct.pack("!BBHI", 4, 6, 32, 2) + struct.pack("!QIBBHII", dpid, 0, 254, 0, 0, 79, 0)


def tcp_ports() -> set[int]:
    found = {6633, 6640, 6653}
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        local, state = line.split()[1], line.split()[3]
        if state == LISTENING:
            found.add(int(local.split(":")[1], 16))
    return found


def over_tcp(api_port: int) -> list[str]:
    """Doors of TCP: but the API's, none is to be there. What each says to a switch."""
    got = []
    for port in sorted(tcp_ports()):
        for dpid in (1, 2):
            for words in (ENDLESS_HELLO, HELLO + features(dpid)):
                with contextlib.suppress(OSError), socket.socket() as link:
                    link.settimeout(1)
                    link.connect(("127.0.0.1", port))
                    link.sendall(words)
                    said = link.recv(1 << 16)
                    if port != api_port or not said.startswith(b"HTTP/1.1 4"):
                        got.append(f"port {port} said {said[:16].hex()}")
    return got


def api(url: str) -> list[str]:
    """Everything it answers without its token, or with another."""
    got = []
    for headers in ({}, {"Authorization": f"Bearer {'x' * 43}"}, {"Cookie": "token=x"}):
        for method, path in (
            *(("GET", f"/v1/{one}") for one in ("status", "demands", "topology", "policies")),
            *(("GET", one) for one in ("/metrics", "/openapi.json", "/", "/v1/events")),
            ("PUT", "/v1/policies"),
            ("POST", "/v1/fibres/kunming-karachi/drain"),
        ):
            data = b"{}" if method != "GET" else None
            asked = urllib.request.Request(url + path, data, headers, method=method)
            try:
                with urllib.request.urlopen(asked, timeout=20) as answer:
                    got.append(f"{method} {path}: {answer.status}")
            except urllib.error.HTTPError as refused:
                if refused.code != 401:
                    got.append(f"{method} {path}: {refused.code}")
    return got


def unix_sockets(known: list[str]) -> list[str]:
    """Every socket that the kernel lists, and the known ones."""
    told = [line.split()[-1] for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    names = {one for one in told if one.startswith(("/", "@"))} | set(known)
    kinds = (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET)

    def connects(name: str, kind: int) -> bool:
        with socket.socket(socket.AF_UNIX, kind) as link:
            where = "\0" + name[1:] if name.startswith("@") else name
            return succeeds(lambda: link.connect(where))

    return sorted(name for name in names if any(connects(name, kind) for kind in kinds))


def files(folders: list[str]) -> list[str]:
    """What can be listed, read or written of folders and of files in them that are known."""
    got = []
    for name in folders:
        path = Path(name)
        if succeeds(lambda path=path: os.listdir(path)):
            got.append(f"listed {name}")
        if path.suffix and succeeds(path.read_bytes):
            got.append(f"read {name}")
        if succeeds(lambda path=path: (path / "mine").write_text("")):
            got.append(f"wrote into {name}")
    return got


def machine_state(folder: str) -> list[str]:
    """The notes of native runs: they may be read, but not held, changed or removed."""
    got = []
    for path in sorted(Path(folder).iterdir()):
        if path.suffix == ".run" or path.name == "lock":
            if succeeds(lambda path=path: path.open("a")):
                got.append(f"opened {path} to write")
            if succeeds(path.unlink):
                got.append(f"removed {path}")
    if succeeds(lambda: os.open(Path(folder, "lock"), os.O_RDONLY)):
        got.append("opened the lock, which would keep others from it once it is free")
    return got


def processes() -> Iterator[tuple[int, str]]:
    """Those of others."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.stat().st_uid != os.getuid():
            words = (entry / "cmdline").read_bytes().split(b"\0")
            if words[0]:
                yield int(entry.name), b" ".join(words[:3]).decode(errors="replace")


def into_processes() -> list[str]:
    got = []
    for pid, name in processes():
        got += [
            f"sent {number} to {name}"
            for number in (0, signal.SIGSTOP, signal.SIGKILL)
            if succeeds(lambda pid=pid, number=number: os.kill(pid, number))
        ]
        if _libc.ptrace(PTRACE_ATTACH, pid, 0, 0) == 0:
            got.append(f"traced {name}")
        for one in PRIVATE:
            path = Path("/proc", str(pid), one)
            if succeeds(
                path.read_bytes
                if one in ("mem", "environ", "maps", "stack")
                else lambda path=path: os.listdir(path) if path.is_dir() else path.stat()
            ):
                got.append(f"read {one} of {name}")
        if succeeds(lambda pid=pid: os.setpriority(os.PRIO_PROCESS, pid, 19)):
            got.append(f"slowed {name}")
    return got


def into_namespaces(paths: list[str]) -> list[str]:
    got = []
    for path in paths:
        with contextlib.suppress(OSError):
            if _libc.setns(os.open(path, os.O_RDONLY), CLONE_NEWNET) == 0:
                got.append(path)
    return got


def raw_frames() -> list[str]:
    kinds = {"packets": (socket.AF_PACKET, 3), "IP": (socket.AF_INET, 255)}
    return [
        name
        for name, (family, protocol) in kinds.items()
        if succeeds(lambda family=family, protocol=protocol: socket.socket(
            family, socket.SOCK_RAW, protocol).close())
    ]  # fmt: skip


def netlink(protocol: int, kind: int, flags: int, body: bytes) -> list[tuple[int, bytes]]:
    """A request to the kernel; kind and body of each message of its answer."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as link:
        link.settimeout(5)
        link.send(struct.pack("=IHHII", 16 + len(body), kind, flags, 1, 0) + body)
        found: list[tuple[int, bytes]] = []
        while not found or (flags == DUMP and found[-1][0] not in (NLMSG_ERROR, NLMSG_DONE)):
            said = link.recv(1 << 20)
            while len(said) >= 16:
                length, answer = struct.unpack_from("=IH", said)
                found.append((answer, said[16:length]))
                said = said[length + 3 & ~3 :]
        return found


def allowed(protocol: int, kind: int, body: bytes) -> bool:
    """Whether the kernel says anything but that this user may not."""
    answer, said = netlink(protocol, kind, ACKNOWLEDGED, body)[0]
    return answer != NLMSG_ERROR or struct.unpack_from("=i", said)[0] != -errno.EPERM


def kernel_settings() -> list[str]:
    """Interfaces, queues and filters that the kernel lets this user change."""
    kinds = (SET_LINK, DELETE_LINK, ADD_ADDRESS, DELETE_QUEUE, DELETE_FILTER)
    return [
        f"{name}: request {kind}"
        for index, name in socket.if_nameindex()
        for kind in kinds
        if allowed(NETLINK_ROUTE, kind, struct.pack("=BxHiII8x", 0, 0, index, 0, 1))
    ]


def families() -> dict[str, int]:
    """The kernel's numbers of the families by which a datapath is spoken to."""
    found = {}
    for name in SWITCH_COMMANDS:
        word = name.encode() + b"\0"
        attribute = struct.pack("=HH", 4 + len(word), FAMILY_NAME) + word
        body = struct.pack("=BBxx", GET_FAMILY, 1) + attribute.ljust(len(attribute) + 3 & ~3, b"\0")
        answer, said = netlink(NETLINK_GENERIC, GENERIC_CONTROL, REQUEST, body)[0]
        at = 4
        while answer != NLMSG_ERROR and at < len(said):
            length, kind = struct.unpack_from("=HH", said, at)
            if kind == FAMILY_ID:
                found[name] = struct.unpack_from("=H", said, at + 4)[0]
            at += length + 3 & ~3
    return found


def into_the_datapath(known: dict[str, int]) -> list[str]:
    body = struct.pack("=i", socket.if_nametoindex(DATAPATH))
    return [
        f"{family}: {what}"
        for family, number in known.items()
        for what, command in SWITCH_COMMANDS[family].items()
        if allowed(NETLINK_GENERIC, number, struct.pack("=BBxx", command, 1) + body)
    ]


def flows_told(known: dict[str, int]) -> int:
    """How many entries of its cache the datapath tells every user, as the kernel means it to."""
    body = struct.pack("=BBxxi", GET, 1, socket.if_nametoindex(DATAPATH))
    said = netlink(NETLINK_GENERIC, known["ovs_flow"], DUMP, body)
    return sum(kind == known["ovs_flow"] for kind, _ in said)


def taps() -> list[str]:
    """Interfaces whose other end the kernel gives this user: a gateway's, while it is away."""
    got = []
    for _, name in socket.if_nameindex():
        with open("/dev/net/tun", "r+b", buffering=0) as clone:
            request = struct.pack("16sH22x", name.encode(), IFF_TAP_WITHOUT_HEAD)
            if succeeds(lambda clone=clone, request=request: fcntl.ioctl(
                clone, TUNSETIFF, request
            )):  # fmt: skip
                got.append(name)
    return got


def words_of_processes() -> list[str]:
    """What everybody may read of every process: the words it was started with."""
    return [
        (entry / "cmdline").read_bytes().decode(errors="replace")
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit()
    ]


def spoofed_bfd() -> int:
    """Broadcasts out of every interface, by which switches might take a session for down; how many
    left."""
    left = 0
    for _, name in socket.if_nameindex():
        for address in ("255.255.255.255", "224.0.0.1", "169.254.1.0"):
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                link.setsockopt(socket.IPPROTO_IP, IP_TTL, BFD_TTL)
                link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, BFD_TTL)
                if succeeds(lambda link=link, name=name: link.setsockopt(
                    socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode()
                )):  # fmt: skip
                    for _ in range(20):
                        left += succeeds(
                            lambda link=link, address=address: link.sendto(
                                BFD_DOWN, (address, BFD_PORT)
                            )
                        )
    return left


def main() -> None:
    given: dict[str, Any] = json.loads(Path(sys.argv[1]).read_text())
    assert os.getuid() != 0
    assert not succeeds(lambda: Path("/proc/1/mem").read_bytes())
    with contextlib.suppress(PermissionError):
        os.setuid(0)
        raise SystemExit(f"root again: {errno.EPERM}")
    known = families()
    got = {
        "tcp": over_tcp(int(given["url"].rpartition(":")[2])),
        "api": api(given["url"]),
        "unix sockets": unix_sockets(given["sockets"]),
        "files": files(given["files"]),
        "state": machine_state(given["state"]),
        "processes": into_processes(),
        "namespaces": into_namespaces(given["namespaces"]),
        "raw": raw_frames(),
        "settings": kernel_settings(),
        "taps": taps(),
        "datapath": into_the_datapath(known),
    }
    told = {"words": words_of_processes(), "datapath": sorted(known), "flows": flows_told(known)}
    print(json.dumps({"got": got, "readable": told, "bfd": spoofed_bfd()}))


main()
