"""How well and how fast texts are linked: HPO in the GSC+ abstracts, MeSH in NCBI disease.

    python benchmarks/linking.py [--data hpo_gsc_plus] [--shared DIR] [--split test]
                                 [--negated keep|drop] [--json]

A predicted mention is right when it overlaps a gold mention and its first candidate is the gold
identifier (Groza et al. 2015; Lobo et al. 2017); a gold mention is found when such a prediction
exists. Per document: the sets of identifiers. Only HPO's branch of phenotypic abnormalities, and
MeSH's diseases, are linked. Gold identifiers that HPO has merged since are mapped by ``alt_id``;
gold mentions whose identifier the ontology does not have count as missed. Beside the linker stands
its exact stage alone, in the same run, and the linker with ``nested = true``. Options are tuned on the dev parts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from kgml.config import LinkingConfig
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph
from kgml.linking import scores
from kgml.linking.fold import fold
from kgml.linking.linker import EntityLinker, Mention

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
MESH_DISEASES = [
    "D007239",
    "D009369",
    "D009140",
    "D004066",
    "D009057",
    "D012140",
    "D010038",
    "D009422",
    "D005128",
    "D000091642",
    "D002318",
    "D006425",
    "D009358",
    "D017437",
    "D009750",
    "D004700",
    "D007154",
    "D007280",
    "D013568",
    "D064419",
    "D014947",
    "D001523",
]
SETS = {
    "hpo_gsc_plus": ("hpo/hp.obo", ["HP:0000118"]),
    "ncbi_disease": ("mesh/mesh_descriptors.obo", [f"MESH:{name}" for name in MESH_DISEASES]),
}
"""Ontology of each data set, and the roots of the branches that are linked."""


class Span(NamedTuple):
    """A mention; ``ids`` are alternatives: any of them is right."""

    start: int
    end: int
    ids: frozenset[str]
    text: str


def merged_ids(obo: Path) -> dict[str, str]:
    """Old identifier to the one that took it over."""
    merged, current = {}, ""
    for line in obo.read_text(encoding="utf-8").splitlines():
        if line.startswith("id: "):
            current = line[4:]
        elif line.startswith("alt_id: "):
            merged[line[8:]] = current
    return merged


def read(rows: Path, split: str, merged: dict[str, str]) -> tuple[list[str], list[list[Span]]]:
    """Texts and gold mentions; an NCBI identifier becomes ``MESH:D…`` ("|" parts alternatives)."""
    documents = [json.loads(line) for line in rows.read_text(encoding="utf-8").splitlines()]
    documents = [document for document in documents if document["split"] == split]
    gold = []
    for document in documents:
        spans = []
        for m in document["mentions"]:
            ids = (name if ":" in name else f"MESH:{name}" for name in m["id"].split("|"))
            found = frozenset(merged.get(name, name) for name in ids)
            spans.append(Span(m["start"], m["end"], found, m["text"]))
        gold.append(spans)
    return [document["text"] for document in documents], gold


def below(graph: KnowledgeGraph, roots: Sequence[str]) -> list[int]:
    """Numbers of ``roots`` and of everything under them."""
    return sorted({n for root in roots for n in (graph.number(root), *graph.descendants_of(root))})


def spans_of(graph: KnowledgeGraph, linked: list[list[Mention]], negated: str) -> list[list[Span]]:
    """Predicted mentions with the first candidate."""
    return [
        [
            Span(m.start, m.end, frozenset((graph.ids[m.candidates[0].entity],)), m.text)
            for m in mentions
            if negated == "keep" or not m.negated
        ]
        for mentions in linked
    ]


def compared(gold: list[list[Span]], predicted: list[list[Span]]) -> dict[str, dict[str, Any]]:
    """Scores over mentions and documents, and errors by kind: see `kgml.linking.scores`."""
    sides = ([[scores.Span(s.start, s.end, s.ids) for s in spans] for spans in side]
             for side in (gold, predicted))  # fmt: skip
    return scores.compare(*sides)


def accuracy_at_1(graph: KnowledgeGraph, linker: EntityLinker, gold: list[list[Span]]) -> float:
    """Share of gold mentions whose words alone link to their entity, by the longest mention."""
    spans = [span for spans in gold for span in spans]
    right = 0
    for span, mentions in zip(spans, linker.link([span.text for span in spans]), strict=True):
        if mentions:
            longest = max(mentions, key=lambda m: m.end - m.start)
            right += graph.ids[longest.candidates[0].entity] in span.ids
    return round(right / max(1, len(spans)), 4)


def speed(linker: EntityLinker, texts: list[str]) -> dict[str, float]:
    """Abstracts and MB of UTF-8 per second of processor time; and MB in the exact stage alone."""
    size = sum(len(text.encode()) for text in texts) / 1e6
    rounds = max(1, round(0.5 / size))
    started = time.process_time()
    for _ in range(rounds):
        linker.link(texts)
    whole = time.process_time() - started
    folded = [fold(text) for text in texts]
    started = time.process_time()
    for _ in range(rounds):
        for one in folded:
            for stages in linker.stages:
                stages.dictionary.find(one)
    exact = time.process_time() - started
    return {
        "texts_per_second": round(rounds * len(texts) / whole, 1),
        "megabytes_per_second": round(rounds * size / whole, 2),
        "dictionary_megabytes_per_second": round(rounds * size / exact, 1),
    }


def run(data: str, shared: Path, split: str, negated: str) -> dict[str, Any]:
    """Everything this benchmark prints."""
    path, roots = SETS[data]
    ontology = shared / "ontologies" / path
    graph = load_graph(ontology)
    texts, gold = read(shared / "linking" / data / "data.jsonl", split, merged_ids(ontology))
    entities = below(graph, roots)
    result: dict[str, Any] = {"data": data, "split": split, "documents": len(texts)}
    for name, config in (
        ("dictionary", replace(LinkingConfig(), variants=False)),
        ("linker", LinkingConfig()),
        ("nested", replace(LinkingConfig(), nested=True)),
    ):
        started = time.process_time()
        linker = EntityLinker.from_graph(graph, config, entities)
        built = time.process_time() - started
        result[name] = {
            **compared(gold, spans_of(graph, linker.link(texts), negated)),
            "accuracy_at_1": accuracy_at_1(graph, linker, gold),
            "build_seconds": round(built, 2),
            **speed(linker, texts),
        }
    return result


def show(result: dict[str, Any]) -> None:
    """Print the tables."""
    print(f"{result['data']}, {result['split']}: {result['documents']} documents")
    for name in ("dictionary", "linker", "nested"):
        found = result[name]
        for level in ("mention", "document"):
            s = found[level]
            print(
                f"{name:10} {level:9} P {s['precision']:.3f}  R {s['recall']:.3f}  F1 {s['f1']:.3f}"
            )
        errors = "  ".join(f"{kind} {count}" for kind, count in found["errors"].items())
        print(f"{name:10} {errors}  accuracy@1 {found['accuracy_at_1']:.3f}")
        print(
            f"{name:10} {found['texts_per_second']} texts/s, {found['megabytes_per_second']} MB/s; "
            f"exact stage {found['dictionary_megabytes_per_second']} MB/s; "
            f"built in {found['build_seconds']} s"
        )


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", choices=list(SETS), default="hpo_gsc_plus")
    parser.add_argument("--shared", type=Path, default=SHARED, help="folder of the shared data")
    parser.add_argument("--split", choices=["dev", "test"], default="test")
    parser.add_argument("--negated", choices=["keep", "drop"], default="keep")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    result = run(arguments.data, arguments.shared, arguments.split, arguments.negated)
    if arguments.json:
        print(json.dumps(result, indent=2))
    else:
        show(result)


if __name__ == "__main__":
    main()
