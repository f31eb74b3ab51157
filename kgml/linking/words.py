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

_EVERYDAY_WORDS = """
ability access account action activity address affect age agent agreement air amount analysis answer
application approach area argument association attention authority average balance base basis
behavior benefit body book business call capacity care case cause center century chance change
character charge child choice city class code collection community company concept concern condition
contact content context contract control cost country course court cover crisis culture customer
date day deal death decision degree demand department design detail development difference direction
discussion disease disorder distance document effect effort element employee end energy entity
environment error event evidence example exchange exercise experience expression factor failure
family feature field figure file finding fire focus food force form function fund future game gain
goal goods government group growth hand head health history home hour house human idea identity
image impact income increase index individual industry information injury input instance institution
instrument interest issue item job joint key kind knowledge label lack language law leader letter
level life light limit line list location loss machine man manager mark market material matter
meaning measure media member memory method mind model moment month mother movement name nature need
network news node number object objective offer office officer operation opinion option order
organization origin other outcome output owner page paper parent part party patient pattern payment
people performance period permission person phase phrase place plan plant point policy population
position possession power practice presence pressure price principle problem procedure process
product production program project property proportion purpose quality quantity question range rank
rate rating reaction reason record reference region relation report request research resource
response rest result return review right rise risk role room rule sale sample scale school science
season section security selection sense series service session set setting shape share side sign
signal site situation size skill society solution source space speech speed staff stage standard
state statement status step stock stop story strategy stress structure student study subject supply
support surface survey symptom syndrome system table target task team term test text theory thing
time title tool topic town trade training transaction transfer treatment trend trial trust truth
type unit use user value variable version view visit voice volume vote war water way weather week
weight woman word work worker world year
"""
_EVERYDAY_OTHERS = """
able actual actually added additional again ahead allowed alone already always annual another
apparent asked available average away banked basic became become becomes began believe best better
beyond bigger biggest bought bring brought built came central certain certainly closed closer coming
common compared complete consider considered continued correct could credited crediting current
currently daily decided declined decreased deep depend despite different difficult direct directly
doing domestic done double dropped early easy economic effective either enough entire equal
especially essential estimated ever exact existing expected external extra fair fairly falling fell
felt final finally financial fixed followed following foreign former forward found free frequent
fresh front further future gave general generally given gives going gone gross grew growing grown
hard heavy held helped higher highest however important improved included increased increasing
independent initial internal involved joined just kept known largest late lately later latest least
left legal less lesser limited little local longer lost lower lowest main mainly major making many
married maybe mean meant medium met minor mixed modern moderate monthly moved much named national
natural nearly necessary needed negative net never new newer next normal offered official often
older only opened opposite ordinary original overall owned paid partial particular past permanent
personal physical poor popular positive possible potential present previous primary principal prior
private probable probably proper proposed proved public put quarterly quick quickly quite random
rapid rather ready real really reached received recent recently reduced regular related relative
relevant reported required respective rising rose run running said same saw secondary secret seen
sent separate serious set several severely sharp shown significant similar simple single slight
slightly slowly sold some soon special specific spent standard started steady still strong sudden
sure taken taking taxed temporary tight together told took total toward traded true typical unable
unchanged under underlying unique unusual upper used useful usual various very weak weekly well went
whole wide widely won wrong yearly younger
"""
_TERMS = """
coding factoring funding housing listing marketing pain typing
"""
"""Words of `_MORE_WORDS` or inflected from everyday nouns that are terms wherever an ontology has them.

A noun that is a term itself ("bank", "tax") is in neither list.
"""
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

_EPONYM = re.compile(
    r"((?:(?:von|van|de|der|den|du|la|le) )*[A-Z][a-z]{2,}(?:-[A-Z][a-z]{2,})+)"
    r" (?:[Dd]isease|[Ss]yndrome|[Aa]nomaly|[Dd]isorder)s?"
)
_LETTERS = 6
_SENTENCE_END = re.compile(r"[.!?:;\n\u2029]")
_WORD = re.compile(r"[^\W\d_]{2,}")


def _everyday() -> frozenset[str]:
    nouns = _EVERYDAY_WORDS.split()
    inflected = {word for noun in nouns for word in (noun + "s", noun + "es", noun + "ed")}
    stems = [noun.removesuffix("e") for noun in nouns]
    inflected |= {word for stem in stems for word in (stem + "ed", stem + "ing")}
    verbs = [noun.removesuffix("ion") for noun in nouns if noun.endswith("tion")]
    inflected |= {verb + ending for verb in verbs for ending in ("ing", "ed")}
    irregular = {plural for noun in nouns for plural in irregular_plurals(noun)}
    words = WORDS.union(nouns, inflected, irregular, _EVERYDAY_OTHERS.split())
    return words.difference(_TERMS.split(), (term + "s" for term in _TERMS.split()))


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


def eponym(form: str) -> str | None:
    """The two or more names that a disease or syndrome is called by, or None.

    >>> eponym("Lesch-Nyhan syndrome"), eponym("von Hippel-Lindau disease"), eponym("Eye disease")
    ('Lesch-Nyhan', 'von Hippel-Lindau', None)
    """
    found = _EPONYM.fullmatch(form)
    return found[1] if found else None


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


EVERYDAY = _everyday()
"""Words of general English: as a mention by themselves they name an entity less often than not."""
