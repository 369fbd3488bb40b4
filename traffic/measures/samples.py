"""From the agents' record files to one table of probes, and to ``probes.parquet``.

Pure but for reading and writing the files named. The table is a NumPy structured array of
``PROBE_DTYPE``: a row for every reply (duplicates too) and one for every probe without a reply,
sorted by demand, sequence number and copy. Times are CLOCK_REALTIME ns, 0 where unknown; in
Parquet they are null instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from corridor.topologies.base.arrays import Flags, Integers
from corridor.topologies.base.bounded_file import RECORDS, parse_json, read_bytes
from corridor.topologies.base.errors import InputError
from corridor.topologies.base.whole_file import write_parquet_file
from corridor.traffic.agents import records

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA_VERSION = 1

RECORD_DTYPE = np.dtype(
    [
        ("kind", "u1"),
        ("flags", "u1"),
        ("ttl_forward", "u1"),
        ("ttl_back", "u1"),
        ("phase", "<u2"),
        ("zero", "<u2"),
        ("demand", "<u4"),
        ("seq", "<u4"),
        ("reflector_seq", "<u4"),
        ("number", "<u4"),
        ("intended_ns", "<i8"),
        ("t1_ns", "<i8"),
        ("t2_ns", "<i8"),
        ("t3_ns", "<i8"),
        ("t4_ns", "<i8"),
    ]
)

PROBE_DTYPE = np.dtype(
    [
        ("phase", "<u2"),
        ("demand", "<u4"),
        ("seq", "<u4"),
        ("copy", "<u2"),
        ("sent", "?"),
        ("send_failed", "?"),
        ("reflections", "<u2"),
        ("received", "?"),
        ("arrival", "<i8"),
        ("reflector_seq", "<i8"),
        ("intended_ns", "<i8"),
        ("t1_ns", "<i8"),
        ("t2_ns", "<i8"),
        ("t3_ns", "<i8"),
        ("t4_ns", "<i8"),
        ("ttl_forward", "u1"),
        ("ttl_back", "u1"),
        ("kernel_stamped", "?"),
    ]
)

_NULL_AT = {"arrival": -1, "reflector_seq": -1, "ttl_forward": 0, "ttl_back": 0}
_NULL_AT |= dict.fromkeys(("intended_ns", "t1_ns", "t2_ns", "t3_ns", "t4_ns"), 0)

Records = NDArray[np.void]


class _Column[Value: np.generic]:
    """A column of the table as a typed attribute of the same name."""

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    def __get__(self, rows: Probes, _kind: type) -> NDArray[Value]:
        column: NDArray[Value] = rows[self._name]
        return column


class Probes(np.ndarray[tuple[int], np.dtype[np.void]]):
    """Rows of ``PROBE_DTYPE``; an attribute is a column, in ns where its name says so."""

    phase = _Column[np.uint16]()
    demand = _Column[np.uint32]()
    """The index of the demand in the plan."""
    seq = _Column[np.uint32]()
    reflections = _Column[np.uint16]()
    received = _Column[np.bool_]()
    send_failed = _Column[np.bool_]()
    intended_ns = _Column[np.int64]()
    t1_ns = _Column[np.int64]()
    t2_ns = _Column[np.int64]()
    t3_ns = _Column[np.int64]()
    t4_ns = _Column[np.int64]()

    @classmethod
    def of(cls, rows: NDArray[np.void]) -> Probes:
        """Return the same rows, not copied."""
        return rows.view(cls)

    def __getitem__(self, key: Any) -> Any:
        found = super().__getitem__(key)
        return found.view(np.ndarray) if isinstance(key, str) else found

    @property
    def is_first(self) -> Flags:
        """False for duplicates of a reply."""
        first: Flags = self["copy"] == 0
        return first

    @property
    def forward_ns(self) -> Integers:
        """Forward delays of answered probes."""
        return self.t2_ns - self.t1_ns

    @property
    def backward_ns(self) -> Integers:
        return self.t4_ns - self.t3_ns

    @property
    def rtt_ns(self) -> Integers:
        """Round trips, without the time at the far host (RFC 8762)."""
        return self.forward_ns + self.backward_ns

    def where(self, chosen: Flags) -> Probes:
        return Probes.of(self[chosen])

    def of_demand(self, index: int) -> Probes:
        return self.where(self.demand == index)

    def in_order(self) -> Probes:
        """Sorted by sequence number."""
        return Probes.of(np.sort(self, order="seq"))

    def by_demand(self) -> dict[int, Probes]:
        """By demand, its rows. These must be sorted by demand, as ``join`` sorts them."""
        edges = np.flatnonzero(self.demand[1:] != self.demand[:-1]) + 1
        groups = [Probes.of(rows) for rows in np.split(self, edges) if len(rows)]
        return {int(rows.demand[0]): rows for rows in groups}


@dataclass(frozen=True)
class HostRecords:
    """What one host wrote; ``epoch_ns`` is 0 when it was killed before the start."""

    host: str
    epoch_ns: int
    clock: str
    records: Records
    damaged: int

    def packets(self, kind: int, *, sent: bool) -> dict[int, int]:
        """By demand, records of a kind; if ``sent``, those whose packet left the host."""
        rows = self.records[self.records["kind"] == kind]
        if sent:
            rows = rows[rows["flags"] & records.SEND_FAILED == 0]
        if sent and kind == records.REFLECTED:
            rows = rows[rows["t3_ns"] != 0]
        demands, counts = np.unique(rows["demand"], return_counts=True)
        return dict(zip(demands.tolist(), counts.tolist(), strict=True))


def read_file(path: Path) -> HostRecords:
    """One host's records, whatever state its writer left them in; InputError if it is not one.

    ``damaged`` counts places passed over: torn, never written, or overwritten.
    """
    data = read_bytes(path, RECORDS)
    host = path.name.removeprefix("probes-").removesuffix(".rec")
    head = data[: records.HEADER_BYTES]
    if not head.strip(b"\0"):
        rows, damaged = _readable(memoryview(data)[records.HEADER_BYTES :])
        return HostRecords(host, 0, "", rows, damaged + (len(data) > 0))
    if not head.startswith(records.MAGIC) and not records.MAGIC.startswith(head):
        raise InputError("is not a probe record file", file=str(path))
    if len(head) < records.HEADER_BYTES:
        return HostRecords(host, 0, "", _readable(b"")[0], 1)
    _, version, size, length = records.HEADER.unpack_from(head)
    if version != records.VERSION or size != records.RECORD_BYTES:
        raise InputError(
            f"has record version {version} of {size} B, this reads version {records.VERSION}",
            file=str(path),
        )
    said = head[records.HEADER.size : records.HEADER.size + length].decode(errors="replace")
    about = parse_json(said, str(path))
    rows, damaged = _readable(memoryview(data)[records.HEADER_BYTES :])
    try:
        return HostRecords(
            str(about["host"]), int(about["epoch_ns"]), str(about["clock"]), rows, damaged
        )
    except (KeyError, TypeError, ValueError):
        raise InputError("its header has no host, epoch or clock", file=str(path)) from None


def _readable(body: memoryview | bytes) -> tuple[Records, int]:
    """The records that are in their places, and the number of empty places."""
    whole = len(body) // records.RECORD_BYTES
    rows = np.frombuffer(body, RECORD_DTYPE, whole)
    good = (rows["number"] == np.arange(whole)) & (rows["kind"] >= records.SENT)
    good &= rows["kind"] <= records.REFLECTED
    torn = int(len(body) % records.RECORD_BYTES > 0)
    damaged = int(whole - np.count_nonzero(good)) + torn
    return rows[good], damaged


def read_directory(directory: Path) -> list[HostRecords]:
    """Every host's records in a folder, by file name."""
    return [read_file(path) for path in sorted(directory.glob("probes-*.rec"))]


