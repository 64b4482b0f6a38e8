"""`python -m hil.scripts`: see hil/scripts/campaign.py."""

import sys

from hil.scripts.campaign import main
from hil.scripts.pool import exit_code

sys.exit(exit_code(main))
