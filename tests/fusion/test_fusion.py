"""What every fusion owes, run over the registry, and each one's own numbers worked out by hand."""

from __future__ import annotations

import math

import pytest
import safetensors.torch
import torch
from torch import Tensor

from kgml.fusion.base import EntityBag, Fused, Fusion
from kgml.registry import names, resolve

D_TEXT, D_NODE = 6, 4
LENGTHS = (3, 1, 0, 5)
"""Concepts per document; the third document has none."""
PARTS = ("vector", "concept_weights", "gate")
fusions = pytest.mark.parametrize("name", names("fusion"))
stirred = pytest.mark.parametrize("stir", [False, True], ids=["as made", "parameters drawn"])


def make(name: str, stir: bool = True, d_node: int = D_NODE) -> Fusion:
    """A fusion whose parameters are not at their neutral start, unless ``stir`` is False, and that
    has then met seven rows of three classes."""
    fusion: Fusion = resolve("fusion", name)(D_TEXT, d_node)
    generator = torch.Generator().manual_seed(5)
    for parameter in fusion.parameters() if stir else ():
        parameter.data += torch.randn(parameter.shape, generator=generator)
    if stir:
        fusion.meet(unit(7, D_TEXT, seed=6), torch.eye(3)[torch.arange(7) % 3])
        fusion.parted()
    return fusion


