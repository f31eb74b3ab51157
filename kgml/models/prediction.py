"""What is said of one text: what the command line, a saved table and Python code all get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.kg.graph import KnowledgeGraph
from kgml.linking.linker import mention_to_json
from kgml.linking.mentions import Mention


@dataclass(frozen=True)
class Prediction:
    """One text's label, the probability of every label, and the concepts linked in it.

    With the target ``multi`` the label is a list of labels, with ``regression`` a number, which
    has no probabilities. ``backoff``: where a coverage was asked for, the entity and the classes that
    hold it, as `kgml.models.backoff.Covered.to_json` has them.
    """

    label: Any
    probabilities: dict[str, float]
    mentions: list[Mention]
    backoff: dict[str, Any] | None = None

    def to_json(self, graph: KnowledgeGraph) -> dict[str, Any]:
        """Plain dictionaries with entity ids in place of numbers."""
        told = {**asdict(self), "mentions": [mention_to_json(m, graph) for m in self.mentions]}
        if self.backoff is None:
            del told["backoff"]
        return told


def rounded(names: Sequence[str], row: NDArray[np.float64]) -> dict[str, float]:
    """Probabilities ``row`` (c,) by name."""
    return {name: round(float(p), 6) for name, p in zip(names, row, strict=True)}
