"""The table of operators, held against ONNX's own cases."""

import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from support.onnx_files import needs_onnx
from support.onnx_models import run_imported

from graphnet.errors import GraphnetError
from graphnet.interchange.onnx.files.reading import file_of
from graphnet.interchange.onnx.graph.constants import FOLDS
from graphnet.interchange.onnx.operators.table import OPERATORS
from graphnet.interchange.onnx.translation import translate_graph


@needs_onnx
def test_operators_are_onnxs():
    """Each is one that ONNX has."""
    import onnx

    known = {schema.name for schema in onnx.defs.get_all_schemas()}
    newer = {"Swish"}  # of opset 24
    assert OPERATORS.keys() | FOLDS.keys() <= known | newer


@needs_onnx
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_the_cases_that_onnx_generates():
    """Of those that use these operators alone, each is imported and right, or refused."""
    from onnx.backend.test.case import node

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        cases = node.collect_testcases(None)
        counts = Counter(_outcome(case) for case in cases if _uses_known(case))
    assert set(counts) == {"right", "refused"}, counts
    assert counts["right"] >= 330, counts


def _uses_known(case):
    nodes, (given, _) = case.model.graph.node, case.data_sets[0]
    known = all(n.op_type in OPERATORS.keys() | FOLDS.keys() and not n.domain for n in nodes)
    arrays = all(isinstance(x, np.ndarray) for x in given)
    is_old = "bfloat16" in case.name.lower()  # which older versions of onnx hand out as integers
    return known and arrays and not is_old and len(given) == len(case.model.graph.input)


def _outcome(case):
    """Right, refused, or what is wrong; with as few inputs as can be, the others constants."""
    given, expected = case.data_sets[0]
    names = [i.name for i in case.model.graph.input]
    for n_fed in dict.fromkeys((1, len(names), 2)):
        try:
            made = translate_graph(file_of(_with_constants(case, n_fed), Path("m")), "m")
            found = run_imported(made, dict(zip(names, given, strict=True)))
        except GraphnetError:
            continue
        for output, wanted in zip(case.model.graph.output, expected, strict=True):
            if not _is_close(found[output.name], np.asarray(wanted), case):
                return f"{case.name}: {output.name} differs"
        return "right"
    return "refused"


def _with_constants(case, n_fed):
    """The model with all inputs but the first ones as constants."""
    import onnx

    model = onnx.ModelProto()
    model.CopyFrom(case.model)
    given, _ = case.data_sets[0]
    for i, x in zip(list(model.graph.input)[n_fed:], given[n_fed:], strict=True):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(x), i.name))
        model.graph.input.remove(i)
    return model


def _is_close(found, wanted, case):
    wanted = wanted.astype(np.float64)
    size = np.abs(wanted[np.isfinite(wanted)]).max(initial=1.0)
    rough = 1e-2 if "float16" in case.name else max(case.rtol, 1e-4)
    return found.shape == wanted.shape and np.allclose(
        found, wanted, rtol=rough, atol=1e-6 * size, equal_nan=True
    )
