"""The model card of a tuned encoder. Labels are untrusted text: no markup of theirs survives."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SHOWN = 80


def plain(text: str) -> str:
    """``text`` for one cell of a Markdown table: nothing in it is markup, HTML or a line break.

    All but letters, digits and spaces become character references; what cannot be seen (control
    characters, bidirectional overrides) is shown as U+FFFD.

    >>> plain("a|b <i>")
    'a&#124;b &#60;i&#62;'
    """
    words = " ".join(text.split())
    short = words if len(words) <= SHOWN else words[: SHOWN - 1] + "…"
    return "".join(_shown(character) for character in short)


def _shown(character: str) -> str:
    if unicodedata.category(character).startswith("C"):
        return "\ufffd"
    return character if character.isalnum() or character in " …" else f"&#{ord(character)};"


def base_licence(folder: Path) -> str | None:
    """The licence that the base model's own card names, if it is a plain identifier."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")[:20_000]
    except OSError:
        return None
    found = re.search(r"^license: *([A-Za-z0-9.\-]{1,40}) *$", text, flags=re.MULTILINE)
    return found.group(1) if found else None


def card(summary: Mapping[str, Any], examples: Sequence[tuple[str, str, int, int]]) -> str:
    """README.md of the folder: a card as Hugging Face reads it, without times and paths.

    Args:
        summary: what `kgml.encoders.adapt.adapt` returns.
        examples: held-out name, label of its entity, the label's place before and after.
    """
    base, graph = summary["base"], summary["graph"]
    lines = [
        "---", "library_name: sentence-transformers", "pipeline_tag: sentence-similarity", "tags:",
        "- sentence-transformers", "- feature-extraction", "- kgml", "---", "",
        "# A text encoder tuned on an ontology", "",
        "Tuned by `kgml adapt` on the names, definitions and hierarchy of a graph, without labelled "
        "documents. Use it as any sentence-transformers model, or in kgml with "
        '`[encoder] model = "DIR"`.', "",
        "## Made from", "", "| | |", "|---|---|",
        f"| base model | {plain(base['name'])} |",
        f"| its fingerprint | `{base['fingerprint']}` |",
        *(f"| sha256 of its {plain(n)} | `{digest}` |" for n, digest in base["weights"].items()),
        f"| graph | `{graph['fingerprint']}`, {graph['entities']:,} entities |",
        *(f"| ontology | {plain(_ontology(row))} |" for row in graph["ontologies"]),
        f"| general texts | {summary['general']['texts']:,} ({summary['general']['source']}) |",
        "", "## Trained on", "", "| kind of pair | there are | weight |", "|---|---|---|",
        *(f"| name and {_partner(n)} | {row['pairs']:,} | {row['weight']} |"
          for n, row in summary["pairs"].items()),
        "",
        f"{summary['steps']['done']:,} of {summary['steps']['planned']:,} steps of "
        f"{summary['config']['batch_size']} pairs, weights of step {summary['steps']['best']:,}; "
        f"InfoNCE, temperature {summary['config']['temperature']}, AdamW, learning rate "
        f"{summary['config']['learning_rate']}, seed {summary['seed']}.",
        "", "## Held-out names", "",
        f"Synonyms never trained on look for the label of their entity among "
        f"{summary['held_out']['labels']:,} labels. Those of `valid` chose the weights, those of "
        "`test` did not.", "",
        "| part | names | MRR before | after | Hits@1 before | after |", "|---|---|---|---|---|---|",
        *(_scores(n, summary["held_out"][n]) for n in ("test", "valid")),
        "",
        *_kept(summary["general"]),
        *_examples(examples),
        "## Licence", "",
        "The weights derive from the base model and from the words of the ontology; the terms of "
        "both hold. The base model's card says: "
        f"{plain(base['licence'] or 'nothing')}. The ontologies say: "
        f"{'; '.join(plain(row.get('licence') or 'nothing') for row in graph['ontologies']) or 'nothing'}.",
        "",
    ]  # fmt: skip
    return "\n".join(lines)


def _ontology(row: Mapping[str, str]) -> str:
    said = (row.get("title"), row.get("iri"), row.get("version"))
    return ", ".join(text for text in said if text)


def _partner(kind: str) -> str:
    return {"synonym": "name of the same", "parent": "name of a parent"}.get(kind, kind)


def _scores(name: str, part: Mapping[str, Any]) -> str:
    before, after = part["before"], part["after"]
    return (
        f"| {name} | {part['names']:,} | {before['mrr']:.3f} | {after['mrr']:.3f} | "
        f"{before['hits1']:.3f} | {after['hits1']:.3f} |"
    )


def _kept(general: Mapping[str, Any]) -> list[str]:
    if general["cosine"] is None:
        return []
    return [f"General texts: mean cosine to the base model's vectors {general['cosine']:.3f}.", ""]


def _examples(rows: Sequence[tuple[str, str, int, int]]) -> list[str]:
    if not rows:
        return []
    return [
        "| held-out name | label of its entity | place before | after |", "|---|---|---|---|",
        *(f"| {plain(name)} | {plain(label)} | {before} | {after} |"
          for name, label, before, after in rows),
        "",
    ]  # fmt: skip
