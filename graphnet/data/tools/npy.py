"""NumPy's ``.npy`` files: one array, mapped into memory; its header is not trusted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from graphnet.errors import DataError


def read(path: Path) -> np.ndarray:
    """The array in a file, of any type; it takes no memory until it is looked at."""
    try:
        found: np.ndarray = np.lib.format.open_memmap(path, mode="r")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # a damaged header makes NumPy raise nearly anything
        raise DataError(
            f"{path}: cannot be read: {error or type(error).__name__}\n"
            "  expected one array, as numpy.save writes it"
        ) from error
    return found
