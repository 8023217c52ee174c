"""Bounds: what is read and written with --untrusted."""

from pathlib import Path

import pytest

from graphnet.errors import SpecError
from graphnet.files.bounds import check_read, check_write, confined, current


def test_without_bounds_all_is_allowed():
    """They hold inside a block alone."""
    assert current() is None
    check_read(Path("/etc/passwd"))
    check_write(Path("/etc/passwd"))


def test_reading_and_writing(tmp_path):
    """What may be written may be read; below a folder, all."""
    inside, run = tmp_path / "net", tmp_path / "net" / "run"
    with confined([inside]) as bounds:
        assert current() is bounds
        check_read(inside / "a" / "b.h5")
        with pytest.raises(SpecError, match=r"run: is not written: --untrusted keeps to the run's"):
            check_write(run)
        bounds.let_write(run)
        check_write(run / "snapshots" / "x.h5")
        with pytest.raises(SpecError, match="is not written"):
            check_write(inside / "a.h5")
        with pytest.raises(SpecError, match="is not read: --untrusted keeps to the net's folder"):
            bounds.let_write(tmp_path)
    assert current() is None


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/x", "neto"])
def test_ways_out(tmp_path, name):
    """None of them leads out."""
    base = tmp_path / "net"
    with confined([base], [base]):
        for check in (check_read, check_write):
            with pytest.raises(SpecError, match="--untrusted keeps to"):
                check(tmp_path / name if name == "neto" else base / name)


def test_links_are_followed_first(tmp_path):
    """A link within leads out; one outside that leads in is in."""
    base = tmp_path / "net"
    base.mkdir()
    (tmp_path / "secret").write_text("x")
    try:
        (base / "link").symlink_to(tmp_path / "secret")
        (tmp_path / "door").symlink_to(base)
    except OSError:
        pytest.skip("links cannot be made here")
    with confined([base]):
        with pytest.raises(SpecError, match="is not read"):
            check_read(base / "link")
        check_read(tmp_path / "door" / "a")
