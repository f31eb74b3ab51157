"""Few labels: the text encoder tuned on them, beside the frozen one and beside SetFit.

    python benchmarks/few_shot.py                                  # three sets, 8 and 16 per class
    python benchmarks/few_shot.py --peers DIR                      # SetFit too, see below
    python benchmarks/few_shot.py --sets ohsumed --systems frozen tuned concepts tuned+concepts
    python benchmarks/few_shot.py --runs benchmarks/measured/few_shot.jsonl --only-table

frozen: the text vector alone · tfidf: TF-IDF beside it · tuned: `KGTextClassifier(tune=True)`
without a graph, TF-IDF in it · concepts and tuned+concepts: with the ontology of the set, which
kgml uses or not by its own evidence · setfit: its defaults, in a process of its own, if
``pip install --target DIR setfit accelerate`` was run. All have the same base model and rows.

Rows are drawn by seed from the training part; every system is asked for the same test rows (the
official test part, else a quarter; ``--test N``: as many of them, drawn once). banking77 is its ten
most frequent classes. ``seconds`` are processor seconds of fitting, all threads; kgml's have the two
tunings on halves in them by which probabilities are calibrated, SetFit's are of ``Trainer.train``;
what libraries take to be imported is in neither.
Means over seeds with 95% intervals (Student's t). With ``--runs FILE`` a run is a line of it, and what
is there is not done again. Nothing is chosen by looking at test rows.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ledger
import numpy as np
from scipy import stats

SETS = {
    "fomc": ("fomc_hawkish_dovish", []),
    "phrasebank": ("financial_phrasebank", []),
    "banking77": ("banking77", []),
    "ohsumed": (
        "ohsumed_single23", ["hpo/hp.obo", "doid/doid_assembled.obo", "mesh/mesh_descriptors.obo"],
    ),
}  # fmt: skip
CLASSES = 10
"""Of banking77."""
KEY = ("set", "per_class", "seed", "system", "test")
"""What a run is told by."""
SYSTEMS = ("frozen", "tfidf", "tuned", "concepts", "tuned+concepts", "setfit")


def main() -> None:
    """Parse, run, print JSON."""
    if sys.argv[1:] == ["--child"]:
        print(json.dumps(setfit(json.load(sys.stdin))))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--sets", nargs="+", default=list(SETS)[:3], choices=SETS)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEMS), choices=SYSTEMS)
    parser.add_argument("--per-class", nargs="+", type=int, default=[8, 16])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--test", type=int, help="test rows; default: all")
    parser.add_argument("--steps", type=int, help="of tuning; default: kgml's")
    parser.add_argument("--learning-rate", type=float)
    parser.add_argument("--peers", type=Path, help="folder that SetFit was installed to")
    parser.add_argument("--runs", type=Path, help="JSON lines, added to")
    parser.add_argument("--only-table", action="store_true", help="of what --runs has")
    given = parser.parse_args()
    runs = ledger.read(given.runs)
    if not given.only_table:
        with tempfile.TemporaryDirectory() as box:  # no vector of an earlier run is at hand
            os.environ["KGML_CACHE"] = box
            warm_up()
            for name in given.sets:
                of_set(name, given, runs)
    print(json.dumps({"runs": runs, "means": means(runs)}, indent=2))


def warm_up() -> None:
    """Have everything imported."""
    from kgml.config import FewShotConfig
    from kgml.models.classifier import KGTextClassifier

    texts = ["Gilts rose.", "Bunds fell.", "Linkers sank.", "Oil fell.", "Gold rose.", "Tin sank."]
    KGTextClassifier(None, tune=FewShotConfig(steps=1)).fit(texts, ["bonds"] * 3 + ["raw"] * 3)


def of_set(name: str, given: argparse.Namespace, runs: list[dict[str, Any]]) -> None:
    """Every size, seed and system of one set that is not in ``runs``, which they are added to."""
    from kgml.data.corpus import draw_per_class
    from kgml.evaluation.metrics import scores

    texts, labels, train, test, graph = read(name, given)
    systems = [s for s in given.systems if (graph is not None or "concepts" not in s)
               and (given.peers or s != "setfit")]  # fmt: skip
    wanted = [labels[i] for i in test]
    there = {tuple(run[key] for key in KEY) for run in runs}
    for count in given.per_class:
        for seed in range(given.seeds):
            rows = draw_per_class(labels, train, count, seed)
            learn = [texts[i] for i in rows], [labels[i] for i in rows]
            for system in systems:
                if (name, count, seed, system, len(test)) in there:
                    continue
                predicted, seconds, more = SYSTEM[system](
                    learn, [texts[i] for i in test], graph, seed, given
                )
                score = scores(wanted, predicted)
                run = {"set": name, "per_class": count, "seed": seed, "system": system,
                       "test": len(test), "accuracy": score["accuracy"], "macro_f1": score["macro_f1"],
                       "seconds": round(seconds, 1), **more}  # fmt: skip
                print(run, file=sys.stderr, flush=True)
                runs.append(run)
                ledger.keep(given.runs, run)


def read(name: str, given: argparse.Namespace) -> tuple[Any, ...]:
    """Texts, labels, rows of both parts, and the graph or None."""
    from kgml.kg.load import load_graph

    files = [given.shared / "ontologies" / file for file in SETS[name][1]]
    return *read_rows(name, given), load_graph(files) if files else None


def read_rows(name: str, given: argparse.Namespace) -> tuple[Any, ...]:
    """Texts, labels, rows of both parts."""
    from kgml.data.corpus import read_corpus

    folder, _ = SETS[name]
    corpus = read_corpus(given.shared / "labels" / folder / "data.csv")
    train, test = corpus.train, corpus.test
    if name == "banking77":
        counts = Counter(corpus.labels[i] for i in train)
        kept = sorted(counts, key=lambda label: (-counts[label], label))[:CLASSES]
        mine = np.isin(np.array(corpus.labels), kept)
        train, test = train[mine[train]], test[mine[test]]
    if given.test:
        test = np.sort(np.random.default_rng(0).permutation(test)[: given.test])
    return corpus.texts, corpus.labels, train, test


def of_kgml(tuned: bool, lexical: bool, concepts: bool) -> Callable[..., tuple[Any, ...]]:
    """A system of kgml's."""

    def run(learn: Any, ask: list[str], graph: Any, seed: int, given: argparse.Namespace) -> Any:
        from dataclasses import replace

        from kgml.config import FewShotConfig
        from kgml.models.classifier import KGTextClassifier

        options = FewShotConfig(steps=given.steps)
        if given.learning_rate:
            options = replace(options, learning_rate=given.learning_rate)
        model = KGTextClassifier(
            graph if concepts else None, tune=options if tuned else False, lexical=lexical,
            lead=lexical, random_state=seed,
        )  # fmt: skip
        started = time.process_time()
        model.fit(*learn)
        seconds = time.process_time() - started
        more = {"used": bool(model.strength_)} if concepts else {}
        if model.worth_ is not None:
            more["out_of_fold"] = vars(model.worth_)
        return [str(label) for label in model.predict(ask)], seconds, more

    return run


