"""What is closed when the body of a ``with`` has been left, however it was left."""

from __future__ import annotations

from types import TracebackType
from typing import Self


class Closing:
    """Mix-in for whatever has a ``close``."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()
