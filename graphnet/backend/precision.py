"""The precision of products: to what their operands are rounded before they are multiplied.

In mixed precision blobs, params, diffs and the method's history stay float32. The operands of
matrix products and convolutions are rounded to 16 bits, and their products added up in float32, as
the tensor cores of a GPU do it.

Source:
    Micikevicius et al. 2018, arXiv 1710.03740, sections 3.1 and 3.3.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

Precision: TypeAlias = Literal["float32", "float16", "bfloat16"]
#: ``float32`` leaves operands as they are; ``float16`` has 11 significant bits and ends at 65504;
#: ``bfloat16`` has 8 and the range of float32.
PRECISIONS: tuple[Precision, ...] = ("float32", "float16", "bfloat16")
