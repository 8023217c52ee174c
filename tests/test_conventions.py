"""The conventions of the code base, each kept by a test that says how to repair a breach."""

from __future__ import annotations

import ast
import gc
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

import graphnet
from graphnet.backend.base import Backend
from graphnet.layers import LAYER_TYPES
from graphnet.solver.coffee import COFFEE_BREAKS

pytestmark = pytest.mark.any_python

ROOT = Path(__file__).parent.parent
PACKAGE, TESTS = ROOT / "graphnet", ROOT / "tests"
MODULES = sorted(PACKAGE.rglob("*.py"))
TEST_FILES = sorted(TESTS.rglob("*.py"))

#: What lies above may import what lies below, and its own row; never the other way round.
ROWS = (
    "__init__ __main__",
    "cli",
    "report serving",
    "runs interchange estimators tuning inference",
    "draw json_schema starters",
    "solver",
    "gradcheck timing parallel",
    "net",
    "layers",
    "metrics",
    "data",
    "params",
    "backend",
    "random declare blob named",
    "sealed readable amounts installation dependencies control_groups on_demand",
    "files",
    "errors",
)

#: Imports that point upward or in a circle, and why they may.
ALLOWED = {
    (
        "graphnet.net.predicting.predictor",
        "graphnet.net.net",
    ): "a type alone; a Net makes the net it predicts by",
    ("graphnet.net.net", "graphnet.draw.notebook"): "a Net shows itself, where a notebook asks",
}

#: The modules or packages that may import a library that not everything needs.
OWNERS = {
    "IPython": ("solver/notebook",),
    "cupy": ("backend", "parallel/nccl"),
    "h5py": ("data", "interchange", "solver/record/snapshot_file"),
    "mpi4py": ("parallel/mpi", "parallel/elastic"),
    "onnx": ("interchange/onnx/files/library",),
    "onnxruntime": ("interchange/onnx/files/library",),
    "optuna": ("tuning/optuna_study",),
    "networkx": ("net/graph", "net/flow", "draw/layered"),
    "pandas": ("solver/history",),
    "rich": ("cli",),
    "sklearn": ("estimators",),
    "tokenizers": ("data/text/tokens",),
    "starlette": ("serving/app",),
    "uvicorn": ("cli/serve",),
    "threadpoolctl": ("backend",),
    "typer": ("cli",),
    "yaml": ("declare/yaml_nodes", "declare/yaml_reader", "runs/settings"),
}

#: Layer modules that other layers may use, and for what.
SHARED_LAYERS = {
    "data/hdf5_data": "AsyncHDF5Data delivers the same batches",
}
#: The module that gathers layers for others: the property `neuron`.
GATHERS_LAYERS = "graphnet.layers.neurons.any_neuron"

#: Modules without a test file of their own, and where they are tested.
TESTED_ELSEWHERE = {
    "backend/base": "tests/backend, for every backend",
    "backend/numpy/convolution/group": "by every algorithm, in test_conv2d.py beside it",
    "backend/numpy/convolution/lowered": "likewise",
    "backend/numpy/convolution/winograd": "likewise",
    "layers/losses/ctc_paths": "in test_ctc_loss.py, against all paths counted one by one",
    "cli/showing": "tests/cli, by command",
    "cli/starting": "likewise",
    "cli/tuning": "likewise",
    "cli/using": "likewise",
    "cli/serving": "likewise",
    "declare/included": "in test_repetition.py beside it",
    "declare/words": "likewise",
    "layers/attention/rotary": "in test_multi_head_attention.py beside it",
    "layers/attention/strip": "likewise",
    "layers/attention/tiles": "likewise",
    "layers/images/pixel_blocks": "in test_pixel_shuffle.py and test_pixel_unshuffle.py beside it",
    "draw/shapes": "by everything that draws them",
    "layers/binding": "a type alone",
    "net/evaluation": "a type alone",
    "solver/ranks/run_point": "a type alone",
    "solver/ranks/ranks_of": "in test_one_rank.py and test_elastic_ranks.py beside it",
    "solver/saved": "a type alone",
    "solver/update_group": "in test_update.py beside it",
    "backend/numpy/convolution/lowered_plan": "in test_plan.py beside it",
}

