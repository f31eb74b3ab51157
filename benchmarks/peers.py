"""kgml beside its peers in one run: Ohsumed's official split, and 8 and 32 labels per class of it.

    python benchmarks/peers.py --runs runs.jsonl --on2vec DIR --peers DIR      # what is left to do
    python benchmarks/peers.py --runs runs.jsonl --sizes 8 --seeds 1 --systems tfidf+svm kgml

tfidf+svm: scikit-learn, words and pairs of them, LinearSVC · minilm+lr: vectors of the packaged
all-MiniLM-L6-v2, logistic regression · on2vec: vectors of the model that on2vec makes of DOID and the
same MiniLM, the same logistic regression · setfit: its defaults, from the same MiniLM · kgml text: no
ontology · kgml: DOID · kgml+hpo+mesh: all three · kgml tuned: DOID, ``tune=True``, at few labels. C of
the first three is chosen by macro-F1 in three folds of the training rows.

on2vec (``pip install --target DIR on2vec``, left out without ``--on2vec``) makes its model by its own
command from DOID as OWL, in which definitions are skos:definition and synonyms skos:altLabel, declared,
for that is what it reads; as skos:definition undeclared it reads labels alone:

    python -m on2vec.cli hf doid.owl doid-concat --base-model MINILM --fusion concat --skip-testing
        --output-dir out

``--on2vec-model DIR``: where that model is, or is to be kept; what making it took is ``made``, null if
it was not made here. A text that is no term is not linked (``OntologyFusionModule.forward``): the three
classes whose vectors have the highest cosine with the vector of the whole text are taken, those below .3
are dropped, and the mean of their graph vectors, weighted by cosine, is set behind the text vector (384
+ 64 numbers; zeros if none is left). Its index of keywords is made of IRIs and not asked. Its pipeline
has no normalisation and no ``max_seq_length``: it reads 512 tokens, all others read the 256 of MiniLM.

setfit (``pip install --target DIR setfit accelerate``, left out without ``--peers``) trains on all pairs
of training rows. It is stopped after ``--limit`` processor seconds, or after 100 steps if these say three
times that; what is planned is then projected from the steps done. Its line is there then: take it out
to try again with a longer limit. On more pairs than memory holds (the full split) 100 steps are measured,
never more.

Each run is a process of its own that has seen no text, and a line of ``--runs``; what is there is not
done again. ``seconds`` are processor seconds, children's too, from texts and labels to the fitted model:
encoding, reading ontologies and linking are in them, imports and test rows are not; SetFit's are those of
``Trainer.train``. Scores are means over draws with 95% bootstrap intervals over test rows (``--test N``:
as many of them, drawn once), differences are on the same rows and draws. Nothing is chosen by looking
at test rows.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import ledger
import numpy as np
from documents import ONTOLOGIES
from few_shot import read_rows, setfit

SIZES = ("8", "32", "full")
DEMANDS = {"on2vec": "on2vec", "setfit": "peers"}
"""System to the option that names its folder."""
FEW_ONLY = ("kgml tuned",)
PROBE = 100
"""Steps after which SetFit's time is projected."""
HOPELESS = 3
"""Times the limit: a run that is projected to take longer is stopped after the probe."""
PAIRS = 2_000_000
"""As many as are made; the abstracts of these take 5 GB."""
BATCH = 16
"""Of SetFit's defaults."""
CONCEPTS = 384
"""Numbers of the text vector in on2vec's; what follows is of the graph."""


