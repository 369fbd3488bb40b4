"""Frames between controllers: read back as sent; anything else is refused in one line."""

from __future__ import annotations

import json

import pytest

from corridor.controller.domains.messages import (
    MOST_BYTES,
    Frame,
    Offer,
    Prepare,
    Query,
    Refused,
    Request,
    decoded,
    encoded,
)
from corridor.controller.policy.product import Place

PLACE = Place("guian", (1, 0))
FRAME = Frame(
    sender="north@CN",
    to="south@TH",
    boot=1,
    number=7,
    policies="0123456789abcdef",
    items=(
        Request(query=Query(1, 0, 5), place=PLACE),
        Offer(query=Query(2, 0, 5), place=PLACE, delay_ns=12),
        Prepare(query=Query(1, 0, 5), epoch=3, place=PLACE, before=(0, 0), fibre="a-b"),
    ),
)


def test_a_frame_is_read_back_as_it_was_sent():
    assert decoded(encoded(FRAME)) == FRAME
    assert decoded(encoded(FRAME)).items[0].place.state == (1, 0)


def changed(**more):
    return json.dumps({**json.loads(encoded(FRAME)), **more}).encode()


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"x" * (MOST_BYTES + 1), "too large"),
        (b"{", "malformed"),
        (b"[" * 100_000, "malformed"),
        (b"7", "malformed"),
        (changed(version=2), "version"),
        (changed(version="1"), "malformed"),
        (changed(sender="north"), "malformed"),
        (changed(more=1), "malformed"),
        (changed(policies="no digest"), "malformed"),
        (changed(items=[{"kind": "shell"}]), "malformed"),
        (
            changed(items=[{"kind": "commit", "direction": -1, "epoch": 1, "place": []}]),
            "malformed",
        ),
        (changed(items=[json.loads(encoded(FRAME))["items"][0]] * 4_001), "malformed"),
    ],
)
def test_anything_else_is_refused_in_one_line(data, kind):
    with pytest.raises(Refused) as refused:
        decoded(data)
    assert refused.value.kind == kind
    assert str(refused.value).count("\n") == 0
    assert len(str(refused.value)) < 300
