"""Whether numbers come from processors of one kind: others round their last digits differently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What decides, and how it is called in messages. The model alone decides nothing.
_DECIDES = {"architecture": "architecture", "blas": "BLAS", "vectors": "NumPy's instructions"}


def other_kind(then: Any, now: Mapping[str, Any]) -> str:
    """What is different between two processors, as :class:`Processor` records them.

    Args:
        then: The earlier or other one; what an older graphnet has not recorded differs in nothing.
        now: This one.

    Returns:
        A text; empty if they are of one kind.
    """
    if not isinstance(then, Mapping):
        return ""
    parts = []
    for key, name in _DECIDES.items():
        before = then.get(key)
        if before is None or before == now[key]:
            continue
        if isinstance(before, list) and isinstance(now[key], list) and key == "vectors":
            lacks = [str(one) for one in before if one not in now[key]]
            more = [str(one) for one in now[key] if one not in before]
            told = [f"without {' '.join(lacks)}"] * bool(lacks)
            told += [f"with {' '.join(more)}"] * bool(more)
            parts.append(f"{name} {' and '.join(told)}")
        else:
            parts.append(f"{name} {_text(before)}, now {_text(now[key])}")
    if not parts:
        return ""
    models = f"{then.get('model') or 'unknown'}, now {now['model'] or 'unknown'}"
    return f"{models}: {'; '.join(parts)}"


def _text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
