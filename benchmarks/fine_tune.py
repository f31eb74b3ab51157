"""The fine-tuned transformer on little data: sentiment of financial sentences.

    python benchmarks/fine_tune.py --runs runs.jsonl                       # what is left to do of all
    python benchmarks/fine_tune.py --runs runs.jsonl --sizes full --systems light all --seeds 5
    python benchmarks/fine_tune.py --runs runs.jsonl --only-table          # of what is there
    python benchmarks/fine_tune.py --runs runs.jsonl --set ohsumed_single23 --sizes 800
        --systems light light+graph top:2 top:2+graph --graph doid_assembled.obo

financial_phrasebank, sentences on which at least half of the annotators agree (4,846 with 3 classes;
the paper's FinBERT has .86 accuracy and .84 macro-F1 on all of them, .97 and .95 on the 2,264 on which
all agree: Araci 2019, FinBERT, table 2; ULMFit .83 and .79. Its test part is a fifth, another one).

light: text vector + TF-IDF, the head chosen by kgml · all, top:2, lora: ``KGTextClassifier(head=
"transformer")`` with these layers of the packaged MiniLM (22 million parameters, where FinBERT has
110), defaults otherwise but for bf16 · NAME+graph: the same with ``--graph``, fusion concat, which
kgml uses or not by its own evidence (``used``). Each seed draws another quarter of the rows as test part
and, of the others, the rows of a size, classes in proportion. ``seconds`` are processor seconds of
fitting. A run is a line of ``--runs``; what is there is not done again. Means over seeds with 95%
intervals (Student's t). Defaults were not chosen on these test rows.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from pathlib import Path
from typing import Any

import ledger
import numpy as np
from scipy import stats

SYSTEMS = ("light", "all", "top:2", "lora")
SIZES = ("50", "200", "1000", "full")


def main() -> None:
    """Parse, run what is left, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--set", default="financial_phrasebank")
    parser.add_argument("--runs", type=Path, required=True, help="JSON lines, added to")
    parser.add_argument("--graph", type=Path, help="an ontology")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES))
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--precision", default="bf16")
    parser.add_argument("--threads", type=int, help="of torch")
    parser.add_argument("--test", type=int, help="at most so many test rows")
    parser.add_argument("--only-table", action="store_true")
    given = parser.parse_args()
    if not given.only_table:
        run_all(given)
    print(table(ledger.read(given.runs)))


def run_all(given: argparse.Namespace) -> None:
    """Every size, seed and system that has no line yet."""
    import torch

    if given.threads:
        torch.set_num_threads(given.threads)
    there = {
        (run["set"], run["size"], run["seed"], run["system"]) for run in ledger.read(given.runs)
    }
    for seed in range(given.seeds):
        for size in given.sizes:
            for system in given.systems:
                if (given.set, size, seed, system) in there:
                    continue
                run = {"set": given.set, "size": size, "seed": seed, "system": system}
                run |= one(given, size, seed, system)
                print(run, file=sys.stderr, flush=True)
                ledger.keep(given.runs, run)


def one(given: argparse.Namespace, size: str, seed: int, system: str) -> dict[str, Any]:
    """Fit and ask."""
    from kgml.config import TransformerConfig
    from kgml.data.corpus import read_corpus
    from kgml.evaluation.metrics import scores
    from kgml.kg.load import load_graph
    from kgml.models.classifier import KGTextClassifier
    from kgml.models.learn import some_rows

    file = given.shared / "labels" / given.set / "data.csv"
    corpus = read_corpus(file, test_size=0.25, seed=seed)
    train, test = corpus.train, corpus.test
    if size != "full":
        codes = np.unique([corpus.labels[i] for i in train], return_inverse=True)[1]
        train = train[some_rows(codes, int(size), seed)]
    if given.test:
        test = test[some_rows(np.zeros(len(test), dtype=np.int64), given.test, 0)]
    layers, _, known = system.partition("+")
    light = layers == "light"
    how = (
        TransformerConfig()
        if light
        else TransformerConfig(layers=layers, precision=given.precision)
    )
    graph = load_graph(given.graph) if known else None
    model = KGTextClassifier(
        graph, fusion="concat" if known else "none", head="auto" if light else "transformer",
        transformer=how, random_state=seed,
    )  # fmt: skip
    started = time.process_time()
    with warnings.catch_warnings(action="ignore"):
        model.fit(*corpus.part(train))
    seconds = time.process_time() - started
    texts, labels = corpus.part(test)
    found = scores(labels, [str(label) for label in model.predict(texts)])
    told = {} if model.fine_tuning_ is None else {"steps": model.fine_tuning_.to_json()["steps"]}
    if known:
        told["used"] = model.strength_
    return {"rows": len(train), "test": len(test), "accuracy": found["accuracy"],
            "macro_f1": found["macro_f1"], "seconds": round(seconds, 1), **told}  # fmt: skip


def table(runs: list[dict[str, Any]]) -> str:
    """Markdown: a row for each size and system."""
    groups: dict[tuple[str, str, str], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["set"], run["size"], run["system"]), []).append(run)
    lines = ["| set | rows | system | seeds | accuracy | macro-F1 | CPU s |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for (name, size, system), mine in sorted(groups.items(), key=lambda item: _place(item[0])):
        cells = [told([run[score] for run in mine]) for score in ("accuracy", "macro_f1")]
        seconds = np.mean([run["seconds"] for run in mine])
        lines.append(
            f"| {name} | {size} | {system} | {len(mine)} | {' | '.join(cells)} | {seconds:.0f} |"
        )
    return "\n".join(lines)


def _place(key: tuple[str, str, str]) -> tuple[Any, ...]:
    name, size, system = key
    return name, float("inf") if size == "full" else int(size), system != "light", system


def told(values: list[float]) -> str:
    """Mean, and half the width of its 95% interval."""
    mean = f"{np.mean(values):.3f}"
    if len(values) < 2:
        return mean
    return f"{mean} ± {stats.t.ppf(0.975, len(values) - 1) * stats.sem(values):.3f}"


if __name__ == "__main__":
    main()
