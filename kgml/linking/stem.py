"""Words reduced to what their inflected and derived forms share.

"hypotonic", "hypotonia" and "hypotony" become "hypoton"; British and American spelling, Greek
letters and Roman numerals become one. Lighter than Porter's stemmer (1980) where it would join
unrelated words, and heavier on the Latin and Greek endings of scientific English. A stem need
be no word; it is only ever compared with other stems.
"""

from __future__ import annotations

from functools import lru_cache

from kgml.linking.greek import NAMES
from kgml.linking.words import IRREGULAR

_ROMAN = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11",
    "xii": "12", "xiii": "13", "xiv": "14", "xv": "15",
}  # fmt: skip
_ROMAN_AFTER_A_KIND = {"i": "1", "v": "5", "x": "10"}
KINDS = frozenset(
    ("type", "types", "stage", "grade", "class", "group", "factor", "subtype", "phase", "level")
)
"""Words after which "I", "V" and "X" are numerals."""

_SINGULAR = {plural: one for one, plural in IRREGULAR.items()}
_SPELLINGS = (
    ("aem", "em"), ("haeo", "heo"), ("aes", "es"), ("aec", "ec"), ("aet", "et"), ("aed", "ed"), ("ael", "el"),
    ("oede", "ede"), ("oeso", "eso"), ("foet", "fet"), ("noea", "nea"), ("rhoe", "rhe"),
    ("oest", "est"), ("coel", "cel"), ("haema", "hema"), ("naev", "nev"), ("leuk", "leuc"),
    ("sulph", "sulf"), ("aemia", "emia"), ("isation", "ization"), ("ysed", "yzed"),
)  # fmt: skip
"""British and other spellings, anywhere in a word of five letters or more."""
_SPELLED_ENDINGS = (
    ("our", "or"), ("ours", "or"), ("oured", "ored"), ("tre", "ter"), ("bre", "ber"),
    ("ised", "ized"), ("ise", "ize"), ("lled", "led"), ("lling", "ling"), ("llings", "lings"),
)  # fmt: skip
_ENDINGS: tuple[tuple[str, str], ...] = (
    ("ifications", "if"), ("ification", "if"), ("ified", "if"), ("ifying", "if"), ("ify", "if"),
    ("ically", ""), ("icity", ""), ("istic", ""), ("ational", ""), ("alities", ""), ("ality", ""),
    ("abilities", "abl"), ("ability", "abl"), ("able", "abl"), ("ibility", "ibl"),
    ("encies", "ent"), ("ency", "ent"), ("ences", "ent"), ("ence", "ent"),
    ("ancies", "ant"), ("ancy", "ant"), ("ances", "ant"), ("ance", "ant"),
    ("itides", "it"), ("itis", "it"), ("itic", "it"),
    ("omatous", "om"), ("omata", "om"), ("omas", "om"), ("oma", "om"), ("atous", ""),
    ("plastic", "plas"), ("plasias", "plas"), ("plasia", "plas"), ("plasic", "plas"),
    ("eptic", "eps"), ("epsies", "eps"), ("epsy", "eps"),
    ("otic", ""), ("osis", ""), ("oses", ""), ("esis", "et"), ("eses", "et"),
    ("ular", "l"), ("ules", "l"), ("ule", "l"), ("les", "l"), ("le", "l"),
    ("ations", ""), ("ation", ""), ("ative", ""), ("ated", ""), ("ating", ""), ("ates", ""),
    ("ate", ""), ("izations", ""), ("ization", ""), ("ized", ""), ("izing", ""), ("izes", ""),
    ("ize", ""), ("nesses", ""), ("ness", ""), ("ements", ""), ("ement", ""), ("ments", ""), ("ment", ""), ("eys", "ey"), ("ey", "ey"), ("fulness", ""),
    ("ities", ""), ("ity", ""), ("ical", ""), ("ics", ""), ("ic", ""), ("isms", ""), ("ism", ""),
    ("iacal", ""), ("iac", ""), ("ions", ""), ("ion", ""), ("ives", ""), ("ive", ""),
    ("ial", ""), ("ian", ""), ("eal", ""), ("als", ""), ("al", ""), ("aries", ""), ("ary", ""),
    ("ar", ""), ("eous", ""), ("ious", ""), ("ous", ""), ("ings", ""), ("ing", ""), ("ed", ""),
    ("ies", ""), ("ias", ""), ("ia", ""), ("ae", ""), ("as", ""), ("xes", "x"), ("ses", "s"),
    ("es", ""), ("is", ""), ("us", ""), ("um", ""), ("a", ""), ("e", ""), ("i", ""), ("y", ""),
    ("s", ""),
)  # fmt: skip
"""Ending and what replaces it. Of those that leave four letters the longest is taken."""

LONGEST = 100
"""Longer words are sequences of letters, not words; they would fill the memory."""

_BY_LENGTH = [
    (size, {ending: by for ending, by in _ENDINGS if len(ending) == size})
    for size in range(max(len(ending) for ending, _ in _ENDINGS), 0, -1)
]


