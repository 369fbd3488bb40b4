"""Writes all tables of results; their schemas state the units of columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from corridor.topologies.base.units import unit_of
from corridor.topologies.base.whole_file import replacing

if TYPE_CHECKING:
    import pyarrow as pa

UNIT = b"unit"
"""The key of a field's metadata."""


def write_parquet_file(path: Path, table: pa.Table, units: Mapping[str, str] | None = None) -> None:
    """The same bytes for the same table. ``units`` are those that the name of a column does not
    say."""
    import pyarrow.parquet as pq

    with replacing(path) as draft:
        pq.write_table(with_units(table, units or {}), draft, compression="zstd", version="2.6")


def with_units(table: pa.Table, units: Mapping[str, str]) -> pa.Table:
    import pyarrow as pa

    fields = []
    for field in table.schema:
        unit = units.get(field.name) or unit_of(field.name)
        told = field.metadata or {}
        fields.append(field if unit is None else field.with_metadata({**told, UNIT: unit.encode()}))
    return table.cast(pa.schema(fields, metadata=table.schema.metadata))
