"""Does knowledge help? Asked of the training rows alone, before any test row is looked at.

Three stacks are fitted anew in each fold, vocabulary, idf, fusion and head: text + TF-IDF, the
same with knowledge, and the same with permuted entities. Their out-of-fold predictions are
compared row by row, those of few rows as means over several dealings of the folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
DEALINGS, FEW_ROWS = 3, 500
"""How often the folds of at most so many rows are dealt."""
SURE = {1.0: (0.975, 0.9), 0.5: (0.8, 0.8)}
"""How much knowledge counts, and the shares of resamples in which it must win for that: over
text + TF-IDF, and over the placebo.

Resampled rows take stacks as given, though those of five folds share most of their rows. With the
standard error that this asks for (half as much again: Nadeau and Bengio 2003), .975 and .9 are .9
and .8, and .8 is .7. Half the knowledge keeps most of what there is to gain and costs half of what
there is to lose (macro-F1 on other training rows, ten draws of 8 and of 32 per class:
medical_abstracts with DOID +1.7 of +2.4 points and +2.1 of +2.4, fomc with FIBO -.7 of -1.0 and -.6
of -1.0): between both, little evidence is no longer all or nothing.
"""
FEWEST, OF_FEWEST = 30, {0.5: SURE[1.0]}
"""Of fewer rows, `SURE` is this. Two dozen say little, and what is wrong then costs most: of 16 draws of
8 per class from financial_phrasebank, FIBO was let in twice, at .946 and .967, and cost 12.7 and 1.6
points of macro-F1 on other training rows.
"""


@dataclass(frozen=True)
class Evidence:
    """Out-of-fold comparison on n training rows.

    decisions (n, k) of the stack that is to be shipped, in the first dealing, as is ``held`` ·
    difference: accuracy (or what else the target weighs) of knowledge minus that of text + TF-IDF ·
    over_placebo: minus that of permuted entities · strength: how much knowledge enters, 0, .5 or 1,
    told from `Target.sure`, such as the probabilities of the true classes, which say more of a row
    than right or wrong does, and 0 where the interval of the difference is below 0 · helps: True
    where all of it does, that interval is above 0 and the placebo is beaten, False where even its
    upper end, or that over the placebo, is worth nothing, None where that cannot be told · reason:
    why nothing was compared · held: the decisions of ``plain``, and where they were compared of ``knowledge``
    and ``placebo`` · frozen: the comparison is of the text encoder before it was tuned, the decisions
    are of encoders tuned on other rows (`kgml.models.fewshot.honest`).
    """

    decisions: Decisions
    difference: Difference | None
    over_placebo: Difference | None
    strength: float
    helps: bool | None
    reason: str = ""
    held: Mapping[str, Decisions] = field(default_factory=dict)
    frozen: bool = False

    @property
    def ship(self) -> bool:
        """Whether knowledge enters at all."""
        return self.strength > 0

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
        return Evidence(
            held["plain"], None, None, strength=0.0, helps=None, reason=reason, held=held
        )
    dealt = [held] + [
        out_of_fold(documents, y, variants, vectors, folds, target, deal)
        for deal in range(1, dealings(len(y)))
    ]
    found = judge(dealt, y, recipe.seed, target)
    if 0 < found.strength < 1:
        as_much = {"knowledge": recipe}
        held = out_of_fold(documents, y, as_much, vectors, folds, target, strength=found.strength)
        found = replace(found, decisions=held["knowledge"])
    return found


def dealings(rows: int) -> int:
    """How often folds are dealt: few rows are judged by several dealings, since which rows fall
    together then decides what many rows settle by their number.

    >>> [dealings(rows) for rows in (24, 500, 5000)]
    [3, 3, 1]
    """
    return DEALINGS if rows <= FEW_ROWS else 1


def out_of_fold(
    documents: Documents,
    y: Codes,
    variants: Mapping[str, Recipe],
    vectors: EntityVectors,
    folds: int,
    target: Target,
    deal: int = 0,
    strength: float = 1.0,
) -> dict[str, Decisions]:
    """Decisions (n, k) of each variant on rows that its stacks have not seen.

    That of the name ``placebo`` has permuted entities. Folds are dealt anew for each ``deal``;
    knowledge counts ``strength``.
    """
    classes = target.width(y)
    seed = next(iter(variants.values())).seed
    fold = assign_folds(target.strata(y), folds, [seed, deal] if deal else seed, documents.near)
    jobs = [(name, k) for k in range(int(fold.max()) + 1) for name in variants]
    held = {name: np.zeros((len(y), target.columns(classes))) for name in variants}

    def permuted(k: int) -> Documents:
        """Another permutation in each fold, so that no draw decides."""
        draw = folds * deal + k
        return relabelled(documents, placebo(documents, seed, draw, vectors.graph), vectors.graph)

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
        stack.fit(rows.take(inside), y[inside], strength)
        held[name][outside] = stack.decision(rows.take(outside))

    in_parallel(run, jobs, "Weighing the evidence")
    return held


def placebo(documents: Documents, seed: int, draw: int, graph: KnowledgeGraph) -> NDArray[np.int64]:
    """The permutation (e,) of one draw of the placebo, made from training documents."""
    return permutation(documents, PLACEBO_SEED + 1000 * seed + draw, graph.vocabularies)


def judge(
    dealt: Sequence[Mapping[str, Decisions]],
    y: Codes,
    seed: int,
    target: Target | None = None,
) -> Evidence:
    """Decide from out-of-fold decisions (n, k) of the three stacks, a row's mean over dealings."""
    target = target or SingleTarget()
    plain, knowledge, permuted = (
        [held[name] for held in dealt] for name in ("plain", "knowledge", "placebo")
    )
    gain = target.weigh(y, plain, knowledge, seed)
    over = target.weigh(y, permuted, knowledge, seed)
    sure = [
        np.mean([target.sure(held, y) for held in runs], axis=0)
        for runs in (plain, knowledge, permuted)
    ]
    over_plain, over_permuted = (
        mean_difference(base, sure[1], seed).probability for base in (sure[0], sure[2])
    )
    wanted = OF_FEWEST if len(y) < FEWEST else SURE
    enough = [s for s, (p, q) in wanted.items() if over_plain >= p and over_permuted >= q]
    lost = gain.interval[1] < 0  # surer where it is right, and surely more often wrong
    strength = 0.0 if lost else max(enough, default=0.0)
    helps = None
    if strength == 1 and gain.interval[0] > 0 and over.probability >= SURE[1.0][1]:
        helps = True
    elif not strength and min(gain.interval[1], over.interval[1]) <= WORTH:
        helps = False
    kept = (knowledge if strength == 1 else plain)[0]
    return Evidence(kept, gain, over, strength, helps, held=dealt[0])
