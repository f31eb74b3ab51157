"""Does knowledge help? Asked of the training rows alone, before any test row is looked at.

Three stacks are fitted anew in each fold, vocabulary, idf, fusion and head: text + TF-IDF, the
same with knowledge, and the same with permuted entities. Their out-of-fold predictions are
compared row by row.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kgml.evaluation.metrics import Difference, mean_difference, paired_difference
from kgml.models.assembly import Assembly, Recipe
from kgml.models.features import Documents, EntityVectors, permutation, relabelled
from kgml.models.light import Decisions, Head
from kgml.models.parallel import in_parallel

PLACEBO_SEED = 1_000_003
"""Keeps the placebo's draws apart from those of the folds."""
WORTH = 0.02
"""A gain of accuracy that would be worth something, for saying that there is none."""
CONVINCED, OVER_PLACEBO = 0.9, 0.8
"""Shares of resamples in which knowledge must win over text + TF-IDF and over the placebo."""


@dataclass(frozen=True)
class Evidence:
    """Out-of-fold comparison on n training rows.

    decisions (n, c) of the stack that is to be shipped · difference: accuracy of knowledge minus
    that of text + TF-IDF · over_placebo: minus that of permuted entities · ship: whether knowledge
    enters, told from the probabilities of the true classes, which say more of a row than right or
    wrong does · helps: True where the interval of the difference is above 0 and the placebo is beaten, False
    where even its upper end, or that over the placebo, is worth nothing, None where that cannot be
    told · reason: why nothing was compared.
    """

    decisions: Decisions
    difference: Difference | None
    over_placebo: Difference | None
    ship: bool
    helps: bool | None
    reason: str = ""


def weigh(
    documents: Documents,
    y: NDArray[np.int64],
    recipe: Recipe,
    vectors: EntityVectors,
    folds: int,
) -> Evidence:
    """Compare the stacks of ``recipe`` out of fold on ``documents`` (n) with classes ``y`` (n,)."""
    classes = int(y.max()) + 1
    fold = assign_folds(y, folds, recipe.seed)
    variants = {"plain": replace(recipe, fusion="none")}
    if recipe.fusion != "none" and documents.own.nnz:
        variants |= {"knowledge": recipe, "placebo": recipe}
    jobs = [(name, k) for k in range(int(fold.max()) + 1) for name in variants]
    held = {name: np.zeros((len(y), classes)) for name in variants}

    def run(job: tuple[str, int]) -> None:
        name, k = job
        rows = documents
        if name == "placebo":  # another permutation in each fold, so that no draw decides
            rows = relabelled(rows, placebo(rows, recipe.seed, k), vectors.graph)
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        stack = Assembly(variants[name], vectors, classes).fit(rows.take(inside), y[inside])
        held[name][outside] = stack.decision(rows.take(outside))

    in_parallel(run, jobs, "Weighing the evidence")
    if "knowledge" not in held:
        asked = recipe.fusion != "none"
        reason = "no training text is linked to the graph" if asked else "the fusion is none"
        return Evidence(held["plain"], None, None, ship=False, helps=None, reason=reason)
    return judge(held["plain"], held["knowledge"], held["placebo"], y, recipe.seed)


def placebo(documents: Documents, seed: int, draw: int) -> NDArray[np.int64]:
    """The permutation (e,) of one draw of the placebo, made from training documents."""
    return permutation(documents, PLACEBO_SEED + 1000 * seed + draw)


def judge(
    plain: Decisions, knowledge: Decisions, placebo: Decisions, y: NDArray[np.int64], seed: int
) -> Evidence:
    """Decide from out-of-fold decisions (n, c) of the three stacks."""
    truth = [str(c) for c in y]
    names = [[str(c) for c in d.argmax(axis=1)] for d in (plain, knowledge, placebo)]
    gain = paired_difference(truth, names[0], names[1], "accuracy", seed)
    over = paired_difference(truth, names[2], names[1], "accuracy", seed)
    sure = [probability_of(decisions, y) for decisions in (plain, knowledge, placebo)]
    ship = (
        mean_difference(sure[0], sure[1], seed).probability >= CONVINCED
        and mean_difference(sure[2], sure[1], seed).probability >= OVER_PLACEBO
    )
    helps = None
    if ship and gain.interval[0] > 0 and over.probability >= OVER_PLACEBO:
        helps = True
    elif not ship and min(gain.interval[1], over.interval[1]) <= WORTH:
        helps = False
    return Evidence(knowledge if ship else plain, gain, over, ship, helps)


def probability_of(decisions: Decisions, y: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n,) probability of each row's own class ``y``, the temperature fitted to these rows."""
    head = Head().calibrate(decisions, y)
    picked: NDArray[np.float64] = head.probabilities(decisions)[np.arange(len(y)), y]
    return picked


def assign_folds(y: NDArray[np.int64], folds: int, seed: int) -> NDArray[np.int64]:
    """Fold number of each row (n,): classes dealt out evenly, whatever their size."""
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(y))
    dealt = shuffled[np.argsort(y[shuffled], kind="stable")]
    fold = np.empty(len(y), dtype=np.int64)
    fold[dealt] = np.arange(len(y)) % min(folds, len(y))
    return fold
