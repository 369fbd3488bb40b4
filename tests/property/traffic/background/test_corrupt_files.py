"""A corrupt file of background traffic is routed, or refused in one line."""

from __future__ import annotations

import tempfile
from datetime import date
from pathlib import Path

from hypothesis import given

from corridor.topologies.base.errors import CorridorError
from corridor.traffic.background import assign, read_internet
from corridor.traffic.background.internet import FILE
from spoilt_files import a_bit, spoilt


@a_bit(15)
@given(spoilt((FILE.read_bytes(),)))
def test_a_corrupt_file_is_one_line(text: bytes):
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "own.yaml"
        file.write_bytes(text)
        try:
            internet = read_internet(file)
            found = assign(internet.at(date(2025, 9, 6)), list(internet.lengths_km)[:5])
        except CorridorError as problem:
            said = str(problem)
        else:
            said = ""
            assert all(one.shortfall_gbps <= one.offered_gbps for one in found.flows)
        assert "\n" not in said