def main() -> None:
    """Parse, run what is left, print the table or JSON."""
    if sys.argv[1:] == ["--child"]:
        print(json.dumps(child(json.load(sys.stdin))))
        return
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--runs", type=Path, required=True, help="JSON lines, added to")
    parser.add_argument("--sizes", nargs="+", default=list(SIZES), choices=SIZES)
    parser.add_argument("--systems", nargs="+", default=list(SYSTEM), choices=SYSTEM)
    parser.add_argument("--seeds", type=int, default=3, help="draws of few labels")
    parser.add_argument("--test", type=int, help="test rows; default: all")
    parser.add_argument("--on2vec", type=Path, help="folder that on2vec was installed to")
    parser.add_argument("--on2vec-model", type=Path, help="its model; made there if missing")
    parser.add_argument("--peers", type=Path, help="folder that SetFit was installed to")
    parser.add_argument("--limit", type=float, default=7200, help="processor seconds of SetFit")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    given.shared = given.shared.resolve()
    texts, labels, train, test = read_rows("ohsumed", given)
    with tempfile.TemporaryDirectory() as box:
        run_all(given, texts, labels, train, test, Path(box))
    runs = [run for run in ledger.read(given.runs) if run["test"] == len(test)]
    found = means(runs, [labels[i] for i in test], sorted(set(labels)))
    if given.json:
        told = [{name: run[name] for name in run if name != "predicted"} for run in runs]
        print(json.dumps({"rows": len(train), "test": len(test), "runs": told, "means": found}, indent=2))  # fmt: skip
    else:
        print(table(found))


def run_all(
    given: argparse.Namespace, texts: list[str], labels: list[str], train: Any, test: Any, box: Path
) -> None:
    """Every size, seed and system that has no line yet."""
    from kgml.data.corpus import draw_per_class
    from kgml.evaluation.metrics import measure

    there = {
        (run["size"], run["seed"], run["system"], run["test"]) for run in ledger.read(given.runs)
    }
    names, wanted = sorted(set(labels)), [labels[i] for i in test]
    for size in given.sizes:
        for seed in range(1 if size == "full" else given.seeds):
            rows = train if size == "full" else draw_per_class(labels, train, int(size), seed)
            for system in given.systems:
                if (size, seed, system, len(test)) in there or left_out(system, size, given):
                    continue
                asked = {
                    "system": system, "size": size, "seed": seed, "texts": [texts[i] for i in rows],
                    "labels": [labels[i] for i in rows], "ask": [texts[i] for i in test],
                }  # fmt: skip
                run = {"size": size, "seed": seed, "system": system, "rows": len(rows), "test": len(test)}  # fmt: skip
                run |= one(asked, given, box)
                if "predicted" in run:
                    run |= measure(wanted, run["predicted"])
                    run["predicted"] = [names.index(label) for label in run["predicted"]]
                told = {name: run[name] for name in run if name != "predicted"}
                print(told, file=sys.stderr, flush=True)
                ledger.keep(given.runs, run)


def left_out(system: str, size: str, given: argparse.Namespace) -> bool:
    """Whether a system is not for that size, or its folder is not given."""
    option = DEMANDS.get(system)
    return (size == "full" and system in FEW_ONLY) or (
        option is not None and getattr(given, option) is None
    )


def one(asked: dict[str, Any], given: argparse.Namespace, box: Path) -> dict[str, Any]:
    """Fit and ask in a process of its own, with empty caches but for the test rows."""
    from kgml.encoders.text import TextEncoder

    path = [os.environ["PYTHONPATH"]] if os.environ.get("PYTHONPATH") else []
    if asked["system"] in DEMANDS:
        path.append(str(getattr(given, DEMANDS[asked["system"]]).resolve()))
    more: dict[str, Any] = {}
    asked |= {"model": str(TextEncoder().checkpoint.folder), "limit": given.limit,
              "shared": str(given.shared), "kept": str(box / "kept")}  # fmt: skip
    env = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path),
        "HF_HUB_OFFLINE": "1",
        "TQDM_DISABLE": "1",
    }
    if asked["system"] == "on2vec":
        asked["made"], more["made"] = on2vec_model(asked, given, env, box)
    with tempfile.TemporaryDirectory(dir=box) as own:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).resolve()), "--child"], cwd=own,
            env=env | {"KGML_CACHE": own}, input=json.dumps(asked), stdout=subprocess.PIPE,
            text=True, check=True,
        )  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found | more


def child(asked: dict[str, Any]) -> dict[str, Any]:
    """One run: ``predicted`` and ``seconds``, or how far SetFit came."""
    warnings.simplefilter("ignore")
    found = SYSTEM[asked["system"]](asked)
    found["seconds"] = round(found["seconds"], 1)
    return found


def spent() -> float:
    """Processor seconds of this process and of the children it waited for."""
    return sum(os.times()[:4])


