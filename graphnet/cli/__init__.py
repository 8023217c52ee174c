"""The command line. Only here does graphnet print or exit.

``--help`` answers at once: whatever needs NumPy, pydantic or h5py is imported by the command
that uses it, when it runs.
"""

from graphnet.cli import data_commands as data_commands  # registers them
from graphnet.cli.app import main as main
