"""Words of general English that say the same of a thing, whatever the field.

An ontology seldom shows these exchanges often enough for `kgml.linking.equivalents` to learn them: it
calls nevi "numerous" and leaves it to its readers that they are "multiple".
"""

from __future__ import annotations

from kgml.linking.equivalents import Equivalents
from kgml.linking.stem import stem

_SAME = """
decreased reduced diminished low
increased elevated raised high
absent lacking missing
multiple numerous
repeated recurrent
delayed retarded
enlarged large
shape morphology
short shortened
wide widened
broad broadened
narrow narrowed
thick thickened
flat flattened
"""
"""Groups, a line each: either may stand for the other."""
_WRONG = "abnormality anomaly malformation"
_SIGNS = "defect deficit manifestation involvement sign"
"""What a text may say where a form says that something is wrong: "cutaneous manifestations"."""
_SHARE = 0.3
"""How sure such an exchange is, in the measure of `Equivalents.words`."""


def with_general(learned: Equivalents) -> Equivalents:
    """``learned``, and the exchanges of general English; what was learned of a pair stays.

    >>> with_general(Equivalents({}, {})).words["multipl"]
    {'numer': 0.3}
    """
    words = {own: dict(others) for own, others in learned.words.items()}
    wrong = [stem(word) for word in _WRONG.split()]
    pairs = [(own, to) for own in (*wrong, *map(stem, _SIGNS.split())) for to in wrong]
    for line in _SAME.strip().splitlines():
        group = [stem(word) for word in line.split()]
        pairs += [(own, to) for own in group for to in group]
    for own, to in pairs:
        if own != to:
            words.setdefault(own, {}).setdefault(to, _SHARE)
    return Equivalents(words, learned.phrases)