def stem(word: str) -> str:
    """The stem of one word in lower case; a word of more than `LONGEST` letters is its own.

    >>> {stem(word) for word in ("hypotonia", "hypotonic", "hypotony")}
    {'hypoton'}
    >>> stem("tumours") == stem("tumor"), stem("β"), stem("ii"), stem("renal") == stem("kidney")
    (True, 'beta', '2', False)
    """
    return word if len(word) > LONGEST else _stem(word)


@lru_cache(maxsize=200_000)
def _stem(word: str) -> str:
    word = NAMES.get(word) or _ROMAN.get(word) or _SINGULAR.get(word, word)
    if len(word) < 4 or not word.isalpha():
        return word
    word = spelled(word)
    if len(word) < 6:
        return _short(word)
    if word.endswith("ss") and not word.endswith("ness"):
        return word
    for size, endings in _BY_LENGTH:
        by = endings.get(word[-size:])
        if by is not None and len(word) - size + len(by) >= 4:
            return _undoubled(word[:-size] + by, word[-size:])
    return word


def _short(word: str) -> str:
    """Words of four and five letters lose their number and a last vowel, and little else."""
    if word.endswith(("us", "i")):
        return word[: -len("us")] if word[-1] == "s" and len(word) > 4 else word.removesuffix("i")
    if word[-1] == "s" and word[-2] not in "sai":
        return word[:-1]
    return word[:-1] if len(word) == 5 and word[-1] in "aey" and word[-2] not in "aeiou" else word


def spelled(word: str) -> str:
    """The American spelling of a word in lower case.

    >>> spelled("haemorrhage"), spelled("tumour"), spelled("fibre"), spelled("foetal")
    ('hemorrhage', 'tumor', 'fiber', 'fetal')
    """
    if len(word) < 5:
        return word
    if (
        "ae" in word
        or "oe" in word
        or "lph" in word
        or "euk" in word
        or "ys" in word
        or "is" in word
    ):
        for one, other in _SPELLINGS:
            word = word.replace(one, other)
    for one, other in _SPELLED_ENDINGS:
        if word.endswith(one) and len(word) - len(one) >= 2:
            return word[: -len(one)] + other
    return word


def numeral(word: str, before: str) -> str:
    """``word``, or the number it is in Roman numerals after "type", "stage" and the like."""
    return _ROMAN_AFTER_A_KIND.get(word, word) if before in KINDS else word


def _undoubled(stem: str, ending: str) -> str:
    """ "swelling" keeps its l, "stopped" loses a p."""
    if ending in {"ed", "ing"} and stem[-1] == stem[-2] and stem[-1] in "bdgmnprt":
        return stem[:-1]
    return stem


_QUALITIES = (
    ("ic", "ia"), ("ic", "y"), ("ic", "ism"), ("istic", "ism"), ("ic", "icity"), ("ic", "ies"),
    ("otic", "osis"), ("itic", "itis"), ("e", "ity"), ("", "ness"), ("ed", "ation"), ("ous", "y"),
    ("ous", "ia"), ("eptic", "epsy"), ("plastic", "plasia"), ("ies", "y"), ("itides", "itis"),
    ("oses", "osis"), ("ia", "y"), ("ias", "ia"), ("us", "i"), ("um", "a"), ("ed", "ion"),
)  # fmt: skip
"""Endings of an adjective and of the noun for having that quality, and of Latin plurals."""
_RELATIONS = (
    ("", "al"), ("", "ic"), ("a", "al"), ("e", "al"), ("um", "al"), ("e", "ic"), ("a", "ar"),
    ("le", "ular"), ("us", "al"), ("a", "ic"), ("", "ity"), ("", "ar"), ("", "ed"), ("", "ing"),
    ("ed", "ing"), ("es", "ic"), ("", "ous"), ("", "ment"), ("ed", "ement"), ("ment", "ed"),
    ("ate", "ation"), ("ated", "ation"), ("ent", "ence"), ("ent", "ency"), ("ied", "ication"),
    ("x", "ces"), ("x", "cal"), ("ation", "ating"),
)  # fmt: skip
"""Endings that keep the meaning within a phrase: "clavicle", "clavicular"."""
_ALONE = frozenset(frozenset(pair) for pair in _QUALITIES)
_WITHIN = _ALONE | frozenset(frozenset(pair) for pair in _RELATIONS)


def same_meaning(one: str, other: str, *, alone: bool) -> bool:
    """Whether two words of one stem say the same: of their bearer (``alone``) or in a phrase.

    >>> same_meaning("ataxic", "ataxia", alone=True)
    True
    >>> [same_meaning("clavicular", "clavicle", alone=alone) for alone in (True, False)]
    [False, True]
    """
    one, other = spelled(NAMES.get(one, one)), spelled(NAMES.get(other, other))
    if one in (other, other + "s", other + "es") or other in (one + "s", one + "es"):
        return True
    same = 0
    while same < min(len(one), len(other)) and one[same] == other[same]:
        same += 1
    pairs = _ALONE if alone else _WITHIN
    return any(
        frozenset((one[cut:], other[cut:])) in pairs for cut in range(max(3, same - 5), same + 1)
    )
