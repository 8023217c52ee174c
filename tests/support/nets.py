"""Small nets for tests, as YAML text parsed with positions."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import numpy as np

from graphnet.declare.yaml_reader import parse_yaml
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.net.spec import NetSpec, parse_net

INPUT = "{name: in, type: Input, batch_size: 4, shapes: {x: [5], label: []}, tops: [x, label]}"


def net_spec(text: str, name: str = "net.yaml") -> NetSpec:
    """A declared net from YAML text."""
    return parse_net(parse_yaml(dedent(text), name), name.removesuffix(".yaml"))


def net_of(text: str, **options: Any) -> Net:
    """A running net from YAML text, its Input tops filled with fixed values."""
    net = load_net(net_spec(text), **options)
    rng = np.random.default_rng(7)
    for layer in net.data_layers:
        for top in layer.tops:
            values = rng.standard_normal(top.shape)
            if top.name == "label":
                values = np.arange(len(values)) % 3
            net.backend.upload(np.asarray(values, top.data.dtype), top.data)
    return net
