"""The nearest are those with the greatest cosine of what the head reads."""

from __future__ import annotations

import numpy as np
import pytest

from kgml.errors import CorpusError, UsageError
from kgml.models.explaining.like import nearest


def test_neighbours_are_those_of_the_features_with_their_labels(fitted, words) -> None:
    asked = words.texts[36:]
    found = nearest(fitted, asked, words.texts[:36], words.labels[:36], k=3)
    maker, stack = fitted.featurizer(), fitted.assembly_
    one, other = (stack.features(maker.documents(t)).toarray() for t in (asked, words.texts[:36]))
    cosines = one @ other.T / np.outer(np.linalg.norm(one, axis=1), np.linalg.norm(other, axis=1))
    for row, neighbours in enumerate(found):
        assert len(neighbours) == 3
        best = np.sort(cosines[row])[::-1][:3]
        assert [n.similarity for n in neighbours] == pytest.approx(best, abs=1e-5)
        for n in neighbours:
            assert n.similarity == pytest.approx(cosines[row, n.row], abs=1e-5)
            assert (n.label, n.text) == (words.labels[n.row], words.texts[n.row])


def test_a_text_of_the_table_is_its_own_nearest_and_equals_keep_their_order(fitted, words) -> None:
    table = [words.texts[3], words.texts[5], words.texts[3]]
    (found,) = nearest(fitted, [words.texts[3]], table, ["b", "a", "c"], k=9)
    assert [n.row for n in found] == [0, 2, 1]
    assert found[0].similarity == pytest.approx(1)
    assert found[0].to_json()["row"] == 1


def test_alone_is_as_in_a_batch(fitted, words) -> None:
    table, labels = words.texts[:20], words.labels[:20]
    whole = nearest(fitted, words.texts[20:26], table, labels)
    assert [nearest(fitted, [t], table, labels)[0] for t in words.texts[20:26]] == whole


def test_tables_that_cannot_be_compared_are_refused(fitted) -> None:
    with pytest.raises(CorpusError, match="2 documents but 1 labels"):
        nearest(fitted, ["a"], ["b", "c"], ["x"])
    with pytest.raises(CorpusError, match="no label in row 1"):
        nearest(fitted, ["a"], ["b"], [""])
    with pytest.raises(UsageError, match="k = 0"):
        nearest(fitted, ["a"], ["b"], ["x"], k=0)
