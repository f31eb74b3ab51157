"""What ``kgml train``, ``kgml predict`` and ``kgml evaluate`` call."""

from __future__ import annotations

import time
from contextlib import nullcontext
from copy import copy
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from kgml import resources
from kgml.artifacts import check_target, read_manifest, sha256
from kgml.config import Config
from kgml.data.corpus import read_corpus, read_held_out
from kgml.encoders.tuning.alone import alone
from kgml.encoders.vectors import KIND as VECTORS
from kgml.errors import InputError
from kgml.evaluation.metrics import Difference, called
from kgml.kg.build import FOLDER, current_graph
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import open_graph
from kgml.models.assembly import Assembly, Recipe
from kgml.models.backoff import measure_cover
from kgml.models.classifier import KGTextClassifier, warn_if_unlinked
from kgml.models.evidence import Evidence, out_of_fold, placebo
from kgml.models.features import Documents, relabelled
from kgml.models.finetuned.checks import NAME as TRANSFORMER
from kgml.models.finetuned.fit import forget
from kgml.models.folds import row_order
from kgml.models.light import Decisions
from kgml.models.parallel import in_parallel
from kgml.models.store import KIND, load_model, save_model
from kgml.models.targets.base import Codes, Labels
from kgml.progress import note, warn

DEFAULT = Config()
PLACEBOS = 3
"""Permutations of the entities whose mean score is the placebo's."""
ALONE = "none"
"""The fusion that leaves knowledge out, and the graph where there is none."""


def train(
    *,
    graph: Path | None = None,
    data: Path | None = None,
    output: Path | None = None,
    config: Config = DEFAULT,
    command: str = "",
) -> dict[str, Any]:
    """Train on a graph and a labelled table, compare with the baselines, save, report.

    Args:
        graph: a graph artifact or ontology file; None means the folder's current graph, and where
            there is none the shipped finance ontology, or with fusion none no graph.
        data: a labelled table; None means the examples of a shipped ontology.
        output: the model folder; None means ``artifacts/<graph>-<fusion>.model``.

    Returns:
        ``metrics, baselines, placebo, knowledge, tuning, transformer, target, backoff, head,
        regularization, rows, coverage, seconds, path, graph, data``: ``backoff`` is whether labels are entities of the
        graph, ``head`` the one that was taken, ``regularization`` its strength, given or chosen, null
        where it has none; ``tuning`` is null where the text encoder was not tuned, and all else is
        then of the tuned one, but for the baseline ``frozen``. ``transformer`` is null but with that head;
        baselines, placebo and what knowledge gives are then those of the light stack on the frozen
        encoder.

    Raises:
        KGMLError: whatever cannot be used, with the reason; nothing is written then.
    """
    started = time.perf_counter()
    options = config.train
    source, loaded = find_graph(graph, data, config)
    data = data or examples_of(loaded, source)
    path = output or FOLDER / f"{Path(source).stem}-{config.fusion.name}.model"
    check_target(path, KIND)
    note(f"graph {source}, texts {data}")
    options.check()
    with alone(path) if options.head == TRANSFORMER else nullcontext():  # it may go on with a run
        return _train(loaded, source, data, path, config, command, started)


