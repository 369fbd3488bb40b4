"""The traffic matrix of a country: gravity and proportional fitting. Pure.

Gravity with an exponent of distance near 0: content decides where traffic goes, not distance.
Fitting is that of Furness (Traffic Engineering and Control, 1965), or of Deming and Stephan (1940).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

DISTANCE_EXPONENT = 0.1
"""Assumed."""
LEAST = 1e-9
"""Share that a column keeps, for rows that have no other column."""
ROUNDS, TOLERANCE = 500, 1e-10
Floats = npt.NDArray[np.float64]


def gravity(mass: float, length_km: float) -> float:
    """Return the attraction of a region at a distance; only ratios have a meaning."""
    return mass * float(max(length_km, 1.0) ** -DISTANCE_EXPONENT)


def fitted(seed: Floats, rows: Floats, columns: Floats | None = None) -> Floats:
    """Scale a matrix to sums of rows and of columns.

    Args:
        seed: Rows x columns, not negative; a 0 stays 0.
        rows: The sum of each row.
        columns: The sum of each column, scaled to the sum of ``rows``; None: any.

    Returns:
        The matrix with the row sums. Its column sums are as near to ``columns`` as rows and zeros
        of the seed permit. A row of zeros stays 0.
    """
    found = _scaled(seed, rows, axis=1)
    if columns is None or not columns.sum() or not found.any():
        return found
    wanted = np.where(seed.any(axis=0), np.maximum(columns, LEAST * columns.sum()), 0.0)
    wanted = wanted * (rows.sum() / wanted.sum())
    for _ in range(ROUNDS):
        before, found = found, _scaled(_scaled(found, wanted, axis=0), rows, axis=1)
        if np.abs(found - before).max() <= TOLERANCE * rows.sum():
            break
    return found


def _scaled(matrix: Floats, sums: Floats, *, axis: int) -> Floats:
    """Scale each row (``axis`` 1) or column (``axis`` 0) to its sum."""
    now = matrix.sum(axis=axis)
    factors = np.divide(sums, now, out=np.zeros_like(sums), where=now > 0)
    return matrix * (factors[:, None] if axis else factors[None, :])


def with_fixed(seed: Floats, fixed: Floats, rows: Floats, columns: Floats | None) -> Floats:
    """The same where some shares of rows are known.

    Args:
        seed: Rows x columns, not negative.
        fixed: Rows x columns: the known share of a row, or NaN. The rest of a row is fitted. Known
            shares of more than 1 in all, or without a rest, are scaled to 1.
        rows: The sum of each row.
        columns: The sum of each column, or None.
    """
    known = np.nan_to_num(fixed)
    free = np.where(np.isnan(fixed), seed, 0.0)
    given, has_rest = known.sum(axis=1), free.sum(axis=1) > 0
    too_much = (given > 1) | ((given > 0) & ~has_rest)
    known = known / np.where(too_much, given, 1.0)[:, None] * rows[:, None]
    rest = np.where(has_rest, np.maximum(rows - known.sum(axis=1), 0.0), 0.0)
    left = None if columns is None else np.maximum(columns - known.sum(axis=0), 0.0)
    return known + fitted(free, rest, left)
