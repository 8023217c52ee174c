"""The commands for formats of weights alone."""

import pytest


@pytest.mark.parametrize(
    ("group", "names"),
    [
        ("import", ["safetensors", "npz", "torch", "mocha"]),
        ("export", ["safetensors", "npz", "mocha"]),
    ],
)
def test_each_format_has_a_command(run, group, names):
    """With a line in the list, and help of its own."""
    listed = run(f"{group} --help").lines
    for name in names:
        assert any(line.startswith(f"  {name} ") for line in listed)
        found = run(f"{group} {name} --help")
        assert found.code == 0
        assert "--weights" in found.out
        assert ("--print-map" in found.out) is (group == "import")


def test_pytorchs_files_are_not_written(run):
    """It reads safetensors."""
    assert run("export torch net.yaml --weights run -o m.pt").code == 2
