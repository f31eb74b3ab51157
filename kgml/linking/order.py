"""In which order the words of a form may stand: "kidney abnormality", "abnormality of the kidney".

The order of a noun phrase is modifiers first, the head last; a preposition turns two phrases
around. Words out of order are accepted only where that, or a copula, explains it.
"""

from __future__ import annotations

from collections.abc import Sequence

from kgml.linking.place import Choice
from kgml.linking.tokens import LINK, TURNING, WORD, Token, phrases

_ADJECTIVES = ("al", "ar", "ic", "ous", "ary", "ed", "ive", "oid")


def phrase_order(form: str) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Words with their stems in the order of a noun phrase; whether "with" or the like remains.

    >>> phrase_order("abnormality of the kidney")
    ((('kidney', 'kidney'), ('abnormality', 'abnorm')), False)
    """
    parts, linked = phrases(form)
    return tuple(word for part in reversed(parts) for word in part), linked


def ordered(
    segment: Sequence[Token],
    choice: Choice,
    wanted: Sequence[str],
    ends: tuple[str, str],
    linked: bool,
) -> str | None:
    """ "" if the chosen tokens stand as a form's stems in ``wanted``, "reordered", or None if not.

    Args:
        ends: the first and the last word of the form.
        linked: whether the form itself holds prepositions other than "of".
    """
    if len(choice.positions) == 1:
        return ""
    first, head = ends
    found = [reading.stem for reading in choice.readings]
    chunks: list[list[str]] = [[found[0]]]
    joined = False
    for left, right, stem in zip(choice.positions, choice.positions[1:], found[1:], strict=False):
        between = [token for token in segment[left + 1 : right] if token.kind == LINK]
        if not between:
            chunks[-1].append(stem)
        elif segment[left + 1].kind != LINK:
            return None  # "breakage event in a chromosome" is no breakage
        elif any(token.word in TURNING for token in between):
            chunks.append([stem])
            joined = True
        elif linked:
            chunks[-1].append(stem)
            joined = True
        else:
            return None  # "anomaly, a flat face": an article alone starts another phrase
    if _goes_on(segment, choice.positions[-1], head):
        return None
    want = list(wanted)
    if linked:
        return "" if found == want and joined else None
    if found == want and len(chunks) == 1:
        return ""
    if len(chunks) > 1:
        turned = [stem for chunk in reversed(chunks) for stem in chunk]
        if found == want and len(chunks[0]) == 1:  # "duplication of the …", "duplicated …"
            return "turned" if segment[choice.positions[0]].word != first else None
        return "turned" if turned == want else None
    if choice.coordinated or choice.skipped:
        return None
    return (
        "reordered"
        if _explained(found, want, [segment[place].word for place in choice.positions])
        else None
    )


def _explained(found: list[str], want: list[str], words: list[str]) -> bool:
    """Modifiers in another order, or what comes last put first: "type 2 diabetes".

    Of two words one is an adjective, or a number behind: "abnormal kidneys", but a "market share" is
    no share market.
    """
    if len(found) == 2:
        return any(word.endswith(_ADJECTIVES) for word in words) or not words[-1].isalpha()
    if found[-1] == want[-1]:
        return True
    return any(found == want[cut:] + want[:cut] for cut in range(1, len(want)))


def _goes_on(segment: Sequence[Token], last: int, head: str) -> bool:
    """Whether the last token is an adjective of a noun that is no part of the form."""
    return (
        segment[last].word.endswith(_ADJECTIVES)
        and last + 1 < len(segment)
        and segment[last + 1].kind == WORD
        and segment[last].word != head
    )
