"""British spelling, on all pages and in all docstrings; names that are written so stay."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG")]
PAGES += sorted((ROOT / "docs").rglob("*.md"))
PACKAGES = sorted(path for path in (ROOT / "graphnet").iterdir() if path.is_dir())

#: How words begin, or stand whole, where they are American.
AMERICAN = re.compile(
    r"\b(?:(?:multi)?colou?r(?<!colour)(?:s|ed|ing)?|centers?|centered|behaviors?|neighbors?|"
    r"neighboring|favors?|favorites?|honors?|fulfill|catalogs?|labeled|labeling|modeling|modeled|"
    r"canceled|canceling|traveled|analyz(?:e|es|ed|ing)|artifacts?|"
    r"[a-z]{2,}(?<!\bs)iz(?:e|es|ed|ing|ation|ations|er|ers))\b"
)
#: Words that are no American spelling, or are names: keys, sections of files, others' operators.
NAMES = frozenset(
    ("initializer", "initializers", "regularizer", "regularizers", "tokenizer", "tokenizers")
)
NAMES |= {"resize", "resized", "stepsize"}
_CODE = re.compile(
    r"^( *)```.*?^\1```$|``[^`]*``|`[^`]*`|:\w+:`[^`]*`|\]\([^)]*\)|<!--.*?-->|https?://\S+|\b\w*_\w+"
    r"|^ *\w+:(?= )",  # an argument
    re.MULTILINE | re.DOTALL,
)


def american(text):
    """The words of a text that are spelt so, without code and links."""
    return sorted({w for w in AMERICAN.findall(_CODE.sub(" ", text)) if w not in NAMES})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_pages_are_british(page):
    """Whoever wrote them."""
    assert american(page.read_text("utf-8")) == []


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.name)
def test_docstrings_are_british(package):
    """They are pages too."""
    kinds = (ast.Module, ast.ClassDef, ast.FunctionDef)
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            text = ast.get_docstring(node) if isinstance(node, kinds) else None
            assert american(text or "") == [], f"{path}:{getattr(node, 'lineno', 1)}"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("the color of the center", ["center", "color"]),
        ("normalized values, and a layer `Normalize`", ["normalized"]),
        ("its behaviour, a colour, the size; Normalize", []),
        ("initializers and ``color``", []),
    ],
)
def test_it_tells_words_from_names(text, found):
    """In code, and with a capital, they are names."""
    assert american(text) == found
