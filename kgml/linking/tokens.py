"""A folded text as tokens: words with their stems, grouped into segments no mention crosses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kgml.linking.fold import PARAGRAPH, Folded
from kgml.linking.stem import numeral, stem

_ARTICLES = "a an the his her its their both"
_COPULAS = "is are was were"
_TURNING = "of in on at de del"
_OTHER_LINKS = "to for with from by et"
_BARRIERS = """
no not without but than except however although which who that where when while because if we he
she they it this these those there has have had does did showed revealed found non never neither
causes caused causing due after before during including
"""
ARTICLES = frozenset(_ARTICLES.split())
COPULAS = frozenset(_COPULAS.split())
TURNING = COPULAS | frozenset(_TURNING.split())
"""Words around which a modifier may stand on the other side: "fingers are short"."""
LINKS = ARTICLES | TURNING | frozenset(_OTHER_LINKS.split())
"""Words that change nothing about which form a text means."""
CONJUNCTIONS = frozenset(("and", "or", "nor", ",", "/"))
BARRIERS = frozenset(_BARRIERS.split())
"""Words over which no form is put together."""
PREFIXES = (
    "pre", "post", "peri", "para", "micro", "macro", "hyper", "hypo", "inter", "intra", "sub",
    "supra", "infra", "multi", "semi", "co", "neuro", "cardio", "extra", "ultra", "poly", "mono",
    "dys", "naso", "oro", "retro", "trans", "pseudo", "mid", "uni", "bi", "tri", "un", "broncho",
    "cranio", "oculo", "osteo", "vaso", "thrombo", "immuno", "hemi", "mega", "meso", "endo", "epi",
    "micr", "auto",
)  # fmt: skip
"""Beginnings of words that are written with and without a hyphen, to the same effect."""

_PREFIX = "|".join(PREFIXES)
_TOKEN = re.compile(
    rf"(?<![^\W_])(?:(?:{_PREFIX}) (?=[^\W\d_]{{4}}))?[^\W_]+(?:[\u0300-\u036f]+[^\W_]*)*(?:'s\b)?"
    r"|[,/]|[.;:!?()\[\]{}\u2029]"
)
_SHORT = re.compile(r"\([^\W_]{2,8}\) (?=[^\W\d_])")
_LONGEST = 80
"""Tokens in a segment, at most: bounds the work on text without punctuation."""

WORD, LINK, CONJUNCTION, BARRIER = range(4)
_KIND = (
    dict.fromkeys(LINKS, LINK)
    | dict.fromkeys(CONJUNCTIONS, CONJUNCTION)
    | dict.fromkeys(BARRIERS, BARRIER)
)


class Token(NamedTuple):
    """One word at ``lower[start:end]``; ``kind`` tells what may be done with it."""

    start: int
    end: int
    word: str
    stem: str
    kind: int


def segments(folded: Folded) -> Iterator[list[Token]]:
    """The tokens of each stretch of text without a full stop, colon, bracket or the like."""
    text = folded.lower
    segment: list[Token] = []
    before, skip = "", 0
    for found in _TOKEN.finditer(text):
        word = found.group()
        start, end = found.span()
        if start < skip:
            continue  # a short form in brackets inside its long one: "Hippel-Lindau (VHL) disease"
        if word == "(" and (bracket := _SHORT.match(text, start)):
            skip = bracket.end()
            continue
        if word in ".;:!?()[]{}" + PARAGRAPH:
            if word == "." and not text[end : end + 1].isspace():
                continue
            if segment:
                yield segment
            segment, before = [], ""
            continue
        if word.endswith("'s"):
            word, end = word[:-2], end - 2
        word = word.replace(" ", "")
        kind = _KIND.get(word, WORD)
        plain = numeral(word, before)
        segment.append(Token(start, end, word, stem(plain) if kind == WORD else word, kind))
        before = word
        if len(segment) >= _LONGEST:
            yield segment
            segment = []
    if segment:
        yield segment


def content(form: str) -> list[tuple[str, str]]:
    """Word and stem of each word of a form (folded, lower case) that says something.

    >>> content("abnormality of the kidneys")
    [('abnormality', 'abnorm'), ('kidneys', 'kidney')]
    """
    return [word for part in phrases(form)[0] for word in part]


def phrases(form: str) -> tuple[list[list[tuple[str, str]]], bool]:
    """The words of a form, parted at each "of"; whether it holds another preposition.

    >>> phrases("abnormality of the kidneys")
    ([[('abnormality', 'abnorm')], [('kidneys', 'kidney')]], False)
    """
    parts: list[list[tuple[str, str]]] = [[]]
    before, linked = "", False
    for found in _TOKEN.finditer(form):
        word = found.group().removesuffix("'s").replace(" ", "")
        kind = _KIND.get(word, WORD)
        if word == "of" and parts[-1]:
            parts.append([])
        elif word[0].isalnum() and kind in (WORD, BARRIER):
            parts[-1].append((word, stem(numeral(word, before))))
        linked = linked or (kind == LINK and word != "of" and word not in ARTICLES)
        before = word
    return parts, linked
