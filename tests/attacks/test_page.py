"""The page about security names each attack's test, and none that is not there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent.parent / "docs" / "guides" / "security.md"


def test_the_page_names_each_test():
    """Tests of what is allowed apart."""
    allowed = {
        "test_untrusted.test_a_run_that_keeps_to_its_folder",
        "test_untrusted.test_an_output_within_the_run",
        "test_untrusted.test_predicting_with_a_run_of_theirs",
    }
    there = {
        f"{path.stem}.{node.name}"
        for path in HERE.glob("test_*.py")
        if path != Path(__file__)
        for node in ast.parse(path.read_text("utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }
    named = re.findall(r"`(test_\w+\.test_\w+)`", PAGE.read_text("utf-8"))
    assert sorted(named) == sorted(there - allowed)
