"""The page's process with short leases: ``python -m impatient_page``."""

import sys

from corridor.experiments.live_network import page_actions, page_main

page_actions.LEASE_S = 4.0
sys.exit(page_main.main())
