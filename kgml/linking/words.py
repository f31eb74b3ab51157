"""What kgml knows of English: common words, abbreviations, singular and plural."""

from __future__ import annotations

import re
from collections.abc import Iterator

_FUNCTION_WORDS = """
a about above after again all also am an and any are as at back be because been before being below
between both but by can could did do does down during each even ever few first for from get go had
has have he her here him his how i if in into is it its just last left less like made many may me
more most much must my no none nor not now of off on once one only or other our out over own per
put rather right same she should since so some such than that the their them then there these they
this those though through to too two under until up upon us use used very via was we well were what
when where which while who whom whose why will with within without would yet you your
"""
_MORE_WORDS = """
act age aid aids aim area arm art arms ask bad bed big case cases cat change clear cost cup day days
dose due early ease end est fact far fast fat fit full good group heat help high hot ice idea large
late lead line long loss low man map mask mean means men mild new note old open pain part past plan
rare ran range rat rate rest risk role safe sars sex short show side sign site size slow small star
step study team test time times total type unit use way week women work year years
"""
COMMON = frozenset(_FUNCTION_WORDS.split())
"""Words too common to be a mention in lower case (or as the first word of a sentence)."""

WORDS = COMMON | frozenset(_MORE_WORDS.split())
"""Words that in a heading of capitals are more likely themselves than an abbreviation."""

IRREGULAR = {
    "foot": "feet", "tooth": "teeth", "child": "children", "mouse": "mice", "man": "men",
    "woman": "women", "calf": "calves", "half": "halves", "leaf": "leaves", "life": "lives",
    "knife": "knives", "loaf": "loaves", "criterion": "criteria", "phenomenon": "phenomena",
    "ganglion": "ganglia", "matrix": "matrices", "cortex": "cortices", "appendix": "appendices",
    "index": "indices", "apex": "apices", "vertex": "vertices", "genus": "genera",
    "viscus": "viscera", "corpus": "corpora",
}  # fmt: skip
_ENDINGS = (
    ("sis", "ses", 5), ("xis", "xes", 4), ("itis", "itides", 6), ("us", "i", 5), ("um", "a", 4),
    ("oma", "omata", 5), ("ula", "ulae", 5), ("bra", "brae", 5), ("lla", "llae", 5),
    ("drion", "dria", 7), ("men", "mina", 5), ("nx", "nges", 5),
)  # fmt: skip
"""Ending, its plural, shortest word it is tried on. A plural that is no word does no harm."""

_LETTERS = 6
_SENTENCE_END = re.compile(r"[.!?:;\n\u2029]")
_WORD = re.compile(r"[^\W\d_]{2,}")


def is_abbreviation(form: str) -> bool:
    """One token of at most 6 letters with a capital beyond the first, or nothing but capitals.

    >>> [is_abbreviation(form) for form in ("ALL", "HbA1c", "IL-2", "Bond", "X-linked")]
    [True, True, True, False, False]
    """
    letters = [c for c in form if c.isalpha()]
    if not letters or len(letters) > _LETTERS or any(c.isspace() for c in form):
        return False
    return all(c.isupper() for c in letters) or any(c.isupper() for c in form[1:] if c.isalpha())


def turned(form: str) -> str | None:
    """The natural order of a form inverted at its one comma, or None.

    >>> turned("Kidney, Polycystic")
    'Polycystic Kidney'
    """
    head, comma, rest = form.partition(",")
    if not comma or "," in rest or not head.strip() or not rest.strip():
        return None
    return f"{rest.strip()} {head.strip()}"


def irregular_plurals(form: str) -> Iterator[str]:
    """Plurals of the last word of ``form`` (lower case) other than with -s or -es.

    >>> list(irregular_plurals("carotid stenosis")), list(irregular_plurals("short toe"))
    (['carotid stenoses'], [])
    """
    cut = form.rfind(" ") + 1
    start, word = form[:cut], form[cut:]
    if word in IRREGULAR:
        yield start + IRREGULAR[word]
        return
    if len(word) > 3 and word[-1] == "y" and word[-2] not in "aeiou":
        yield start + word[:-1] + "ies"
    for ending, plural, shortest in _ENDINGS:
        if word.endswith(ending) and len(word) >= shortest:
            yield start + word[: -len(ending)] + plural


def singular(form: str) -> str | None:
    """The regular singular of the last word of ``form`` (lower case), or None.

    >>> singular("mortgage bonds"), singular("kidney diseases"), singular("diabetes mellitus")
    ('mortgage bond', 'kidney disease', None)
    """
    cut = form.rfind(" ") + 1
    start, word = form[:cut], form[cut:]
    if len(word) < 5 or word[-1] != "s" or word.endswith(("ss", "us", "is", "as", "os")):
        return None
    if word.endswith("ies"):
        one = word[:-3] + "y"
    elif word.endswith(("sses", "shes", "ches", "xes")):
        one = word[:-2]
    else:
        one = word[:-1]
    return None if one in WORDS else start + one


def is_plain_word(text: str, start: int, end: int) -> bool:
    """Whether text[start:end], spelled like a common word, most likely is that word.

    "ALL" in a heading that is capitals throughout; "As" as the first word of a sentence.
    """
    before = _SENTENCE_END.split(text[max(0, start - 60) : start])[-1]
    after = _SENTENCE_END.split(text[end : end + 60], maxsplit=1)[0]
    if not text[start:end].isupper():
        return not before.strip() and bool(after.strip())
    near = _WORD.findall(before)[-3:] + _WORD.findall(after)[:3]
    return not any(c.islower() for word in near for c in word) and any(
        len(word) > 4 or word.lower() in WORDS for word in near
    )