def tfidf_svm(asked: dict[str, Any]) -> dict[str, Any]:
    """scikit-learn alone."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.svm import LinearSVC

    started = spent()
    least = 2 if asked["size"] == "full" else 1
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, min_df=least)
    grid = {"linearsvc__C": [0.1, 1, 10, 100]}
    model = by_folds(make_pipeline(words, LinearSVC(random_state=asked["seed"])), grid, asked)
    model.fit(asked["texts"], asked["labels"])
    return answer(model, asked["ask"], spent() - started)


def by_folds(model: Any, grid: dict[str, list[float]], asked: dict[str, Any]) -> Any:
    """``model`` with what is best of ``grid`` by macro-F1 in three folds of the training rows."""
    from sklearn.model_selection import GridSearchCV, StratifiedKFold

    folds = StratifiedKFold(3, shuffle=True, random_state=asked["seed"])
    return GridSearchCV(model, grid, scoring="f1_macro", cv=folds)


def answer(model: Any, ask: Any, seconds: float) -> dict[str, Any]:
    """Predictions of a fitted `by_folds`, and the C it took."""
    (chosen,) = model.best_params_.values()
    return {"predicted": [str(label) for label in model.predict(ask)], "seconds": seconds, "C": chosen}  # fmt: skip


def head(asked: dict[str, Any]) -> Any:
    """The logistic regression that vectors of texts get, whoever made them."""
    from sklearn.linear_model import LogisticRegression

    return by_folds(LogisticRegression(max_iter=2000), {"C": [0.1, 1, 10, 100, 1000]}, asked)


def minilm_lr(asked: dict[str, Any]) -> dict[str, Any]:
    """Vectors of the packaged encoder."""
    import sentence_transformers  # noqa: F401 - so that importing it is not timed

    from kgml.encoders.text import TextEncoder

    started = spent()
    encoder = TextEncoder()
    model = head(asked).fit(encoder.encode(asked["texts"]), asked["labels"])
    seconds = spent() - started
    os.environ["KGML_CACHE"] = asked["kept"]
    found = answer(model, encoder.encode(asked["ask"]), seconds)
    return found | {"tokens": encoder.limit}


def of_on2vec(asked: dict[str, Any]) -> dict[str, Any]:
    """Vectors of its model, loaded as its own README says."""
    from sentence_transformers import SentenceTransformer

    import_module("on2vec.sentence_transformer_hub")  # so that importing it is not timed
    started = spent()
    encoder = SentenceTransformer(asked["made"], device="cpu", trust_remote_code=True)
    vectors = encoder.encode(asked["texts"], show_progress_bar=False)
    model = head(asked).fit(vectors, asked["labels"])
    seconds = spent() - started
    kept = Path(asked["kept"]) / "on2vec.npy"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept, encoder.encode(asked["ask"], show_progress_bar=False))
    found = answer(model, np.load(kept), seconds)
    with_concepts = float((vectors[:, CONCEPTS:] != 0).any(axis=1).mean())
    return found | {"tokens": encoder.max_seq_length, "with_concepts": round(with_concepts, 4)}


def of_kgml(ontology: str | None, tune: bool = False) -> Callable[..., dict[str, Any]]:
    """A system of kgml's: with an ontology of `ONTOLOGIES` or none."""

    def run(asked: dict[str, Any]) -> dict[str, Any]:
        import sentence_transformers  # noqa: F401 - so that importing it is not timed

        from kgml.kg.load import load_graph
        from kgml.models.classifier import KGTextClassifier

        started = spent()
        files = [Path(asked["shared"]) / "ontologies" / file for file in ONTOLOGIES.get(ontology or "", [])]  # fmt: skip
        model = KGTextClassifier(
            load_graph(files) if files else None, fusion="concat" if files else "none", tune=tune,
            random_state=asked["seed"],
        )  # fmt: skip
        model.fit(asked["texts"], asked["labels"])
        seconds = spent() - started
        os.environ["KGML_CACHE"] = asked["kept"]
        predicted = [str(label) for label in model.predict(asked["ask"])]
        used = {"used": bool(model.strength_)} if files else {}
        return {"predicted": predicted, "seconds": seconds, "tokens": model.base_encoder.limit, **used}  # fmt: skip

    return run


