"""`python -m hil.twins`: see hil/twins/campaign.py."""

import sys

from hil.scripts.pool import exit_code
from hil.twins.campaign import main

sys.exit(exit_code(main))
