"""Words of general English that say the same of a thing, whatever the field.

An ontology seldom shows these exchanges often enough for `kgml.linking.equivalents` to learn them: it
calls nevi "numerous" and leaves it to its readers that they are "multiple". They go by whole words:
"signed" is no sign, and "high-yield" is not raised.
"""

from __future__ import annotations

from typing import NamedTuple

from kgml.linking.stem import stem

_SAME = """
decreased reduced diminished
increased elevated raised
absent lacking missing
multiple numerous
repeated recurrent
delayed retarded
shape shapes morphology
"""
"""Groups, a line each: either may stand for the other."""
_WRONG = (
    "abnormality abnormalities anomaly anomalies malformation malformations defect defects "
    "deficit deficits"
)
_HEADS = "manifestation manifestations involvement sign signs"
"""What a text may say of a thing where a form says that something is wrong with it: "cutaneous
manifestations", but not "signs of rash", which are signs that there is one."""
_ABNORMAL = tuple(stem(word) for word in ("abnormality", "anomaly", "malformation"))


class Exchange(NamedTuple):
    """Stems that a word may stand for; ``head``: only as the last word of a phrase."""

    stems: tuple[str, ...]
    head: bool


def _exchanges() -> dict[str, Exchange]:
    found = {}
    for line in _SAME.strip().splitlines():
        group = line.split()
        for word in group:
            stems = tuple(dict.fromkeys(stem(other) for other in group))
            found[word] = Exchange(tuple(own for own in stems if own != stem(word)), False)
    for words, head in ((_WRONG, False), (_HEADS, True)):
        for word in words.split():
            found[word] = Exchange(tuple(own for own in _ABNORMAL if own != stem(word)), head)
    return found


GENERAL = _exchanges()
"""Words, folded and in lower case, to what they may stand for."""
TRUST = 0.87
"""How sure such an exchange is."""
HOW = "general word"
HEAD = "general head"
"""How a `Reading` came about by one."""
