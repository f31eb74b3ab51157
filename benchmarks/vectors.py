"""What vectors of entities are for: concepts that no training row has.

    python benchmarks/vectors.py                                     # HPO and DOID on Ohsumed
    python benchmarks/vectors.py --ontology doid --nodes text sage --per-class 32 --encoder DIR
    python benchmarks/vectors.py --zero                              # from the names of the classes
    python benchmarks/vectors.py --typed --nodes text sage rgcn hgt complex rotate

Every linked entity is drawn to one of two halves. Training documents keep their mentions of the
first half, test documents those of the second: what a test document mentions, no training row has
("unseen"). Beside it the same rows with all their mentions ("seen"). All else is as it is: the text
vector and the words (TF-IDF) of the whole documents, the official split, logistic regression.

Macro-F1 on the whole test part, mean over --seeds draws of rows and halves, and the difference to
text + TF-IDF, paired by draw, with its 95% interval (Student's t):

``sparse``: concepts and their ancestors; ``own``: without ancestors. Each of ``--nodes``: the mean
of the vectors of a document's entities; ``+ sparse``: beside ``sparse``; ``placebo``: the same with
the vectors permuted among the entities, or for ``sparse`` with the entities permuted. ``--alone``:
without text and words, what the entities say by themselves; there is then nothing to compare with.

``--zero``: no labelled row at all. A document's class is the one whose name is nearest by cosine:
to its text; to the mean of its entities' vectors (a class is to each node encoder an entity without
links, which has its name); to both (sum of the two cosines). Documents without a mention go by their
text in every row. Macro-F1 on the test part; 95% interval by bootstrap over its rows, of the
difference to text alone. ``placebo``: vectors permuted among the entities.

``--typed``: the test triples of UMLS (135 concepts with names, 46 relations such as "treats"):
filtered, realistic MRR with its interval, of all, and of each relation with 20 test triples or more.
``frequency``: how often an entity is the answer to that relation in training, whatever is asked.
Encoders of texts and edges know no relation in their vectors: they answer by cosine.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import documents as benchmark
import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse, stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from kgml.config import EncoderConfig
from kgml.data.corpus import draw_per_class, read_corpus
from kgml.data.triples import TripleSplits, read_splits
from kgml.encoders.kge.base import KGEEncoder
from kgml.encoders.kge.queries import Queries, both_directions
from kgml.encoders.kge.ranking import filtered_ranks
from kgml.encoders.node import entity_sentences
from kgml.encoders.rows import unit_rows
from kgml.encoders.text import TextEncoder
from kgml.encoders.vectors import encode_entities
from kgml.evaluation.ranking import measure_ranks
from kgml.kg.load import load_graph
from kgml.models.classifier import KGTextClassifier
from kgml.models.concepts import ConceptView
from kgml.models.features import Documents, permutation, spread
from kgml.models.lexical import LexicalView
from kgml.registry import names, resolve

Rows = NDArray[np.int64]
Matrix = Any
"""Dense or sparse, (n, d)."""


def masked(own: sparse.csr_matrix, train: Rows, half: NDArray[np.bool_]) -> sparse.csr_matrix:
    """Link weights (n, e): of ``half`` (e,) in the rows ``train``, of the other half elsewhere."""
    mine = np.zeros(own.shape[0], dtype=bool)
    mine[train] = True
    row = np.repeat(mine, np.diff(own.indptr))
    kept = own.copy()
    kept.data = np.where(half[own.indices] == row, own.data, 0)
    kept.eliminate_zeros()
    return kept


def views(
    found: Documents, own: sparse.csr_matrix, train: Rows, graph: Any, tables: dict[str, Any],
    seed: int,
) -> Iterator[tuple[str, Matrix]]:  # fmt: skip
    """What may stand beside text and words, by name."""
    target = permutation(found, seed)
    moved = sparse.csr_matrix((own.data, target[own.indices], own.indptr), shape=own.shape)

    def concepts(of: sparse.csr_matrix) -> Matrix:
        return ConceptView().fit(of[train]).transform(of)

    counts = spread(own, graph)
    yield "sparse", concepts(counts)
    yield "sparse, placebo", concepts(spread(moved, graph))
    yield "own", concepts(own)
    for name, table in tables.items():
        dense = unit_rows(np.asarray(own @ table))
        yield name, dense
        yield f"{name}, placebo", unit_rows(np.asarray(moved @ table))
        yield f"{name} + sparse", sparse.hstack([sparse.csr_matrix(dense), concepts(counts)])


def score(base: Matrix | None, extra: Matrix | None, y: Any, train: Rows, test: Rows) -> float:
    """Macro-F1 on ``test`` after learning from ``train``."""
    x = sparse.hstack([part for part in (base, extra) if part is not None]).tocsr()
    model = LogisticRegression(C=10.0, max_iter=1000).fit(x[train], y[train])
    return float(f1_score(y[test], model.predict(x[test]), average="macro"))


def run(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """All rows of one ontology."""
    graph = load_graph([given.shared / "ontologies" / f for f in benchmark.ONTOLOGIES[name]])
    corpus = read_corpus(given.shared / "labels" / benchmark.DATA[given.data], seed=0)
    y = np.array(corpus.labels)
    encoder = TextEncoder(given.encoder)
    tables = {
        node: encode_entities(graph, resolve("node_encoder", node)(seed=0), encoder)
        for node in given.nodes
    }
    found = KGTextClassifier(graph).featurizer().documents(corpus.texts)
    results: dict[str, Any] = {}
    for count in given.per_class:
        scores: dict[tuple[str, str], list[float]] = {}
        for seed in range(given.seeds):
            train = draw_per_class(corpus.labels, corpus.train, count, seed)
            lexical = LexicalView().fit(found.terms.take(train)).transform(found.terms)
            base = sparse.hstack([sparse.csr_matrix(found.text), lexical]).tocsr()
            half = np.random.default_rng(seed).random(len(graph)) < 0.5
            plain = score(base, None, y, train, corpus.test)
            for kind, own in (("seen", found.own), ("unseen", masked(found.own, train, half))):
                scores.setdefault((kind, "text + TF-IDF"), []).append(plain)
                for view, extra in views(found, own, train, graph, tables, seed):
                    value = score(None if given.alone else base, sparse.csr_matrix(extra), y, train,
                                  corpus.test)  # fmt: skip
                    scores.setdefault((kind, view), []).append(value)
        for (kind, view), values in scores.items():
            row = difference(values, scores[kind, "text + TF-IDF"])
            results.setdefault(str(count), {}).setdefault(kind, {})[view] = row
            print(show(name, count, kind, view, row), file=sys.stderr, flush=True)
    return results


def zero(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """The rows of one ontology without a labelled document."""
    graph = load_graph([given.shared / "ontologies" / f for f in benchmark.ONTOLOGIES[name]])
    table = given.shared / "labels" / benchmark.DATA[given.data]
    corpus = read_corpus(table, seed=0)
    classes = sorted(set(corpus.labels))
    y = np.searchsorted(classes, np.array(corpus.labels))[corpus.test]
    encoder = TextEncoder(given.encoder)
    named = class_graph(classes, table.parent / "class_names.csv")
    found = KGTextClassifier(graph).featurizer().documents(corpus.texts)
    own = found.own[corpus.test]
    bare = np.diff(own.indptr) == 0
    target = permutation(found, given.seeds)
    moved = sparse.csr_matrix((own.data, target[own.indices], own.indptr), shape=own.shape)
    text = found.text[corpus.test] @ TextEncoder().encode(named.labels).T
    rows = {"its text alone": text}
    for node in given.nodes:
        made = resolve("node_encoder", node)(seed=0)
        vectors = encode_entities(graph, made, encoder)
        names_ = made.transform(named, encoder.encode(entity_sentences(named)))
        for kind, links in (("", own), (", placebo", moved)):
            near = unit_rows(np.asarray(links @ vectors)) @ names_.T
            near[bare] = text[bare]
            rows[f"{node}{kind}"] = near
            rows[f"its text + {node}{kind}"] = near + text
    plain = text.argmax(axis=1)
    draws = np.random.default_rng(0).integers(len(y), size=(500, len(y)))
    results = {}
    for view, scores in rows.items():
        said = scores.argmax(axis=1)
        gain = [macro_f1(y[d], said[d]) - macro_f1(y[d], plain[d]) for d in draws]
        results[view] = {
            "macro_f1": round(macro_f1(y, said), 4),
            "gain": round(macro_f1(y, said) - macro_f1(y, plain), 4),
            "interval": [round(float(x), 4) for x in np.percentile(gain, (2.5, 97.5))],
        }
        print(show(name, 0, "zero", view, results[view]), file=sys.stderr, flush=True)
    return results


def typed(given: argparse.Namespace) -> dict[str, Any]:
    """Questions of UMLS for the other end of a relation, by each encoder."""
    folder = given.shared / "links" / "umls"
    splits = read_splits(*(folder / f"{part}.tsv" for part in ("train", "valid", "test")))
    size, relations = len(splits.entities), len(splits.relations)
    graph = triple_graph(splits)
    features = TextEncoder(given.encoder).encode(entity_sentences(graph))
    order = np.array([graph.number(f"E:{i:04}") for i in range(size)])
    known = Queries.of(splits.known, relations)
    answered = np.zeros((2 * relations, size), dtype=np.float32)
    asked = both_directions(splits.train, relations)
    np.add.at(answered, (asked[:, 1], asked[:, 2]), 1)
    rows = {"frequency": lambda keys: torch.from_numpy(answered[keys[:, 1]])}
    for node in given.nodes:
        made = resolve("node_encoder", node)(seed=0)
        if isinstance(made, KGEEncoder):
            made.fit_triples(splits.train, splits.valid, entities=size, relations=relations)
            rows[node] = made._answer
        else:
            vectors = torch.from_numpy(made.encode(graph, features)[order])
            rows[node] = lambda keys, vectors=vectors: vectors[keys[:, 0]] @ vectors.T
    results: dict[str, Any] = {}
    kinds = np.bincount(splits.test[:, 1], minlength=relations)
    for name, answer in rows.items():
        ranks = filtered_ranks(answer, splits.test, known, size)
        found = measure_ranks(ranks)
        each = {splits.relations[r]: round(float((1 / ranks[splits.test[:, 1] == r]).mean()), 3)
                for r in np.argsort(-kinds) if kinds[r] >= 20}  # fmt: skip
        results[name] = {"mrr": found["mrr"], "interval": found["interval"]["mrr"], "of": each}
        print(f"{name:10} {found['mrr']:.3f} {found['interval']['mrr']} {each}", file=sys.stderr)
    return results


def triple_graph(splits: TripleSplits) -> Any:
    """The training triples as a graph; entity i is called as in the file, without underscores."""
    lines = ["format-version: 1.2"]
    lines += [f"\n[Typedef]\nid: r{i}\nname: {n}" for i, n in enumerate(splits.relations)]
    for i, name in enumerate(splits.entities):
        lines.append(f"\n[Term]\nid: E:{i:04}\nname: {name.replace('_', ' ')}")
        lines += [f"relationship: r{r} E:{t:04}" for h, r, t in splits.train if h == i]
    return graph_of("\n".join(lines) + "\n")


def graph_of(obo: str) -> Any:
    """The graph that the text of an OBO file describes."""
    with tempfile.TemporaryDirectory() as box:
        path = Path(box) / "graph.obo"
        path.write_text(obo, encoding="utf-8")
        return load_graph([path])


def class_graph(classes: list[str], names_file: Path) -> Any:
    """A graph of the classes alone: an entity each, in their order, without links."""
    called = {label: label for label in classes}
    if names_file.exists():
        with names_file.open(encoding="utf-8", newline="") as stream:
            called |= {row["label"]: row["name"] for row in csv.DictReader(stream)}
    terms = "".join(
        f"\n[Term]\nid: CLASS:{i:04}\nname: {called[label]}\n" for i, label in enumerate(classes)
    )
    return graph_of(f"format-version: 1.2\n{terms}")


def macro_f1(wanted: Rows, said: Rows) -> float:
    """Macro-F1 over the classes that occur in either."""
    return float(f1_score(wanted, said, average="macro"))


def difference(values: list[float], plain: list[float]) -> dict[str, Any]:
    """Mean, and what it adds to ``plain``, with the 95% interval (None of one draw)."""
    gain = np.subtract(values, plain)
    row = {"macro_f1": round(float(np.mean(values)), 4), "gain": round(float(gain.mean()), 4)}
    if len(gain) == 1:
        return {**row, "interval": None}
    spread = stats.sem(gain) * stats.t.ppf(0.975, len(gain) - 1)
    return {**row, "interval": [round(float(gain.mean() + side * spread), 4) for side in (-1, 1)]}


def show(name: str, count: int, kind: str, view: str, row: dict[str, Any]) -> str:
    """One line."""
    between = ""
    if row["interval"]:
        low, high = row["interval"]
        between = f" [{100 * low:+5.1f}, {100 * high:+5.1f}]"
    return (f"{name:5} {count:3} per class  {kind:7} {view:24} {row['macro_f1']:.3f}  "
            f"{100 * row['gain']:+5.1f}{between}")  # fmt: skip


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--data", default="ohsumed", choices=benchmark.DATA)
    parser.add_argument("--ontology", nargs="+", default=["hpo", "doid"],
                        choices=benchmark.ONTOLOGIES)  # fmt: skip
    parser.add_argument("--nodes", nargs="+", default=["text", "propagate", "sage"],
                        choices=names("node_encoder"))  # fmt: skip
    parser.add_argument("--per-class", nargs="+", type=int, default=[8, 32])
    parser.add_argument("--encoder", default=EncoderConfig.model, help="of the entities alone")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--alone", action="store_true", help="without text and words")
    parser.add_argument("--zero", action="store_true", help="without labelled documents")
    parser.add_argument("--typed", action="store_true", help="relations of UMLS, no documents")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.typed:
        results = typed(given)
    else:
        results = {name: (zero if given.zero else run)(name, given) for name in given.ontology}
    if given.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
