"""Which controller frameworks there are, and which one runs where none is named.

Ryu is archived. Its fork os-ken is maintained, and is what the extra ``emulate`` installs. Where
both are installed, runs take Ryu: results then equal those of a checkout.
"""

from __future__ import annotations

from typing import Literal

from corridor.topologies.base.installation import missing, require

type Framework = Literal["ryu", "os-ken"]
type AskedFramework = Literal["auto", "ryu", "os-ken"]


def framework_here(wanted: AskedFramework = "auto") -> Framework:
    """Return the framework that ``auto`` means: Ryu where it is installed, else os-ken."""
    if wanted != "auto":
        return wanted
    return "os-ken" if missing("ryu") else "ryu"


def installed_framework(wanted: AskedFramework = "auto") -> Framework:
    """Return the framework of a run. Raises EnvironmentUnsupported if it is not installed."""
    chosen = framework_here(wanted)
    require(f"the framework {chosen}", "ryu" if chosen == "ryu" else "emulate")
    return chosen