def _train(
    loaded: KnowledgeGraph, source: str, data: Path, path: Path, config: Config, command: str,
    started: float,
) -> dict[str, Any]:  # fmt: skip
    options = config.train
    model = make_classifier(loaded, config)
    if model.head == TRANSFORMER:
        model.checkpoint = path.with_name(f"{path.name}.unfinished")
    model.check_options()
    corpus = read_corpus(
        data, options.text_column, options.label_column, options.split_column, options.test_size,
        options.per_class, config.seed, model.label_kind(options.label_separator),
    )  # fmt: skip
    vectors = model.entity_vectors()
    made_from = {"data": sha256(data)}
    if config.encoder.vectors:
        saved = read_manifest(Path(config.encoder.vectors), VECTORS, verify=False)
        made_from["vectors"] = saved.fingerprint
        config = config.override(
            "encoder", node_encoder=vectors.node_encoder, objective=vectors.objective
        )
    learn, held = (  # apart: what is encoded together is rounded so
        model.featurizer().documents([corpus.texts[i] for i in part])
        for part in (corpus.train, corpus.test)
    )
    if len(loaded):
        warn_if_unlinked(learn, held)
    target = model.make_target()
    y = target.check([corpus.labels[i] for i in corpus.train])
    order = row_order(learn.texts, target.learn(y))  # as the model sorts them: baselines alike
    learn, y = learn.take(order).grouped(), [y[i] for i in order.tolist()]
    model.fit_documents(learn, y, vectors, target)
    if model.backoff_ is not None and options.per_class is not None:
        warn(
            "--per-class draws classes alike: back-off (--coverage) covers what is asked for only of "
            "texts drawn so too"
        )
    sizes = len(learn), len(held)
    result = _report(model, learn, held, y, [corpus.labels[i] for i in corpus.test], config.seed)
    save_model(
        model, path, command=command, config=config, made_from=made_from,
        summary={"metrics": result["metrics"], "knowledge": result["knowledge"]},
    )  # fmt: skip
    if model.checkpoint is not None:
        forget(Path(model.checkpoint))
    return {
        **result,
        "target": config.train.kind,
        "backoff": model.backoff_ is not None,
        "head": model.recipe_.head,
        "regularization": model.assembly_.head_.used_regularization,
        "rows": dict(zip(("train", "test"), sizes, strict=True)),
        "coverage": round(float(np.average([learn.coverage, held.coverage], weights=sizes)), 6),
        "seconds": round(time.perf_counter() - started, 3),
        "path": str(path),
        "graph": str(source),
        "data": str(data),
    }


def predict(
    model: Path, texts: list[str], *, coverage: float | None = None
) -> list[dict[str, Any]]:
    """``{label, probabilities, mentions}`` for each text; with ``coverage`` also ``backoff``."""
    loaded = load_model(Path(model))
    return [p.to_json(loaded.featurizer().graph) for p in loaded.explain(texts, coverage)]


def evaluate(
    model: Path, data: Path, *, config: Config = DEFAULT, coverage: float | None = None
) -> dict[str, Any]:
    """Scores of a saved model on a labelled table; with ``coverage`` also those of its back-off.

    On the table it was trained with, the test rows of that time; of another table the test rows
    if it brings a split, else all rows.
    """
    loaded = load_model(Path(model))
    manifest = read_manifest(Path(model), KIND, verify=False)
    options, kind = config.train, loaded.label_kind(config.train.label_separator)
    if manifest.config and manifest.made_from.get("data") == sha256(data):
        then = Config.from_dict(manifest.config, str(model))
        corpus = read_corpus(
            data, options.text_column, options.label_column, then.train.split_column,
            then.train.test_size, seed=then.seed, kind=kind,
        )  # fmt: skip
        (texts, labels), part = corpus.part(corpus.test), "test"
    else:
        texts, labels, part = read_held_out(
            data, options.text_column, options.label_column, options.split_column, kind
        )
    unseen = kind.unseen(loaded.target_.every(), labels)
    if unseen:
        listed = ", ".join(f"'{name}' ({count})" for name, count in sorted(unseen.items()))
        warn(f"labels the model has never seen count as wrong: {listed}")
    documents = loaded.featurizer().documents(texts)
    predicted = loaded.target_.names(loaded.codes_documents(documents))
    backed = {}
    if coverage is not None:
        covered = loaded.cover_documents(documents, coverage)
        backed["backoff"] = measure_cover(covered, labels, loaded.target_.every(), coverage)
    return {
        **backed,
        "metrics": loaded.target_.measure(labels, predicted, config.seed),
        "target": loaded.target,
        "rows": len(texts),
        "part": part,
        "unseen_labels": sorted(unseen),
        "data": str(data),
    }


