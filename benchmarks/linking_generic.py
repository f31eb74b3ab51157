"""How many of a financial ontology's mentions are words that are not of finance.

    python benchmarks/linking_generic.py [--shared DIR] [--json]

FIBO in reuters21578 (R52) and fomc_hawkish_dovish. A mention counts as generic when it is a single word
whose stem stands in at least 1% of the abstracts of medical_abstracts: medicine says "group",
"share" and "right" as often as finance does, and seldom "debenture". The list of everyday words
that the linker itself weighs by is not asked. Shown are mentions, mentions a document, and the
share of generic ones, for the plain dictionary (``variants = false``) and for the linker.
"""

from __future__ import annotations

import argparse
import csv
import json
import re
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from kgml.config import LinkingConfig
from kgml.kg.load import load_graph
from kgml.linking.linker import EntityLinker
from kgml.linking.stem import stem

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
SETS = ("reuters21578/r52_single.csv", "fomc_hawkish_dovish/data.csv")
OFTEN = 0.01
"""Share of the abstracts that hold a generic word."""
_WORD = re.compile(r"[^\W\d_]+")


def texts_of(shared: Path, name: str) -> list[str]:
    """The texts of a label set."""
    with (shared / "labels" / name).open(encoding="utf-8", newline="") as rows:
        return [row["text"] for row in csv.DictReader(rows)]


def generic_stems(texts: list[str]) -> frozenset[str]:
    """Stems that at least `OFTEN` of ``texts`` hold."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update({stem(word) for word in _WORD.findall(text.lower())})
    return frozenset(own for own, count in found.items() if count >= OFTEN * len(texts))


def count(linker: EntityLinker, texts: list[str], generic: frozenset[str]) -> dict[str, Any]:
    """Mentions, the share of generic ones, and the most frequent of these."""
    words = Counter(m.text.lower() for mentions in linker.link(texts) for m in mentions)
    total = sum(words.values())
    common = Counter({w: n for w, n in words.items() if _WORD.fullmatch(w) and stem(w) in generic})
    return {
        "mentions": total,
        "mentions_per_document": round(total / len(texts), 2),
        "generic_share": round(sum(common.values()) / max(1, total), 4),
        "most_frequent": dict(common.most_common(8)),
    }


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the shared data")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    generic = generic_stems(texts_of(options.shared, "medical_abstracts/data.csv"))
    graph = load_graph(options.shared / "ontologies" / "fibo")
    linkers = {
        "dictionary": EntityLinker.from_graph(graph, replace(LinkingConfig(), variants=False)),
        "linker": EntityLinker.from_graph(graph),
    }
    results: dict[str, Any] = {}
    for name in SETS:
        texts = texts_of(options.shared, name)
        for kind, linker in linkers.items():
            row = results.setdefault(name, {})[kind] = count(linker, texts, generic)
            print(f"{name:29} {kind:11} {row['mentions']:9,} mentions  "
                  f"{row['mentions_per_document']:6.2f} a document  {row['generic_share']:6.1%} "
                  f"generic: {', '.join(row['most_frequent'])}", file=sys.stderr, flush=True)  # fmt: skip
    if options.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
