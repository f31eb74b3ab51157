"""Greek letters and their names: "TNF-α" is "TNF-alpha" is "TNFα"."""

from __future__ import annotations

import re
from itertools import product

_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau
upsilon phi chi psi omega
"""
NAMES = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _NAMES.split(), strict=True))
"""Letter to name."""
_LETTERS = {name: letter for letter, name in NAMES.items()}
_LETTER = re.compile(rf"( ?)([{''.join(NAMES)}]|(?<![a-z])(?:{'|'.join(_LETTERS)})(?![a-z]))( ?)")
_MOST = 2
"""Letters that are written in all ways; the others of a form stay as they are."""


def respelled(form: str) -> list[str]:
    """Other ways to write ``form`` (folded, in its own case): letter or name, joined or parted.

    >>> respelled("TNF alpha"), respelled("interferon")
    (['TNFalpha', 'TNFα', 'TNF α'], [])
    """
    pieces: list[list[str]] = []
    done = 0
    for found in list(_LETTER.finditer(form))[:_MOST]:
        name = NAMES.get(found[2], found[2])
        before = ["", " "] if found.start() else [""]
        after = ["", " "] if found.end() < len(form) else [""]
        written = product(before, (name, _LETTERS[name]), after)
        pieces += [[form[done : found.start()]], ["".join(way) for way in written]]
        done = found.end()
    if not pieces:
        return []
    ways = dict.fromkeys("".join(parts) + form[done:] for parts in product(*pieces))
    return [way for way in ways if way != form]
