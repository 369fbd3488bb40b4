"""``corridor clean``: remove what dead runs left behind, and what is kept of earlier commands."""

from __future__ import annotations

import argparse
from typing import Any


def add_parser(verbs: Any) -> None:
    verbs.add_parser(
        "clean",
        description="Remove remains of killed processes: bridges and interfaces of native runs, "
        "scratch folders of guests, sessions of live networks, partial builds of the kernel and "
        "of the machine's image. Also remove caches: answers (at most 64, and 64 MiB), frames, "
        "bytecode.",
    )


def run(_args: argparse.Namespace) -> int:
    from corridor.experiments.live_network.session import remove_dead as remove_dead_sessions
    from corridor.experiments.machines.build import remove_unfinished_images
    from corridor.experiments.machines.kernel_build import remove_unfinished_builds
    from corridor.experiments.testbeds.native import leftovers, remove_leftovers
    from corridor.topologies.base.disk_cache import remove_kept
    from corridor.topologies.base.scratch import remove_dead
    from corridor.topologies.base.words import counted

    found = leftovers()
    for run_id in found:
        remove_leftovers(run_id)
        print(f"removed what run {run_id} left")
    folders = remove_dead()
    for folder in folders:
        print(f"removed {folder}")
    sessions = remove_dead_sessions()
    for name in sessions:
        print(f"removed the session of the live network {name}")
    builds = remove_unfinished_builds()
    for folder, size in builds:
        print(f"removed {folder}, {size / 1e9:.1f} GB of a kernel's build that was killed")
    images = remove_unfinished_images()
    for folder in images:
        print(f"removed {folder}, of an image's build that was killed")
    kept, size = remove_kept()
    if kept:
        print(f"removed {counted(kept, 'file')} that commands kept for later, {size / 1e6:.1f} MB")
    if not (found or folders or sessions or builds or images or kept):
        print("nothing to remove")
    return 0
