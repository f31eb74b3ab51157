"""Does knowledge help? Folds dealt evenly, and verdicts on decisions made up for the purpose."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kgml.models.assembly import Recipe
from kgml.models.classifier import KGTextClassifier
from kgml.models.evidence import assign_folds, judge, placebo, weigh
from kgml.models.features import Documents, EntityVectors, relabelled
from kgml.models.targets.single import SingleTarget

from .conftest import dealt

Y = np.arange(120) % 3


def decisions(right: int) -> NDArray[np.float64]:
    """Decision values (120, 3) that are right on the first ``right`` rows and wrong below."""
    chosen = np.where(np.arange(120) < right, Y, (Y + 1) % 3)
    return np.eye(3)[chosen]


# Folds


@pytest.mark.parametrize("folds", [2, 3, 5])
def test_folds_are_of_one_size_and_every_class_is_dealt_out(folds: int) -> None:
    y = np.repeat([0, 1, 2], [40, 13, 6])
    fold = assign_folds(y, folds, seed=0)
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.max() - sizes.min() <= 1
    for label in range(3):
        of_class = np.bincount(fold[y == label], minlength=folds)
        assert of_class.max() - of_class.min() <= 1


def test_folds_repeat_with_their_seed() -> None:
    y = np.arange(40) % 4
    np.testing.assert_array_equal(assign_folds(y, 5, 1), assign_folds(y, 5, 1))
    assert assign_folds(y, 5, 1).tolist() != assign_folds(y, 5, 2).tolist()


def test_there_are_no_more_folds_than_rows() -> None:
    assert sorted(assign_folds(np.array([0, 1, 0]), 5, 0)) == [0, 1, 2]


def test_folds_do_not_part_a_group() -> None:
    y = np.arange(60) % 3
    group = np.arange(60) // 4
    fold = assign_folds(y, 4, 0, group)
    assert all(len(set(fold[group == one].tolist())) == 1 for one in range(15))
    assert set(fold.tolist()) == {0, 1, 2, 3}
    np.testing.assert_array_equal(assign_folds(y, 4, 0, np.arange(60)), assign_folds(y, 4, 0))


def test_where_all_rows_are_of_one_group_folds_part_them() -> None:
    fold = assign_folds(np.arange(9) % 3, 3, 0, np.zeros(9, dtype=np.int64))
    assert np.bincount(fold).tolist() == [3, 3, 3]


def test_copies_of_a_text_say_nothing_of_how_well_labels_are_told() -> None:
    """Labels by chance, each text five times with a word changed: no better than chance out of fold."""
    rng = np.random.default_rng(0)
    words = np.array([f"word{i}" for i in range(400)])
    texts, labels = [], []
    for number in range(24):
        text, label = rng.choice(words, 60), ["up", "down"][rng.integers(2)]
        for copy in range(5):
            texts.append(" ".join(np.append(text, f"copy{number}of{copy}")))
            labels.append(label)
    model = KGTextClassifier(None).fit(texts, labels)
    said = model.classes_[model.evidence_.decisions.argmax(axis=1)]
    assert np.mean(said == np.array(labels)) < 0.75


# The verdict


def test_a_clear_gain_is_shipped_and_helps() -> None:
    """.6 without, .9 with knowledge, .6 on permuted entities."""
    found = judge(dealt(decisions(72), decisions(108), decisions(72)), Y, seed=0)
    assert (found.ship, found.helps) == (True, True)
    assert found.difference.value == pytest.approx(0.3)
    assert found.over_placebo.value == pytest.approx(0.3)
    np.testing.assert_array_equal(found.decisions, decisions(108))


def test_a_gain_that_the_placebo_has_too_is_not_shipped() -> None:
    found = judge(dealt(decisions(72), decisions(108), decisions(108)), Y, seed=0)
    assert (found.ship, found.helps) == (False, False)
    np.testing.assert_array_equal(found.decisions, decisions(72))


def test_a_loss_is_not_shipped() -> None:
    found = judge(dealt(decisions(108), decisions(72), decisions(60)), Y, seed=0)
    assert (found.ship, found.helps) == (False, False)


def test_no_difference_at_all_is_no_help() -> None:
    found = judge(dealt(decisions(72), decisions(72), decisions(72)), Y, seed=0)
    assert (found.ship, found.helps) == (False, False)


def test_a_small_gain_is_shipped_while_whether_it_helps_stays_open() -> None:
    """Three rows more of 120: nearly all resamples are better or equal, their interval meets 0."""
    found = judge(dealt(decisions(90), decisions(93), decisions(60)), Y, seed=0)
    assert found.difference.interval[0] <= 0
    assert (found.ship, found.helps) == (True, None)


def test_a_gain_that_could_as_well_be_chance_is_not_shipped() -> None:
    """Twenty rows won and nineteen lost."""
    mixed = np.where((np.arange(120) < 20)[:, None], decisions(120), decisions(0))
    plain = np.where(((np.arange(120) >= 20) & (np.arange(120) < 39))[:, None],
                     decisions(120), decisions(0))  # fmt: skip
    found = judge(dealt(plain, mixed, decisions(0)), Y, seed=0)
    assert found.difference.value > 0
    assert (found.ship, found.helps) == (False, None)


@pytest.mark.parametrize(("won", "strength"), [(18, 0.0), (24, 0.5), (33, 1.0)])
def test_how_much_knowledge_counts_follows_how_sure_its_gain_is(won: int, strength: float) -> None:
    """Fifteen rows lost, and so many won."""
    rows = np.arange(120)[:, None]
    plain = np.where((rows >= won) & (rows < won + 15), decisions(120), decisions(0))
    knowledge = np.where(rows < won, decisions(120), decisions(0))
    found = judge(dealt(plain, knowledge, decisions(0)), Y, seed=0)
    assert found.strength == strength
    assert (found.ship, found.helps) == (strength > 0, True if strength == 1 else None)


@pytest.mark.parametrize(
    ("n", "won", "strength"), [(48, 5, 0.5), (24, 5, 0.0), (48, 12, 1.0), (24, 12, 0.5)]
)
def test_of_two_dozen_rows_more_is_wanted(n: int, won: int, strength: float) -> None:
    """Three rows lost, and so many won."""
    rows = np.arange(120)[:, None]
    plain = np.where(rows >= won, decisions(120), decisions(0))
    knowledge = np.where((rows < won) | (rows >= won + 3), decisions(120), decisions(0))
    stacks = [stack[:n] for stack in (plain, knowledge, decisions(0))]
    assert judge(dealt(*stacks), Y[:n], seed=0).strength == strength


def test_surer_probabilities_do_not_outweigh_predictions_that_are_surely_worse() -> None:
    """Fifteen rows lost by a hair, all others won by far more than before."""
    near, far = np.eye(3)[Y] * 5, np.eye(3)[(Y + 1) % 3]
    by_a_hair = 4.5 * np.eye(3)[Y] + 5 * far
    knowledge = np.where((np.arange(120) < 85)[:, None], near, by_a_hair)
    stacks = (decisions(100), knowledge, decisions(60))
    sure = [SingleTarget().sure(stack, Y).mean() for stack in stacks]
    assert sure[1] > sure[0] + 0.05
    found = judge(dealt(*stacks), Y, seed=0)
    assert found.difference.interval[1] < 0
    assert (found.strength, found.helps) == (0, False)


def test_a_gain_in_one_dealing_and_a_loss_in_the_next_is_no_gain() -> None:
    """Either dealing alone would be sure of itself."""
    gain, loss = (decisions(n) for n in (108, 72))
    first, second = dealt(gain, loss, decisions(60)), dealt(loss, gain, decisions(60))
    assert judge(second, Y, seed=0).ship
    found = judge([*first, *second], Y, seed=0)
    assert found.difference.value == 0
    assert (found.ship, found.helps) == (False, False)
    np.testing.assert_array_equal(found.decisions, gain)


def test_the_verdict_repeats_with_its_seed() -> None:
    first, again = (
        judge(dealt(decisions(90), decisions(93), decisions(88)), Y, 4) for _ in range(2)
    )
    assert (first.difference, first.over_placebo) == (again.difference, again.over_placebo)


# Out of fold


@pytest.fixture(scope="module")
def vectors(kinds, encoder) -> EntityVectors:
    return EntityVectors(kinds, encoder, "text")


def weighed(documents: Documents, y: NDArray[np.int64], vectors: EntityVectors, fusion: str):
    return weigh(documents, y, Recipe(fusion, head="logistic"), vectors, folds=4)


def test_knowledge_that_alone_can_tell_is_found_to_help(documents, words, vectors) -> None:
    found = weighed(documents, words.codes, vectors, "concat")
    assert (found.ship, found.helps) == (True, True)
    assert found.decisions.shape == (40, 2)
    assert np.mean(found.decisions.argmax(axis=1) == words.codes) > 0.9


def test_decisions_on_thin_evidence_are_those_of_half_the_knowledge(
    documents, words, vectors
) -> None:
    """Twelve of forty labels are wrong."""
    y = words.codes.copy()
    wrong = np.random.default_rng(1).permutation(40)[:12]
    y[wrong] = 1 - y[wrong]
    found = weighed(documents, y, vectors, "concat")
    assert (found.strength, found.helps) == (0.5, None)
    sure = {name: SingleTarget().sure(held, y) for name, held in found.held.items()}
    half = SingleTarget().sure(found.decisions, y)
    lower, upper = sorted([sure["plain"].mean(), sure["knowledge"].mean()])
    assert lower < half.mean() < upper


def test_the_same_knowledge_on_labels_it_knows_nothing_of_is_not_shipped(
    documents, vectors
) -> None:
    """The sentence around the word decides: the text alone is right every time."""
    found = weighed(documents, (np.arange(40) // 2 % 5 < 2).astype(int), vectors, "concat")
    assert not found.ship
    assert not found.helps


def test_out_of_fold_decisions_have_not_seen_the_row_they_decide(documents, vectors) -> None:
    """Labels drawn by lot cannot be guessed by a model that has not seen them."""
    right = []
    for seed in (1, 2, 3):
        y = np.random.default_rng(seed).permutation(np.arange(40) % 2)
        decisions = weighed(documents, y, vectors, "concat").decisions
        right.append(np.mean(decisions.argmax(axis=1) == y))
    assert np.mean(right) < 0.65


def test_each_draw_of_the_placebo_is_another_and_repeats_with_its_seed(documents, kinds) -> None:
    draws = [placebo(documents, seed, draw, kinds) for seed in (0, 1) for draw in range(5)]
    assert len({tuple(target) for target in draws}) == 10
    np.testing.assert_array_equal(draws[6], placebo(documents, 1, 1, kinds))
    for target in draws:
        np.testing.assert_array_equal(np.sort(target), np.arange(len(target)))


def test_weighing_leaves_the_documents_as_they_were(documents, words, vectors) -> None:
    before = documents.own.toarray(), documents.counts.toarray()
    weighed(documents, words.codes, vectors, "attention")
    np.testing.assert_array_equal(documents.own.toarray(), before[0])
    np.testing.assert_array_equal(documents.counts.toarray(), before[1])


def test_without_links_nothing_can_be_told(documents, words, vectors) -> None:
    bare = relabelled(documents, np.arange(len(vectors.graph)), vectors.graph)
    bare.own.data[:] = 0
    bare.own.eliminate_zeros()
    found = weighed(bare, words.codes, vectors, "concat")
    assert (found.ship, found.helps, found.difference) == (False, None, None)


def test_without_fusion_nothing_can_be_told(documents, words, vectors) -> None:
    found = weighed(documents, words.codes, vectors, "none")
    assert (found.ship, found.helps, found.over_placebo) == (False, None, None)
    assert found.decisions.shape == (40, 2)