def _running_count(keys: NDArray[np.uint64]) -> NDArray[np.int64]:
    """For each element, how many equal ones stand before it."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]]) if len(keys) else order
    sizes = np.diff(np.r_[starts, len(keys)])
    counts = np.empty(len(keys), np.int64)
    counts[order] = np.arange(len(keys)) - np.repeat(starts, sizes)
    return counts


def _key(rows: Records) -> NDArray[np.uint64]:
    key: NDArray[np.uint64] = rows["demand"].astype(np.uint64) << np.uint64(32)
    key |= rows["seq"].astype(np.uint64)
    return key


def join(hosts: Sequence[HostRecords]) -> Probes:
    """One table from what senders and reflectors wrote. The order of ``hosts`` does not matter.

    A probe whose SENT record was lost with its agent is still known by its reply or reflection.
    """
    everything = (
        np.concatenate([host.records for host in sorted(hosts, key=lambda host: host.host)])
        if hosts
        else np.empty(0, RECORD_DTYPE)
    )
    sent, reply, mirror = (
        everything[everything["kind"] == kind]
        for kind in (records.SENT, records.REPLY, records.REFLECTED)
    )
    sent_key, reply_key, mirror_key = _key(sent), _key(reply), _key(mirror)
    silent = np.setdiff1d(np.union1d(sent_key, mirror_key), reply_key)
    rows = np.zeros(len(reply) + len(silent), PROBE_DTYPE)
    answered, unanswered = rows[: len(reply)], rows[len(reply) :]
    for name in ("phase", "demand", "seq", "reflector_seq", "ttl_forward", "ttl_back"):
        answered[name] = reply[name]
    for name in ("t1_ns", "t2_ns", "t3_ns", "t4_ns"):
        answered[name] = reply[name]
    answered["received"] = True
    answered["copy"] = _running_count(reply_key)
    answered["arrival"] = _running_count(reply["demand"].astype(np.uint64))
    answered["kernel_stamped"] = reply["flags"] & records.NO_KERNEL_STAMP == 0
    unanswered["demand"] = silent >> np.uint64(32)
    unanswered["seq"] = silent & np.uint64(0xFFFF_FFFF)
    unanswered["arrival"] = unanswered["reflector_seq"] = -1
    unanswered["kernel_stamped"] = True

    keys = np.concatenate([reply_key, silent])
    if len(sent):
        first, at = np.unique(sent_key, return_index=True)
        place = np.minimum(np.searchsorted(first, keys), len(first) - 1)
        found = first[place] == keys
        source = sent[at[place]]
        for name in ("phase", "intended_ns", "t1_ns"):
            rows[name] = np.where(found, source[name], rows[name])
        rows["sent"] = found
        rows["send_failed"] = found & (source["flags"] & records.SEND_FAILED != 0)
    if len(mirror):
        first, at, sizes = np.unique(mirror_key, return_index=True, return_counts=True)
        place = np.minimum(np.searchsorted(first, keys), len(first) - 1)
        found = first[place] == keys
        source = mirror[at[place]]
        rows["reflections"] = np.where(found, np.minimum(sizes[place], 0xFFFF), 0)
        found &= ~rows["received"]
        for name in ("t1_ns", "t2_ns", "t3_ns", "reflector_seq", "ttl_forward"):
            rows[name] = np.where(found, source[name], rows[name])
    return Probes.of(rows[np.lexsort((rows["copy"], rows["seq"], rows["demand"]))])


def to_arrow(probes: Probes, hosts: Sequence[HostRecords] = ()) -> pa.Table:
    """The table with nulls for what is unknown, and its schema version and epoch as metadata."""
    import pyarrow as pa

    columns = {}
    for name in PROBE_DTYPE.names or ():
        values = np.ascontiguousarray(probes[name])
        mask = values == _NULL_AT[name] if name in _NULL_AT else None
        columns[name] = pa.array(values, mask=mask)
    epochs = sorted({host.epoch_ns for host in hosts if host.epoch_ns})
    metadata = {
        "corridor_schema": f"probes/{SCHEMA_VERSION}",
        "epoch_ns": str(epochs[0]) if epochs else "",
        "damaged_records": str(sum(host.damaged for host in hosts)),
    }
    return pa.table(columns).replace_schema_metadata(metadata)


def write_parquet(path: Path, probes: Probes, hosts: Sequence[HostRecords] = ()) -> None:
    """``probes.parquet``: the same bytes for the same probes."""
    write_parquet_file(path, to_arrow(probes, hosts))


def read_parquet(path: Path) -> tuple[Probes, dict[str, str]]:
    """The table again, and its metadata; InputError for another schema."""
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    metadata = {
        key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()
    }
    if metadata.get("corridor_schema") != f"probes/{SCHEMA_VERSION}":
        raise InputError(
            f"has schema {metadata.get('corridor_schema')!r}, not probes/{SCHEMA_VERSION}",
            file=str(path),
        )
    probes = np.zeros(table.num_rows, PROBE_DTYPE)
    for name in PROBE_DTYPE.names or ():
        column = table[name]
        if name in _NULL_AT:
            column = column.fill_null(_NULL_AT[name])
        probes[name] = column.to_numpy()
    return Probes.of(probes), metadata
