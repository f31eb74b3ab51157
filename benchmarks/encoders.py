"""How fast texts are encoded, beside sentence-transformers, and how near the vectors are.

    python benchmarks/encoders.py [--threads 2] [--labels 1000] [--abstracts 64] [--rounds 5] [--json]
    python benchmarks/encoders.py --long 1500       # what words after token 256 are worth
    python benchmarks/encoders.py --synonyms 1500   # whether synonyms still find their label

One model (all-MiniLM-L6-v2), two kinds of text: labels of HPO and abstracts of Ohsumed.
``sentence-transformers``: its own ``encode`` with its own batches of 32. The contestants take
turns within a round; seconds are the median over rounds, the ratio is the median of the rounds'
ratios, the cosine is the least over all texts. With ``--threads 1`` seconds are those of the
processor, which other programs on the machine do not change. ``neighbours``: the share of the
ten nearest texts that stay. ``kgml int8`` needs kgml[openvino]; it and ``static`` are made before.

``--synonyms N``: N exact synonyms of HPO look for the label of their entity among 2,000 labels:
mean reciprocal rank and Hits@1.

``--long N``: N training rows of Ohsumed (never the test rows), logistic regression on the vectors
alone, macro-F1 by cross-validation in five folds: each text cut at 256 tokens, or in chunks.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
import warnings
from collections import Counter
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kgml.encoders.text import TextEncoder
from kgml.kg.graph import Scope
from kgml.kg.load import load_graph

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
Encode = Callable[[list[str]], np.ndarray]


def abstracts(folder: Path, size: int) -> tuple[list[str], list[str]]:
    """Texts and labels of a random part of Ohsumed's training rows."""
    path = folder / "labels" / "ohsumed_single23" / "data.csv"
    with path.open(encoding="utf-8", newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["split"] == "train"]
    chosen = sorted(np.random.default_rng(0).choice(len(rows), min(size, len(rows)), replace=False))
    return [rows[i]["text"] for i in chosen], [rows[i]["label"] for i in chosen]


def contestants() -> dict[str, Encode]:
    """Each loaded and warm."""
    from sentence_transformers import SentenceTransformer

    names = ["fp32", "bf16"] + ["int8"] * all(map(find_spec, ("openvino", "nncf")))
    ours = {name: TextEncoder(cache=False, precision=name, device="cpu") for name in names}
    ours["static"] = TextEncoder("static")
    model = SentenceTransformer(str(ours["fp32"].checkpoint.folder), device="cpu")

    def theirs(texts: list[str]) -> np.ndarray:
        return model.encode(texts, batch_size=32, normalize_embeddings=True)

    return {"sentence-transformers": theirs} | {
        f"kgml {name}": encoder.encode for name, encoder in ours.items()
    }


def speed(given: argparse.Namespace) -> dict[str, Any]:
    """Texts a second, ratio and least cosine of each contestant on each kind of text."""
    torch.set_num_threads(given.threads)
    clock = time.process_time if given.threads == 1 else time.perf_counter
    graph = load_graph(given.shared / "ontologies" / "hpo" / "hp.obo")
    labels = np.random.default_rng(0).choice(graph.labels, given.labels, replace=False).tolist()
    kinds = {"labels": labels, "abstracts": abstracts(given.shared, given.abstracts)[0]}
    running = contestants()
    results: dict[str, Any] = {}
    for kind, texts in kinds.items():
        vectors = {name: encode(texts) for name, encode in running.items()}
        seconds: dict[str, list[float]] = {name: [] for name in running}
        for turn in range(given.rounds):
            names = list(running)
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                started = clock()
                running[name](texts)
                seconds[name].append(clock() - started)
        first = next(iter(running))
        base, near = np.array(seconds[first]), nearest(vectors[first])
        results[kind] = {
            name: {
                "per_second": len(texts) / float(np.median(spent)),
                "ratio": float(np.median(base / np.array(spent))),
                "least_cosine": least_cosine(vectors[name], vectors[first]),
                "neighbours": float(
                    np.mean(
                        [
                            len({*a} & {*b}) / len(b)
                            for a, b in zip(nearest(vectors[name]), near, strict=True)
                        ]
                    )
                ),
            }
            for name, spent in seconds.items()
        }
    return results


