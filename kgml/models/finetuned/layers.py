"""Which parameters of a text encoder are trained: all layers, the top ones, or low-rank changes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from torch import nn

from kgml.config import TransformerConfig
from kgml.encoders.tuning.lower import blocks_of
from kgml.errors import MissingExtraError, UsageError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def choose_layers(model: SentenceTransformer, options: TransformerConfig) -> None:
    """Let only what ``options.layers`` names require a gradient.

    The table of words never does: it is half of MiniLM's parameters, and words that training does not
    use keep their meaning.

    Raises:
        UsageError: more layers than there are.
        ArtifactError: an encoder without any.
        MissingExtraError: lora, and peft is not installed.
    """
    kind, _, number = options.layers.partition(":")
    model.requires_grad_(False)
    if kind == "lora":
        add_lora(model, options)
    elif kind == "top":
        layers = blocks_of(model)
        if int(number) > len(layers):
            raise UsageError(
                f"layers {options.layers}: the text encoder has {len(layers)} layers. "
                f"Choose top:{len(layers)} or fewer, or all."
            )
        for layer in layers[-int(number) :]:
            layer.requires_grad_(True)
    else:
        model.requires_grad_(True)
        for table in tables_of(model):
            table.requires_grad_(False)


def tables_of(model: SentenceTransformer) -> list[nn.Embedding]:
    """Tables of words, places and kinds."""
    return [one for one in model.modules() if isinstance(one, nn.Embedding)]


def add_lora(model: SentenceTransformer, options: TransformerConfig) -> None:
    """Put low-rank changes beside all linear maps of the transformer; they begin as nothing."""
    peft = _peft()
    config = peft.LoraConfig(
        r=options.lora_rank, lora_alpha=options.lora_alpha, lora_dropout=options.dropout,
        target_modules="all-linear", bias="none",
    )  # fmt: skip
    first: Any = model[0]
    with warnings.catch_warnings(
        action="ignore", category=FutureWarning
    ):  # what peft still asks for
        first.model = peft.get_peft_model(first.model, config)


def merge_lora(model: SentenceTransformer) -> None:
    """Add the changes to the weights; nothing happens where there are none."""
    first: Any = model[0]
    if hasattr(first.model, "merge_and_unload"):
        first.model = first.model.merge_and_unload()


def check_layers(layers: str) -> None:
    """Raise `MissingExtraError` now where lora could not be used later."""
    if layers == "lora":
        _peft()


def _peft() -> Any:
    try:
        import peft
    except ImportError:
        raise MissingExtraError("lora", "layers lora") from None
    return peft
