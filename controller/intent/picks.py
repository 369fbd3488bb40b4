"""Paths that a demand is to take instead of its shortest ones, so that rates fit."""

from __future__ import annotations

from corridor.topologies.model.topology import Frozen


class Found(Frozen):
    """What a hub found dead: ``link:`` or ``gateway:`` with a name."""

    at: str
    dead: str


class PreferredPath(Frozen):
    """From one hub on, over these fibres to the destination, where something was found dead.

    A pick is a preference: it is used if it is a permitted path onward, whatever it was chosen
    for, and no element on it is known to have failed; else the shortest path is used.
    """

    at: str
    """The hub from which it leads: the source, where nothing was found dead."""
    fibres: tuple[str, ...]
    dead: str = ""
    """What that hub finds dead: ``link:`` or ``gateway:`` with a name; nothing while all is
    well."""
    after: tuple[Found, ...] = ()
    """What was found dead before, on the path to there."""
