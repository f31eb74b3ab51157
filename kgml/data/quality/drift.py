"""Whether the test part is like the training part, in labels, lengths and words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from kgml.data.quality.finding import FINE, SERIOUS, WORTH_A_LOOK, Finding
from kgml.data.quality.table import LabelledTable
from kgml.data.quality.texts import word_counts, words_of

SURE = 1e-3
"""p below which two parts are told to differ: several things are tested."""
MUCH = 0.1
"""Distance between two distributions, of 1, that matters."""
SHUFFLES, WORDS = 100, 1_000
ROWS = 5_000
"""Of each part, at most, whose words are counted."""


def find_drift(table: LabelledTable, seed: int = 0) -> Iterator[Finding]:
    """Nothing where the table has no test part."""
    train, test = table.usable("train"), table.usable("test")
    if not len(test):
        return
    yield _labels([table.labels[i] for i in train], [table.labels[i] for i in test])
    one, other = ([table.texts[i] for i in rows] for rows in (train, test))
    found = stats.ks_2samp(word_counts(one), word_counts(other))
    yield _told(
        "lengths",
        float(found.statistic),
        float(found.pvalue),
        "Kolmogorov-Smirnov distance of lengths",
    )
    rng = np.random.default_rng(seed)
    yield _words(_some(one, rng), _some(other, rng), rng)


def _some(texts: Sequence[str], rng: np.random.Generator) -> list[str]:
    rows = np.sort(rng.permutation(len(texts))[:ROWS])
    return [texts[i] for i in rows.tolist()]


def _labels(train: Sequence[str], test: Sequence[str]) -> Finding:
    one, other = Counter(train), Counter(test)
    names = sorted(one | other)
    counts = np.array([[part[name] for name in names] for part in (one, other)])
    shares = counts / counts.sum(axis=1, keepdims=True)
    far = shares[1] - shares[0]
    most = int(np.abs(far).argmax())
    said = f"'{names[most]}' {shares[0, most]:.1%} of training, {shares[1, most]:.1%} of test rows"
    p = float(stats.chi2_contingency(counts).pvalue)
    return _told("labels", float(np.abs(far).sum() / 2), p, "distance of label shares", said)


def _words(one: Sequence[str], other: Sequence[str], rng: np.random.Generator) -> Finding:
    """Jensen-Shannon distance of word counts, beside that of shuffled parts."""
    counts = [words_of(text) for text in (*one, *other)]
    total: Counter[str] = Counter()
    for some in counts:
        total.update(some)
    column = {word: i for i, (word, _) in enumerate(sorted(total.most_common(WORDS)))}
    matrix = np.zeros((len(counts), len(column)), dtype=np.float32)
    for row, some in enumerate(counts):
        for word, count in some.items():
            if word in column:
                matrix[row, column[word]] = count
    side = np.arange(len(counts)) >= len(one)
    real = _distance(matrix, side)
    chance = [_distance(matrix, rng.permutation(side)) for _ in range(SHUFFLES)]
    over = real - float(np.mean(chance))
    p = 0.0 if real > max(chance) else (1 + sum(c >= real for c in chance)) / (SHUFFLES + 1)
    far = np.abs(np.subtract(*(_shares(matrix, s) for s in (side, ~side))))
    names = list(column)
    said = ", ".join(f"'{names[i]}'" for i in np.argsort(-far, kind="stable")[:3].tolist())
    return _told("words", max(over, 0.0), p, "Jensen-Shannon distance of words beyond chance",
                 f"most different: {said}")  # fmt: skip


def _shares(matrix: NDArray[np.float32], rows: NDArray[np.bool_]) -> NDArray[np.float64]:
    sums = (rows.astype(np.float32) @ matrix).astype(np.float64) + 1e-9
    shares: NDArray[np.float64] = sums / sums.sum()
    return shares


def _distance(matrix: NDArray[np.float32], side: NDArray[np.bool_]) -> float:
    one, other = _shares(matrix, side), _shares(matrix, ~side)
    middle = (one + other) / 2
    return float(np.sqrt(max(stats.entropy(one, middle) + stats.entropy(other, middle), 0.0) / 2))


def _told(what: str, distance: float, p: float, called: str, said: str = "") -> Finding:
    sure = p < SURE
    weight = (
        SERIOUS
        if sure and distance > MUCH
        else WORTH_A_LOOK
        if sure and distance > MUCH / 3
        else FINE
    )
    return Finding(
        f"drift of {what}", "consistency", weight, 0,
        f"{what} of the test part {'differ from' if weight != FINE else 'are like'} the training part's",
        f"{called} {distance:.3f}" + (f"; {said}" if said and weight != FINE else ""),
        "Draw the parts anew, or judge by a test part that is like what the model will meet."
        if weight != FINE else "",
    )  # fmt: skip
