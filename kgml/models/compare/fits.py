"""One cell: a system is fitted on the training rows of a draw and asked for every test row."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kgml.evaluation.answers import PERMUTED, PLAIN, REWIRED, SHIPPED, TEXT
from kgml.evaluation.calibration import brier
from kgml.models.assembly import Assembly, Recipe
from kgml.models.compare.knowledge import Knowledge, in_graph
from kgml.models.compare.question import PLACEBOS, Cell, Part
from kgml.models.compare.store import Outcome
from kgml.models.features import Documents, EntityVectors
from kgml.models.folds import assign_folds, row_order

NOTHING = np.zeros(0, dtype=np.float32)


def run_cell(cell: Cell, knowledge: Knowledge, parts: dict[str, Part]) -> Outcome:
    """Fit and ask.

    Temperatures come from folds of the training rows; what a placebo or a part left out answers is
    compared by its labels alone, so it gets none.
    """
    labels = np.array(knowledge.corpus.labels)
    classes = class_names(knowledge.corpus.labels)
    rows = knowledge.rows[cell.size, cell.draw]
    learn, held = (knowledge.documents.take(r) for r in (rows, knowledge.held))
    wanted = labels[knowledge.corpus.train[rows]]
    model = knowledge.classifier(knowledge.question.seed(cell.draw))
    if cell.system == SHIPPED:
        model.fit_documents(learn, wanted, knowledge.vectors)
        probabilities, seen, used = model.proba_documents(held), model.classes_, model.strength_ > 0
    else:
        seen, y = np.unique(wanted, return_inverse=True)
        order = row_order(learn.texts, y)
        learn, y = learn.take(order), y[order]
        recipe = model.recipe(len(rows) / len(seen))
        used = bool(learn.own.nnz) and cell.system not in (TEXT, PLAIN)
        if cell.system in PLACEBOS or cell.system in parts:
            learn, held, vectors = _changed(cell, knowledge, parts, learn, held)
            decisions = _fitted(learn, y, recipe, vectors).decision(held)
            predicted = np.searchsorted(classes, seen)[decisions.argmax(axis=1)]
            return Outcome(predicted.astype(np.int32), NOTHING, NOTHING, used)
        recipe = _recipe(recipe, cell.system)
        stack = _fitted(learn, y, recipe, knowledge.vectors)
        folds = knowledge.question.config.train.folds
        stack.head_.calibrate(_out_of_fold(learn, y, recipe, knowledge.vectors, folds), y)
        probabilities = stack.head_.probabilities(stack.decision(held))
    wide = np.zeros((len(probabilities), len(classes)))
    wide[:, np.searchsorted(classes, seen)] = probabilities
    return _outcome(wide, np.searchsorted(classes, labels[knowledge.corpus.test]), used)


def class_names(labels: list[str]) -> NDArray[np.str_]:
    """All labels of a table, sorted: class numbers of every cell."""
    names: NDArray[np.str_] = np.unique(np.array(labels))
    return names


def _recipe(recipe: Recipe, system: str) -> Recipe:
    if system == TEXT:
        return recipe.text
    if system == PLAIN:
        return recipe.plain
    return replace(recipe, fusion=system)


def _changed(
    cell: Cell, knowledge: Knowledge, parts: dict[str, Part], learn: Documents, held: Documents
) -> tuple[Documents, Documents, EntityVectors]:
    """Both parts with a placebo in the place of knowledge, or without a part of it."""
    if cell.system == PERMUTED:
        learn, held = (knowledge.permuted(d, cell.draw) for d in (learn, held))
    elif cell.system == REWIRED:
        graph, vectors = knowledge.rewire(cell.draw)
        return in_graph(learn, graph), in_graph(held, graph), vectors
    else:
        learn, held = (knowledge.without(d, parts[cell.system]) for d in (learn, held))
    return learn, held, knowledge.vectors


def _fitted(
    learn: Documents, y: NDArray[np.int64], recipe: Recipe, vectors: EntityVectors,
    classes: int | None = None,
) -> Assembly:  # fmt: skip
    strength = float(learn.own.nnz > 0)  # nothing linked, nothing to fuse
    return Assembly(recipe, vectors, classes or int(y.max()) + 1).fit(learn, y, strength)


def _out_of_fold(
    learn: Documents, y: NDArray[np.int64], recipe: Recipe, vectors: EntityVectors, folds: int
) -> NDArray[np.float64]:
    """Decisions (n, c) for training rows by stacks that have not seen them."""
    fold = assign_folds(y, folds, recipe.seed, learn.near)
    decisions = np.zeros((len(y), int(y.max()) + 1))
    for k in range(int(fold.max()) + 1):
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        stack = _fitted(learn.take(inside), y[inside], recipe, vectors, decisions.shape[1])
        decisions[outside] = stack.decision(learn.take(outside))
    return decisions


def _outcome(probabilities: NDArray[np.float64], truth: NDArray[np.int64], used: bool) -> Outcome:
    """Rounded to six digits, which no order of summation moves."""
    predicted = probabilities.argmax(axis=1).astype(np.int32)
    confidence = probabilities.max(axis=1).round(6).astype(np.float32)
    return Outcome(
        predicted, confidence, brier(probabilities, truth).round(6).astype(np.float32), used
    )
