"""Other words that people try for verbs and flags. Pure."""

from __future__ import annotations

from collections.abc import Mapping

VERBS: Mapping[str, str] = {
    "break": "cut",
    "cost": "price",
    "diagnose": "doctor",
    "emulate": "run",
    "fix": "mend",
    "headroom": "capacity",
    "legal": "law",
    "live": "up",
    "log": "events",
    "logs": "events",
    "ls": "list",
    "manual": "man",
    "map": "topology",
    "measure": "run",
    "prove": "check",
    "quit": "down",
    "repair": "mend",
    "scenarios": "list",
    "serve": "up",
    "simulate": "run",
    "ssh": "shell",
    "stop": "down",
    "tcpdump": "capture",
    "traceroute": "trace",
    "utilisation": "capacity",
    "utilization": "capacity",
    "validate": "check",
    "verify": "check",
    "version": "--version",
    "why": "explain",
    "workloads": "workload",
}
FLAGS: Mapping[str, str] = {
    "--at": "--as-of",
    "--date": "--as-of",
    "--day": "--as-of",
    "--dir": "--out",
    "--format": "--json",
    "--law": "--policies",
    "--laws": "--policies",
    "--no-plots": "--no-figures",
    "--random-seed": "--seed",
    "--rng": "--seed",
    "--set": "--policies",
    "--timeout": "--patience",
}
"""A parser that has no such flag is not said to have it."""
