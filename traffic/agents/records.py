"""The agents' own record of every probe: layout, and the writer. Standard library only.

One file a host, ``probes-<host>.rec``: a header of one page, then records of 64 octets. It is only
appended to, so whatever kills an agent leaves a readable prefix. Every record carries its own
number in the file: a reader passes over what does not hold the number of its place, be it torn,
zero, or a hole that write-back left when a kernel was killed.

Header: magic, version u16, record size u16, JSON length u32, JSON (epoch, host, clock), zeros.
Record, little endian: kind u8, flags u8, TTL forward u8, TTL back u8, phase u16, zero u16,
demand u32, sender's seq u32, reflector's seq u32, number u32, intended i64, T1, T2, T3, T4 i64.
Times are CLOCK_REALTIME ns, 0 where the kind does not know them:

    SENT       intended, T1                 written by the sender after the send
    REPLY      T1, T2, T3, T4, both TTLs    written by the sender at each reply, duplicates too
    REFLECTED  T1, T2, T3, TTL forward      written by the reflector; T3 is 0 if it does not answer
"""

from __future__ import annotations

import json
import os
from struct import Struct

MAGIC = b"CDCPROBE"
VERSION = 1
HEADER_BYTES = 4096
HEADER = Struct("<8sHHI")
RECORD = Struct("<BBBBHHIIIIqqqqq")
RECORD_BYTES = RECORD.size

SENT = 1
REPLY = 2
REFLECTED = 3

SEND_FAILED = 0x01
NO_KERNEL_STAMP = 0x02


def file_name(host: str) -> str:
    return f"probes-{host}.rec"


def header(host: str, epoch_ns: int, clock: str) -> bytes:
    text = json.dumps({"clock": clock, "epoch_ns": epoch_ns, "host": host}, sort_keys=True).encode()
    if HEADER.size + len(text) > HEADER_BYTES:
        raise ValueError(f"host name {host[:40]!r}... is too long for a record file")
    return (HEADER.pack(MAGIC, VERSION, RECORD_BYTES, len(text)) + text).ljust(HEADER_BYTES, b"\0")


class RecordWriter:
    """Buffers records and writes them ``flush_records`` at a time, at the same points every run.

    After each write the pages are given up, which starts their write-back at once: on a guest's
    host file system a killed kernel would take dirty pages with it.
    """

    __slots__ = ("_buffer", "_fd", "_limit", "_used", "number")

    def __init__(self, path: str, head: bytes, flush_records: int) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        self._limit = flush_records * RECORD_BYTES
        self._buffer = bytearray(self._limit)
        self._used = 0
        self.number = 0
        self._write(head)

    def add(
        self,
        kind: int,
        flags: int,
        ttl_forward: int,
        ttl_back: int,
        phase: int,
        demand: int,
        seq: int,
        reflector_seq: int,
        intended_ns: int,
        t1_ns: int,
        t2_ns: int,
        t3_ns: int,
        t4_ns: int,
    ) -> None:
        RECORD.pack_into(
            self._buffer,
            self._used,
            kind,
            flags,
            ttl_forward,
            ttl_back,
            phase,
            0,
            demand,
            seq,
            reflector_seq,
            self.number,
            intended_ns,
            t1_ns,
            t2_ns,
            t3_ns,
            t4_ns,
        )
        self.number += 1
        self._used += RECORD_BYTES
        if self._used == self._limit:
            self.flush()

    def rewrite_header(self, head: bytes) -> None:
        """Put the epoch into the header, once it is known and before the first record."""
        os.pwrite(self._fd, head, 0)
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)

    def flush(self) -> None:
        if self._used:
            self._write(memoryview(self._buffer)[: self._used])
            self._used = 0

    def close(self) -> None:
        self.flush()
        os.close(self._fd)

    def _write(self, data: bytes | memoryview) -> None:
        while data:
            data = data[os.write(self._fd, data) :]
        os.posix_fadvise(self._fd, 0, 0, os.POSIX_FADV_DONTNEED)
