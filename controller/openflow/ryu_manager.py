"""``ryu-manager`` as it was, with the name Ryu 4.34 misses in today's eventlet put back."""

from __future__ import annotations

import sys
import warnings
from typing import Any

from corridor.topologies.base.errors import EnvironmentUnsupported
from corridor.topologies.base.installation import require


def main() -> Any:
    try:
        require("ryu-manager", "ryu")
    except EnvironmentUnsupported as error:
        print(error, file=sys.stderr)
        return error.exit_code
    with warnings.catch_warnings():  # Python's warnings about Ryu's code at its first compilation
        warnings.simplefilter("ignore", SyntaxWarning)
        from corridor.controller.openflow.framework import shim_eventlet

        shim_eventlet()
        from ryu.cmd.manager import main as ryu_main

    return ryu_main()


if __name__ == "__main__":
    sys.exit(main())
