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


def layers(*params, kind=IP):
    """The layers of a net whose layers say this of their params; and its problems."""
    named = zip("abc", params, strict=False)
    text = INPUTS + "".join(f'layer {{ name: "{n}" top: "{n}" {kind} {p} }}' for n, p in named)
    found = translated(text)
    return {x["name"]: x for e in found.layers for x in e.made.layers}, found.problems


def test_in_part():
    """The bias is a layer of its own, of the layer whose weight is shared, too."""
    found, wrong = layers('param { name: "w" }', 'param { name: "w" } param { lr_mult: 0 }')
    assert not wrong
    parts = [n for n in found if n[0] in "ab"]
    assert parts == ["a", "a.bias", "b", "b.bias"]
    assert [found[n].get("param_key") for n in parts] == [None, None, "a", None]
    assert [found[n].get("bias") for n in parts] == [False, None, False, None]
    assert [found[n]["tops"] for n in parts] == [["a.unbiased"], ["a"], ["b.unbiased"], ["b"]]
    assert found["a.bias"]["bottoms"] == ["a.unbiased"]
    assert (found["a"]["weight_lr"], found["a.bias"]["bias_lr"]) == (1, 1)
    assert found["b.bias"]["bias_lr"] == 0
    assert not [key for key in found["b"] if key.startswith(("weight_", "bias_"))]


def test_the_bias_alone():
    """Of convolutions, too."""
    conv = 'type: "Convolution" bottom: "x" convolution_param { num_output: 3 kernel_size: 3 }'
    share = 'param { lr_mult: 1 } param { name: "b" }'
    found, wrong = layers(share, share, kind=conv)
    assert not wrong
    assert [found[n].get("param_key") for n in ("b", "b.bias")] == [None, "a.bias"]
    assert found["b.bias"]["axis"] == 1


def test_all_of_them_and_then_a_part():
    """Those that share all do so still; before and behind."""
    both, one = 'param { name: "w" } param { name: "b" }', 'param { name: "w" }'
    wanted = [("b", "a"), ("b.bias", "a.bias"), ("c", "a"), ("c.bias", None)]
    found, wrong = layers(both, both, one)
    assert not wrong
    assert [found[n].get("param_key") for n, _ in wanted] == [key for _, key in wanted]
    found, wrong = layers(both, one, both)
    assert not wrong
    wanted = [("b", "a"), ("b.bias", None), ("c", "a"), ("c.bias", "a.bias")]
    assert [found[n].get("param_key") for n, _ in wanted] == [key for _, key in wanted]


def test_params_of_two_layers():
    """The weight of one and the bias of another."""
    found, wrong = layers(
        'param { name: "w" }',
        'param { lr_mult: 1 } param { name: "b" }',
        'param { name: "w" } param { name: "b" }',
    )
    assert not wrong
    assert [found[n].get("param_key") for n in ("c", "c.bias")] == ["a", "b.bias"]


def test_in_another_order():
    """Is not the same."""
    first = 'param { name: "w" } param { name: "b" }'
    assert "as another part" in problems(first, 'param { name: "b" } param { name: "w" }')[0]


def test_of_layers_with_other_params():
    """All or none."""
    scale = 'type: "Scale" bottom: "x" scale_param { bias_term: true }'
    said = layers('param { name: "w" }', 'param { name: "w" }', kind=scale)[1]
    assert any("all of their params or none" in problem.message for problem in said)


def test_rates_of_a_part():
    """Must agree, for what is shared."""
    said = problems('param { name: "w" lr_mult: 2 }', 'param { name: "w" lr_mult: 3 }')
    assert said == [
        "layer 'b' (InnerProduct): has lr_mult 3 for the param 'w', which layer 'a' gives 2"
    ]
