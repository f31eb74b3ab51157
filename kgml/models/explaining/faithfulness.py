"""Is the ranking of mentions true to the model? Comprehensiveness and sufficiency.

Comprehensiveness: the probability of the predicted label that is lost without the mentions ranked
first. Sufficiency: what is lost with no others than these (DeYoung et al., ERASER, 2020). Text
vector and TF-IDF stay as they are throughout. Beside them stand the same measures of as many
mentions chosen at random, on the same texts. Mentions are ranked by what is lost without each alone:
where one of them is taken out, comprehensiveness is the most there is by construction, and only
sufficiency and larger shares put the ranking to a test.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kgml.data.corpus import check_texts
from kgml.errors import InputError
from kgml.evaluation.metrics import mean_difference
from kgml.models.classifier import KGTextClassifier
from kgml.models.explain import standing
from kgml.models.explaining.removal import (
    Cut,
    check_single,
    lost,
    one_document,
    probabilities,
)
from kgml.models.features import Documents
from kgml.progress import track

SHARES = (0.1, 0.2, 0.5)
"""Of a text's mentions, one at least: measures are means over these, as in ERASER, whose 1% and 5%
of the words of a text would both be one mention here."""
DRAWS = 10
"""Random choices for each share of each text."""
ENOUGH = 2
"""Mentions a text must have: of one, every choice is the same."""


@dataclass(frozen=True)
class Measured:
    """Means over texts of the ranking and of random choices. ``difference`` is how much the ranking
    is better (higher comprehensiveness, lower sufficiency), ``interval`` its 95% paired bootstrap
    interval over texts."""

    ranking: float
    random: float
    difference: float
    interval: tuple[float, float]


@dataclass(frozen=True)
class Faithfulness:
    """Of ``texts`` ``counted`` had enough mentions, ``mentions`` in the mean; ``all_mentions``: the
    probability lost without any, in the mean. All measures are probabilities, -1 to 1."""

    texts: int
    counted: int
    mentions: float
    all_mentions: float
    comprehensiveness: Measured
    sufficiency: Measured
    draws: int

    def to_json(self) -> dict[str, Any]:
        """Plain dictionaries."""
        return {**asdict(self), "shares": list(SHARES), "enough": ENOUGH}


def faithfulness(
    model: KGTextClassifier, texts: Sequence[str], *, seed: int = 0, draws: int = DRAWS
) -> Faithfulness:
    """Measure the ranking of mentions that `kgml.models.explain.explain` gives, over ``texts`` (n).

    A text's random choices follow from ``seed`` and its words, not from its place in the table.

    Raises:
        CorpusError: a text is empty or no string.
        InputError: the model was shipped without knowledge, or no text has enough mentions.
        UsageError: the model's target is not one label per text.
    """
    check_single(model)
    reason = standing(model)
    if reason is not None:
        raise InputError(
            f"nothing to measure. {reason} Use a model that was shipped with knowledge."
        )
    documents = model.featurizer().documents(check_texts(texts))
    model.vectors_.prepare(documents, fusion=model.fusion)
    counted = [i for i, found in enumerate(documents.mentions) if len(found) >= ENOUGH]
    if not counted:
        raise InputError(
            f"none of {len(texts)} texts has {ENOUGH} mentions of the ontology's concepts; wanted "
            "at least one that has. Give other texts, of the domain of the ontology."
        )
    rows = []
    for i in track(counted, "measuring", total=len(counted)):
        source = np.random.default_rng([seed, zlib.crc32(texts[i].encode("utf-8", "replace"))])
        rows.append(_of_text(model, one_document(documents, i), source, draws))
    measured = np.array(rows)
    return Faithfulness(
        len(texts), len(counted),
        round(float(np.mean([len(documents.mentions[i]) for i in counted])), 6),
        round(float(measured[:, 0].mean()), 6),
        _compare(measured[:, 1], measured[:, 2], 1, seed),
        _compare(measured[:, 3], measured[:, 4], -1, seed),
        draws,
    )  # fmt: skip


def _of_text(
    model: KGTextClassifier, one: Documents, source: np.random.Generator, draws: int
) -> list[float]:
    """Lost without any mention; comprehensiveness of ranking and random; sufficiency of both."""
    m = len(one.mentions[0])
    singles = [frozenset([place]) for place in range(m)]
    shares = probabilities(model, one, [Cut(), *(Cut(mentions=single) for single in singles)])
    label = int(shares[0].argmax())
    full = float(shares[0, label])
    ranking = np.argsort(-lost(shares[1:], shares[0], label)[1], kind="stable")
    sizes = [max(1, math.ceil(share * m - 1e-9)) for share in SHARES]
    orders = [ranking, *(source.permutation(m) for _ in range(draws))]
    chosen = [[frozenset(order[:size].tolist()) for size in sizes] for order in orders]
    every = frozenset(range(m))
    first = [every, *{mentions for order in chosen for mentions in order}]
    wanted = list(dict.fromkeys([*first, *(every - mentions for mentions in first)]))
    found = probabilities(model, one, [Cut(mentions=mentions) for mentions in wanted])[:, label]
    less = {mentions: full - float(p) for mentions, p in zip(wanted, found, strict=True)}
    without = [float(np.mean([less[mentions] for mentions in order])) for order in chosen]
    with_only = [float(np.mean([less[every - mentions] for mentions in order])) for order in chosen]
    return [less[every], without[0], float(np.mean(without[1:])),
            with_only[0], float(np.mean(with_only[1:]))]  # fmt: skip


def _compare(
    ranking: NDArray[np.float64], random: NDArray[np.float64], better: int, seed: int
) -> Measured:
    """``better``: 1 where more is better, -1 where less is."""
    difference = mean_difference(better * random, better * ranking, seed)
    low, high = difference.interval
    return Measured(
        round(float(ranking.mean()), 6), round(float(random.mean()), 6), difference.value,
        (low, high),
    )  # fmt: skip