def make_classifier(graph: KnowledgeGraph | None, config: Config) -> KGTextClassifier:
    """An unfitted classifier with the options of ``config``."""
    return KGTextClassifier(
        graph, fusion=config.fusion.name, node_encoder=config.encoder.node_encoder,
        objective=config.encoder.objective, node_training=config.node_training,
        vectors=config.encoder.vectors, head=config.train.head,
        regularization=config.train.regularization, class_weight=config.train.class_weight,
        target=config.train.kind, order=config.train.order, encoder=config.encoder.model,
        precision=config.encoder.precision, long_texts=config.encoder.long_texts,
        transformer=config.transformer,
        tune=config.few_shot if config.train.tune_encoder else False,
        device=config.encoder.device,
        lexical=True if isinstance(config.train.lexical, str) else config.train.lexical,
        lead=config.train.lead, folds=config.train.folds, linking=config.linking, random_state=config.seed,
    )  # fmt: skip


def find_graph(
    graph: Path | None, data: Path | None = None, config: Config = DEFAULT
) -> tuple[str, KnowledgeGraph]:
    """The graph to use and where it came from: artifact, ontology file, current, shipped, none.

    The shipped one is only taken with its own example texts, when no ``data`` is given; none is needed
    where the fusion is none.
    """
    if graph is None:
        graph = current_graph() or (resources.ontology("fin") if data is None else None)
    if graph is None:
        if config.fusion.name == ALONE:
            return ALONE, KnowledgeGraph.empty()
        raise InputError(
            "no graph is current in this folder. Build one: kgml build-graph FILE, or name one: "
            "--graph DIR, or train on the text alone: --fusion none"
        )
    return str(graph), open_graph(graph, config.graph)


def examples_of(graph: KnowledgeGraph, source: str) -> Path:
    """The example texts that come with a shipped graph."""
    for ontology in graph.ontologies:
        found = resources.examples(str(ontology.get("iri") or ""))
        if found is not None:
            return found
    raise InputError(
        f"{source}: no example texts belong to this graph (only to {', '.join(resources.shipped())})."
        " Give your own: --data FILE"
    )


def _report(
    model: KGTextClassifier,
    learn: Documents,
    held: Documents,
    y: Labels,
    truth: list[Any],
    seed: int,
) -> dict[str, Any]:
    """Scores on the test rows ``held`` of the model and of what it has to beat.

    Where the text encoder was tuned, all of these have the tuned one but ``frozen``: text + TF-IDF. The
    placebo then learns from what a model with knowledge does.
    """
    as_given, light = (learn, held), model.head == TRANSFORMER
    if not light:  # else what it is compared with has the frozen encoder
        learn, held = model.read(learn), model.read(held)
    knows = learn if model.apart_ is None else model.apart_
    target = copy(model.target_)
    codes = target.learn(y)
    recipe, graph = model.light_, model.vectors_.graph
    plain = recipe.plain
    jobs: dict[str, tuple[Recipe, Documents, Documents]] = {
        "text": (recipe.text, learn, held),
        "text_tfidf": (plain, learn, held),
        "knowledge": (recipe, knows, held),
    }
    strength = model.strength_ if model.strength_ and not light else 1.0
    if model.tuned_ is not None and not light:
        jobs["frozen"] = (plain, *as_given)
    if model.strength_ and not light:  # then the model is it
        del jobs["knowledge"]
    placebos = [f"placebo {draw}" for draw in range(PLACEBOS)]
    bare = recipe.fusion == plain.fusion  # nothing to permute: all are text + TF-IDF
    if bare:
        del jobs["knowledge"]
    for draw, name in enumerate(placebos if not bare else ()):
        moved = placebo(knows, recipe.seed, draw, graph)
        jobs[name] = (recipe, relabelled(knows, moved, graph), relabelled(held, moved, graph))

    for of, *parts in jobs.values():
        model.vectors_.prepare(*parts, fusion=of.fusion)
    settled = _settled(model, learn, codes, jobs["text"][0], strength)

    def run(name: str) -> list[Any]:
        of, train_rows, test_rows = jobs[name]
        stack = Assembly(of, model.vectors_, target.width(codes), target)
        stack.fit(train_rows, codes, strength)
        decisions = stack.decision(test_rows)
        by = target
        if target.settles:
            by = target.settled(stack.head_, settled[name.split(" ")[0]], codes, seed)
        return by.names(by.decide(stack.head_, decisions))

    found = in_parallel(run, list(jobs), "Comparing with the baselines")
    predicted = dict(zip(jobs, found, strict=True))
    if bare:
        predicted |= dict.fromkeys(("knowledge", *placebos), predicted["text_tfidf"])
    predicted["model"] = target.names(model.codes_documents(held))
    on = predicted["model"] if model.strength_ and not light else predicted["knowledge"]
    difference = target.difference(truth, predicted["text_tfidf"], on, seed)
    return {
        "metrics": target.measure(truth, predicted["model"], seed),
        "baselines": {
            name: target.measure_mean(truth, [predicted[name]], seed)
            for name in ("text", "text_tfidf", "frozen")
            if name in predicted
        },
        "tuning": _tuning(model, learn),
        "transformer": None if model.fine_tuning_ is None else model.fine_tuning_.to_json(),
        "placebo": target.measure_mean(truth, [predicted[name] for name in placebos], seed),
        "knowledge": {
            "helps": model.evidence_.helps,
            "used": bool(model.strength_),
            "strength": model.strength_,
            "difference": difference.value,
            "interval": list(difference.interval),
            "sentence": verdict(model.evidence_, difference),
        },
    }


