"""How graphnet was installed: the command that installs extras, and the project of the same name.

The distribution is called ``graphnet-engine``, because ``graphnet`` on the package index is
another project. Its package has our name, so it may replace or hide ours.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

DISTRIBUTION = "graphnet-engine"

#: What the metadata of our distribution, and only of ours, contains.
_OURS = "graphnet.cli"
_FOLDER = Path(__file__).resolve().parent.parent


def pip_install(extra: str = "") -> str:
    """The command that installs graphnet, or an extra of it, from where it was installed."""
    return "pip install " + requirement(_FOLDER, extra)


def requirement(folder: Path, extra: str = "") -> str:
    """The argument for ``pip install``: the folder of the clone if there is one, else the name.

    Args:
        folder: The folder of the package.
        extra: The extra, as pyproject.toml names it.
    """
    editable = is_clone(folder)
    origin = folder if editable else _origin(folder)
    what = DISTRIBUTION if origin is None else "." if origin == Path.cwd() else str(origin)
    with_extra = f"'{what}[{extra}]'" if extra and "'" not in what else shlex.quote(what)
    return f"-e {with_extra}" if editable else with_extra


def is_clone(folder: Path) -> bool:
    """Whether a folder is a clone of graphnet's repository."""
    try:
        return f'name = "{DISTRIBUTION}"' in (folder / "pyproject.toml").read_text("utf-8")
    except OSError:
        return False


def _origin(folder: Path) -> Path | None:
    """The clone or file that pip installed graphnet from, if it is still there."""
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    for file in folder.glob(f"{DISTRIBUTION.replace('-', '_')}-*.dist-info/direct_url.json"):
        url = urlsplit(json.loads(file.read_text("utf-8"))["url"])
        path = Path(url2pathname(url.path))
        if url.scheme == "file" and path.exists():
            return path
    return None


def other_project(folders: Iterable[str]) -> str | None:
    """The version of the other project named ``graphnet``, if that is installed; else None.

    Args:
        folders: Where packages are imported from: ``sys.path``.
    """
    for folder in folders:
        with suppress(OSError):  # a folder that is not there, or no folder
            for name in os.listdir(folder or "."):  # noqa: PTH208  # at every start: the quickest
                found = re.fullmatch(r"graphnet-(.*)\.(?:dist|egg)-info", name)
                if found and not _is_ours(Path(folder, name)):
                    return found[1]
    return None


def _is_ours(metadata: Path) -> bool:
    commands = metadata / "entry_points.txt"
    return commands.is_file() and _OURS in commands.read_text("utf-8")


def is_replaced() -> bool:
    """Whether what is imported as ``graphnet`` is the other project's package."""
    return "load_net" not in dir(sys.modules["graphnet"])


def in_the_way() -> str:
    """The message about the other project if that is installed, else nothing."""
    version = other_project(sys.path)
    if version is None:
        return ""
    return (
        f"graphnet {version} is installed here, another project of the same name: its files replace"
        " or hide some of ours\n"
        f"  remove both, then install ours again: pip uninstall -y graphnet {DISTRIBUTION}"
        f" && {pip_install()}"
    )
