"""How graphnet came onto this machine: what installs more of it, and whether it is in place.

The distribution is called ``graphnet-engine``: the name ``graphnet`` on the package index is
another project's, whose package has the same name and so lies in the same folder, or before it.
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

#: What our own metadata says of the command; that of the other project has none.
_OURS = "graphnet.cli"
_FOLDER = Path(__file__).resolve().parent.parent


def pip_install(extra: str = "") -> str:
    """The command that installs graphnet, or one of its extras, from where it came."""
    return "pip install " + requirement(_FOLDER, extra)


def requirement(folder: Path, extra: str = "") -> str:
    """What pip is to be given: a clone's folder where it came from one, else the name.

    Args:
        folder: Where the package lies.
        extra: As pyproject.toml names it.
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
    """The clone or the file that pip installed it from, if it is still there."""
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
    """What to tell of the other project where it is installed; else nothing."""
    version = other_project(sys.path)
    if version is None:
        return ""
    return (
        f"graphnet {version} is installed here, another project of the same name: its files replace"
        " or hide some of ours\n"
        f"  remove both, then install ours again: pip uninstall -y graphnet {DISTRIBUTION}"
        f" && {pip_install()}"
    )
