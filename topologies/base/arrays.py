"""Types of arrays that files with numbers share."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

type Floats = npt.NDArray[np.float64]
type Integers = npt.NDArray[np.int64]
type Flags = npt.NDArray[np.bool_]