def of_setfit(learn: Any, ask: list[str], graph: Any, seed: int, given: argparse.Namespace) -> Any:
    """SetFit in a process of its own, which alone has ``--peers`` on its path."""
    from kgml.encoders.text import TextEncoder

    asked = {"texts": learn[0], "labels": learn[1], "ask": ask, "seed": seed,
             "model": str(TextEncoder().checkpoint.folder)}  # fmt: skip
    path = os.pathsep.join([os.environ.get("PYTHONPATH", ""), str(given.peers.resolve())])
    with tempfile.TemporaryDirectory() as box:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), "--child"], cwd=box,
            env={**os.environ, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"},
            input=json.dumps(asked), stdout=subprocess.PIPE, text=True, check=True,
        )  # fmt: skip
    found = json.loads(done.stdout.splitlines()[-1])
    return found["predicted"], found["seconds"], {"steps": found["steps"]}


def setfit(asked: dict[str, Any], watch: Sequence[Any] = ()) -> dict[str, Any]:
    """What the child does: SetFit's defaults, but for the seed and silence. ``watch``: callbacks;
    ``max_steps`` in ``asked``: it makes pairs for so many steps alone."""
    from contextlib import redirect_stdout

    with redirect_stdout(sys.stderr):
        from datasets import Dataset
        from setfit import SetFitModel, Trainer, TrainingArguments

        names = sorted(set(asked["labels"]))
        table = Dataset.from_dict(
            {"text": asked["texts"], "label": [names.index(label) for label in asked["labels"]]}
        )
        model = SetFitModel.from_pretrained(asked["model"], local_files_only=True)
        options = TrainingArguments(
            seed=asked["seed"], report_to="none", save_strategy="no",
            max_steps=asked.get("max_steps", -1),
        )  # fmt: skip
        trainer = Trainer(model=model, args=options, train_dataset=table, callbacks=list(watch))
        started = time.process_time()
        trainer.train()
        seconds = time.process_time() - started
        predicted = [names[int(number)] for number in model.predict(asked["ask"])]
    return {
        "predicted": predicted,
        "seconds": seconds,
        "steps": trainer.st_trainer.state.global_step,
        "tokens": model.model_body.max_seq_length,
    }


SYSTEM: dict[str, Callable[..., tuple[Any, ...]]] = {
    "frozen": of_kgml(tuned=False, lexical=False, concepts=False),
    "tfidf": of_kgml(tuned=False, lexical=True, concepts=False),
    "tuned": of_kgml(tuned=True, lexical=True, concepts=False),
    "concepts": of_kgml(tuned=False, lexical=True, concepts=True),
    "tuned+concepts": of_kgml(tuned=True, lexical=True, concepts=True),
    "setfit": of_setfit,
}


def means(runs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Mean over seeds, and half the width of its 95% interval, of each set, size and system."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault(tuple(run[key] for key in KEY if key != "seed"), []).append(run)
    found = []
    for (name, count, system, test), mine in groups.items():
        row: dict[str, Any] = {"set": name, "per_class": count, "system": system, "test": test,
                               "seeds": len(mine)}  # fmt: skip
        for score in ("accuracy", "macro_f1", "seconds"):
            values = np.array([run[score] for run in mine])
            row[score] = round(float(values.mean()), 4)
            if len(values) > 1:
                wide = stats.t.ppf(0.975, len(values) - 1) * stats.sem(values)
                row[f"{score}_95"] = round(float(wide), 4)
        found.append(row)
    return found


if __name__ == "__main__":
    main()