class StoppedError(Exception):
    """SetFit's training, by the limit."""


def of_setfit(asked: dict[str, Any]) -> dict[str, Any]:
    """`few_shot.setfit`, watched."""
    for name in ("datasets", "setfit"):  # so that importing them is not timed
        import_module(name)
    from transformers import TrainerCallback

    started, steps = time.process_time(), planned(asked["labels"])
    too_many = steps * BATCH > PAIRS
    far: dict[str, Any] = {}

    class Watch(TrainerCallback):
        def on_train_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            far["from"] = time.process_time()
            if not too_many and state.max_steps != steps:
                raise RuntimeError(f"SetFit plans {state.max_steps} steps; wanted {steps}.")

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            now, done = time.process_time(), state.global_step
            whole = far["from"] - started + (now - far["from"]) / done * steps
            far.update(steps=done, projected=round(whole), seconds=now - started)
            if done % 50 == 0:
                print(
                    f"setfit {done} of {steps}, {now - started:.0f} s", file=sys.stderr, flush=True
                )
            hopeless = done >= PROBE and (too_many or whole > HOPELESS * asked["limit"])
            if now - started > asked["limit"] or hopeless:
                raise StoppedError

    try:
        return setfit(asked | {"max_steps": PROBE if too_many else -1}, [Watch()])
    except StoppedError:
        del far["from"]
        return {"unfinished": True, "planned": steps, **far}


def planned(labels: list[str]) -> int:
    """SetFit's steps: pairs of rows, a row with itself too, as many positive as negative ones."""
    positive = sum(count * (count + 1) // 2 for count in Counter(labels).values())
    negative = len(labels) * (len(labels) + 1) // 2 - positive
    return -(-2 * max(positive, negative) // BATCH)


def on2vec_model(
    asked: dict[str, Any], given: argparse.Namespace, env: dict[str, str], box: Path
) -> tuple[str, float | None]:
    """Its folder, and the processor seconds of making it, None where they are not known."""
    target = (given.on2vec_model or box / "on2vec").resolve()
    note = target / "seconds.json"
    if not target.exists():
        from kgml.kg.load import load_graph

        files = [given.shared / "ontologies" / file for file in ONTOLOGIES["doid"]]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        with tempfile.TemporaryDirectory(dir=box) as work:
            write_owl(load_graph(files), Path(work) / "doid.owl")
            subprocess.run(
                [sys.executable, "-m", "on2vec.cli", "hf", "doid.owl", "doid-concat",
                 "--base-model", asked["model"], "--fusion", "concat", "--skip-testing",
                 "--output-dir", "out"],
                cwd=work, env=env, stdout=subprocess.DEVNULL, check=True,
            )  # fmt: skip
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
            made = Path(work) / "out" / "doid-concat"
            (made / note.name).write_text(json.dumps({"seconds": round(seconds, 1)}))
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made, target)
    return str(target), json.loads(note.read_text())["seconds"] if note.exists() else None


def write_owl(graph: Any, file: Path) -> None:
    """Classes with labels, definitions, synonyms and what they are subclasses of, as RDF/XML."""
    from kgml.kg.graph import Scope

    spaces = {"rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#", "owl": "http://www.w3.org/2002/07/owl#",
              "rdfs": "http://www.w3.org/2000/01/rdf-schema#", "skos": "http://www.w3.org/2004/02/skos/core#"}  # fmt: skip
    with file.open("w", encoding="utf-8") as stream:
        stream.write("<rdf:RDF " + " ".join(f'xmlns:{n}="{iri}"' for n, iri in spaces.items()))
        stream.write('>\n<owl:Ontology rdf:about="http://purl.obolibrary.org/obo/doid.owl"/>\n')
        for name in ("definition", "altLabel"):
            stream.write(f'<owl:AnnotationProperty rdf:about="{spaces["skos"]}{name}"/>\n')
        for entity in graph:
            words = [("rdfs:label", entity.label)]
            words += [("skos:definition", entity.definition)] if entity.definition else []
            words += [("skos:altLabel", text) for text, scope in entity.synonyms if scope != Scope.LABEL]  # fmt: skip
            stream.write(f"<owl:Class rdf:about={quoteattr(graph.iris[entity.number])}>")
            stream.writelines(f"<{name}>{escape(text)}</{name}>" for name, text in words)
            stream.writelines(
                f"<rdfs:subClassOf rdf:resource={quoteattr(graph.iris[parent])}/>"
                for parent in graph.parents(entity.number)
            )
            stream.write("</owl:Class>\n")
        stream.write("</rdf:RDF>\n")


def means(runs: list[dict[str, Any]], wanted: list[str], names: list[str]) -> list[dict[str, Any]]:
    """Of each size and system: scores, and what kgml has more, with 95% bootstrap intervals."""
    from kgml.evaluation.metrics import measure_mean

    groups: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["size"], run["system"]), []).append(run)
    found = []
    for size, system in sorted(groups, key=lambda key: (SIZES.index(key[0]), [*SYSTEM].index(key[1]))):  # fmt: skip
        mine = groups[size, system]
        done = {run["seed"]: [names[i] for i in run["predicted"]] for run in mine if "predicted" in run}  # fmt: skip
        row: dict[str, Any] = {"size": size, "system": system, "runs": len(mine), "finished": len(done)}  # fmt: skip
        counted = [run for run in mine if "predicted" in run] or mine
        row["seconds"] = round(float(np.mean([run["seconds"] for run in counted])), 1)
        if "made" in mine[-1]:
            row["made"] = mine[-1]["made"]
        if done:
            row |= measure_mean(wanted, list(done.values()))
            ours = {run["seed"]: [names[i] for i in run["predicted"]] for run in groups.get((size, "kgml"), [])}  # fmt: skip
            row |= beside(wanted, done, ours) if system != "kgml" else {}
        halted = [run for run in mine if "unfinished" in run]
        if halted:
            row["unfinished"] = {name: round(float(np.mean([run[name] for run in halted])))
                                 for name in ("steps", "planned", "projected")}  # fmt: skip
        found.append(row)
    return found


