"""`python -m hil.oracle`: see hil/oracle/campaign.py."""

import sys

from hil.oracle.campaign import main
from hil.scripts.pool import exit_code

sys.exit(exit_code(main))
