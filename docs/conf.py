# ruff: noqa: INP001  # what Sphinx reads, not a module of a package
"""How Sphinx makes the site: ``sphinx-build -W -b html docs build/site``."""

from __future__ import annotations

from importlib.metadata import version as version_of

project = "graphnet"
author = "The graphnet authors"
version = release = version_of("graphnet-engine")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]

myst_heading_anchors = 4  # as code hosts make them, for links such as layers.md#pooling
myst_enable_extensions = ["colon_fence"]
myst_links_external_new_tab = False

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
html_theme_options = {"top_of_page_buttons": []}
pygments_style = "tango"
pygments_dark_style = "monokai"
