"""Sockets of connections: how they are opened, given a plan, and reset. Standard library only."""

from __future__ import annotations

import errno
import socket
from struct import pack

from corridor.traffic.agents.messages import ConnectionEnd
from corridor.traffic.packets import kernel

SMALL_BYTES = 64 << 10
"""Pieces below this are sent at once, though what went before is not acknowledged (TCP_NODELAY)."""
WAITING_CLIENTS = 4096
_SAID = {
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
    errno.ETIMEDOUT: "timed out",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETUNREACH: "unreachable",
}


def reason_of(number: int) -> str:
    """Why a connection failed, from the kernel's error."""
    return _SAID.get(number) or errno.errorcode.get(number, str(number))


def listening_socket(address: tuple[str, int], plan: ConnectionEnd) -> socket.socket:
    """Those it accepts have its congestion control, marking and stamps."""
    listener = _stamped()
    _steer(listener, plan)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(address)
        listener.listen(WAITING_CLIENTS)
    except OSError as problem:
        listener.close()
        said = f"TCP {address[0]}:{address[1]}: {problem.strerror}"
        raise OSError(problem.errno, said) from None
    return listener


def connecting_socket(plan: ConnectionEnd, netns: str) -> socket.socket:
    """Of the client's port, in its namespace; OSError if it cannot be had."""
    if netns:
        kernel.enter_network_namespace(netns)
    connection = _stamped()
    _steer(connection, plan)
    _send_at_once(connection, plan)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        connection.bind((plan.local_ip, plan.local_port))
        problem = connection.connect_ex((plan.peer_ip, plan.peer_port))
        if problem not in (0, errno.EINPROGRESS):
            raise OSError(problem, "")
    except OSError:
        connection.close()
        raise
    return connection


def prepare(accepted: socket.socket, plan: ConnectionEnd, first: ConnectionEnd) -> None:
    """For its own plan, where its listening socket was made for another's."""
    if (plan.congestion, plan.dscp) != (first.congestion, first.dscp):
        _steer(accepted, plan)
    _send_at_once(accepted, plan)


def reset(connection: socket.socket) -> None:
    """Close it with RST, whatever is still to be sent."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("@ii", 1, 0))
    connection.close()


def wake_from(connection: socket.socket, octets: int) -> None:
    """Let it become readable only when this many octets have come, or the other end has closed."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, octets)


def _stamped() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    made.setsockopt(socket.SOL_SOCKET, kernel.SO_TIMESTAMPNS, 1)
    return made


def _steer(connection: socket.socket, plan: ConnectionEnd) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, plan.congestion.encode())
    connection.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, plan.dscp << 2)


def _send_at_once(connection: socket.socket, plan: ConnectionEnd) -> None:
    if any(one.bytes // one.pieces < SMALL_BYTES for one in plan.sends):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
