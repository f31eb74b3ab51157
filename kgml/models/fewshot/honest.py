"""What a tuned encoder's decisions are worth, told from rows it was not tuned on.

Vectors that an encoder gives the rows it was tuned on say their classes whatever the texts are:
out-of-fold heads on such vectors are right nearly always, shuffled labels or not, and a temperature
fitted to them would call everything certain. So here is a second and third encoder, each tuned on
one of two halves of the training rows and asked for the other half only.

What is asked of which, and why:

- Whether knowledge enters: first of the frozen encoder, which has seen no label, in the usual folds
  (`kgml.models.evidence`). These cost no tuning and leave most rows to learn from. A better text
  vector may say already what knowledge says, so the halves have a veto: with their tuned vectors
  too, knowledge has to raise the mean probability of the true class.
- The temperature: of the decisions of the halves. Their encoders and heads learned from half the
  rows and are wrong more often than the one that is kept, so probabilities err towards caution.
  Two halves and no more, as each further fold would cost another tuning: two of half the rows
  take, where a step reads all rows, together as long as the one tuning that is kept.
- Whether tuning was worth it: accuracy in the same halves, frozen and tuned.
- What the kept head learns from, where knowledge enters and a half has 8 rows of a class or more: rows
  as the half reads them that was not tuned on them (`Halves.documents`). Beside vectors that know the
  labels concepts seem to say little and are given little weight. Ohsumed with HPO + DOID + MeSH, 800
  other training rows, accuracy so and from rows that the kept encoder was tuned on: at 32 per class .710
  and .700 (one draw); at 8 .605 and .596, .595 and .600, so not there. Without knowledge fomc is no
  better at 8, 16 and 32.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from kgml.encoders.rows import Integers
from kgml.encoders.text import TextEncoder
from kgml.models.assembly import Assembly, Recipe
from kgml.models.evidence import Evidence, out_of_fold
from kgml.models.features import Documents, EntityVectors
from kgml.models.folds import assign_folds
from kgml.models.light import Decisions
from kgml.models.targets.base import Codes, Target
from kgml.progress import warn

HALVES = 2
VETO = "it helps the frozen text encoder, not the tuned one"
Tune = Callable[[Integers], TextEncoder]
"""Rows to tune on: the tuned encoder."""


@dataclass(frozen=True)
class Worth:
    """Accuracy on training rows that stack and encoder have not seen, each learned from half of the
    rows: of the frozen encoder and of the tuned one, both with TF-IDF and without knowledge."""

    frozen: float
    tuned: float


class Halves(NamedTuple):
    """held: decisions (n, k) of each variant · documents (n): each row as the encoder reads it that was
    tuned on the half without it."""

    held: dict[str, Decisions]
    documents: Documents


def weigh_tuned(
    evidence: Evidence, documents: Documents, y: Codes, recipe: Recipe, vectors: EntityVectors,
    target: Target, tune: Tune, *, always: bool = False,
) -> tuple[Evidence, Worth, Documents]:  # fmt: skip
    """``evidence`` of the frozen encoder, its decisions now those of encoders tuned on halves; what
    tuning is worth; and the documents of `Halves`.

    Args:
        documents: n training rows, read by the frozen encoder.
        always: knowledge is shipped whatever the evidence says.
    """
    variants = {"plain": recipe.plain}
    if (evidence.ship or always) and "knowledge" in evidence.held:
        variants["knowledge"] = recipe
    strength = 1.0 if always else evidence.strength
    held, read = in_halves(documents, y, variants, vectors, target, tune, strength)
    before = out_of_fold(documents, y, {"plain": recipe.plain}, vectors, HALVES, target)
    worth = Worth(_accuracy(before["plain"], y), _accuracy(held["plain"], y))
    if worth.tuned < worth.frozen:
        warn(
            f"the tuned text encoder is right less often than the frozen one ({worth.tuned:.3f}, "
            f"{worth.frozen:.3f}) on training rows that neither has seen; compare with a run "
            "without --tune-encoder."
        )
    sure = {name: target.sure(decisions, y).mean() for name, decisions in held.items()}
    ship = evidence.ship and sure["knowledge"] > sure["plain"]
    decisions = held["knowledge" if ship else "plain"]
    found = replace(evidence, decisions=decisions, held=held, frozen=True)
    if evidence.ship and not ship:
        found = replace(found, strength=0.0, helps=None, reason=VETO)
    return found, worth, read


def in_halves(
    documents: Documents, y: Codes, variants: dict[str, Recipe], vectors: EntityVectors,
    target: Target, tune: Tune, strength: float = 1.0,
) -> Halves:  # fmt: skip
    """Decisions on rows that neither stack nor encoder has seen, and these rows as read by that encoder;
    knowledge counts ``strength``."""
    classes, seed = target.width(y), variants["plain"].seed
    half = assign_folds(target.strata(y), HALVES, seed, documents.near)
    held = {name: np.zeros((len(y), target.columns(classes))) for name in variants}
    apart = []
    for k in range(HALVES):
        inside, outside = np.flatnonzero(half != k), np.flatnonzero(half == k)
        encoder = tune(inside)
        rows, by = documents.read_by(encoder), vectors.read_by(encoder)
        for name, recipe in variants.items():
            by.prepare(rows, fusion=recipe.fusion)
            stack = Assembly(recipe, by, classes, target).fit(
                rows.take(inside), y[inside], strength
            )
            held[name][outside] = stack.decision(rows.take(outside))
        apart.append(rows)
    return Halves(held, _each_by(apart, half))


def _each_by(readings: list[Documents], of: Integers) -> Documents:
    """The same documents read several times: row i as in ``readings[of[i]]``."""
    rows = np.arange(len(of))
    text = np.stack([part.text for part in readings])[of, rows]
    encoder = " ".join(part.encoder for part in readings)
    leads = [part.lead for part in readings if part.lead is not None]
    lead = _each_by(leads, of) if leads else None
    return replace(readings[0], encoder=encoder, text=text, lead=lead)


def _accuracy(decisions: Decisions, y: Codes) -> float:
    return float(np.mean(decisions.argmax(axis=1) == y))
