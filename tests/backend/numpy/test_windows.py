"""Tests of graphnet.backend.numpy.windows."""

from __future__ import annotations

from hypothesis import assume, given
from hypothesis import strategies as st

from graphnet.backend.numpy.windows import Axis

axes = st.builds(
    Axis,
    size=st.integers(1, 12),
    out=st.integers(1, 12),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 4),
    pad=st.integers(0, 6),
    dilation=st.integers(1, 3),
)


def places(axis, window):
    """Where each tap of a window lies, inside the image or not."""
    return [window * axis.stride + tap * axis.dilation - axis.pad for tap in range(axis.kernel)]


@given(axes, st.data())
def test_taps_meet_all_elements_of_their_windows(axis, data):
    """Counted out window by window: what lies in the image is met, by the right tap, once."""
    first = data.draw(st.integers(0, axis.out - 1))
    last = data.draw(st.integers(first + 1, axis.out))
    met = set()
    for tap in axis.taps(first, last):
        windows = range(last - first)[tap.windows]
        elements = range(axis.size)[tap.image]
        assert len(windows) == len(elements) > 0
        met |= {(tap.index, first + w, i) for w, i in zip(windows, elements, strict=True)}
    expected = {
        (tap, window, i)
        for window in range(first, last)
        for tap, i in enumerate(places(axis, window))
        if 0 <= i < axis.size
    }
    assert met == expected


def test_a_kernel_much_larger_than_the_image():
    """Only the taps that can meet something are looked at."""
    assert [tap.index for tap in Axis(5, 2, 10**12, 3, 1).taps()] == [0, 1, 2, 3, 4, 5]


@given(axes)
def test_disjoint_windows_share_nothing(axis):
    """Where windows are called disjoint, no element is in two of them."""
    assume(axis.disjoint)
    inside = [i for w in range(axis.out) for i in places(axis, w) if 0 <= i < axis.size]
    assert len(inside) == len(set(inside))


@given(axes)
def test_tiles_cover_every_element_once(axis):
    """Where windows tile the image, each of its elements is in exactly one of them."""
    inside = [i for w in range(axis.out) for i in places(axis, w) if 0 <= i < axis.size]
    assert not axis.tiles or sorted(inside) == list(range(axis.size))


@given(axes)
def test_groups_hold_every_window_with_all_its_taps(axis):
    """Successive windows, in order, and the elements that their taps meet."""
    inside = [[i for i in places(axis, w) if 0 <= i < axis.size] for w in range(axis.out)]
    assume(all(inside))
    found = []
    for group in axis.runs():
        taps = [range(axis.size)[tap] for tap in group.taps]
        windows = range(group.windows.start, group.windows.stop)
        assert {len(tap) for tap in taps} == {len(windows)}
        for j, window in enumerate(windows):
            assert window == len(found)
            assert places(axis, window)[group.first] == taps[0][j]
            found.append([tap[j] for tap in taps])
    assert found == inside
