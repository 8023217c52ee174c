"""``graphnet predict``: run a net on rows from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from graphnet.cli.declared import read_net_with
from graphnet.cli.terminal import say
from graphnet.cli.test import Options, load_all
from graphnet.data.hdf5_file import read_array, write_file
from graphnet.data.pipeline import Pipeline
from graphnet.data.hdf5_file import Column
from graphnet.data.transformers import Samples
from graphnet.errors import DataError, SpecError, did_you_mean
from graphnet.net.load import load_net
from graphnet.net.spec import NetSpec
from graphnet.overrides import Override
from graphnet.solver.weights import read_weights

_FORMATS = (".h5", ".hdf5", ".npy")


def predict(
    path: Path,
    weights: Path,
    source: Path,
    target: Path,
    overrides: Sequence[Override],
    options: Options,
) -> None: ...
