"""CTCDecoder as operators of ONNX: each label is written to its place, all else behind them."""

from __future__ import annotations

import numpy as np

from graphnet.interchange.onnx.writers.layer_writer import LayerWriter

_FLOAT, _INT64 = 1, 7  # of ONNX's types


def ctc_decoder(w: LayerWriter) -> None:
    """ArgMax, CumSum for the place of each label, ScatterElements to a row with one place more."""
    spec, n_steps = w.spec, w.shape[1]
    last = w.integers("last", [n_steps])
    begin, one, axis = w.integers("begin", [0]), w.integers("one", [1]), w.integers("axis", [1])
    best = w.main("best", "ArgMax", w.x, axis=2, keepdims=0)
    none, blank = (
        w.constant(k, np.array(v, np.int64)) for k, v in (("none", -1), ("blank", spec.blank))
    )
    ahead = w.part("ahead", "Pad", best, w.integers("shift", [0, 1, 0, 0]), none)
    before = w.part("before", "Slice", ahead, begin, last, axis)
    is_blank = w.part("is_blank", "Equal", best, blank)
    is_again = w.part("is_again", "Equal", best, before)
    reads = w.part("reads", "Not", w.part("passes", "Or", is_blank, is_again))
    if len(w.inputs) > 1:
        left_out = w.part("left_out", "Equal", w.inputs[1], w.number("zero", 0))
        reads = w.part("counted", "And", reads, w.part("kept", "Not", left_out))
    flags = w.part("flags", "Cast", reads, to=_INT64)
    count = w.part("count", "CumSum", flags, w.constant("along", np.array(1, np.int64)))
    place = w.part("place", "Where", reads, w.part("index", "Sub", count, one), last)
    padding = w.constant("padding", np.array(spec.pad_label, np.int64))
    empty = w.part("empty", "Add", w.part("zeros", "Mul", best, begin), padding)
    room = w.part("room", "Pad", empty, w.integers("more", [0, 0, 0, 1]), padding)
    # all that is not read goes to the last place, which is cut off
    filled = w.part("filled", "ScatterElements", room, place, best, axis=1)
    w.close("read", "Cast", w.part("cut", "Slice", filled, begin, last, axis), to=_FLOAT)
