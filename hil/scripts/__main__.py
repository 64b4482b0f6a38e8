"""`python -m hil.scripts`: see hil/scripts/campaign.py."""

import sys

from hil.scripts.campaign import main

sys.exit(main())
