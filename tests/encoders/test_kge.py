"""Knowledge-graph embeddings: what they can learn, whom they know, and runs that were cut."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from kgml import registry
from kgml.encoders.kge.base import KGEEncoder, hold_out
from kgml.encoders.kge.products import complex_product
from kgml.encoders.kge.training import Training
from kgml.errors import ArtifactError, InputError
from kgml.kg.graph import KnowledgeGraph
from kgml.progress import KGMLWarning

NAMES = [
    name
    for name in registry.names("node_encoder")
    if issubclass(registry.resolve("node_encoder", name), KGEEncoder)
]
QUICK = Training(dimension=32, epochs=12, batch=16, learning_rate=0.05, check_every=4)


def new(name: str, **options: Any) -> KGEEncoder:
    made: KGEEncoder = registry.resolve("node_encoder", name)(**options)
    return made


def circle(size: int = 20) -> tuple[np.ndarray, np.ndarray]:
    """``next``, ``second`` = next of next, ``near`` = next or previous; some triples held out.

    ``second`` is a composition, ``near`` is symmetric. Of both a fifth is held out, so they must
    be concluded; of ``next`` all is known.
    """
    steps = [(i, 0, (i + 1) % size) for i in range(size)]
    steps += [(i, 1, (i + 2) % size) for i in range(size)]
    steps += [(i, 2, (i + 1) % size) for i in range(size)]
    steps += [((i + 1) % size, 2, i) for i in range(size)]
    triples = np.array(steps)
    held = (triples[:, 1] > 0) & (np.arange(len(triples)) % 5 == 0)
    return triples[~held], triples[held]


def test_there_are_four() -> None:
    assert NAMES == ["complex", "distmult", "rotate", "transe"]


@pytest.mark.parametrize(("name", "least"), [("complex", 0.9), ("rotate", 0.9), ("distmult", 0.5)])
def test_compositions_and_symmetries_never_seen_are_concluded(name: str, least: float) -> None:
    train, held = circle()
    training = replace(
        registry.resolve("node_encoder", name).defaults, dimension=64, epochs=150, batch=30,
        learning_rate=0.03, regularization=0.02 if name in ("complex", "distmult") else 0.0,
    )  # fmt: skip
    encoder = new(name, training=training).fit_triples(train, held, entities=20, relations=3)
    ranks = encoder.ranks(held, np.concatenate([train, held]))
    assert (1 / ranks).mean() > least
    assert encoder.valid_mrr_ == pytest.approx((1 / ranks).mean())


def test_a_translation_learns_a_chain_but_cannot_tell_the_two_ends_of_a_symmetry() -> None:
    chain = np.array([(i, 0, i + 1) for i in range(15)] + [(i, 1, i + 2) for i in range(14)])
    training = replace(registry.resolve("node_encoder", "transe").defaults, dimension=32,
                       epochs=150, batch=20, learning_rate=0.03)  # fmt: skip
    encoder = new("transe", training=training).fit_triples(chain, [], entities=16, relations=2)
    assert (encoder.ranks(chain, chain) == 1).mean() > 0.95
    assert encoder.valid_mrr_ is None
    symmetric = encoder._compose(torch.ones(1, 4), torch.zeros(1, 4))
    assert torch.equal(symmetric, torch.ones(1, 4))


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_gives_the_same_bytes_with_two_threads_too(name: str) -> None:
    train, held = circle()
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    state = torch.random.get_rng_state()
    training = replace(QUICK, dropout=0.2, epochs=3)
    try:
        first, again, other = (
            new(name, seed=seed, training=training).fit_triples(
                train, held, entities=20, relations=3
            )
            for seed in (0, 0, 1)
        )
    finally:
        torch.set_num_threads(threads)
    assert first.entity_.tobytes() == again.entity_.tobytes()
    assert first.relation_.tobytes() == again.relation_.tobytes()
    assert not np.allclose(first.entity_, other.entity_)
    assert torch.equal(state, torch.random.get_rng_state())


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_was_cut_goes_on_as_if_it_had_not_been(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, held = circle()
    training = replace(QUICK, dropout=0.2)
    whole = new(name, training=training).fit_triples(train, held, entities=20, relations=3)
    monkeypatch.setattr("kgml.encoders.resume.SAVE_SECONDS", 0.0)

    def interrupted(self: KGEEncoder, *arguments: Any) -> torch.Tensor:
        if len(list(tmp_path.glob("state/*"))) and read_epoch(tmp_path / "state") == 7:
            raise KeyboardInterrupt
        return loss(self, *arguments)

    loss = KGEEncoder._loss
    cut = new(name, training=training, checkpoint=tmp_path / "state")
    monkeypatch.setattr(KGEEncoder, "_loss", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cut.fit_triples(train, held, entities=20, relations=3)
    monkeypatch.setattr(KGEEncoder, "_loss", loss)
    assert read_epoch(tmp_path / "state") == 7
    resumed = new(name, training=training, checkpoint=tmp_path / "state").fit_triples(
        train, held, entities=20, relations=3
    )
    assert resumed.entity_.tobytes() == whole.entity_.tobytes()
    assert resumed.relation_.tobytes() == whole.relation_.tobytes()
    assert resumed.history_ == whole.history_
    assert resumed.valid_mrr_ == whole.valid_mrr_


def read_epoch(folder: Path) -> int:
    epoch: int = json.loads((folder / "state.json").read_text(encoding="utf-8"))["epoch"]
    return epoch


def test_a_finished_checkpoint_gives_its_result_without_another_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, held = circle()
    kwargs: dict[str, Any] = {"training": QUICK, "checkpoint": tmp_path / "state"}
    first = new("complex", **kwargs).fit_triples(train, held, entities=20, relations=3)
    monkeypatch.setattr(KGEEncoder, "_loss", None)
    again = new("complex", **kwargs).fit_triples(train, held, entities=20, relations=3)
    assert again.entity_.tobytes() == first.entity_.tobytes()


@pytest.mark.parametrize("change", ["seed", "option", "triples", "no triples"])
def test_a_checkpoint_of_another_run_is_refused(change: str, tmp_path: Path) -> None:
    train, held = circle()
    state = tmp_path / "state"
    new("complex", training=QUICK, checkpoint=state).fit_triples(
        train, held, entities=20, relations=3
    )
    training = replace(QUICK, dropout=0.1) if change == "option" else QUICK
    other = new("complex", seed=int(change == "seed"), training=training, checkpoint=state)
    less = {"triples": train[1:], "no triples": train[:0]}.get(change, train)
    with pytest.raises(ArtifactError, match="a checkpoint of other triples, options or another"):
        other.fit_triples(
            less, held[:0] if change == "no triples" else held, entities=20, relations=3
        )


def test_a_damaged_checkpoint_is_refused_and_left_alone(tmp_path: Path) -> None:
    train, held = circle()
    state = tmp_path / "state"
    kwargs: dict[str, Any] = {"training": QUICK, "checkpoint": state}
    new("complex", **kwargs).fit_triples(train, held, entities=20, relations=3)
    tensors = state / "state.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-1] + b"\x00")
    with pytest.raises(ArtifactError, match="changed since it was saved"):
        new("complex", **kwargs).fit_triples(train, held, entities=20, relations=3)


def test_triples_that_stand_twice_count_once() -> None:
    train, _ = circle()
    once, twice = (
        new("distmult", training=QUICK).fit_triples(t, [], entities=20, relations=3)
        for t in (train, np.concatenate([train, train[::-1]]))
    )
    assert once.entity_.tobytes() == twice.entity_.tobytes()


def test_the_loss_of_a_question_with_two_answers_is_that_of_two_triples() -> None:
    """Grouping saves products and changes no number."""
    from kgml.encoders.kge.queries import Queries

    encoder = new("complex", training=replace(QUICK, regularization=0.1, epochs=1))
    encoder.fit_triples([(0, 0, 1), (0, 0, 2)], [], entities=4, relations=1)
    training = replace(QUICK, regularization=0.1)

    def loss(triples: list[tuple[int, int, int]]) -> float:
        asked = Queries.of(triples, 1)
        rows = np.flatnonzero(asked.keys[:, 1] == 0)
        return float(encoder._loss(asked, rows, training).detach())

    assert loss([(0, 0, 1), (0, 0, 2)]) == pytest.approx(loss([(0, 0, 1)]) + loss([(0, 0, 2)]))


def test_a_loss_that_is_no_number_is_refused_with_its_epoch() -> None:
    train, _ = circle()
    training = replace(QUICK, learning_rate=1e30)
    with pytest.raises(InputError, match=r"diverged in epoch \d+.*Lower the learning rate"):
        new("complex", training=training).fit_triples(train, [], entities=20, relations=3)


def test_numbers_out_of_range_and_odd_dimensions_are_refused() -> None:
    with pytest.raises(InputError, match=r"triple 1 is \[0, 0, 5\]: wanted entities below 5"):
        new("complex").fit_triples([(0, 0, 1), (0, 0, 5)], [], entities=5, relations=1)
    wrong = {"dimension 7: wanted an even": {"dimension": 7}, "batch 0: wanted 1": {"batch": 0},
             "check_every 0: wanted 1": {"check_every": 0}}  # fmt: skip
    for message, option in wrong.items():
        with pytest.raises(InputError, match=message):
            new("complex", training=replace(QUICK, **option)).fit_triples(
                [(0, 0, 1)], [], entities=2, relations=1
            )


@pytest.mark.parametrize("name", NAMES)
def test_linked_entities_get_unit_rows_and_one_without_links_a_zero_row(
    name: str, clusters: Any, cluster_features: np.ndarray
) -> None:
    encoder = new(name, training=QUICK)
    with pytest.warns(KGMLWarning, match="1 of 61 entities have no triple in training"):
        vectors = encoder.encode(clusters, cluster_features)
    assert vectors.shape == (61, 32)
    assert vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors[:60], axis=1), 1, atol=1e-5)
    assert not vectors[60].any()


@pytest.mark.parametrize("name", NAMES)
def test_an_entity_that_training_never_saw_gets_a_zero_row_and_a_warning(
    name: str, make_graph: Any
) -> None:
    small = make_graph(["a", "b"], [(1, "is_a", 0)])
    large = make_graph(["a", "b", "c"], [(1, "is_a", 0), (2, "is_a", 0)])
    encoder = new(name, training=QUICK).fit(small, np.zeros((2, 0)))
    with pytest.warns(KGMLWarning, match="1 of 3 entities"):
        vectors = encoder.transform(large, np.zeros((3, 0)))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), [1, 1, 0], atol=1e-5)


@pytest.mark.parametrize("terms", [[], ["alone"], ["a", "b", "c"]])
def test_a_graph_without_links_gives_zero_rows_and_says_so(make_graph: Any, terms: Any) -> None:
    graph = make_graph(terms) if terms else KnowledgeGraph.empty()
    with pytest.warns(KGMLWarning, match="no links"):
        vectors = new("complex", training=QUICK).encode(graph, np.zeros((len(terms), 0)))
    assert vectors.shape == (len(terms), 32)
    assert not vectors.any()


def test_what_is_held_out_is_known_from_the_rest() -> None:
    rng = np.random.default_rng(0)
    triples = np.unique(rng.integers(0, [40, 5, 40], size=(600, 3)), axis=0)
    kept, held = hold_out(triples, rng)
    assert len(held) == int(0.05 * len(triples))
    assert len(kept) + len(held) == len(triples)
    assert set(held[:, [0, 2]].flat) <= set(kept[:, [0, 2]].flat)
    assert set(held[:, 1]) <= set(kept[:, 1])


def test_a_star_has_nothing_to_hold_out() -> None:
    star = np.array([(0, 0, i) for i in range(1, 301)])
    kept, held = hold_out(star, np.random.default_rng(0))
    assert (len(kept), len(held)) == (300, 0)


def test_complex_numbers_by_hand() -> None:
    # (1 + 2i)(3 + 4i) = 3 + 4i + 6i - 8 = -5 + 10i
    product = complex_product(torch.tensor([[1.0, 2.0]]), torch.tensor([[3.0, 4.0]]))
    assert product.tolist() == [[-5.0, 10.0]]
    encoder = new("complex")
    # Re((-5 + 10i) * conj(1 + 1i)) = -5 + 10
    assert encoder._score(product, torch.tensor([[1.0, 1.0]])).tolist() == [[5.0]]


def test_a_quarter_turn_by_hand() -> None:
    # (1 + 0i) turned by 90 degrees is (0 + 1i); its distance to (3 + 5i) is that of (3, 4).
    encoder = new("rotate")
    turned = encoder._compose(torch.tensor([[1.0, 0.0]]), torch.tensor([[np.pi / 2]]))
    assert turned.tolist() == [[pytest.approx(0, abs=1e-6), 1.0]]
    assert encoder._score(turned, torch.tensor([[3.0, 5.0]])).item() == pytest.approx(-5)
