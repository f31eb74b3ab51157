"""A text as the dictionary sees it, and the way back to the original offsets.

Three things keep a text from being compared letter by letter: case, typography (ligatures,
decomposed accents, curly quotes, hyphens, line ends) and characters whose lower case has another
length. Most are mapped one character to one character; the few that change the length are
remembered as break points, so that every offset can be given in the original text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from functools import lru_cache
from typing import NamedTuple

PARAGRAPH = "\u2029"
"""What a run of blank space with an empty line becomes: a form may cross a line end, not this."""

_SPACES = "\n\t\r\x0b\x0c\x85\xa0\u2007\u2009\u200a\u2028\u202f\u3000"
_HYPHENS = "-\u2010\u2011\u2012\u2013\u2212"
_QUOTES = "\u2019\u2018\u02bc"
_EXPANSIONS = {
    "\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl",
    "\ufb05": "st", "\ufb06": "st", "\u00df": "ss", "\u1e9e": "SS", "\u00ad": "",
}  # fmt: skip
_STROKED = {"\u00f8": "o", "\u0142": "l", "\u0111": "d", "\u00b5": "\u03bc"}
"""What Unicode does not take apart; the last is the micro sign."""
_RUNS = r"\s{2,}"
_RARE = r"[\ud800-\udfff\ufb00-\ufb06\u00df\u1e9e\u00ad]"
_MARKS = re.compile(r"[\u0300-\u036f]")
_ASCII_ODD = re.compile(_RUNS)
_ODD = re.compile(f"{_RUNS}|{_RARE}")
_SPECIAL = re.compile(r"[\u0300-\u036f\ufb00-\ufb06\u00df\u1e9e]")
_NO_WORD = {code: " " for code in range(128) if not chr(code).isalnum()}
_CONTROL = b"\x00"
_WORDS = bytes(
    ord(chr(code).lower() if chr(code).isalnum() else " " if chr(code).isprintable() else _CONTROL)
    for code in range(128)
).ljust(256, b"\xff")
"""What `spaced` makes of lower case, in ASCII, but that control characters stand out."""
_ODD_WITH_MARKS = re.compile(rf"{_RUNS}|{_RARE}|[^\W\d_][\u0300-\u036f]{{1,16}}")
"""A letter has few marks; to sort a long run of them, `unicodedata` takes time by its square."""


class Folded(NamedTuple):
    """One text, as it was and folded: ``plain`` in its own case, ``lower`` in lower case without
    accents.

    ``plain`` and ``lower`` are equally long, ``words`` is ``spaced(lower)`` in UTF-8. ``at`` and ``shift``
    are the break points: from position ``at[i]`` on, the original offset is ``shift[i]`` larger.
    Both are empty for nearly every text.
    """

    text: str
    plain: str
    lower: str
    words: bytes
    at: tuple[int, ...] = ()
    shift: tuple[int, ...] = ()

    def original(self, position: int) -> int:
        """The offset in the original text of a word border at ``position``."""
        i = bisect_right(self.at, position)
        return position + self.shift[i - 1] if i else position


def fold(text: str) -> Folded:
    """Fold typography and case; linear in the length of ``text``.

    Hyphens become blanks, so that "non-small cell" and "non small cell" are the same form.

    >>> folded = fold("Pulmonary  \\ufb01brosis")
    >>> folded.lower, folded.original(10)
    ('pulmonary fibrosis', 11)
    """
    ascii_only = text.isascii()
    if ascii_only:
        words = text.encode().translate(_WORDS)
        # nothing but printable characters and single blanks, as most texts are, needs no more
        regular = _CONTROL not in words and text.rfind("  ") < 0  # faster than "  " in text
        if regular:
            plain = text.replace("-", " ")
            return Folded(text, plain, plain.lower(), b" %b " % words)
    else:
        regular = text.isprintable() and "  " not in text
    plain = text
    at: tuple[int, ...] = ()
    shift: tuple[int, ...] = ()
    if not (regular and _SPECIAL.search(text) is None):
        odd = _ASCII_ODD if ascii_only else _ODD_WITH_MARKS if _MARKS.search(text) else _ODD
        plain, at, shift = _replace(text, odd)
    spaces = "" if regular else _SPACES
    hyphens, quotes = ("-", "") if ascii_only else (_HYPHENS, _QUOTES)
    for characters, by in ((spaces, " "), (hyphens, " "), (quotes, "'")):
        for character in characters:
            plain = plain.replace(character, by)
    small = lower(plain)
    return Folded(text, plain, small, spaced(small).encode(), at, shift)


def spaced(text: str) -> str:
    """The same text between two blanks, with a blank for each character that is no part of a word.

    >>> spaced("t(4;14)")
    ' t 4 14  '
    """
    if text.isascii():
        return f" {text.translate(_NO_WORD)} "
    for character in set(text):
        if character != " " and not is_word(character):
            text = text.replace(character, " ")
    return f" {text} "


def lower(text: str) -> str:
    """Lower case without accents, of equal length.

    Only U+0130 has a longer lower case, and only the sigma depends on its neighbours.

    >>> lower("Sjögren"), lower("Ménière"), lower("Ångström")
    ('sjogren', 'meniere', 'angstrom')
    """
    if text.isascii():
        return text.lower()
    text = text.replace("\u0130", "i").replace("\u03a3", "\u03c3").replace("\u03c2", "\u03c3")
    text = text.lower()
    for character in set(text):
        bare = _bare(character)
        if bare != character:
            text = text.replace(character, bare)
    return text


@lru_cache(maxsize=5_000)
def _bare(character: str) -> str:
    """A Latin or Greek letter without its accents; in other scripts they are letters of their own."""
    if character in _STROKED:
        return _STROKED[character]
    parts = unicodedata.normalize("NFD", character)
    plain = parts[0] < "\u0400" and all(unicodedata.category(m) == "Mn" for m in parts[1:])
    return parts[0] if plain else character


def is_word(character: str) -> bool:
    """Letters, digits and the marks that combine with them make up words."""
    return character.isalnum() or (
        character > "\u02ff" and unicodedata.category(character)[0] == "M"
    )


def _replace(text: str, odd: re.Pattern[str]) -> tuple[str, tuple[int, ...], tuple[int, ...]]:
    """Replace what ``odd`` finds; the text, and the break points where its length changed."""
    pieces: list[str] = []
    at: list[int] = []
    shift: list[int] = []
    done = moved = 0
    for found in odd.finditer(text):
        by = _replacement(found.group())
        pieces += (text[done : found.start()], by)
        done = found.end()
        if len(by) != done - found.start():
            position = found.start() - moved + len(by)
            moved = done - position
            at.append(position)
            shift.append(moved)
    if not pieces:
        return text, (), ()
    pieces.append(text[done:])
    return "".join(pieces), tuple(at), tuple(shift)


def _replacement(found: str) -> str:
    if found[0].isspace():
        return PARAGRAPH if found.count("\n") > 1 else " "
    if len(found) > 1:
        return unicodedata.normalize("NFC", found)
    if found in _EXPANSIONS:
        return _EXPANSIONS[found]
    return "\ufffd"  # half of a surrogate pair: no UTF-8, so the automaton could not take it
