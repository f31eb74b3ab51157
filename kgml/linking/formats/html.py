"""A page that shows mentions in their texts, in the manner of spaCy's displaCy."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

from kgml.linking.formats.base import FLAGS, FileFormat, Linked, vocabulary

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

STYLE = """\
body { font: 16px/2.4 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
section { border-bottom: 1px solid #ccc; padding: 1rem 0; white-space: pre-wrap }
mark { border-radius: .35em; color: #111; padding: .3em .4em }
mark.flagged { outline: 2px dashed #a33 }
mark span { font-size: .75em; font-weight: 600; margin-left: .5em }
"""
_UNSEEN = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What HTML may not hold, and what would turn a line round."""


class Page(FileFormat):
    """One HTML page without scripts and without anything from elsewhere.

    A section has the text's id. A mention carries its entity's label; its id, score and reason are
    in the tooltip. Of two that overlap, the second begins where the first ends; one inside another
    is named in its mark.
    """

    ending = ".html"

    def render(self, linked: Sequence[Linked], graph: KnowledgeGraph) -> str:
        """The page."""
        sections = "\n".join(
            f'<section dir="auto" title="{safe(str(one.id))}">'
            f"{marked(one.text, one.mentions, lambda text, those: _mark(text, those, graph))}</section>"
            for one in linked
        )
        return (
            '<!DOCTYPE html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
            f"<title>kgml link</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
            f"{sections}\n</body>\n</html>\n"
        )


def marked(
    text: str,
    mentions: Sequence[dict[str, Any]],
    mark: Callable[[str, list[dict[str, Any]]], str],
) -> str:
    """``text`` as HTML, with what ``mark`` makes of each span and of the mentions that it stands for.

    Of two that overlap, the second begins where the first ends; one inside another belongs to it.
    """
    parts: list[str] = []
    marks: list[tuple[int, int, list[dict[str, Any]]]] = []
    shown = 0
    for mention in sorted(mentions, key=lambda m: (m["start"], -m["end"])):
        start = max(mention["start"], shown)
        if marks and mention["end"] <= shown:
            marks[-1][2].append(mention)
            continue
        shown = mention["end"]
        marks.append((start, shown, [mention]))
    shown = 0
    for start, end, those in marks:
        parts += [safe(text[shown:start]), mark(text[start:end], those)]
        shown = end
    return "".join([*parts, safe(text[shown:])])


def _mark(text: str, mentions: list[dict[str, Any]], graph: KnowledgeGraph) -> str:
    """One mark for a mention and those inside it."""
    flagged = ' class="flagged"' if any(map(_flags, mentions)) else ""
    titles, labels = zip(*map(_said, mentions), strict=True)
    names = "".join(f"<span><bdi>{safe(label)}</bdi></span>" for label in labels)
    return (
        f'<mark{flagged} style="background: {_colour(vocabulary(mentions[0], graph))}" '
        f'title="{safe("; ".join(titles))}">{safe(text)}{names}</mark>'
    )


def _flags(mention: dict[str, Any]) -> list[str]:
    return [name.lower() for key, name in FLAGS.items() if mention.get(key)]


def _said(mention: dict[str, Any]) -> tuple[str, str]:
    """Tooltip and label."""
    label = title = "NIL"
    if mention["candidates"]:
        best = mention["candidates"][0]
        label, title = best["label"], f"{best['id']} {best['score']:.2f} {best['method']}"
    return title, ", ".join([label, *_flags(mention)])


def safe(text: str) -> str:
    """``text`` for any place in a page: escaped, without what would turn a line round."""
    return escape(_UNSEEN.sub("\ufffd", text))


def _colour(name: str) -> str:
    """A light colour that is a vocabulary's own."""
    return f"hsl({zlib.crc32(name.encode()) % 360} 70% 85%)"
