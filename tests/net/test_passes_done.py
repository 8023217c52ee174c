"""PassesDone: what the memory of a net holds, and what is said where it does not."""

from __future__ import annotations

import pytest

from graphnet.errors import GraphnetError
from graphnet.net.passes_done import PassesDone


def test_backward_follows_a_forward_once():
    """It writes over what it starts from."""
    passes = PassesDone("n", "train")
    with pytest.raises(GraphnetError, match=r"net 'n': backward\(\) needs a forward\(\) before it"):
        passes.begin_backward()
    passes.has_forward = True
    passes.begin_backward()
    with pytest.raises(GraphnetError, match="each time"):
        passes.begin_backward()


def test_a_net_without_gradients():
    """No forward makes up for it."""
    passes = PassesDone("n", "test")
    passes.has_forward = True
    with pytest.raises(GraphnetError, match="is of phase test, in which there are no gradients"):
        passes.begin_backward()


def test_a_diff_is_there_after_a_backward():
    """Before any pass it is NaN and may be looked at; after a bare forward it is another's."""
    passes = PassesDone("n", "train")
    passes.check_backward("x")
    passes.forget()
    with pytest.raises(GraphnetError, match="the blob 'x' has no diff yet"):
        passes.check_backward("x")
    passes.has_backward = True
    passes.check_backward("x")
