"""What a state_dict is made of: the few names, and what they make."""

import pytest

from graphnet.interchange.torch.values import (
    ALLOWED,
    STORAGES,
    Maker,
    OrderedDictType,
    RefusedError,
    Storage,
    StorageType,
    call,
    put,
    storage_of,
)


def test_the_allow_list_is_short():
    """Tensors, storages and OrderedDict: nothing on it runs code of anybody else's."""
    kinds = {type(value) for value in ALLOWED.values()}
    assert kinds == {Maker, OrderedDictType, StorageType}
    assert {module for module, _ in ALLOWED} == {"collections", "torch", "torch._utils"}
    assert len(ALLOWED) == 4 + len(STORAGES)


def test_storages_and_their_parts():
    """A whole one, and what old files have as a view of one."""
    kind = ALLOWED["torch", "HalfStorage"]
    whole = storage_of(("storage", kind, "7", "cuda:0", 10))
    assert whole == Storage("7", "float16", 10, 0, 10)
    part = storage_of(("storage", kind, "7", "cpu", 10, ("view", 4, 3)))
    assert (part.first, part.count, part.n_all) == (4, 3, 10)
    assert (whole.itemsize, Storage("", "bfloat16", 1, 0, 1).itemsize) == (2, 2)


def test_tensors_of_older_files():
    """Four arguments are enough; a Parameter is its tensor; one without elements fits anywhere."""
    row = Storage("0", "float32", 4, 0, 4)
    make = ALLOWED["torch._utils", "_rebuild_tensor"]
    tensor = call(make, (row, 1, (3,), (1,)))
    assert (tensor.first, tensor.shape) == (1, (3,))
    assert call(ALLOWED["torch._utils", "_rebuild_parameter"], (tensor, True, {})) is tensor
    assert call(make, (row, 4, (0, 3), (3, 1))).shape == (0, 3)


def test_keys_of_dicts():
    """Texts and small numbers, so that nobody chooses keys that meet in one place."""
    made = {}
    put(made, "a", 1)
    put(made, 3, 2)
    assert made == {"a": 1, 3: 2}
    for key in (2**40, True, None, 1.5, (1,)):
        with pytest.raises(RefusedError, match="neither a text nor a number"):
            put(made, key, 0)
