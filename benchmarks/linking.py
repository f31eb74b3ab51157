"""How well and how fast the dictionary links: HPO terms in the GSC+ abstracts.

    python benchmarks/linking.py [--shared DIR] [--split test] [--negated keep|drop] [--json]

A predicted mention is right when it overlaps a gold mention and its first candidate is the gold
identifier (Groza et al. 2015; Lobo et al. 2017); a gold mention is found when such a prediction
exists. Per document: the sets of identifiers. Only the branch of phenotypic abnormalities
(HP:0000118) is linked. Gold identifiers that HPO has merged since are mapped by ``alt_id``.
A plain dictionary had, per mention, P .896 R .512 F1 .652; per document .893 / .500 / .641.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

from kgml.config import LinkingConfig
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.linking.linker import EntityLinker

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
ROOT = "HP:0000118"

Span = tuple[int, int, str]


def merged_ids(obo: Path) -> dict[str, str]:
    """Old identifier to the one that took it over."""
    merged, current = {}, ""
    for line in obo.read_text(encoding="utf-8").splitlines():
        if line.startswith("id: "):
            current = line[4:]
        elif line.startswith("alt_id: "):
            merged[line[8:]] = current
    return merged


def branch_linker(graph: KnowledgeGraph, root: str) -> EntityLinker:
    """A linker for ``root`` and everything below it."""
    below = graph.ancestors.tocsc()
    number = graph.number(root)
    wanted = below.indices[below.indptr[number] : below.indptr[number + 1]]
    return EntityLinker.from_graph(graph, LinkingConfig(), wanted.tolist())


def scores(right: int, predicted: int, found: int, gold: int) -> dict[str, float]:
    """Precision, recall and F1 from counts."""
    precision, recall = right / max(predicted, 1), found / max(gold, 1)
    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def agree(one: Span, other: Span) -> bool:
    """Whether two spans overlap and name the same entity."""
    return one[2] == other[2] and one[0] < other[1] and other[0] < one[1]


def compare(gold: list[list[Span]], predicted: list[list[Span]]) -> dict[str, dict[str, float]]:
    """Micro-averaged scores over mentions, and over the identifiers of each document."""
    pairs = list(zip(gold, predicted, strict=True))
    right = sum(any(agree(p, g) for g in golds) for golds, found in pairs for p in found)
    hit = sum(any(agree(p, g) for p in found) for golds, found in pairs for g in golds)
    sets = [({g[2] for g in golds}, {p[2] for p in found}) for golds, found in pairs]
    both = sum(len(g & p) for g, p in sets)
    return {
        "mention": scores(right, sum(map(len, predicted)), hit, sum(map(len, gold))),
        "document": scores(both, sum(len(p) for _, p in sets), both, sum(len(g) for g, _ in sets)),
    }


def speed(linker: EntityLinker, texts: list[str]) -> float:
    """MB of UTF-8 linked per second of processor time; at least 5 MB are linked."""
    size = sum(len(text.encode()) for text in texts)
    rounds = max(1, -(-5_000_000 // size))
    started = time.process_time()
    for _ in range(rounds):
        linker.link(texts)
    return round(rounds * size / 1e6 / (time.process_time() - started), 1)


def run(shared: Path, split: str, negated: str) -> dict[str, Any]:
    """Everything this benchmark prints."""
    obo = shared / "ontologies" / "hpo" / "hp.obo"
    graph = load_graph(obo)
    started = time.process_time()
    linker = branch_linker(graph, ROOT)
    built = time.process_time() - started
    merged = merged_ids(obo)
    rows = (shared / "linking" / "hpo_gsc_plus" / "data.jsonl").read_text(encoding="utf-8")
    documents = [d for d in map(json.loads, rows.splitlines()) if d["split"] == split]
    texts = [document["text"] for document in documents]
    gold = [
        [(m["start"], m["end"], merged.get(m["id"], m["id"])) for m in document["mentions"]]
        for document in documents
    ]
    predicted = [
        [
            (m.start, m.end, graph.ids[m.candidates[0].entity])
            for m in mentions
            if negated == "keep" or not m.negated
        ]
        for mentions in linker.link(texts)
    ]
    return {
        "documents": len(texts),
        "keys": len(linker.dictionary),
        **compare(gold, predicted),
        "build_seconds": round(built, 2),
        "megabytes_per_second": speed(linker, texts),
    }


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the shared data")
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--negated", choices=["keep", "drop"], default="keep")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = run(arguments.shared, arguments.split, arguments.negated)
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{result['documents']} documents, dictionary of {result['keys']:,} keys")
    for level in ("mention", "document"):
        s = result[level]
        print(f"{level:9} P {s['precision']:.3f}  R {s['recall']:.3f}  F1 {s['f1']:.3f}")
    print(f"built in {result['build_seconds']} s; {result['megabytes_per_second']} MB/s linked")


if __name__ == "__main__":
    main()
