# ruff: noqa: INP001  # what Sphinx reads, not a module of a package
"""How Sphinx makes the site: ``sphinx-build -W -b html docs build/site``."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

project = "graphnet"
author = "The graphnet authors"
version = release = version_of("graphnet-engine")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]

myst_heading_anchors = 4  # as code hosts make them, for links such as layers.md#pooling
myst_enable_extensions = ["colon_fence"]
myst_links_external_new_tab = False

autodoc_mock_imports = ["sklearn"]  # which the estimators need, and the site does not
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_custom_sections = ["Source", "Example", "Bottoms", "Tops", "Params"]
napoleon_use_ivar = True

html_theme = "furo"
html_title = "graphnet"
html_show_sphinx = False
html_static_path: list[str] = []
html_search_scorer = str(Path(__file__).with_name("search_scorer.js"))
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "tango"
pygments_dark_style = "monokai"

#: Pages of the site that stand in the root of the repository.
_IN_ROOT = {"contributing": "CONTRIBUTING.md", "changelog": "CHANGELOG.md"}


def setup(app: Any) -> None:
    """Have the site show them."""
    app.connect("source-read", _take_from_root)


def _take_from_root(_app: Any, page: str, source: list[str]) -> None:
    if page in _IN_ROOT:
        text = (Path(__file__).parent.parent / _IN_ROOT[page]).read_text("utf-8")
        source[0] = re.sub(r"\[([^\]\n]+)\]\(([^)#:]+)(#[^)]*)?\)", _moved, text)


def _moved(link: re.Match[str]) -> str:
    """A link as it is from docs/; to what is not part of the site, its text alone."""
    target = link[2].removeprefix("docs/")
    target = next((f"{page}.md" for page, file in _IN_ROOT.items() if file == target), target)
    if (Path(__file__).parent / target).exists():
        return f"[{link[1]}]({target}{link[3] or ''})"
    return link[1]
