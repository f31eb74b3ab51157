"""Explanations as one HTML page: no script, nothing from elsewhere, everything escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from kgml.linking.formats.html import marked, safe

STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
section { border-top: 1px solid #ccc; padding: 1rem 0 }
h2 { font-size: 1.1em; margin: 0 }
p.text { line-height: 2.2; white-space: pre-wrap }
mark { border-radius: .35em; color: #111; padding: .25em .35em }
table { border-collapse: collapse; margin: .5rem 0 }
td, th { padding: .1rem .7rem .1rem 0; text-align: left; vertical-align: top }
td.n, th.n { font-variant-numeric: tabular-nums; text-align: right }
"""
POLICY = "default-src 'none'; style-src 'unsafe-inline'"
WORDS = 12
"""Words shown for a text."""


def render(explanations: Sequence[dict[str, Any]], sentence: str | None = None) -> str:
    """The page of explanations as `kgml.models.explain.Explanation.to_json` gives them.

    A mention is green where it speaks for the label and red where it speaks against it, the more
    the deeper. A key ``like`` adds neighbours.

    Args:
        sentence: what holds for all of them, such as that knowledge has no part.
    """
    opening = f"<p>{safe(sentence)}</p>\n" if sentence else ""
    sections = "\n".join(_section(one) for one in explanations)
    return (
        '<!DOCTYPE html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>kgml explain</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        f"{opening}{sections}\n</body>\n</html>\n"
    )


def _section(one: dict[str, Any]) -> str:
    most = max((abs(m["log_odds"]) for m in one["mentions"]), default=0.0)
    text = marked(one["text"], one["mentions"], lambda span, those: _mark(span, those, most))
    parts = [
        f"<h2><bdi>{safe(one['label'])}</bdi> {one['probability']:.3f}</h2>",
        f'<p class="text" dir="auto">{text}</p>',
        f"<p>Lost without knowledge {one['without_knowledge']['lost']:+.3f}, without counted words "
        f"{one['without_words']['lost']:+.3f}; gate {one['gate']:.2f}.</p>",
        _table(["lost", "concept", "way", "carried by"], map(_concept, one["concepts"])),
        _table(["lost", "word"],
               ([_number(w["lost"]), _name(w["word"])] for w in one["words"][:WORDS])),
        _table(["similarity", "row", "label", "text"],
               ([_number(n["similarity"]), str(n["row"]), _name(n["label"]), _name(n["text"])]
                for n in one.get("like", []))),
    ]  # fmt: skip
    return f"<section>\n{chr(10).join(filter(None, parts))}\n</section>"


def _mark(text: str, mentions: list[dict[str, Any]], most: float) -> str:
    share = mentions[0]["log_odds"] / most if most else 0.0
    colour = f"hsl({140 if share >= 0 else 0} 60% {94 - 24 * abs(share):.0f}%)"
    titles = []
    for mention in mentions:
        names = [f"{c['label']} ({c['id']})" for c in mention["candidates"]]
        titles.append(f"{_number(mention['lost'])} {', '.join(names)}")
    return (
        f'<mark style="background: {colour}" title="{safe("; ".join(titles))}">{safe(text)}</mark>'
    )


def _concept(one: dict[str, Any]) -> list[str]:
    carried = [f"{_name(c['label'])} {c['lost']:+.3f}" for c in one["carriers"]]
    return [_number(one["lost"]), f"{_name(one['label'])} ({safe(one['id'])})",
            _name(one["path"]), ", ".join(carried)]  # fmt: skip


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column holds numbers; cells are HTML already. Without rows, nothing."""
    lines = ["".join(_cells("td", row)) for row in rows]
    if not lines:
        return ""
    body = "\n".join(f"<tr>{line}</tr>" for line in ["".join(_cells("th", heads)), *lines])
    return f"<table>\n{body}\n</table>"


def _cells(tag: str, cells: Sequence[str]) -> list[str]:
    first = f'<{tag} class="n">{cells[0]}</{tag}>'
    return [first, *(f"<{tag}>{cell}</{tag}>" for cell in cells[1:])]


def _number(value: float) -> str:
    return f"{value:+.3f}"


def _name(text: str) -> str:
    return f"<bdi>{safe(text)}</bdi>"
