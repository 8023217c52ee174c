"""``python -m graphnet``: the same as the ``graphnet`` command."""

import sys

from graphnet.cli import main

sys.exit(main())
