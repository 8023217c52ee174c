"""``graphnet import`` as a group of commands."""

from __future__ import annotations


def test_help_lists_the_formats(run):
    """Each with a line."""
    for group, formats in (("import", ["caffe", "onnx"]), ("export", ["caffe", "onnx"])):
        lines = run(f"{group} --help").lines
        assert all(any(line.startswith(f"  {name} ") for line in lines) for name in formats)


def test_a_folder_must_be_named(run):
    """Nothing is written beside the files by chance."""
    found = run("import caffe n.prototxt")
    assert found.code == 2
    assert "--to" in found.err