def least_cosine(vectors: np.ndarray, first: np.ndarray) -> float | None:
    """Of rows to rows; None where they are of different spaces."""
    if vectors.shape != first.shape:
        return None
    return float((vectors * first).sum(axis=1).min())


def nearest(vectors: np.ndarray) -> np.ndarray:
    """The numbers of the ten nearest rows of each."""
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, -2)
    return np.argsort(-cosines, axis=1)[:, :10]


def synonyms(given: argparse.Namespace) -> dict[str, Any]:
    """Mean reciprocal rank and Hits@1 of each contestant."""
    torch.set_num_threads(given.threads)
    graph = load_graph(given.shared / "ontologies" / "hpo" / "hp.obo")
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(graph), 2_000, replace=False).tolist()
    row = {entity: place for place, entity in enumerate(chosen)}
    forms = graph.forms
    asked = [
        (forms.text[i], row[entity])
        for i, entity in enumerate(forms.entity.tolist())
        if forms.scope[i] == Scope.EXACT and entity in row
    ][: given.synonyms]
    gold = np.array([place for _, place in asked])
    results = {}
    for name, encode in contestants().items():
        labels = encode([graph.labels[entity] for entity in chosen])
        cosines = encode([text for text, _ in asked]) @ labels.T
        rank = 1 + (cosines > cosines[np.arange(len(gold)), gold][:, None]).sum(axis=1)
        results[name] = {"synonyms": len(gold), "mrr": float((1 / rank).mean()),
                         "hits@1": float((rank == 1).mean())}  # fmt: skip
    return results


def long_texts(given: argparse.Namespace) -> dict[str, Any]:
    """Macro-F1 and accuracy in five folds, mean of three draws of them, of each way."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    texts, labels = abstracts(given.shared, given.long)
    y = np.array(labels)
    kept = np.isin(y, [name for name, times in Counter(labels).items() if times >= 5])
    results: dict[str, Any] = {"texts": {"kept": int(kept.sum())}}
    for way in ("cut", "chunks"):
        started = time.perf_counter()
        X = TextEncoder(long_texts=way).encode(texts)[kept]
        seconds = time.perf_counter() - started
        scores = []
        for seed in range(3):
            folds = StratifiedKFold(5, shuffle=True, random_state=seed)
            found = cross_val_predict(LogisticRegression(C=10, max_iter=500), X, y[kept], cv=folds)
            scores.append((f1_score(y[kept], found, average="macro"),
                           accuracy_score(y[kept], found)))  # fmt: skip
        mean, deviation = np.mean(scores, axis=0), np.std(scores, axis=0)
        results[way] = {"macro_f1": mean[0], "deviation": deviation[0], "accuracy": mean[1],
                        "seconds": seconds}  # fmt: skip
    return results


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--labels", type=int, default=1_000)
    parser.add_argument("--abstracts", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--long", type=int, help="compare cutting with chunks instead")
    parser.add_argument("--synonyms", type=int, help="compare how synonyms find labels instead")
    parser.add_argument("--shared", type=Path, default=SHARED)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    ways = {"long": long_texts, "synonyms": synonyms}
    way = next((name for name in ways if getattr(given, name)), None)
    results = ways[way](given) if way else speed(given)
    if given.json:
        print(json.dumps(results, indent=2))
        return
    for kind, rows in ({"": results} if way else results).items():
        for name, row in rows.items():
            shown = (f"{k} {'-' if v is None else f'{v:.5g}'}" for k, v in row.items())
            print(f"{kind:10} {name:22}", "  ".join(shown))


if __name__ == "__main__":
    main()
