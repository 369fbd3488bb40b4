"""Why something could not be done with a switch."""

from __future__ import annotations


class SwitchError(Exception):
    """Base of all."""


class Lost(SwitchError):
    """It is not connected, or no longer."""


class GatewaysError(SwitchError):
    """Those who run the gateways did not agree, or did not answer."""


class SwitchTimeout(SwitchError):
    """It did not answer in time. Its second argument are the datapath ids of those that did not."""

    @property
    def dpids(self) -> frozenset[int]:
        found: frozenset[int] = self.args[1]
        return found

    def __str__(self) -> str:
        return str(self.args[0])


class Refused(SwitchError):
    """It answered with an error."""
