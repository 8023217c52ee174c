"""Finds every call of the array module in a source text and holds it against CuPy's table.

An unknown name, an unknown keyword and a first argument given by a name that CuPy does not use
are runtime errors on a GPU alone; here they are found by reading.
"""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass

from support.cupy_table import signature, table

#: What the array module is called.
MODULES = {"xp", "_xp", "cp", "_cp"}
#: Methods that nothing but arrays has (or that mean the same wherever they are).
METHODS = re.findall(
    r"\w+",
    "all any argmax argmin argsort astype clip cumprod cumsum diagonal dot fill flatten max mean "
    "min nonzero prod ravel repeat reshape round squeeze std sum swapaxes take trace transpose "
    "tolist var view",
)
#: Whose arrays are the host's, whatever is done with them.
HOST = {"np", "math", "pydantic"}


@dataclass(frozen=True)
class Call:
    """One use of the array module, or of a method of an array.

    Attributes:
        line: Where.
        name: ``xp.sum`` or ``.sum``.
        problem: What CuPy says of it; empty if nothing.
    """

    line: int
    name: str
    problem: str


def calls(text: str, *, on_device: bool = True) -> list[Call]:
    """All calls that are recognised in a source text, in the order of the lines.

    Args:
        text: Of a module.
        on_device: Whether what it calls methods of may be arrays of a device.
    """
    tree = ast.parse(text)
    found = [*_module_calls(tree), *(_method_calls(tree) if on_device else ())]
    return sorted(found, key=lambda call: call.line)


def _module_calls(tree: ast.AST) -> Iterator[Call]:
    called: set[int] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        if _of_module(node.func):
            called.add(id(node.func))
            yield _module_call(node.func, node.args, node.keywords, is_whole=True)
        elif ast.unparse(node.func) == "partial" and node.args and _of_module(node.args[0]):
            called.add(id(node.args[0]))
            yield _module_call(node.args[0], node.args[1:], node.keywords, is_whole=False)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "at" and _of_module(node.value):
            text = ast.unparse(node).rpartition("xp.")[2]
            yield Call(node.lineno, f"xp.{text}", "CuPy's adds in no fixed order")
    for node in ast.walk(tree):  # those that are only named
        if _of_module(node) and id(node) not in called:
            yield _module_call(node, [], [], is_whole=False)


def _of_module(node: ast.AST) -> bool:
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value
    return (isinstance(of, ast.Name) and of.id in MODULES) or (
        isinstance(of, ast.Attribute) and of.attr in MODULES
    )


def _module_call(
    func: ast.AST, args: list[ast.expr], keywords: list[ast.keyword], *, is_whole: bool
) -> Call:
    assert isinstance(func, ast.Attribute)
    known, name = table(), func.attr
    problem = ""
    if name in known["ufuncs"]:
        n_in, n_out = known["ufuncs"][name]
        problem = _ufunc_problem(n_in, n_out, args, keywords, is_whole=is_whole)
    elif name in known["functions"]:
        problem = _problem(known["functions"][name], args, keywords, is_whole=is_whole)
    elif name not in known["names"]:
        problem = f"CuPy {known['version']} has no '{name}'"
    return Call(func.lineno, f"xp.{name}", problem)


def _ufunc_problem(
    n_in: int, n_out: int, args: list[ast.expr], keywords: list[ast.keyword], *, is_whole: bool
) -> str:
    known = table()["ufunc_keywords"]
    wrong = [k.arg for k in keywords if k.arg is not None and k.arg not in known]
    if wrong:
        return f"a ufunc of CuPy has no keyword '{wrong[0]}', only {', '.join(known)}"
    if any(isinstance(a, ast.Starred) for a in args):
        return ""
    if len(args) > n_in + n_out or (is_whole and len(args) < n_in):
        return f"{len(args)} positional arguments; it takes {n_in}, and {n_out} for the result"
    return ""


def _method_calls(tree: ast.AST) -> Iterator[Call]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
            continue
        func = node.func
        if func.attr not in METHODS or _of_module(func) or _is_host(func.value):
            continue
        text = table()["methods"][func.attr]
        args = [ast.Constant(None), *node.args]
        problem = _problem(text, args, node.keywords, is_whole=True)
        yield Call(func.lineno, f".{func.attr}", problem)


def _is_host(node: ast.AST) -> bool:
    """Whether an expression starts from NumPy or another module of the host."""
    while isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    return isinstance(node, ast.Name) and node.id in HOST


def _problem(
    text: str, args: list[ast.expr], keywords: list[ast.keyword], *, is_whole: bool
) -> str:
    """What binding the arguments to CuPy's signature says."""
    found = signature(text)
    if any(isinstance(a, ast.Starred) for a in args) or any(k.arg is None for k in keywords):
        is_whole, args = False, [a for a in args if not isinstance(a, ast.Starred)]
    named = {k.arg: None for k in keywords if k.arg is not None}
    variadic = {p.kind for p in found.parameters.values()}
    if inspect.Parameter.VAR_KEYWORD not in variadic:
        for name in named:
            if name not in found.parameters:
                return f"CuPy's signature is {text}: it has no '{name}'"
    try:
        (found.bind if is_whole else found.bind_partial)(*args, **named)
    except TypeError as error:
        return f"CuPy's signature is {text}: {error}"
    return ""