MOST_LINES, MOST_MODULES = 400, 32

#: Classes of graphnet/layers that others may ask for: what all layers of a kind derive from.
LAYER_CONTRACT = {"LayerSpec", "Layer", "DataLayer", "MeasureLayer", "LossLayer"}


class Import(NamedTuple):
    """That one module of the package imports another."""

    source: str
    target: str
    line: int


def module_name(path: Path) -> str:
    """``graphnet.net.spec`` of its path; of ``__init__.py``, the package's."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def short(path: Path, root: Path = PACKAGE) -> str:
    """``net/spec`` of ``graphnet/net/spec.py``."""
    return path.relative_to(root).with_suffix("").as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All that is in a file; to walk through all files takes a second."""
    return tuple(ast.walk(tree(path)))


@pytest.fixture(scope="module", autouse=True)
def _read_once():
    """What the files hold is kept for these tests alone, and is no garbage meanwhile."""
    gc.disable()
    yield
    gc.enable()
    for kept in (tree, nodes):
        kept.cache_clear()


@cache
def absolute_imports(path: Path) -> tuple[tuple[str, int], ...]:
    """Everything a file imports, late imports and those for types alone included."""
    found: list[tuple[str, int]] = []
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found += [(alias.name, node.lineno) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: write the whole name of the module"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            found += [(name, node.lineno) for name in names & NAMES or {str(node.module)}]
    return tuple(found)


NAMES = {module_name(path) for path in MODULES}


@cache
def own_imports() -> tuple[Import, ...]:
    """The arrows between the modules of the package."""
    return tuple(
        Import(module_name(path), target, line)
        for path in MODULES
        for target, line in absolute_imports(path)
        if target.startswith("graphnet.")
    )


def row(module: str) -> int:
    """Counted from the top."""
    name = [*module.split("."), "__init__"][1]
    places = [i for i, names in enumerate(ROWS) if name in names.split()]
    assert places, f"{module} has no row: give it one in ROWS, and in docs/architecture.md"
    return places[0]


# --- imports ----------------------------------------------------------------------------


def test_imports_point_downward():
    """Whoever reads a module need only know what lies below it."""
    upward = [
        f"{i.source}:{i.line} imports {i.target}, which lies above it"
        for i in own_imports()
        if row(i.target) < row(i.source) and (i.source, i.target) not in ALLOWED
    ]
    assert not upward, "\n".join(upward)


def test_the_root_gives_its_version_and_nothing_else():
    """Its public names are for users; the package itself imports from where things are."""
    for path in MODULES:
        for node in nodes(path):
            used = []
            if isinstance(node, ast.ImportFrom) and node.module == "graphnet":
                used = [a.name for a in node.names if f"graphnet.{a.name}" not in NAMES]
            elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                used = [node.attr] if node.value.id == "graphnet" else []
            assert set(used) <= {"__version__"}, f"{path}:{node.lineno}: import {used} by module"


def test_there_are_no_import_cycles():
    """Modules can be understood one after the other."""
    arrows: dict[str, set[str]] = {name: set() for name in NAMES}
    for i in own_imports():
        if (i.source, i.target) not in ALLOWED:
            arrows[i.source].add(i.target)
    while True:
        leaves = {name for name, targets in arrows.items() if not targets & arrows.keys()}
        if not leaves:
            break
        arrows = {name: targets for name, targets in arrows.items() if name not in leaves}
    assert not arrows, f"these import each other in a circle, or one that does: {sorted(arrows)}"


def test_exceptions_are_still_needed():
    """A rule without exceptions is a better rule."""
    found = {(i.source, i.target) for i in own_imports()}
    assert set(ALLOWED) <= found
    modules = {short(path) for path in MODULES}
    assert set(TESTED_ELSEWHERE) <= modules


def test_layers_do_not_import_each_other():
    """A layer is one file; what several need is a module that is no layer."""
    shared = {f"graphnet.layers.{name.replace('/', '.')}" for name in SHARED_LAYERS}
    layers = {cls.__module__ for cls in LAYER_TYPES.values()} - shared
    found = [
        f"{i.source}:{i.line} imports the layer {i.target}"
        for i in own_imports()
        if i.source.startswith("graphnet.layers.") and i.source != GATHERS_LAYERS
        if i.target in layers
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("library", OWNERS)
def test_a_library_is_imported_by_its_owner_alone(library):
    """To replace it, or to learn how it is used, one place is enough."""
    strangers = [
        f"{path}:{line}"
        for path in MODULES
        for name, line in absolute_imports(path)
        if name.split(".")[0] == library
        and not any(f"{short(path)}/".startswith(f"{owner}/") for owner in OWNERS[library])
    ]
    assert not strangers, f"{library} belongs to {OWNERS[library]}, but: {strangers}"


def test_what_is_imported_is_declared_and_used():
    """The dependencies in pyproject.toml are those of the code, no more and no fewer."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    spelt = {"pyyaml": "yaml", "pillow": "PIL", "scikit-learn": "sklearn", "ipython": "IPython"}
    extras = project["optional-dependencies"]
    launchers = ("mpich", "python-multipart")  # which brings mpiexec; which Starlette uses
    used = (
        "images",
        "notebooks",
        "mpi",
        "onnx",
        "onnxruntime",
        "sklearn",
        "optuna",
        "serve",
        "tokens",
    )
    declared = project["dependencies"] + [line for extra in used for line in extras[extra]]
    names = [re.split(r"[<>=! \[]", d)[0] for d in declared]
    names = [name for name in names if name not in launchers]
    imported = {name.split(".")[0] for path in MODULES for name, _ in absolute_imports(path)}
    foreign = imported - set(sys.stdlib_module_names) - {"graphnet", "cupy", "pydantic_core"}
    assert foreign == {spelt.get(name, name) for name in names}


def loaded(path: Path) -> Iterator[str]:
    """What a file imports when it is imported itself."""
    nodes: list[ast.stmt] = list(tree(path).body)
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.If) and names_in(node.test) == {"TYPE_CHECKING"}:
            nodes += node.orelse
        elif isinstance(node, ast.If | ast.Try | ast.With | ast.ClassDef):
            nodes += [n for n in ast.iter_child_nodes(node) if isinstance(n, ast.stmt)]
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def file_of(module: str) -> Path | None:
    """The file of a module of this repository, or of the module that a name is from."""
    for name in (module, module.rpartition(".")[0]):
        for root in (ROOT, TESTS):
            at = root.joinpath(*name.split("."))
            for file in (at.with_suffix(".py"), at / "__init__.py"):
                if name and file.is_file():
                    return file
    return None


def test_the_tests_can_be_read_with_the_extra_dev_alone():
    """What needs another extra is imported where it is used, so that its tests alone are skipped.

    Else the README's second command fails before the first test.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    declared = project["dependencies"] + project["optional-dependencies"]["dev"]
    names = {re.split(r"[<>=! \[]", line)[0] for line in declared}
    spelt = {"pyyaml": "yaml", "pillow": "PIL"}
    there = {spelt.get(name, name) for name in names} | set(sys.stdlib_module_names)
    there |= {"pydantic_core"}  # which comes with pydantic
    to_read, read, strange = set(TEST_FILES), set(), []
    while to_read:
        path = to_read.pop()
        read.add(path)
        for module in loaded(path):
            file = file_of(module)
            if file is not None:
                to_read |= {file} - read
            elif module.split(".")[0] not in there:
                strange.append(f"{path.relative_to(ROOT)} imports {module}")
    assert len(read) > len(TEST_FILES)
    assert not strange, "\n".join(strange)


# --- layers and the rest ----------------------------------------------------------------


def calls_of(path: Path, *names: str) -> Iterator[ast.Call]:
    """The calls of built-in functions in a file."""
    for node in nodes(path):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            yield node


def names_in(node: ast.AST) -> set[str]:
    """All names and attributes in an expression."""
    return {
        found.id if isinstance(found, ast.Name) else found.attr
        for found in ast.walk(node)
        if isinstance(found, ast.Name | ast.Attribute)
    }


IN_LAYERS = [path for path in MODULES if short(path).startswith("layers/")]
BESIDE_LAYERS = [path for path in MODULES if path not in IN_LAYERS]


def test_specs_are_asked_by_their_traits():
    """What a net needs to know of a layer its spec declares, so that every layer can take part."""
    probing = [
        f"{path}:{call.lineno}"
        for path in BESIDE_LAYERS
        for call in calls_of(path, "getattr", "hasattr")
        if any(isinstance(n, ast.Attribute) and n.attr == "spec" for n in ast.walk(call.args[0]))
        or (names_in(call.args[0]) == {"spec"} and not short(path).startswith("solver/"))
    ]
    assert not probing, f"declare a trait in layers/base.py, with a default: {probing}"


def test_no_layer_is_known_by_the_name_of_its_type():
    """A type is compared with no name: what follows from it is a trait, for one's own layers too.

    The importers and exporters of other frameworks are tables of both sides' names.
    """
    asking = [
        f"{path}:{node.lineno}"
        for path in BESIDE_LAYERS
        if not short(path).startswith("interchange/")
        for node in nodes(path)
        if compares_a_type(node)
    ]
    assert not asking, f"declare a trait in layers/, with a default: {asking}"


def compares_a_type(node: ast.AST) -> bool:
    """Whether a node holds ``x.type`` against names: compared with one, or looked up among them."""
    match node:
        case ast.Compare():
            sides = [node.left, *node.comparators]
        case ast.Call(func=ast.Attribute(value=ast.Dict() as table, attr="get")):
            sides = [*node.args, *table.keys]
        case ast.Subscript(value=ast.Dict() as table):
            sides = [node.slice, *table.keys]
        case _:
            return False
    named = [n for side in sides if side is not None for n in ast.walk(side)]
    asks = any(isinstance(n, ast.Attribute) and n.attr == "type" for n in sides)
    return asks and any(isinstance(n, ast.Constant) and isinstance(n.value, str) for n in named)


def test_no_layer_is_known_by_its_class():
    """A layer of one's own that does the same is treated the same."""
    concrete = {
        node.name for path in IN_LAYERS for node in nodes(path) if isinstance(node, ast.ClassDef)
    } - LAYER_CONTRACT
    asking = [
        f"{path}:{call.lineno} asks for {sorted(found)}"
        for path in BESIDE_LAYERS
        for call in calls_of(path, "isinstance", "issubclass")
        if (found := names_in(call.args[1]) & concrete & set(imported_layers(path)))
    ]
    assert not asking, f"declare a trait in layers/base.py, with a default: {asking}"


def imported_layers(path: Path) -> Iterator[str]:
    """What a file imports by name from graphnet/layers."""
    for node in nodes(path):
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("graphnet.layers"):
            yield from (alias.asname or alias.name for alias in node.names)


def test_breaks_are_known_by_what_they_declare():
    """What is told before a run asks no break for its class, so that one's own are told of too."""
    known = {i.target for i in own_imports() if i.source == "graphnet.solver.foresight"}
    breaks = {cls.__module__ for cls in COFFEE_BREAKS.values()}
    assert not known & {*breaks, "graphnet.solver.coffee"}, "declare it in solver/coffee/base.py"


def test_nobody_asks_where_a_backend_runs():
    """Outside the backends: what differs between them is an operation of theirs."""
    own = ("backend/", "cli/doctor")
    asking = [
        f"{path}:{node.lineno}"
        for path in MODULES
        if not short(path).startswith(own)
        for node in nodes(path)
        if isinstance(node, ast.Attribute) and node.attr in ("on_host", "is_host", "on_device")
    ]
    asking += [
        f"{path}:{call.lineno} asks for its class"
        for path in MODULES
        if not short(path).startswith(own)
        for call in calls_of(path, "isinstance")
        if {"NumpyBackend", "CupyBackend"} & names_in(call.args[1])
    ]
    assert not asking, f"make it an operation in backend/base.py: {asking}"
    assert not hasattr(Backend, "on_host")


def test_no_layer_asks_which_backend_it_runs_on():
    """What differs between backends is an operation of theirs, or a property they declare."""
    asking = []
    for path in IN_LAYERS:
        for node in nodes(path):
            of_one = isinstance(node, ast.Attribute) and node.attr in ("pool", "threads")
            named = (
                isinstance(node, ast.Attribute)
                and node.attr == "name"
                and names_in(node.value) >= {"backend"}
            )
            compared = isinstance(node, ast.Compare) and {"np", "numpy", "cupy"} & {
                n.id for n in (node.left, *node.comparators) if isinstance(n, ast.Name)
            }
            if of_one or named or compared:
                asking.append(f"{path}:{node.lineno}")
        asking += [
            f"{path}:{call.lineno}"
            for call in calls_of(path, "isinstance")
            if "ndarray" in names_in(call.args[1])
        ]
        asking += [
            f"{path}:{line} imports {name}"
            for name, line in absolute_imports(path)
            if name.startswith(("graphnet.backend.numpy", "graphnet.backend.cupy", "cupy"))
        ]
    assert not asking, f"make it an operation in backend/base.py: {asking}"


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_methods_are_not_assigned(path):
    """A layer binds its passes by ``bind_passes``; nothing else replaces a method."""
    assert "ignore[method-assign" not in path.read_text(encoding="utf-8")


def test_classes_have_names_of_their_own():
    """Whoever reads a name knows which class is meant."""
    homes: dict[str, list[str]] = {}
    for path in MODULES:
        for node in nodes(path):
            if isinstance(node, ast.ClassDef):
                homes.setdefault(node.name, []).append(f"{path}:{node.lineno}")
    shared = {name: places for name, places in homes.items() if len(places) > 1}
    assert not shared, f"say in the name what each is: {shared}"


# --- files ------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=short)
def test_module(path):
    """Short enough to read, opening with what it is for, and free of what belongs elsewhere."""
    text, body = path.read_text(encoding="utf-8"), tree(path)
    n_lines = len(text.splitlines())
    assert n_lines <= MOST_LINES, f"{n_lines} lines: split it by what its parts are for"
    assert ast.get_docstring(body), "it opens with a docstring that says what it is for"
    assert path.stem not in ("utils", "helpers", "common", "misc"), "name it after what it holds"
    unfinished = re.findall(r"\b(?:TODO|FIXME|XXX)\b", text)
    assert not unfinished, "finish it, or leave it out"
    for node in nodes(path):
        checked = isinstance(node, ast.Assert)
        assert not checked, f"line {node.lineno}: raise an error of graphnet/errors.py instead"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            printed = node.func.id == "print" and not short(path).startswith("cli/")
            assert not printed, f"line {node.lineno}: only the command line prints"


@pytest.mark.parametrize(
    "folder", sorted({p.parent for p in MODULES}), ids=lambda f: short(f, ROOT)
)
def test_room(folder):
    """Few enough modules to look through, and a word on what they are for."""
    inside = [path for path in MODULES if path.parent == folder]
    assert len(inside) <= MOST_MODULES, f"{len(inside)} modules: give those of a kind a room"
    assert folder / "__init__.py" in inside, "say in an __init__.py what is in it"


def test_modules_have_test_files():
    """``graphnet/a/b.py`` is tested in ``tests/a/test_b.py``."""
    modules = {short(path) for path in MODULES if not path.stem.startswith("__")}
    layers = {
        cls.__module__.removeprefix("graphnet.").replace(".", "/") for cls in LAYER_TYPES.values()
    }
    # what several layers share is tested by their tests
    modules -= {m for m in modules - layers if m.startswith("layers/")}
    tests = {
        path.relative_to(TESTS).with_name(path.stem.removeprefix("test_")).as_posix()
        for path in TEST_FILES
    }
    missing = modules - tests - set(TESTED_ELSEWHERE)
    assert not missing, f"write a test file for each of {sorted(missing)}"


def test_folders_of_tests_are_those_of_the_package():
    """Whoever knows one tree knows the other."""
    folders = {path.parent for path in TEST_FILES if path.stem.startswith("test_")}
    names = (
        "attacks",
        "benchmarks",
        "golden",
        "support",
        "campaigns",
        "endurance",
        "faults",
        "fuzz",
    )
    own = {TESTS, *(TESTS / name for name in names)}
    strange = {f for f in folders - own if not (PACKAGE / f.relative_to(TESTS)).is_dir()}
    assert not strange


@pytest.mark.parametrize("path", TEST_FILES, ids=lambda path: short(path, TESTS))
def test_tests_say_what_they_test(path):
    """Each has a docstring of the behaviour, and none measures how long something took."""
    for node in nodes(path):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
            assert ast.get_docstring(node), f"line {node.lineno}: {node.name} has no docstring"
        if isinstance(node, ast.ImportFrom):
            assert node.module != "time", "import the module, so that its use can be seen"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            # to wait for a thread, up to a limit, is all a clock is for
            used = node.attr if node.value.id == "time" else "sleep"
            assert used in ("sleep", "monotonic"), (
                f"line {node.lineno}: a test that measures time fails on a busy machine"
            )


@pytest.mark.slow
def test_tests_are_the_same_in_every_process(request):
    """None is named or placed by a set or a clock: several processes can share the tests out."""
    options = ["-m", "pytest", "--collect-only", "-q", "--assert=plain", "-p", "no:cacheprovider"]
    found = subprocess.run(
        [sys.executable, *options],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": "1"},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    other = iter(sorted(filter(in_file, found.stdout.splitlines()), key=in_file))
    here = sorted((item.nodeid for item in request.session.items), key=in_file)
    strange = next((test for test in here if test not in other), None)  # each behind the last
    assert strange is None, f"name it by what stays the same, and sort: {strange}"


def in_file(test: str) -> str:
    """The file of ``tests/test_x.py::test_y[z]``; nothing for a line that names no test."""
    return "".join(test.partition(".py::")[:2]) if ".py::" in test else ""


def test_the_architecture_names_files_that_exist():
    """In its walks and tables, as in its text."""
    text = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)+[\w.]*|[a-z_]+\.py)`", text))
    assert len(named) > 80
    beside = {"depthwise.py", "winograd.py", "words.py", "opening.py"}
    beside |= {"data_sets.py", "table.py", "mom_policy.py"}
    missing = [
        name
        for name in sorted(named - beside)
        if not any((at / name).exists() for at in (ROOT, PACKAGE))
    ]
    assert not missing


#: What nobody says, and what is said instead; each in two parts, for this file is read as well.
PLAIN_WORDS = {
    r"to be " "had": "'available', or 'there'",
    r"men" r"d(s|ed|ing)?": "'repair', 'correct' or 'fix'",
    r"in fo" "rce": "'holds', 'applies' or 'is set'",
}
TEXTS = sorted(
    path
    for folder in (PACKAGE, TESTS, ROOT / "docs", ROOT / "nets", ROOT / "benchmarks", ROOT)
    for path in (folder.glob("*") if folder is ROOT else folder.rglob("*"))
    if path.suffix in {".py", ".md", ".txt", ".yaml", ".json", ".cu", ".toml"} and path.is_file()
)


def test_plain_words():
    """Messages, docstrings, pages and comments use the words that everybody has."""
    assert len(TEXTS) > 900
    assert {ROOT / "README.md", ROOT / "CHANGELOG.md", PACKAGE / "errors.py"} <= set(TEXTS)
    found = []
    for path in TEXTS:
        text = path.read_text(encoding="utf-8", errors="replace")
        for words, instead in PLAIN_WORDS.items():
            for hit in re.finditer(rf"\b{words}\b".replace(" ", r"\s+"), text, re.IGNORECASE):
                line = text.count("\n", 0, hit.start()) + 1
                found.append(f"{short(path, ROOT)}:{line}: '{hit[0]}'; write {instead}")
    assert not found, "\n".join(found)


def test_one_version():
    """The package, pyproject.toml and the newest entry of the change log agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    newest = re.search(r"^## \[?([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest, "CHANGELOG.md has no version"
    assert graphnet.__version__ == project["version"] == newest[1]
