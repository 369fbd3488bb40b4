"""Nanoseconds and seconds. Imported by agents too: no more than this stands here."""

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