def unit(*shape: int, seed: int) -> Tensor:
    rows = torch.randn(*shape, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(rows, dim=-1)


def documents(
    lengths: tuple[int, ...] = LENGTHS, m: int = 5, d_node: int = D_NODE
) -> tuple[Tensor, EntityBag]:
    """Random documents; every second concept of one is a mere ancestor (own = 0)."""
    n = len(lengths)
    mask = torch.arange(m)[None, :] < torch.tensor(lengths)[:, None]
    drawn = torch.randint(1, 4, (n, m), generator=torch.Generator().manual_seed(3)).float()
    own = drawn * mask * (torch.arange(m) % 2 == 0)
    bag = EntityBag(
        ids=torch.arange(n * m).reshape(n, m) * mask,
        keys=unit(n, m, D_TEXT, seed=1) * mask[:, :, None],
        values=unit(n, m, d_node, seed=2) * (own > 0)[:, :, None],
        counts=drawn * mask, own=own, mask=mask, named=unit(n, D_TEXT, seed=7),
    )  # fmt: skip
    return unit(n, D_TEXT, seed=4), bag


def rows(bag: EntityBag, first: int, last: int) -> EntityBag:
    return EntityBag(**{name: value[first:last] for name, value in vars(bag).items()})


def padded(bag: EntityBag, extra: int) -> EntityBag:
    """``extra`` more places, filled with vectors that must not be looked at."""
    n = len(bag.mask)
    more = {
        "ids": torch.full((n, extra), 7), "keys": unit(n, extra, bag.keys.shape[2], seed=8),
        "values": unit(n, extra, bag.values.shape[2], seed=9), "counts": torch.zeros(n, extra),
        "own": torch.zeros(n, extra), "mask": torch.zeros(n, extra, dtype=torch.bool),
    }  # fmt: skip
    wide = {k: torch.cat([vars(bag)[k], part], dim=1) for k, part in more.items()}
    return EntityBag(**wide, named=bag.named)


def assert_text_alone(fused: Fused, text: Tensor) -> None:
    """The text to the last bit, followed by zeros; gate 0."""
    assert torch.equal(fused.vector[:, :D_TEXT], text)
    assert not fused.vector[:, D_TEXT:].any()
    assert not fused.gate.any()


@fusions
@stirred
def test_shapes_are_those_of_the_contract(name: str, stir: bool) -> None:
    fusion, (text, bag) = make(name, stir), documents()
    fused = fusion(text, bag)
    assert fused.vector.shape == (4, fusion.d_out)
    assert fusion.d_out in (D_TEXT, D_TEXT + D_NODE)
    assert fused.concept_weights.shape == (4, 5)
    assert fused.gate.shape == (4,)
    assert {part.dtype for part in fused} == {torch.float32}


@fusions
@stirred
def test_a_batch_gives_what_each_document_gives_alone(name: str, stir: bool) -> None:
    fusion, (text, bag) = make(name, stir), documents()
    together = fusion(text, bag)
    for i in range(4):
        alone = fusion(text[i : i + 1], rows(bag, i, i + 1))
        for part in PARTS:
            torch.testing.assert_close(getattr(alone, part)[0], getattr(together, part)[i])


@fusions
@stirred
def test_more_padding_changes_nothing(name: str, stir: bool) -> None:
    fusion, (text, bag) = make(name, stir), documents()
    plain, wide = fusion(text, bag), fusion(text, padded(bag, 3))
    torch.testing.assert_close(wide.vector, plain.vector)
    torch.testing.assert_close(wide.gate, plain.gate)
    torch.testing.assert_close(wide.concept_weights[:, :5], plain.concept_weights)
    assert not wide.concept_weights[:, 5:].any()


@fusions
@stirred
def test_concept_weights_are_zero_where_padded_and_not_negative(name: str, stir: bool) -> None:
    fusion, (text, bag) = make(name, stir), documents()
    weights = fusion(text, bag).concept_weights
    assert not weights[~bag.mask].any()
    assert (weights >= 0).all()


@fusions
@stirred
def test_a_document_without_links_is_its_text_alone(name: str, stir: bool) -> None:
    fusion, (text, bag) = make(name, stir), documents()
    fused = fusion(text, bag)
    alone = Fused(fused.vector[2:3], fused.concept_weights[2:3], fused.gate[2:3])
    assert_text_alone(alone, text[2:3])


@fusions
@stirred
def test_at_strength_0_every_document_is_its_text_alone(name: str, stir: bool) -> None:
    fusion, (text, bag) = make(name, stir), documents()
    fusion.strength.fill_(0)
    assert_text_alone(fusion(text, bag), text)


@fusions
@stirred
@pytest.mark.parametrize(("lengths", "m"), [(LENGTHS, 5), ((0, 0), 5), ((0, 0), 0), ((1,), 1)])
def test_gradients_are_finite(name: str, stir: bool, lengths: tuple[int, ...], m: int) -> None:
    """Also for a row without concepts, and for a bag in which nobody has any (m = 0)."""
    fusion, (text, bag) = make(name, stir), documents(lengths, m)
    fused = fusion(text.requires_grad_(), bag)
    loss = fused.vector.square().sum() + fused.concept_weights.square().sum() + fused.gate.sum()
    (loss + fusion.penalty()).backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(text.grad).all()
    for parameter in fusion.parameters():
        assert parameter.grad is None or torch.isfinite(parameter.grad).all()


@fusions
@pytest.mark.parametrize("scale", [1.0, 20.0, 300.0])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_gate_stays_within_0_and_1(name: str, scale: float, sign: float) -> None:
    """Also where an optimiser's line search throws the parameters far out."""
    fusion, (text, bag) = make(name), documents()
    for parameter in fusion.parameters():
        parameter.data = sign * scale * (1 + parameter.data.abs())
    gate = fusion(text, bag).gate
    assert ((gate >= 0) & (gate <= 1)).all()


@fusions
def test_strength_scales_the_gate(name: str) -> None:
    fusion, (text, bag) = make(name), documents()
    whole = fusion(text, bag).gate
    fusion.strength.fill_(0.25)
    torch.testing.assert_close(fusion(text, bag).gate, whole / 4)


@fusions
def test_a_saved_state_gives_the_same_bits(name: str) -> None:
    fusion, (text, bag) = make(name), documents()
    fusion.strength.fill_(0.5)
    stored = safetensors.torch.save({k: v.contiguous() for k, v in fusion.state_dict().items()})
    again: Fusion = resolve("fusion", name)(D_TEXT, D_NODE)
    again.load_state_dict(safetensors.torch.load(stored))
    for part, other in zip(again(text, bag), fusion(text, bag), strict=True):
        assert torch.equal(part, other)


@fusions
def test_the_penalty_is_least_where_the_parameters_start(name: str) -> None:
    assert make(name, stir=False).penalty() == 0
    assert make(name).penalty() > 0


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (part, name)
        for part, needs in (("keys", "needs_keys"), ("values", "needs_values"),
                            ("named", "needs_names"))
        for name in names("fusion") if not getattr(resolve("fusion", name), needs)
    ],
)  # fmt: skip
def test_what_is_not_needed_may_be_left_out(part: str, name: str) -> None:
    fusion, (text, bag) = make(name), documents()
    bare = EntityBag(**{**vars(bag), part: vars(bag)[part][..., :0]})
    known = slice(0, fusion(text, bare).vector.shape[1])
    torch.testing.assert_close(fusion(text, bare).vector, fusion(text, bag).vector[:, known])


