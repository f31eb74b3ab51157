"""A text encoder tuned on labelled texts: `tuned` is a sentence-transformers folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kgml.config import FewShotConfig
from kgml.encoders.rows import Integers
from kgml.encoders.text import TextEncoder
from kgml.encoders.tuning.lower import Lower
from kgml.encoders.tuning.trainee import load_weights, write_model
from kgml.errors import CorpusError, InputError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.fewshot.contrast import ClassTuner, Siblings
from kgml.models.targets.base import Labels
from kgml.progress import track, warn

if TYPE_CHECKING:
    from torch import Tensor

MANY = 2_000
"""Rows from which on a warning says that this is meant for few."""
CARD = """\
---
library_name: sentence-transformers
tags:
- sentence-transformers
- kgml
---

# A text encoder tuned on labelled texts

Part of a model of `kgml train --tune-encoder`, tuned by supervised contrast (Khosla et al. 2020) on
{rows:,} texts of {classes:,} classes, {steps:,} steps. It tells these classes apart; as an encoder
for anything else take the one it was made from. The texts' and the base model's terms hold.
"""


def check_tunable(encoder: TextEncoder, target: str, y: Labels | None = None) -> None:
    """Refuse what cannot be tuned on labels, before anything is computed.

    Args:
        y: labels, where they are known already.

    Raises:
        UsageError: another target than one label per text, or an encoder without layers in fp32.
        CorpusError: a class with one row.
    """
    FewShotConfig.check_target(target)
    if encoder.precision == "int8":
        raise UsageError(
            "--tune-encoder and precision int8 exclude each other: layers are tuned in fp32. "
            "Choose fp32 or bf16."
        )
    if encoder.is_static:
        raise UsageError(
            f"--tune-encoder and encoder {encoder.model} exclude each other: a table of word "
            "vectors has no layers to tune. Choose a transformer."
        )
    if y is None:
        return
    names, counts = np.unique(np.asarray(y), return_counts=True)
    if counts.min(initial=2) < 2:
        alone = [str(name) for name in names[counts < 2]]
        raise CorpusError(
            f"'{alone[0]}'{f' and {len(alone) - 1} more classes' if alone[1:] else ''} "
            f"{'have' if alone[1:] else 'has'} one training row; to tune the text encoder each "
            "class wants two or more. Add rows, or leave --tune-encoder out."
        )
    if len(y) > MANY:
        warn(
            f"{len(y):,} training rows: tuning sees {FewShotConfig.batch_size} of them a step, and is "
            "meant for few. Compare with a run without --tune-encoder."
        )


class Tuning:
    """Runs of tuning one encoder on some of n labelled texts, each from where it was at first.

    The lower blocks stay as they are, so what they make of the texts is computed once for all runs
    and steps, where that goes (`kgml.encoders.tuning.lower.Lower`).

    Args:
        base: stays as it is. Texts are read to its own limit.
        y: class numbers (n,).
        siblings: see `siblings_of`.

    Raises:
        ArtifactError: the encoder has no layers.
    """

    def __init__(
        self, base: TextEncoder, texts: Sequence[str], y: Integers, config: FewShotConfig,
        *, seed: int, siblings: Siblings | None = None,
    ) -> None:  # fmt: skip
        self.base, self.texts, self.y, self.config = base, texts, y, config
        self.seed, self.siblings = seed, siblings
        self.model = base.load()
        first = self._tuner(np.arange(len(y)), None)
        self.start = first.weights()
        self.lower = Lower.of(self.model, first.tokens(texts), config.layers)

    def run(self, rows: Integers, description: str) -> None:
        """Tune on the texts ``rows`` (m,). The same seed (and number of threads) gives the same bytes.

        Raises:
            InputError: weights left the numbers.
        """
        load_weights(self.model, self.start)
        lower = self.lower
        self.tuner = self._tuner(
            rows, None if lower is None else lambda some: lower.rows(rows[some])
        )
        for number in track(range(1, self.tuner.steps + 1), description, total=self.tuner.steps):
            self.tuner.step(number)
        if not all(value.isfinite().all() for value in self.tuner.weights().values()):
            raise InputError(
                f"tuning the text encoder at learning rate {self.config.learning_rate:g} left no "
                "numbers (NaN or infinity). Use a smaller [few_shot] learning_rate."
            )

    def reader(self) -> TextEncoder:
        """The encoder of the last run, in memory."""
        return self.base.with_weights(self.model)

    def write(self, folder: Path) -> None:
        """The encoder of the last run, as a folder.

        Raises:
            ArtifactError: ``folder`` cannot be written.
        """
        model = self.base.load()
        load_weights(model, self.tuner.weights())
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
        y = self.tuner.y
        card = CARD.format(rows=len(y), classes=len(np.unique(y)), steps=self.tuner.steps)
        write_model(folder, model, card)

    def _tuner(self, rows: Integers, vectors: Callable[[Integers], Tensor] | None) -> ClassTuner:
        return ClassTuner(
            self.model, [self.texts[i] for i in rows.tolist()], self.y[rows], self.config,
            seed=self.seed, steps=self.config.planned(len(rows)).steps or 1,
            siblings=self.siblings, vectors=vectors,
        )  # fmt: skip


def reader(base: TextEncoder, folder: Path, *, cache: bool = True) -> TextEncoder:
    """The encoder in ``folder``, with the options of ``base``."""
    return TextEncoder(
        str(folder.resolve()), cache=base.cache if cache else False, precision=base.precision,
        long_texts=base.long_texts, device=base.device,
    )  # fmt: skip


def siblings_of(names: Labels, graph: KnowledgeGraph) -> Siblings | None:
    """(c, c): which of the classes ``names``, if they are entities of ``graph``, share a parent.

    None where no two do, as for classes that are words.
    """
    keys = [str(name) for name in names]
    numbers = np.array([graph.number(key) if key in graph else -1 for key in keys], dtype=np.int64)
    known = np.flatnonzero(numbers >= 0)
    found = np.zeros((len(names), len(names)), dtype=bool)
    if len(known) > 1:
        above = graph.is_a[numbers[known]]
        found[np.ix_(known, known)] = (above @ above.T).toarray() > 0
        np.fill_diagonal(found, False)
    return found if found.any() else None
