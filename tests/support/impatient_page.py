"""The page's process with short leases: ``python -m impatient_page``."""

import sys

from corridor.experiments.live_network.page import __main__, leases

leases.LEASE_S = 4.0
sys.exit(__main__.main())
