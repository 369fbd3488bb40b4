#!/usr/bin/python3 -IS
"""Init of the guest that tries a kernel out: sleeps by the guest's own clock, says so, ends.

The kernel hands over what it does not know on its command line as the environment.
"""

import ctypes
import os
import time

LINUX_REBOOT_CMD_POWER_OFF = 0x4321FEDC

start = time.monotonic_ns()
time.sleep(int(os.environ["CORRIDOR_SMOKE_S"]))
print("corridor-smoke slept", time.monotonic_ns() - start, flush=True)
ctypes.CDLL(None).reboot(LINUX_REBOOT_CMD_POWER_OFF)