def beside(
    wanted: list[str], theirs: dict[int, list[str]], ours: dict[int, list[str]]
) -> dict[str, Any]:
    """Macro-F1 of kgml minus theirs, mean over the draws that both have."""
    from kgml.evaluation.metrics import paired_mean_difference

    shared = sorted({*theirs} & {*ours})
    if not shared:
        return {}
    found = paired_mean_difference(
        wanted, [theirs[seed] for seed in shared], [ours[seed] for seed in shared]
    )
    return {"kgml_more": found.value, "kgml_more_95": list(found.interval)}


def table(rows: list[dict[str, Any]]) -> str:
    """Markdown: a row for each size and system."""
    lines = ["| labels per class | system | draws | accuracy | macro-F1 | kgml has more | CPU s |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        cells = ["", "", ""]
        if row["finished"]:
            cells = [f"{row[name]:.3f} {_span(row['interval'][name])}" for name in ("accuracy", "macro_f1")]  # fmt: skip
            cells.append(f"{row['kgml_more']:+.3f} {_span(row['kgml_more_95'])}" if "kgml_more" in row else "")  # fmt: skip
        seconds = f"{row['seconds']:,.0f}"
        if row.get("made") is not None:
            seconds += f" (and {row['made']:,.0f} to make the model)"
        if "unfinished" in row:
            far = row["unfinished"]
            seconds += (
                f"; {row['runs'] - row['finished']} stopped after {far['steps']:,} of "
                f"{far['planned']:,} steps, about {far['projected']:,} s in all"
            )
        lines.append(f"| {row['size']} | {row['system']} | {row['runs']} | {' | '.join(cells)} | {seconds} |")  # fmt: skip
    return "\n".join(lines)


def _span(ends: list[float]) -> str:
    return f"[{ends[0]:.3f}, {ends[1]:.3f}]"


SYSTEM: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "tfidf+svm": tfidf_svm,
    "minilm+lr": minilm_lr,
    "on2vec": of_on2vec,
    "setfit": of_setfit,
    "kgml text": of_kgml(None),
    "kgml": of_kgml("doid"),
    "kgml+hpo+mesh": of_kgml("hpo+doid+mesh"),
    "kgml tuned": of_kgml("doid", tune=True),
}


if __name__ == "__main__":
    main()