def _tuning(model: KGTextClassifier, learn: Documents) -> dict[str, Any] | None:
    """How the text encoder was tuned, and its accuracy on halves that it was not tuned on."""
    if model.worth_ is None:
        return None
    options = model.few_shot.planned(len(learn))
    return {**asdict(options), "out_of_fold": asdict(model.worth_)}


def _settled(
    model: KGTextClassifier, learn: Documents, codes: Codes, text: Recipe, strength: float
) -> dict[str, Decisions]:
    """Out-of-fold decisions of each kind of stack, by which its own thresholds are chosen."""
    target, held = model.target_, model.evidence_.held
    if not target.settles:
        return {}

    def ask(variants: dict[str, Recipe], strength: float = 1.0) -> dict[str, Decisions]:
        return out_of_fold(
            learn, codes, variants, model.vectors_, model.folds, target, strength=strength
        )

    known = {name: held.get(name, held["plain"]) for name in ("knowledge", "placebo")}
    if strength < 1:
        known = ask(dict.fromkeys(known, model.light_), strength)
    return {**known, **ask({"text": text}), "text_tfidf": held["plain"]}


def verdict(evidence: Evidence, test: Difference) -> str:
    """One sentence: does the ontology help here?"""
    if evidence.difference is None or evidence.over_placebo is None:
        return f"Knowledge had no part: {evidence.reason}."
    found = (
        f"out of fold on the training rows{', with the frozen encoder,' if evidence.frozen else ''} "
        f"it adds {_points(evidence.difference)} of "
        f"{called(evidence.difference.metric)} to text + TF-IDF and "
        f"{_points(evidence.over_placebo)} over permuted entities"
    )
    tested = f"on the test rows {called(test.metric)} changes by {_points(test)}"
    if evidence.helps:
        return f"The ontology helps here: {found}; {tested}."
    if evidence.ship:
        thin = "the evidence is thin" + (", so it counts half" if evidence.strength < 1 else "")
        return f"The ontology may help here, {thin}: {found}; {tested}."
    if evidence.reason:
        return (
            f"No clear gain from the ontology here, so the model leaves it out: {evidence.reason}; "
            f"with it, {tested}."
        )
    opening = "No gain from the ontology here" if evidence.helps is False else "No clear gain"
    return f"{opening}, so the model leaves it out: {found}; with it, {tested}."


def _points(difference: Difference) -> str:
    low, high = (100 * value for value in difference.interval)
    return f"{100 * difference.value:+.1f} points [{low:+.1f}, {high:+.1f}]"
