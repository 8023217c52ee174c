"""The messages of Caffe's files."""

from graphnet.interchange.caffe.files.schema import ENUMS, KINDS


def test_every_type_is_there():
    """A field's type is a scalar, an enumeration or a message of the table."""
    for kind in KINDS.values():
        for field in kind.fields.values():
            known = field.type in ("i32", "i64", "u32", "f", "d", "b", "s", "y")
            assert known or field.is_enum or field.type in KINDS, (kind.name, field)
            assert field.is_message == (field.type in KINDS)
            if field.is_enum and field.default is not None:
                assert field.default in ENUMS[field.type]


def test_numbers_are_unique():
    """Within a message."""
    for kind in KINDS.values():
        assert len(kind.by_number) == len(kind.fields)


def test_defaults():
    """As numbers, truth values and words."""
    conv = KINDS["ConvolutionParameter"].fields
    assert (conv["bias_term"].default, conv["axis"].default) == (True, 1)
    assert KINDS["BatchNormParameter"].fields["eps"].default == 1e-5
    assert KINDS["PoolingParameter"].fields["pool"].default == "MAX"
    assert conv["num_output"].default is None