def one_document(keys: list[list[float]], own: list[float]) -> tuple[Tensor, EntityBag]:
    """Text (1, 0); concepts with these keys; the values are (1, 0), (0, 1) in turn."""
    m = len(keys)
    values = torch.eye(2)[torch.arange(m) % 2]
    bag = EntityBag(
        torch.arange(m)[None], torch.tensor([keys]), values[None], torch.ones(1, m),
        torch.tensor([own]), torch.ones(1, m, dtype=torch.bool), torch.tensor([[0.0, 1.0]]),
    )  # fmt: skip
    return torch.tensor([[1.0, 0.0]]), bag


def set_to(fusion: Fusion, **parameters: float) -> Fusion:
    for name, value in parameters.items():
        getattr(fusion, name).data.fill_(value)
    return fusion


def test_concat_sets_the_mean_of_linked_values_beside_the_text() -> None:
    """Values (1, 0) and (0, 1) mentioned 3 and 4 times: mean direction (.6, .8).

    Gate sigmoid(0) = .5, dense weight exp(0) = 1: the knowledge half is (.3, .4).
    """
    text, bag = one_document([[0.0, 1.0], [0.0, 1.0]], own=[3.0, 4.0])
    fusion = set_to(resolve("fusion", "concat")(2, 2), level=0, dense=0)
    fused = fusion(text, bag)
    torch.testing.assert_close(fused.vector, torch.tensor([[1.0, 0.0, 0.3, 0.4]]))
    torch.testing.assert_close(fused.gate, torch.tensor([0.5]))
    torch.testing.assert_close(fused.concept_weights, torch.ones(1, 2))


def test_weighted_moves_the_text_towards_its_knowledge_by_half_the_gate() -> None:
    """Gate .5, so a quarter: .75 (1, 0) + .25 (.6, .8) = (.9, .2)."""
    text, bag = one_document([[0.0, 1.0], [0.0, 1.0]], own=[3.0, 4.0])
    fused = set_to(resolve("fusion", "weighted")(2, 2), level=0)(text, bag)
    torch.testing.assert_close(fused.vector, torch.tensor([[0.9, 0.2]]))


def test_weighted_keeps_lengths_where_the_widths_differ() -> None:
    narrow = resolve("fusion", "weighted")(D_TEXT, 3).projection
    torch.testing.assert_close(narrow @ narrow.T, torch.eye(3))


def test_attention_weighs_by_the_exponential_of_the_cosine() -> None:
    """Cosines 1 and 0, sharpness ln 3: exp 3 and 1, so shares 3/4 and 1/4, weights 1.5 and .5.

    With the slot at 0 (exp 1) the document takes 4/5 of the level .5, gate .4. Pooled is
    (3, 1) / sqrt(10).
    """
    text, bag = one_document([[1.0, 0.0], [0.0, 1.0]], own=[1.0, 1.0])
    fusion = resolve("fusion", "attention")(2, 2)
    set_to(fusion, sharpness=math.log(3), none=0, level=0, dense=0)
    fused = fusion(text, bag)
    torch.testing.assert_close(fused.concept_weights, torch.tensor([[1.5, 0.5]]))
    torch.testing.assert_close(fused.gate, torch.tensor([0.4]))
    known = torch.tensor([[1, 0, 0.4 * 3 / math.sqrt(10), 0.4 / math.sqrt(10)]])
    torch.testing.assert_close(fused.vector, known)


@pytest.mark.parametrize("name", ["attention", "class-attention"])
def test_attention_without_sharpness_and_slot_is_concat(name: str) -> None:
    text, bag = documents()
    concat, attention = make("concat"), make(name)
    set_to(attention, sharpness=0, none=-1e4, level=concat.level.item(), dense=concat.dense.item())
    fused = attention(text, bag)
    torch.testing.assert_close(fused.concept_weights, bag.mask.float())
    for part in PARTS:
        torch.testing.assert_close(getattr(fused, part), getattr(concat(text, bag), part))


def test_a_mere_ancestor_is_weighed_but_opens_no_gate() -> None:
    """The second concept is an ancestor: no share of the slot's softmax and no part in the mean.

    Scores 0 and slot 0: the document takes exp(0) / (exp(0) + exp(0)) = 1/2 of the level .5.
    """
    text, bag = one_document([[1.0, 0.0], [0.0, 1.0]], own=[1.0, 0.0])
    fusion = set_to(resolve("fusion", "attention")(2, 2), sharpness=0, none=0, level=0, dense=0)
    fused = fusion(text, bag)
    torch.testing.assert_close(fused.concept_weights, torch.ones(1, 2))
    torch.testing.assert_close(fused.vector, torch.tensor([[1.0, 0.0, 0.25, 0.0]]))


