"""Whether guaranteed rates fit every link under every failure that is protected against.

Forward fault correction (Liu et al., "Traffic Engineering with Forward Fault Correction",
SIGCOMM 2014) for paths that are fixed, with their detours: the load of a directed link is held
against its capacity under *every* set of up to k failed elements. The worst set is found exactly,
among the elements that move demands onto the link and as far as bounds leave any in question.

If rates do not fit, the answer is the smallest change that makes them fit: rates lowered by a
linear program, whose rows (one for each failure set that a link cannot take) are added as they are
found to be broken; and, to compare, capacity added.
"""

from __future__ import annotations

from corridor.controller.admission.admit import admit, together
from corridor.controller.admission.values import Added, Admission, Link, Lowered, Use, Worst

__all__ = ["Added", "Admission", "Link", "Lowered", "Use", "Worst", "admit", "together"]
