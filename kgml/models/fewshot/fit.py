"""The text encoder that a model keeps, tuned on all of its training rows, and what that is worth."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np

from kgml.config import FewShotConfig
from kgml.encoders.text import TextEncoder
from kgml.models.assembly import Recipe
from kgml.models.evidence import Evidence
from kgml.models.features import Documents, EntityVectors
from kgml.models.fewshot.contrast import Siblings
from kgml.models.fewshot.honest import Worth, weigh_tuned
from kgml.models.fewshot.tuning import reader, siblings_of, tune
from kgml.models.targets.base import Codes, Labels, Target


class Tuned(NamedTuple):
    """encoder: tuned on all rows, in the folder ``box``, which goes when no one holds it · evidence
    and worth: of encoders that were tuned on halves of the rows."""

    encoder: TextEncoder
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
    options, siblings = config.planned(len(documents)), siblings_of(classes, vectors.graph)
    met, siblings = as_met(codes, siblings)

    def make(rows: list[int], folder: Path, kept: bool = False) -> TextEncoder:
        tune(
            base, [documents.texts[i] for i in rows], met[rows], folder, options,
            seed=recipe.seed, siblings=siblings,
            description="Tuning the encoder" if kept else "Tuning on half of the rows",
        )  # fmt: skip
        return reader(base, folder, cache=kept)

    found, worth = weigh_tuned(
        evidence, documents, codes, recipe, vectors, target, make, always=always
    )
    box = tempfile.TemporaryDirectory(prefix="kgml-tuned-")
    encoder = make(list(range(len(codes))), Path(box.name) / "encoder", kept=True)
    return Tuned(encoder, box, found, worth)
