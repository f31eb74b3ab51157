"""A model without a labelled text, on Ohsumed: from the names of its classes, or from entities.

    python benchmarks/zero.py                          # DOID and HPO, names; DOID and MeSH, ids
    python benchmarks/zero.py --ontology doid --alone  # and without unlabelled texts

Classes are described as in ``class_names.csv`` ("names"), or by the entities in `DOID` and `MESH`
below ("ids": chosen by hand, by name; three of the classes are nothing in DOID and keep their
names). Models are made by `kgml.models.zero`: of the descriptions ("told", idf of the training
texts), and learned from those training texts of which that one is surest ("taught"). ``alone``: no
text is seen before the test. ``placebo``: the linked entities permuted. ``no graph``: by text
alone. ``--force``: knowledge enters even where text and ontology do not agree more than by chance.
Macro-F1 and accuracy on the test part; 95% interval of the difference in macro-F1 to the
text's cosine with the name, by bootstrap over its rows. No label of any row is read but to score.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import documents as benchmark
import numpy as np
from sklearn.metrics import accuracy_score, f1_score

import kgml.models.zero as zero
from kgml.data.classes import DescribedClass
from kgml.data.corpus import read_corpus
from kgml.kg.load import load_graph
from kgml.models.classifier import KGTextClassifier
from kgml.models.features import permutation, relabelled
from kgml.models.zero import describe, fit_described

DOID = {
    "C01": "DOID:104 DOID:1564", "C02": "DOID:934", "C03": "DOID:1398", "C04": "DOID:14566",
    "C05": "DOID:17", "C06": "DOID:77", "C07": "DOID:403 DOID:1091", "C08": "DOID:1579",
    "C09": "DOID:2742 DOID:2825", "C10": "DOID:863", "C11": "DOID:5614", "C12": "DOID:18 DOID:48",
    "C13": "DOID:229", "C14": "DOID:1287", "C15": "DOID:74 DOID:75", "C16": "DOID:630 DOID:0080015",
    "C17": "DOID:16 DOID:65", "C18": "DOID:0014667 DOID:374", "C19": "DOID:28", "C20": "DOID:2914",
}  # fmt: skip
MESH = {
    "C01": "D001423 D001424 D009181", "C02": "D014777", "C03": "D010272", "C04": "D009369",
    "C05": "D009140", "C06": "D004066", "C07": "D009057", "C08": "D012140", "C09": "D010038",
    "C10": "D009422", "C11": "D005128", "C12": "D014570 D052801 D005832",
    "C13": "D005261 D005831 D011248", "C14": "D002318", "C15": "D006425", "C16": "D009358",
    "C17": "D017437", "C18": "D009750", "C19": "D004700", "C20": "D007154",
    "C21": "D014947 D064419 D007280", "C22": "D000820", "C23": "D013568",
}  # fmt: skip
IDS = {
    "doid": {label: ids.split() for label, ids in DOID.items()},
    "mesh": {label: [f"MESH:{one}" for one in ids.split()] for label, ids in MESH.items()},
    "hpo": {},
}


def classes_of(names_file: Path, ids: dict[str, list[str]]) -> list[DescribedClass]:
    """Each class by its name, with its entities if it has some."""
    with names_file.open(encoding="utf-8", newline="") as stream:
        return [
            DescribedClass(row["label"], (row["name"],), tuple(ids.get(row["label"], ())))
            for row in csv.DictReader(stream)
        ]


def run(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """All rows of one ontology."""
    graph = load_graph([given.shared / "ontologies" / f for f in benchmark.ONTOLOGIES[name]])
    table = given.shared / "labels" / benchmark.DATA["ohsumed"]
    corpus = read_corpus(table, seed=0)
    maker = KGTextClassifier(graph).featurizer()
    linked = maker.documents(corpus.texts)
    moved = relabelled(linked, permutation(linked, given.seed), graph)
    y = np.array(corpus.labels)[corpus.test]
    results: dict[str, Any] = {}
    plain: Any = None
    kinds = {"no graph": {}, "names": {}} | ({"ids": IDS[name]} if IDS[name] else {})
    for kind, ids in kinds.items():
        meanings = describe(maker, classes_of(table.parent / "class_names.csv", ids))
        if kind == "no graph":
            meanings = without_graph(meanings, maker, table)
        for draw, found in (("", linked), (", placebo", moved)):
            if kind == "no graph" and draw:
                continue
            for how in ("alone", "told", "taught"):
                if how == "alone" and (draw or not given.alone):
                    continue
                model = KGTextClassifier(graph, fusion="none" if kind == "no graph" else "concat")
                model._featurizer, model._made_for = maker, None
                seen = found.take(corpus.train)
                fit(model, meanings, maker, how, seen)
                said = model.classes_[model.codes_documents(found.take(corpus.test))]
                plain = said if plain is None else plain
                row = results[f"{kind}, {how}{draw}"] = scored(y, said, plain)
                print(f"{name:5} {kind + ', ' + how + draw:24} {row}", file=sys.stderr, flush=True)
    return results


def without_graph(meanings: Any, maker: Any, table: Path) -> Any:
    """The names' vectors alone."""
    names = [one.texts[0] for one in classes_of(table.parent / "class_names.csv", {})]
    return replace(meanings, vectors=maker.encoder.encode(names))


def fit(model: KGTextClassifier, meanings: Any, maker: Any, how: str, seen: Any) -> None:
    """One model; "told" sees the texts for idf alone."""
    model.featurizer = lambda: maker  # texts are linked once for all models
    enough, zero.ENOUGH = zero.ENOUGH, (zero.ENOUGH if how == "taught" else 10**9)
    try:
        fit_described(model, meanings, None if how == "alone" else seen)
    finally:
        zero.ENOUGH = enough


def scored(y: Any, said: Any, plain: Any) -> dict[str, Any]:
    """Scores, and the difference to ``plain``."""
    draws = np.random.default_rng(0).integers(len(y), size=(300, len(y)))
    gain = [macro_f1(y[d], said[d]) - macro_f1(y[d], plain[d]) for d in draws]
    return {
        "macro_f1": round(macro_f1(y, said), 4),
        "accuracy": round(float(accuracy_score(y, said)), 4),
        "gain": round(macro_f1(y, said) - macro_f1(y, plain), 4),
        "interval": [round(float(x), 4) for x in np.percentile(gain, (2.5, 97.5))],
    }


def macro_f1(wanted: Any, said: Any) -> float:
    """Macro-F1 over the classes that occur in either."""
    return float(f1_score(wanted, said, average="macro"))


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--ontology", nargs="+", default=["doid", "hpo", "mesh"], choices=IDS)
    parser.add_argument("--alone", action="store_true", help="also without unlabelled texts")
    parser.add_argument("--seed", type=int, default=5, help="of the placebo")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--force", action="store_true", help="knowledge always enters")
    given = parser.parse_args()
    if given.force:
        zero.agreement = lambda *_: None
    results = {name: run(name, given) for name in given.ontology}
    if given.json:
        print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
