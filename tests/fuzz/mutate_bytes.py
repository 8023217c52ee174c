"""Mutations of binary files: bits, cuts, zeroed pages, swapped blocks, huge numbers."""

from __future__ import annotations

import re
from random import Random

PAGE = 512
_NUMBERS = (0, 1, 255, 2**15, 2**16, 2**31 - 1, 2**31, 2**32 - 1, 2**40, 2**62, 2**63, 2**64 - 1)
#: What the parts of an HDF5 file begin with: damage near them is seen more than in the values.
_SIGNATURES = re.compile(
    rb"\x89HDF|OHDR|OCHK|TREE|HEAP|SNOD|FRHP|FHDB|FHIB|BTHD|BTLF|BTIN|FSHD|FSSE|SMTB|GCOL"
    rb"|FAHD|FADB|EAHD|EAIB|EASB|EADB|EAPB"
)


def mutated_bytes(rng: Random, content: bytes) -> bytes:
    """The content of a file after one to eight mutations."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        _mutate(rng, data)
    return bytes(data)


def _mutate(rng: Random, data: bytearray) -> None:
    at, n = _place(rng, data), rng.choice((1, 2, 4, 8, 8, 64, PAGE))
    match rng.randrange(11):
        case 0 | 1 | 2 if data:
            data[at] ^= 1 << rng.randrange(8)
        case 3 if data:
            data[at] = rng.randrange(256)
        case 4:
            data[at : at + n] = rng.choice((b"\0", b"\xff", b"\x7f", b"\x01")) * n
        case 5 | 6:
            width = rng.choice((2, 4, 8))
            number = rng.choice(_NUMBERS) % 2 ** (8 * width)
            data[at : at + width] = number.to_bytes(width, rng.choice(("little", "big")))
        case 7:
            del data[at : at + n]
        case 8:  # two blocks change places, or one is doubled
            begin = rng.randrange(len(data) or 1)
            first, second = bytes(data[at : at + n]), bytes(data[begin : begin + n])
            data[at : at + n] = second
            if rng.random() < 0.7:
                data[begin : begin + n] = first
            else:
                data[at:at] = second
        case 9:  # a page that never came to the disk
            page = at // PAGE * PAGE
            data[page : page + PAGE] = bytes(min(PAGE, len(data) - page))
        case _ if rng.random() < 0.3:
            del data[rng.randrange(len(data) or 1) :]


def _place(rng: Random, data: bytearray) -> int:
    """Anywhere, or where the structure of an HDF5 file is."""
    if rng.random() < 0.6 and (found := list(_SIGNATURES.finditer(data))):
        return min(rng.choice(found).start() + rng.randrange(160), len(data) - 1)
    return rng.randrange(len(data) or 1)
