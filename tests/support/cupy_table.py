"""What CuPy 14.2 has: names, parameters and the keywords of its ufuncs, as a table.

``cupy_table.json`` lets tests know it where CuPy is not installed. It is written, where CuPy
is, by ``python tests/support/cupy_table.py``; ``tests/backend/test_cupy_table.py`` compares.
"""

from __future__ import annotations

import inspect
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("cupy_table.json")
#: Told from CuPy's documentation where neither a signature nor a docstring does.
EINSUM = "(*operands, dtype=None, optimize=False)"
_TYPED = re.compile(r"(?<=[(,])\s*(?:const\s+)?[A-Za-z_][\w.]*\s+(?=\*?\w+\s*[,=)])")


@cache
def table() -> dict[str, Any]:
    """The table as it is checked in.

    ``functions``, ``methods``: the text of each signature; ``ufuncs``: ``[inputs, outputs]``;
    ``ufunc_keywords``; ``attributes``: of arrays, without the methods; ``names``: all others.
    """
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


def signature(text: str) -> inspect.Signature:
    """``(a, axis=None, *, keepdims=False)`` as a signature."""
    names: dict[str, Any] = {}
    exec(f"def f{text}: ...", names)  # noqa: S102  # the checked-in table, or CuPy's own text
    return inspect.signature(names["f"])


def made_table() -> dict[str, Any]:
    """The table of the CuPy that is installed."""
    import cupy

    functions, ufuncs, names = {}, {}, []
    for name in dir(cupy):
        member = getattr(cupy, name)
        if name.startswith("_"):
            continue
        if isinstance(member, cupy.ufunc):
            ufuncs[name] = [member.nin, member.nout]
        elif inspect.isroutine(member) or type(member).__name__ == "_GUFunc":
            # Python 3.13 shows what a function of C is bound to
            functions[name] = _text(member).replace("(self, /)", "()")
        else:
            names.append(name)
    functions["einsum"] = EINSUM
    # a generalized ufunc, which takes the place of its result by name alone
    functions["matmul"] = functions["matmul"].replace("(*args", "(x1, x2, /, *")
    methods, attributes = {}, []
    for name in dir(cupy.ndarray):
        member = getattr(cupy.ndarray, name)
        if name.startswith("_"):
            continue
        if callable(member):
            methods[name] = _text(member)
        else:
            attributes.append(name)
    keywords = re.search(r"\((.*?)\)", str(cupy.add.__doc__).replace("\\", ""))
    assert keywords, "the docstring of cupy.add has changed"
    return {
        "version": cupy.__version__,
        "functions": functions,
        "ufuncs": ufuncs,
        "ufunc_keywords": re.findall(r"(\w+)=", keywords[1]),
        "methods": methods,
        "attributes": attributes,
        "names": names,
    }


def _text(member: Any) -> str:
    """A signature without annotations; ``(*args, **kwargs)`` where none can be told."""
    try:
        found = inspect.signature(member)
    except (TypeError, ValueError):
        return _documented(str(member.__doc__))
    parameters = [
        p.replace(annotation=p.empty, default=p.default if _is_plain(p.default) else None)
        for p in found.parameters.values()
    ]
    return str(found.replace(parameters=parameters, return_annotation=inspect.Signature.empty))


def _is_plain(default: Any) -> bool:
    """Whether its text can be read back; of the others only that there is a default matters."""
    return default is inspect.Parameter.empty or isinstance(
        default, bool | int | float | str | tuple | None
    )


def _documented(doc: str) -> str:
    """The signature that Cython puts at the head of a docstring."""
    head = re.match(r"[\w.]+(\(.*?\))(?: ->.*)?\n", doc + "\n")
    if head is None:
        return "(*args, **kwargs)"
    text = _TYPED.sub(" ", head[1]).replace("( ", "(")
    try:
        return str(signature(text))
    except SyntaxError:
        return "(*args, **kwargs)"


if __name__ == "__main__":
    FILE.write_text(json.dumps(made_table(), indent=1) + "\n", encoding="utf-8")
