"""Documents by topic: what each fusion makes of each ontology, beside its baselines.

    python benchmarks/documents.py                    # Ohsumed, through `kgml train`
    python benchmarks/documents.py --per-class 8 32   # macro-F1 at few labels, mean of 5 seeds
    python benchmarks/documents.py --data medical_abstracts --linking dictionary
    python benchmarks/documents.py --data r52 --ontology fibo

Ohsumed and R52 have an official split; of medical_abstracts a quarter is held out by --seed. The full split
runs the command line as a user does: once for each ontology and fusion, with the seconds each
takes. Few labels are drawn from the training part by seed, and every run is scored on the whole
test part. ``--linking dictionary`` links words as they are written (``variants = false``), which
is what linking was before it knew other wordings. Nothing is chosen by looking at test rows.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from kgml.config import EncoderConfig

ONTOLOGIES = {
    "hpo": ["hpo/hp.obo"],
    "doid": ["doid/doid_assembled.obo"],
    "mesh": ["mesh/mesh_descriptors.obo"],
    "fibo": ["fibo"],
    "hpo+doid+mesh": ["hpo/hp.obo", "doid/doid_assembled.obo", "mesh/mesh_descriptors.obo"],
}
DATA = {
    "ohsumed": "ohsumed_single23/data.csv", "medical_abstracts": "medical_abstracts/data.csv",
    "r52": "reuters21578/r52_single.csv",
}  # fmt: skip
MEDICAL = tuple(name for name in ONTOLOGIES if name != "fibo")
FUSIONS = ("concat", "weighted", "attention", "class-attention", "gated", "text-serialised")


def kgml(*arguments: object, folder: Path) -> dict[str, Any]:
    """Run one command in ``folder`` and return its JSON."""
    command = [sys.executable, "-m", "kgml", *map(str, arguments), "--json"]
    done = subprocess.run(command, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout)


def full_split(table: Path, given: argparse.Namespace) -> list[Any]:
    """`kgml train` on the whole training part for each ontology and fusion."""
    results = []
    with tempfile.TemporaryDirectory() as box:
        folder = Path(box)
        variants = str(given.linking == "linker").lower()
        (folder / "kgml.toml").write_text(f"[linking]\nvariants = {variants}\n")
        for name in given.ontology:
            files = [given.shared / "ontologies" / file for file in ONTOLOGIES[name]]
            kgml("build-graph", *files, "-o", f"{name}.kg", folder=folder)
            for fusion in given.fusion:
                run = kgml("train", "--graph", f"{name}.kg", "--data", table, "--fusion", fusion,
                           "--seed", given.seed, folder=folder)  # fmt: skip
                print(_row(name, fusion, run), flush=True, file=sys.stderr)
                results.append({"ontology": name, "fusion": fusion, **run})
    return results


def _row(name: str, fusion: str, run: dict[str, Any]) -> str:
    def score(of: dict[str, Any]) -> str:
        low, high = of["interval"]["macro_f1"]
        return f"{of['accuracy']:.3f} / {of['macro_f1']:.3f} [{low:.3f}, {high:.3f}]"

    bases = run["baselines"]
    return (
        f"{name:14} {fusion:10} {score(run['metrics'])}  text {score(bases['text'])}  "
        f"text+tfidf {score(bases['text_tfidf'])}  placebo {score(run['placebo'])}  "
        f"helps {run['knowledge']['helps']}  coverage {run['coverage']:.3f}  {run['seconds']:.0f} s"
    )


def few_labels(table: Path, given: argparse.Namespace) -> list[dict[str, Any]]:
    """Macro-F1 on the test part after training on ``per_class`` rows of each class."""
    from kgml.config import LinkingConfig
    from kgml.data.corpus import draw_per_class, read_corpus
    from kgml.evaluation.metrics import scores
    from kgml.kg.load import load_graph
    from kgml.models.classifier import KGTextClassifier

    corpus = read_corpus(table, seed=given.seed)
    linking = LinkingConfig(variants=given.linking == "linker")
    seeds = given.seeds
    labels = np.array(corpus.labels)
    results = []
    for name in given.ontology:
        graph = load_graph([given.shared / "ontologies" / file for file in ONTOLOGIES[name]])
        base = KGTextClassifier(graph, linking=linking, encoder=given.encoder)
        documents = base.featurizer().documents(corpus.texts)
        vectors = base.entity_vectors()
        for count in given.per_class:
            draws = [draw_per_class(corpus.labels, corpus.train, count, s) for s in range(seeds)]
            for fusion in ["none", *given.fusion]:
                found, used = [], []
                for seed, rows in enumerate(draws):
                    model = KGTextClassifier(graph, fusion=fusion, random_state=seed)
                    model.fit_documents(documents.take(rows), labels[rows], vectors)
                    y_prob = model.proba_documents(documents.take(corpus.test))
                    predicted = model.classes_[y_prob.argmax(axis=1)]
                    found.append(scores(labels[corpus.test].tolist(), predicted.tolist()))
                    used.append(model.strength_)
                macro = [f["macro_f1"] for f in found]
                result = {
                    "ontology": name, "fusion": fusion, "per_class": count, "seeds": seeds,
                    "macro_f1": float(np.mean(macro)), "sd": float(np.std(macro, ddof=1)),
                    "accuracy": float(np.mean([f["accuracy"] for f in found])),
                    "used_in": int(sum(used)),
                }  # fmt: skip
                print(result, flush=True, file=sys.stderr)
                results.append(result)
    return results


def main() -> None:
    """Parse, run, print JSON."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--data", default="ohsumed", choices=DATA)
    parser.add_argument("--linking", default="linker", choices=("linker", "dictionary"))
    parser.add_argument("--ontology", nargs="+", default=MEDICAL, choices=ONTOLOGIES)
    parser.add_argument("--fusion", nargs="+", default=list(FUSIONS), choices=FUSIONS)
    parser.add_argument("--per-class", nargs="+", type=int)
    parser.add_argument("--encoder", default=EncoderConfig.model, help="at few labels only")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    given.shared = given.shared.resolve()
    table = given.shared / "labels" / DATA[given.data]
    results = (few_labels if given.per_class else full_split)(table, given)
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
