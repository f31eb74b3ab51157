"""What a transformer head cannot be trained with, refused before anything is computed."""

from __future__ import annotations

import numpy as np

from kgml.config import TransformerConfig
from kgml.encoders.text import TextEncoder
from kgml.errors import CorpusError, UsageError
from kgml.models.finetuned.layers import check_layers
from kgml.models.targets.base import Codes, Target

NAME = "transformer"
LEAST_ROWS = 6


def check_options(options: TransformerConfig, encoder: TextEncoder, tune: bool) -> None:
    """Refuse options that do not go together.

    Raises:
        UsageError: an encoder without layers in float32, texts in pieces, an encoder that is tuned
            already, or a name that is not known.
        MissingExtraError: lora without its extra.
    """
    options.check()
    if tune:
        raise UsageError(
            f"--head {NAME} and --tune-encoder exclude each other: both train the text encoder. "
            "Leave one of them out."
        )
    if encoder.precision == "int8":
        raise UsageError(
            f"--head {NAME} and precision int8 exclude each other: layers are trained in float32. "
            "Choose fp32 or bf16."
        )
    if encoder.long_texts == "chunks":
        raise UsageError(
            f"--head {NAME} and long_texts chunks exclude each other: it is trained on texts as long "
            "as the text encoder reads. Choose cut."
        )
    if encoder.is_static:
        raise UsageError(
            f"--head {NAME} and encoder {encoder.model} exclude each other: a table of word vectors "
            "has no layers to train. Choose a transformer."
        )
    check_layers(options.layers)


def check_rows(target: Target, codes: Codes) -> None:
    """Refuse too few rows to hold some of them out.

    Raises:
        CorpusError: fewer than `LEAST_ROWS`, or a class with one row.
    """
    if len(codes) < LEAST_ROWS:
        raise CorpusError(
            f"{len(codes)} training rows; --head {NAME} holds some of them out, and wants at least "
            f"{LEAST_ROWS}. Add rows, or choose another --head."
        )
    if target.name != "single":
        return
    alone = target.classes_[np.bincount(codes, minlength=len(target.classes_)) < 2]
    if len(alone):
        more = f" and {len(alone) - 1} more classes" if alone[1:].size else ""
        raise CorpusError(
            f"'{alone[0]}'{more} {'have' if more else 'has'} one training row; --head {NAME} wants two "
            "or more of each class. Add rows, or choose another --head."
        )
