"""Paths that a demand is to take instead of its shortest ones, so that rates fit."""

from __future__ import annotations

from corridor.topologies.model.topology import Frozen


class Found(Frozen):
    """What a hub found dead: ``link:`` or ``gateway:`` with a name."""

    at: str
    dead: str


class Pick(Frozen):
    """From one hub on, over these fibres to the destination, where something was found dead.

    A pick is a wish: it is followed where it is a lawful path on, whatever it was chosen for, and
    nothing on it is known to be dead; else the way is the shortest, as without it.
    """

    at: str
    """The hub from which it leads: the source, where nothing was found dead."""
    fibres: tuple[str, ...]
    dead: str = ""
    """What that hub finds dead: ``link:`` or ``gateway:`` with a name; nothing while all is
    well."""
    after: tuple[Found, ...] = ()
    """What was found dead before, on the path to there."""
