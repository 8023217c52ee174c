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
from typing import Any

DISTRIBUTION = "graphnet-engine"

#: What the metadata of our distribution, and only of ours, contains.
_OURS = "graphnet.cli"
_FOLDER = Path(__file__).resolve().parent.parent


def pip_install(extra: str = "") -> str:
    """The command that installs graphnet, or an extra of it, from where it was installed."""
    return "pip install " + requirement(_FOLDER, extra)


def requirement(folder: Path, extra: str = "") -> str:
    """The argument for ``pip install``: from where graphnet came, be it a clone, a file or a URL.

    Its name alone is right only where pip took it from an index. Where the clone or file is gone,
    what is said is what to do in another clone.

    Args:
        folder: The folder of the package.
        extra: The extra, as pyproject.toml names it.
    """
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    extras = f"[{extra}]" if extra else ""
    if is_clone(folder):
        return f"-e {_quoted_path(folder, extras)}"
    record = _record(folder)
    url = record.get("url", "")
    if not url:
        return _quoted(DISTRIBUTION + extras)
    parts = urlsplit(url)
    if parts.scheme != "file":
        vcs = record.get("vcs_info", {}).get("vcs")
        return _quoted(f"{DISTRIBUTION}{extras} @ {f'{vcs}+{url}' if vcs else url}")
    path = Path(url2pathname(parts.path))
    if path.exists():
        return _quoted_path(path, extras)
    return f"{_quoted(f'.{extras}')} in a clone of graphnet's repository"


def _quoted_path(path: Path, extras: str) -> str:
    return _quoted(("." if path == Path.cwd() else str(path)) + extras)


def _quoted(text: str) -> str:
    """As a shell needs it; always with quotes where there are brackets."""
    return f"'{text}'" if "[" in text and "'" not in text else shlex.quote(text)


def is_clone(folder: Path) -> bool:
    """Whether a folder is a clone of graphnet's repository."""
    try:
        return f'name = "{DISTRIBUTION}"' in (folder / "pyproject.toml").read_text("utf-8")
    except OSError:
        return False


def _record(folder: Path) -> dict[str, Any]:
    """What pip noted of where graphnet came from; nothing if it came from an index."""
    for file in folder.glob(f"{DISTRIBUTION.replace('-', '_')}-*.dist-info/direct_url.json"):
        with suppress(OSError, ValueError):
            found = json.loads(file.read_text("utf-8"))
            return found if isinstance(found, dict) else {}
    return {}


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
