"""Importing from ONNX: a net and a model of graphnet, and what was done, as a table.

graphnet import onnx net.onnx -o net
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from graphnet.errors import SpecError
from graphnet.files.mapping import let_go
from graphnet.files.paths import refuse_to_replace, refuse_to_write_over
from graphnet.files.writing import Advice, write_durably
from graphnet.interchange.model_file import write_model
from graphnet.interchange.onnx.files.reading import read_onnx
from graphnet.interchange.onnx.imported import ImportedOnnx
from graphnet.interchange.onnx.translation import translate_graph
from graphnet.layers.base import Phase
from graphnet.net.load_net import load_net
from graphnet.net.net import Net
from graphnet.params.filling import fill, parts_of


def load_onnx(file: Path | str, phase: Phase = "test", **options: Any) -> Net:
    """Load an ONNX net, filled with its weights.

    Args:
        file: The .onnx.
        phase: ``train`` or ``test``.
        **options: As of :func:`graphnet.load_net`.

    Returns:
        The net; its inputs are fed by their names in ONNX.

    Raises:
        SpecError: With all nodes that graphnet has no equal of.
        DataError: If the file is not there, or damaged.
    """
    made = translate_graph(read_onnx(Path(file)), str(file))
    for array in (*made.made.params.values(), *made.made.state.values()):
        let_go(array)  # translating has looked at it
    net = load_net(made.spec(), phase, **options)
    for key, array in made.made.params.items():
        layer, _, name = key.rpartition("/")
        fill(net.backend, net.store.params[layer][name].data, parts_of(array))
    for key, array in made.made.state.items():
        layer, _, name = key.rpartition("/")
        fill(net.backend, net.store.state[layer][name], parts_of(array))
    return net


def import_onnx(file: Path | str, to: Path | str, *, force: bool = False) -> ImportedOnnx:
    """Write an ONNX net as ``net.yaml`` and ``model.h5``.

    Args:
        file: The .onnx.
        to: The folder that is written to.
        force: Whether files that are there may be replaced.

    Returns:
        What was done.

    Raises:
        GraphnetError: With all nodes that graphnet has no equal of; nothing is then written.
    """
    source, folder = Path(file), Path(to)
    targets = [folder / "net.yaml", folder / "model.h5"]
    read = read_onnx(source)
    made = translate_graph(read, str(file))
    for target in targets:
        for each in read.read_files():
            refuse_to_write_over(target, {"the net" if each == source else "of its data": each})
    spec = made.spec()
    refuse_to_replace(targets, force=force)
    folder.mkdir(parents=True, exist_ok=True)
    write_model(folder / "model.h5", made.arrays(), spec.to_yaml(), source=source)
    write_durably(folder / "net.yaml", made.text(source.name).encode(), Advice(SpecError))
    return made
