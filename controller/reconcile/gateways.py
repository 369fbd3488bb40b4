"""Tells gateways which labels they assess, over the socket of their supervisor."""

from __future__ import annotations

import json
import socket
from collections.abc import Collection
from dataclasses import asdict

from corridor.controller.openflow.errors import GatewaysError
from corridor.controller.reconcile.interfaces import Labels
from corridor.topologies.base.slowness import patient

ANSWER_S = 5.0


class NoGateways:
    """Where no one listens; an error as soon as there would be something to tell."""

    def assess(self, labels: Labels, needed: Collection[str] | None = None) -> None:
        wanted = sorted(_needed(labels) if needed is None else needed)
        if wanted:
            raise GatewaysError(
                f"nothing is configured that tells the gateways of {', '.join(wanted)} their labels"
            )


class GatewaysLink:
    """One connection for each message: their process may have been started again."""

    def __init__(self, path: str, answer_s: float | None = None) -> None:
        self._path = path
        self._answer_s = patient(ANSWER_S) if answer_s is None else answer_s

    def assess(self, labels: Labels, needed: Collection[str] | None = None) -> None:
        """Replace what each gateway assesses; returns when all that are needed have agreed."""
        wanted = _needed(labels) if needed is None else needed
        try:
            self._assess(labels)
        except GatewaysError:
            if wanted:
                raise

    def _assess(self, labels: Labels) -> None:
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
                link.settimeout(self._answer_s)
                link.connect(self._path)
                with link.makefile("rw") as lines:
                    for hub, some in labels.items():
                        plain = {str(label): asdict(one) for label, one in some.items()}
                        lines.write(
                            json.dumps({"do": "assess", "hub": hub, "labels": plain}) + "\n"
                        )
                        lines.flush()
                        self._check(hub, lines.readline())
        except OSError as problem:
            raise GatewaysError(f"gateways: {problem}") from problem

    @staticmethod
    def _check(hub: str, said: str) -> None:
        answer = json.loads(said) if said else {}
        if answer.get("assessing", {}).get("hub") != hub:
            raise GatewaysError(f"the gateway of {hub} does not agree: {said.strip() or 'silence'}")


def _needed(labels: Labels) -> list[str]:
    return [hub for hub, some in labels.items() if some]
