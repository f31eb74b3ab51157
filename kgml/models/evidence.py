"""Does knowledge help? Asked of the training rows alone, before any test row is looked at.

Three stacks are fitted anew in each fold, vocabulary, idf, fusion and head: text + TF-IDF, the
same with knowledge, and the same with permuted entities. Their out-of-fold predictions are
compared row by row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from kgml.evaluation.metrics import Difference, mean_difference
from kgml.kg.graph import KnowledgeGraph
from kgml.models.assembly import Assembly, Recipe
from kgml.models.features import Documents, EntityVectors, permutation, relabelled
from kgml.models.folds import assign_folds
from kgml.models.light import Decisions
from kgml.models.parallel import in_parallel
from kgml.models.targets.base import Codes, Target
from kgml.models.targets.single import SingleTarget
from kgml.registry import resolve

PLACEBO_SEED = 1_000_003
"""Keeps the placebo's draws apart from those of the folds."""
WORTH = 0.02
"""A gain of `Target.weighed` that would be worth something, for saying that there is none."""
CONVINCED, OVER_PLACEBO = 0.9, 0.8
"""Shares of resamples in which knowledge must win over text + TF-IDF and over the placebo."""


@dataclass(frozen=True)
class Evidence:
    """Out-of-fold comparison on n training rows.

    decisions (n, k) of the stack that is to be shipped · difference: accuracy (or what else the
    target weighs) of knowledge minus that of text + TF-IDF · over_placebo: minus that of permuted
    entities · ship: whether knowledge enters, told from `Target.sure`, such as the probabilities of
    the true classes, which say more of a row than right or wrong does · helps: True where the
    interval of the difference is above 0 and the placebo is beaten, False where even its upper end,
    or that over the placebo, is worth nothing, None where that cannot be told · reason: why nothing
    was compared · held: the decisions of ``plain``, and where they were compared of ``knowledge``
    and ``placebo`` · frozen: the comparison is of the text encoder before it was tuned, the decisions
    are of encoders tuned on other rows (`kgml.models.fewshot.honest`).
    """

    decisions: Decisions
    difference: Difference | None
    over_placebo: Difference | None
    ship: bool
    helps: bool | None
    reason: str = ""
    held: Mapping[str, Decisions] = field(default_factory=dict)
    frozen: bool = False

    def take(self, rows: NDArray[np.int64]) -> Evidence:
        """The same with the decisions of ``rows``, in that order."""
        held = {name: decisions[rows] for name, decisions in self.held.items()}
        return replace(self, decisions=self.decisions[rows], held=held)


def weigh(
    documents: Documents,
    y: Codes,
    recipe: Recipe,
    vectors: EntityVectors,
    folds: int,
    target: Target | None = None,
) -> Evidence:
    """Compare the stacks of ``recipe`` out of fold on ``documents`` (n) with codes ``y``.

    Args:
        target: what ``y`` is; None for one label per row, classes (n,).
    """
    target = target or SingleTarget()
    variants = {"plain": recipe.plain}
    if recipe.fusion != "none" and documents.own.nnz:
        variants |= {"knowledge": recipe, "placebo": recipe}
    held = out_of_fold(documents, y, variants, vectors, folds, target)
    if "knowledge" not in held:
        asked = recipe.fusion != "none"
        reason = "no training text is linked to the graph" if asked else "the fusion is none"
        return Evidence(held["plain"], None, None, ship=False, helps=None, reason=reason, held=held)
    found = judge(held["plain"], held["knowledge"], held["placebo"], y, recipe.seed, target)
    return replace(found, held=held)


def out_of_fold(
    documents: Documents,
    y: Codes,
    variants: Mapping[str, Recipe],
    vectors: EntityVectors,
    folds: int,
    target: Target,
) -> dict[str, Decisions]:
    """Decisions (n, k) of each variant on rows that its stacks have not seen.

    That of the name ``placebo`` has permuted entities.
    """
    classes = target.width(y)
    seed = next(iter(variants.values())).seed
    fold = assign_folds(target.strata(y), folds, seed)
    jobs = [(name, k) for k in range(int(fold.max()) + 1) for name in variants]
    held = {name: np.zeros((len(y), target.columns(classes))) for name in variants}

    def permuted(k: int) -> Documents:
        """Another permutation in each fold, so that no draw decides."""
        return relabelled(documents, placebo(documents, seed, k, vectors.graph), vectors.graph)

    if "placebo" in variants:  # one after the other: what is encoded together is rounded so
        fusion = variants["placebo"].fusion
        if resolve("fusion", fusion).needs_names:
            for k in range(int(fold.max()) + 1):
                vectors.prepare(permuted(k), fusion=fusion)

    def run(job: tuple[str, int]) -> None:
        name, k = job
        rows = permuted(k) if name == "placebo" else documents
        inside, outside = np.flatnonzero(fold != k), np.flatnonzero(fold == k)
        stack = Assembly(variants[name], vectors, classes, target)
        stack.fit(rows.take(inside), y[inside])
        held[name][outside] = stack.decision(rows.take(outside))

    in_parallel(run, jobs, "Weighing the evidence")
    return held


def placebo(documents: Documents, seed: int, draw: int, graph: KnowledgeGraph) -> NDArray[np.int64]:
    """The permutation (e,) of one draw of the placebo, made from training documents."""
    return permutation(documents, PLACEBO_SEED + 1000 * seed + draw, graph.vocabularies)


def judge(
    plain: Decisions,
    knowledge: Decisions,
    placebo: Decisions,
    y: Codes,
    seed: int,
    target: Target | None = None,
) -> Evidence:
    """Decide from out-of-fold decisions (n, k) of the three stacks."""
    target = target or SingleTarget()
    gain = target.weigh(y, plain, knowledge, seed)
    over = target.weigh(y, placebo, knowledge, seed)
    sure = [target.sure(decisions, y) for decisions in (plain, knowledge, placebo)]
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
