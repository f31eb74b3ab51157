"""One cell: a system is fitted on the training rows of a draw and asked for every test row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kgml.data.corpus import draw_per_class
from kgml.evaluation.calibration import brier
from kgml.models.assembly import Assembly, Recipe
from kgml.models.compare.knowledge import Knowledge, in_graph
from kgml.models.compare.question import FULL, PLACEBOS, PLAIN, SHIPPED, TEXT, Cell, Part
from kgml.models.compare.store import Outcome
from kgml.models.evidence import assign_folds
from kgml.models.features import Documents, EntityVectors

NOTHING = np.zeros(0, dtype=np.float32)


def run_cell(cell: Cell, knowledge: Knowledge, parts: dict[str, Part]) -> Outcome:
    """Fit and ask.

    Temperatures come from folds of the training rows; what a placebo or a part left out answers is
    compared by its labels alone, so it gets none.
    """
    corpus, question = knowledge.corpus, knowledge.question
    seed = question.seed(cell.draw)
    rows = corpus.train
    if cell.size != FULL:
        rows = draw_per_class(corpus.labels, rows, int(cell.size), seed)
    learn = knowledge.documents.take(np.array([knowledge.place[int(r)] for r in rows]))
    held = knowledge.documents.take(knowledge.held)
    labels, classes = np.array(corpus.labels), class_names(corpus.labels)
    truth = np.searchsorted(classes, labels[corpus.test])
    model = knowledge.classifier(seed)
    if cell.system == SHIPPED:
        model.fit_documents(learn, labels[rows], knowledge.vectors)
        probabilities = _placed(
            model.proba_documents(held), np.searchsorted(classes, model.classes_), len(classes)
        )
        return _outcome(probabilities, truth, bool(model.strength_))
    seen, y = np.unique(labels[rows], return_inverse=True)
    codes = np.searchsorted(classes, seen)
    recipe = model.recipe(len(rows) / len(seen))
    if cell.system in (TEXT, PLAIN):
        recipe = replace(recipe, fusion="none", lexical=recipe.lexical and cell.system == PLAIN)
    elif cell.system in question.fusions:
        recipe = replace(recipe, fusion=cell.system)
    if cell.system in PLACEBOS or cell.system in parts:
        vectors = knowledge.vectors
        if cell.system == "permuted":
            learn, held = (knowledge.permuted(d, cell.draw) for d in (learn, held))
        elif cell.system == "rewired":
            graph, vectors = knowledge.rewire(cell.draw)
            learn, held = in_graph(learn, graph), in_graph(held, graph)
        else:
            learn, held = (knowledge.without(d, parts[cell.system]) for d in (learn, held))
        stack = _fitted(learn, y, recipe, vectors)
        predicted = codes[stack.decision(held).argmax(axis=1)]
        return Outcome(predicted.astype(np.int32), NOTHING, NOTHING, bool(learn.own.nnz))
    stack = _fitted(learn, y, recipe, knowledge.vectors)
    decisions = _out_of_fold(learn, y, recipe, knowledge.vectors, question.config.train.folds)
    stack.head_.calibrate(decisions, y)
    probabilities = stack.head_.probabilities(stack.decision(held))
    used = recipe.fusion != "none" and bool(learn.own.nnz)
    return _outcome(_placed(probabilities, codes, len(classes)), truth, used)


def class_names(labels: list[str]) -> NDArray[np.str_]:
    """All labels of a table, sorted: class numbers of every cell."""
    names: NDArray[np.str_] = np.unique(np.array(labels))
    return names


def _fitted(
    learn: Documents, y: NDArray[np.int64], recipe: Recipe, vectors: EntityVectors
) -> Assembly:
    strength = float(learn.own.nnz > 0)  # nothing linked, nothing to fuse
    return Assembly(recipe, vectors, int(y.max()) + 1).fit(learn, y, strength)


def _out_of_fold(
    learn: Documents, y: NDArray[np.int64], recipe: Recipe, vectors: EntityVectors, folds: int
) -> NDArray[np.float64]:
    """Decisions (n, c) for training rows by stacks that have not seen them."""
    fold = assign_folds(y, folds, recipe.seed)
    decisions = np.zeros((len(y), int(y.max()) + 1))
    for k in range(int(fold.max()) + 1):
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        strength = float(learn.own.nnz > 0)
        stack = Assembly(recipe, vectors, decisions.shape[1])
        stack.fit(learn.take(inside), y[inside], strength)
        decisions[outside] = stack.decision(learn.take(outside))
    return decisions


def _placed(
    probabilities: NDArray[np.float64], codes: NDArray[np.int64], classes: int
) -> NDArray[np.float64]:
    """Columns of the classes that were trained on, among those of all classes."""
    wide = np.zeros((len(probabilities), classes))
    wide[:, codes] = probabilities
    return wide


def _outcome(probabilities: NDArray[np.float64], truth: NDArray[np.int64], used: bool) -> Outcome:
    """Rounded to six digits, which no order of summation moves."""
    predicted = probabilities.argmax(axis=1).astype(np.int32)
    confidence = probabilities.max(axis=1).round(6).astype(np.float32)
    return Outcome(
        predicted, confidence, brier(probabilities, truth).round(6).astype(np.float32), used
    )
