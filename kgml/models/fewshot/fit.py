"""The text encoder that a model keeps, tuned on all of its training rows, and what that is worth."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kgml.config import FewShotConfig
from kgml.encoders.rows import Integers
from kgml.encoders.text import TextEncoder
from kgml.models.assembly import Recipe
from kgml.models.evidence import Evidence
from kgml.models.features import Documents, EntityVectors
from kgml.models.fewshot.beside import Beside
from kgml.models.fewshot.contrast import Siblings
from kgml.models.fewshot.honest import Worth, weigh_tuned
from kgml.models.fewshot.tuning import Tuning, reader, siblings_of
from kgml.models.targets.base import Codes, Labels, Target

ENOUGH = 16
"""Rows per class from which on a half of them tunes an encoder like the one that is kept."""


class Tuned(NamedTuple):
    """encoder: tuned on all rows, in the folder ``box``, which goes when no one holds it, beside the
    one it was made from · apart: the training rows, each as an encoder reads it that was tuned on other
    rows; None of fewer than `ENOUGH` · evidence and worth: of these encoders."""

    encoder: Beside
    apart: Documents | None
    box: tempfile.TemporaryDirectory[str]
    evidence: Evidence
    worth: Worth


def as_met(codes: Codes, siblings: Siblings | None) -> tuple[Codes, Siblings | None]:
    """Class numbers (n,) by which class comes first, whatever it is called, and ``siblings`` (c, c)
    of these."""
    numbers, first, code = np.unique(codes, return_index=True, return_inverse=True)
    met = np.argsort(first)
    between = None if siblings is None else siblings[np.ix_(numbers[met], numbers[met])]
    return np.argsort(met)[code], between


def tuned_on(
    base: TextEncoder, documents: Documents, codes: Codes, classes: Labels, config: FewShotConfig,
    evidence: Evidence, recipe: Recipe, vectors: EntityVectors, target: Target, *,
    always: bool = False,
) -> Tuned:  # fmt: skip
    """Tune ``base`` on n training rows, after asking two halves of them what that is worth.

    Args:
        documents: read by ``base``.
        codes: (n,) numbers of ``classes`` (c,).
        evidence: of the frozen encoder.
        always: knowledge is shipped whatever the evidence says.
    """
    met, siblings = as_met(codes, siblings_of(classes, vectors.graph))
    tuning = Tuning(
        base, documents.texts, met, config.planned(len(codes)), seed=recipe.seed, siblings=siblings
    )

    def on_half(rows: Integers) -> TextEncoder:
        tuning.run(rows, "Tuning on half of the rows")
        return Beside(base, tuning.reader())

    found, worth, apart = weigh_tuned(
        evidence, documents, codes, recipe, vectors, target, on_half, always=always
    )
    tuning.run(np.arange(len(codes)), "Tuning the encoder")
    box = tempfile.TemporaryDirectory(prefix="kgml-tuned-")
    folder = Path(box.name) / "encoder"
    tuning.write(folder)
    enough = len(codes) >= ENOUGH * len(classes)
    return Tuned(Beside(base, reader(base, folder)), apart if enough else None, box, found, worth)
