"""An assessment as one HTML page: plots as SVG, no script, nothing from elsewhere, data escaped."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kgml.linking.formats.html import safe
from kgml.models.assess.pilot import told
from kgml.models.explaining.page import POLICY

STYLE = """\
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem }
h2 { border-top: 1px solid #ccc; padding-top: 1rem }
table { border-collapse: collapse; margin: .5rem 0 }
td, th { padding: .15rem .8rem .15rem 0; text-align: left; vertical-align: top }
.serious { color: #a22; font-weight: 600 } .look { color: #960 } .fine { color: #575 }
svg { max-width: 100% } svg text { font: 12px system-ui, sans-serif }
"""
WIDE, HIGH, EDGE = 640, 300, 46
"""Of a plot, and room for its axes."""
BARS = 20
"""Classes drawn."""


def render(result: Mapping[str, Any]) -> str:
    """The page of what `kgml.models.assess.run.assess` returns."""
    parts = [
        f"<h1>{_name(result['data'])}</h1>", *_verdict(result["verdict"]),
        "<h2>Volume</h2>", *_volume(result["volume"]),
        "<h2>Quality</h2>", *_findings(result["findings"], ("accuracy", "consistency", "bias")),
        *_suspects(result["quality"]["suspects"]), *_groups(result["quality"]["groups"]),
        "<h2>Relevance</h2>", *_relevance(result["relevance"]),
        *_findings(result["findings"], ("relevance",)),
        "<h2>A language model of this text</h2>", *_language_model(result["language_model"]),
    ]  # fmt: skip
    return (
        '<!DOCTYPE html>\n<html lang="und">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        f"<title>kgml assess</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def _verdict(found: Mapping[str, Any]) -> list[str]:
    low, high = found["expected"]["interval"]
    return [
        f"<p><strong>{safe(found['verdict'].capitalize())}</strong>: {safe(found['reason'])}.</p>",
        _list(found["conditions"]),
        f"<p>Way: <strong>{safe(found['regime'])}</strong>, <code>{safe(found['command'])}</code>; expected "
        f"of {safe(found['expected']['of'])} "
        f"{found['expected']['value']:.3f} [{low:.3f}, {high:.3f}], {_cost(found)}.</p>",
        _list(found["reasons"]),
    ]  # fmt: skip


def _cost(found: Mapping[str, Any]) -> str:
    if found["minutes"] is None:
        return "cost not measured"
    memory = "" if found["memory_mib"] is None else f", {found['memory_mib']:,} MiB"
    return f"{found['minutes']:.1f} minutes{memory} here"


def _volume(volume: Mapping[str, Any]) -> list[str]:
    parts = ", ".join(f"{name or 'no name'} {count:,}" for name, count in volume["parts"].items())
    tried = volume["pilot"]
    line = "" if tried is None else f"<p>{safe(told(tried, volume['curve']['title']))}.</p>"
    return [
        f"<p>{volume['rows']:,} rows ({safe(parts)}), {volume['tokens']:,} tokens, {volume['classes']} "
        "classes.</p>", curve_plot(volume["curve"]), line, _bars(list(volume["per_class"].items())),
    ]  # fmt: skip


def curve_plot(curve: Mapping[str, Any]) -> str:
    """Measured scores, the fitted power law, and what is expected, labels in logarithms."""
    points = curve["points"]
    ahead = [curve["now"], curve["twice"]]
    least, most = points[0]["labels"], max(points[-1]["labels"], curve["twice"]["labels"])
    law, span = curve["law"], math.log(most / least) or 1.0

    def x(n: float) -> float:
        return EDGE + (WIDE - 2 * EDGE) * math.log(n / least) / span

    def y(score: float) -> float:
        return HIGH - EDGE - (HIGH - 2 * EDGE) * min(max(score, 0.0), 1.0)

    steps = [least * math.exp(span * i / 60) for i in range(61)]
    line = " ".join(f"{x(n):.1f},{y(law['c'] - law['a'] * n ** -law['b']):.1f}" for n in steps)
    drawn = [f'<polyline points="{line}" fill="none" stroke="#36c"/>']
    drawn += [
        f'<circle cx="{x(p["labels"]):.1f}" cy="{y(s):.1f}" r="3" fill="#36c"/>'
        for p in points for s in p["scores"]
    ]  # fmt: skip
    for one in ahead:
        low, high = one["interval"]
        drawn.append(
            f'<path d="M{x(one["labels"]):.1f} {y(low):.1f}V{y(high):.1f}" stroke="#c63" stroke-width="2"/>'
            f'<circle cx="{x(one["labels"]):.1f}" cy="{y(one["value"]):.1f}" r="4" fill="#c63"/>'
        )
    drawn += [_text(x(n), HIGH - EDGE / 2, f"{n:,}") for n in (least, most)]
    drawn += [_text(EDGE / 2, y(score), f"{score:.1f}") for score in (0.0, 0.5, 1.0)]
    if curve["target"]:
        height = y(curve["target"]["score"])
        drawn.append(
            f'<path d="M{EDGE} {height:.1f}H{WIDE - EDGE}" stroke="#393" stroke-dasharray="4"/>'
        )
    title = f"{curve['title']} by training rows: measured (blue), expected with its 95% interval (orange)"
    return _svg(HIGH, title, drawn)


def _bars(rows: Sequence[tuple[str, int]]) -> str:
    """Rows of the largest classes, and of the smallest where there are many."""
    some = list(rows) if len(rows) <= BARS else [*rows[: BARS // 2], *rows[-BARS // 2 :]]
    most = max((count for _, count in some), default=1)
    drawn = []
    for i, (label, count) in enumerate(some):
        top = 18 * i + 4
        wide = (WIDE - 280) * count / most
        drawn.append(f'<rect x="200" y="{top}" width="{wide:.1f}" height="14" fill="#69c"/>')
        short = label if len(label) < 30 else label[:29] + "…"
        drawn.append(_text(195, top + 12, short, "end"))
        drawn.append(_text(206 + wide, top + 12, f"{count:,}", "start"))
    return _svg(18 * len(some) + 10, "Rows of each class", drawn)


def _svg(high: int, title: str, drawn: Iterable[str]) -> str:
    return (
        f'<svg viewBox="0 0 {WIDE} {high}" width="{WIDE}" role="img"><title>{safe(title)}</title>\n'
        + "\n".join(drawn)
        + f"\n</svg>\n<p>{safe(title)}</p>"
    )


def _text(x: float, y: float, text: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{safe(text)}</text>'


def _findings(findings: Sequence[Mapping[str, Any]], aspects: tuple[str, ...]) -> list[str]:
    rows = [
        [safe(f["aspect"]), f'<span class="{safe(f["weight"])}">{safe(f["name"])}</span>',
         f"{safe(f['what'])}<br>{safe(f['evidence'])}", ", ".join(map(str, f["rows"])), safe(f["step"])]
        for f in findings if f["aspect"] in aspects
    ]  # fmt: skip
    return [_table(["", "looked for", "found", "first rows", "next step"], rows)]


def _suspects(suspects: Sequence[Mapping[str, Any]]) -> list[str]:
    rows = [
        [str(s["row"]), _name(s["label"]), _name(s["suggested"]), f"{s['probability']:.2f}", _name(s["text"])]
        for s in suspects
    ]  # fmt: skip
    if not rows:
        return []
    heads = ["row", "label", "other rows say", "probability", "text"]
    return ["<h3>Likely label errors</h3>", _table(heads, rows)]


def _groups(groups: Sequence[Mapping[str, Any]] | None) -> list[str]:
    if not groups:
        return []
    rows = [
        [_name(g["value"]), f"{g['rows']:,}", f"{g['accuracy']:.3f}", f"{g['macro_f1']:.3f}",
         f"{g['difference']:+.3f} [{g['difference_interval'][0]:+.3f}, {g['difference_interval'][1]:+.3f}]"]
        for g in groups
    ]  # fmt: skip
    heads = ["group", "rows", "accuracy", "macro-F1", "accuracy less that of the rest"]
    return ["<h3>Groups</h3>", _table(heads, rows)]


def _relevance(found: Mapping[str, Any]) -> list[str]:
    of = found["ontology"]
    if of is None:
        return ["<p>No ontology was given.</p>"]
    branches = [[_name(b["label"]), safe(b["id"]), f"{b['documents']:,}"] for b in of["branches"]]
    missing = [
        [_name(p["phrase"]), f"{p['documents']:,}", f"{p['worth']:.3f}", _name(p["label"])]
        for p in found["missing"]
    ]  # fmt: skip
    return [
        f"<p>{of['share']:.0%} of the documents touched, {of['entities_a_document']} entities each.</p>",
        _table(["branch", "id", "documents"], branches), "<h3>Phrases it lacks</h3>",
        _table(["phrase", "documents", "worth", "most for"], missing),
    ]  # fmt: skip


def _language_model(plan: Mapping[str, Any]) -> list[str]:
    said = f"{plan['tokens']:,} tokens, worth {plan['worth']:,} when read {plan['readings']} times."
    of = plan["largest"]
    if of:
        said += f" At most {of['parameters']:,} parameters, {of['flops']:.3g} FLOPs, {of['minutes_here']:,} minutes here."
    sizes = [
        [safe(s["size"]), f"{s['parameters']:,}", f"{s['tokens_needed']:,}", f"{s['share']:.2g}"]
        for s in plan["sizes"]
    ]  # fmt: skip
    return [
        f"<p>{said}</p>",
        _table(["size", "parameters", "tokens needed", "at hand / needed"], sizes),
    ]


def _list(items: Sequence[str]) -> str:
    return "<ul>" + "".join(f"<li>{safe(item)}</li>" for item in items) + "</ul>" if items else ""


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells are HTML already. Without rows, nothing."""
    if not rows:
        return ""
    lines = ["".join(f"<td>{cell}</td>" for cell in row) for row in rows]
    head = "".join(f"<th>{safe(name)}</th>" for name in heads)
    return "<table>\n" + "\n".join(f"<tr>{line}</tr>" for line in [head, *lines]) + "\n</table>"


def _name(text: str) -> str:
    return f"<bdi>{safe(text)}</bdi>"
