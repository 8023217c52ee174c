"""``python -m graphnet``: the same as the ``graphnet`` command."""

import sys

from graphnet.cli import main

if __name__ == "__main__":  # a net may name any module of graphnet, which is then imported
    sys.exit(main())