def met(text: list[list[float]], y: list[list[float]], parted: bool = True) -> Fusion:
    """Class attention with sharpness ln 3, the slot at 0 and level 0, that knows these rows."""
    fusion: Fusion = resolve("fusion", "class-attention")(2, 2)
    set_to(fusion, sharpness=math.log(3), none=0, level=0, dense=0)
    fusion.meet(torch.tensor(text), torch.tensor(y))
    if parted:
        fusion.parted()
    return fusion


def test_class_attention_weighs_by_the_best_cosine_of_a_class() -> None:
    """Two rows a class, at (1, 0) and at (0, 1): queries along (1, -1) and (-1, 1).

    The text is (1, 0), as in the test of attention, and has no say. Keys (.6, -.8) and (.6, .8) have
    best cosines 1.4 / sqrt(2) and .2 / sqrt(2), so that exp is 3 ** these; mean weight 1.
    """
    fusion = met(
        [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]], [[1.0, 0.0]] * 2 + [[0.0, 1.0]] * 2
    )
    text, bag = one_document([[0.6, -0.8], [0.6, 0.8]], own=[1.0, 1.0])
    raised = 3 ** (torch.tensor([1.4, 0.2]) / math.sqrt(2))
    expected = 2 * raised / raised.sum()
    for asked in (text, -text):
        torch.testing.assert_close(fusion(asked, bag).concept_weights[0], expected)
    taken = 0.5 * raised.sum() / (raised.sum() + 1)  # the slot: exp(0)
    torch.testing.assert_close(fusion(text, bag).gate[0], taken)


def test_class_attention_asks_a_training_row_as_if_it_were_not_there() -> None:
    """What each row is weighed by while parameters are learned: that of the other rows alone."""
    text, bag = documents((5, 5, 5, 5))
    text, y = unit(4, D_TEXT, seed=11), torch.eye(2)[torch.tensor([0, 1, 0, 1])]
    fusion = make("class-attention")
    fusion.meet(text, y)
    together = fusion(text, bag).concept_weights
    for i in range(4):
        others = [k for k in range(4) if k != i]
        fusion.meet(text[others], y[others])
        fusion.parted()
        alone = fusion(text[i : i + 1], rows(bag, i, i + 1)).concept_weights[0]
        torch.testing.assert_close(alone, together[i], atol=1e-5, rtol=1e-4)


def test_class_attention_of_numbers_looks_both_ways() -> None:
    """Texts at (1, 0) and (0, 1) have numbers 1 and 0: keys along and against count alike."""
    fusion = met([[1.0, 0.0], [0.0, 1.0]], [[1.0], [0.0]])
    text, bag = one_document([[0.6, -0.8], [-0.6, 0.8]], own=[1.0, 1.0])
    torch.testing.assert_close(fusion(text, bag).concept_weights, torch.ones(1, 2))


def test_text_serialised_moves_from_the_text_to_the_text_with_names() -> None:
    """Gate .5: half way from (1, 0) to (0, 1); no concept counts as such."""
    text, bag = one_document([[0.0, 1.0], [0.0, 1.0]], own=[3.0, 4.0])
    fused = set_to(resolve("fusion", "text-serialised")(2, 2), level=0)(text, bag)
    torch.testing.assert_close(fused.vector, torch.tensor([[0.5, 0.5]]))
    assert not fused.concept_weights.any()


@pytest.mark.parametrize(
    ("place", "logit"),
    [(0, math.log(3)), (1, 1.0), (2, 0.5), (3, 1.0), (4, 0.0), (5, math.sqrt(0.5))],
    ids=["log count", "best cosine", "mean cosine", "text 0", "text 1", "pooled 0"],
)
def test_the_gate_of_gated_is_a_sigmoid_of_the_evidence(place: int, logit: float) -> None:
    """Two linked concepts with cosines 1 and 0; one weight of w is 1, the others 0; level 0."""
    text, bag = one_document([[1.0, 0.0], [0.0, 1.0]], own=[1.0, 1.0])
    fusion = set_to(resolve("fusion", "gated")(2, 2), level=0)
    fusion.weight.data[place] = 1
    known = torch.tensor([1 / (1 + math.exp(-logit))])
    torch.testing.assert_close(fusion(text, bag).gate, known)


def test_gated_without_weights_is_concat() -> None:
    text, bag = documents()
    concat, gated = make("concat"), make("gated", stir=False)
    set_to(gated, level=concat.level.item(), dense=concat.dense.item())
    for part in PARTS:
        torch.testing.assert_close(
            getattr(gated(text, bag), part), getattr(concat(text, bag), part)
        )
