"""Params that layers share by name; how nets do is tested with their translation."""

from support.caffe_nets import INPUTS, translated

IP = 'type: "InnerProduct" bottom: "s" inner_product_param { num_output: 2 }'


def problems(first, second):
    text = INPUTS + "".join(
        f'layer {{ name: "{name}" top: "{name}" {IP} {params} }}'
        for name, params in (("a", first), ("b", second))
    )
    return [problem.message for problem in translated(text).problems]


def test_what_both_say():
    """Must agree; one may say nothing."""
    both = 'param { name: "w" %s } param { name: "b" }'
    assert not problems(both % "lr_mult: 2", both % "")
    (said,) = problems(both % "lr_mult: 2", both % "lr_mult: 3")
    assert said == (
        "layer 'b' (InnerProduct): has lr_mult 3 for the param 'w', which layer 'a' gives 2"
    )


def test_in_another_order():
    """Is not the same."""
    first = 'param { name: "w" } param { name: "b" }'
    assert "only a part" in problems(first, 'param { name: "b" } param { name: "w" }')[0]
