"""What a loop waits for: descriptors that come and go, and what each of them calls.

Standard library only.
"""

from __future__ import annotations

import select
from collections.abc import Callable

READABLE, WRITABLE = select.EPOLLIN, select.EPOLLOUT

type Handler = Callable[[], None]


class Descriptors:
    """``handlers`` has something for every descriptor that ``poll`` may name.

    A handler may add and take away others while what was found ready together with it is handled:
    it may be called once in vain, where a descriptor's number is taken again at once.
    """

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self.poll = self._epoll.poll
        self.handlers: dict[int, Handler] = {}

    def add(self, descriptor: int, handler: Handler, events: int = READABLE) -> None:
        self.handlers[descriptor] = handler
        self._epoll.register(descriptor, events)

    def change(self, descriptor: int, events: int) -> None:
        self._epoll.modify(descriptor, events)

    def remove(self, descriptor: int) -> None:
        self._epoll.unregister(descriptor)
        self.handlers[descriptor] = _nothing

    def forget(self, descriptor: int) -> None:
        """Of one that is closed right after, and that no one else has open."""
        self.handlers[descriptor] = _nothing


def _nothing() -> None:
    pass
