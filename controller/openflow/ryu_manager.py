"""``ryu-manager`` as it was, with the name Ryu 4.34 misses in today's eventlet put back."""

from __future__ import annotations

import sys
from typing import Any

from corridor.controller.openflow.framework import shim_eventlet


def main() -> Any:
    shim_eventlet()
    from ryu.cmd.manager import main as ryu_main

    return ryu_main()


if __name__ == "__main__":
    sys.exit(main())
