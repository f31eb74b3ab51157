"""How well a language model foretells texts: perplexity and bits per byte."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from kgml.config import PretrainConfig
from kgml.data.stream import Source, documents
from kgml.errors import CorpusError
from kgml.lm.loss import IGNORED
from kgml.lm.packed import Packed, write_tokens
from kgml.lm.store import LanguageModel
from kgml.lm.task import Masked
from kgml.progress import track

BATCH = 8
"""Windows read at once."""


def evaluate(model: LanguageModel, source: Source) -> dict[str, Any]:
    """Score ``model`` on documents.

    Causal: ``perplexity`` of a token, ``bits_per_byte`` and ``byte_perplexity``, which other models
    and tokenizers can be compared by. Each token is foretold from at least half a context, where so much is before
    it; the ends of documents are foretold too, and are counted as no byte. Masked: perplexity and
    accuracy of 15 of 100 tokens that are hidden, always the same.

    Raises:
        CorpusError: what `documents` refuses, or no text.
    """
    return score(model, documents(source))


def score(model: LanguageModel, texts: Iterable[str]) -> dict[str, Any]:
    """The same of texts."""
    size = count = 0

    def counted() -> Iterable[str]:
        nonlocal size, count
        for text in texts:
            size, count = size + len(text.encode("utf-8", "replace")), count + 1
            yield text

    with TemporaryDirectory() as box:
        path = Path(box) / "tokens"
        tokens = write_tokens(path, counted(), model.tokenizer)
        if not count:
            raise CorpusError("no text to score: all of it is blank. Check the file.")
        found = {
            "documents": count,
            "bytes": size,
            "tokens": tokens - 1,
            "objective": model.objective,
        }
        if model.objective == "causal":
            nats = _causal(model, path)
            return found | {
                "nats": nats, "perplexity": math.exp(nats / (tokens - 1)),
                "bits_per_byte": nats / math.log(2) / size, "byte_perplexity": math.exp(nats / size),
            }  # fmt: skip
        return found | _masked(model, path)


def _causal(model: LanguageModel, path: Path) -> float:
    """Nats of all tokens of ``path`` but the first."""
    stream = Packed(path, len(model.tokenizer), 1, 1).tokens
    context, lost = model.context, 0.0
    step = max(1, context // 2)
    starts = [0, *range(step, max(1, len(stream) - 1 - step), step)]
    device = next(model.network.parameters()).device
    groups = [starts[i : i + BATCH] for i in range(0, len(starts), BATCH)]
    with torch.no_grad():
        for some in track(groups, "Scoring", total=len(groups)):
            tokens, wanted = _overlapping(stream, some, context, step)
            logits = model.network(input_ids=torch.from_numpy(tokens).to(device)).logits
            lost += float(cross_entropy(
                logits.flatten(0, 1).float(), torch.from_numpy(wanted).to(device).flatten(),
                ignore_index=IGNORED, reduction="sum",
            ))  # fmt: skip
    return lost


def _overlapping(
    stream: np.memmap[Any, Any], starts: Sequence[int], context: int, step: int
) -> tuple[Any, Any]:
    """Windows at ``starts``, each wanting only what the one before did not have."""
    tokens = np.zeros((len(starts), context), dtype=np.int64)
    wanted = np.full((len(starts), context), IGNORED, dtype=np.int64)
    for row, start in enumerate(starts):
        read = stream[start : start + context + 1].astype(np.int64)
        tokens[row, : len(read) - 1] = read[:-1]
        seen = context - step if start else 0
        wanted[row, seen : len(read) - 1] = read[1 + seen :]
    return tokens, wanted


def _masked(model: LanguageModel, path: Path) -> dict[str, Any]:
    size = min(model.context - 2, len(Packed(path, len(model.tokenizer), 1, 1)))
    rows = Packed(path, len(model.tokenizer), size, size)
    task = Masked(
        model.network, None, rows, rows_a_step=1, rows_a_part=BATCH, rate=0.0, seed=0,
        tokenizer=model.tokenizer, masking=PretrainConfig.masking,
        vocabulary=len(model.tokenizer),
    )  # fmt: skip
    right = hidden = 0
    lost = 0.0
    with torch.no_grad():
        for start in range(0, len(rows), BATCH):
            some = range(start, min(start + BATCH, len(rows)))
            part = task.made(np.stack([rows.window(i) for i in some]), -1 - start)
            wanted = torch.from_numpy(part.wanted).to(next(model.network.parameters()).device)
            logits = model.network(input_ids=torch.from_numpy(part.tokens).to(wanted.device)).logits
            at = wanted != IGNORED
            lost += float(cross_entropy(logits[at].float(), wanted[at], reduction="sum"))
            right += int((logits[at].argmax(-1) == wanted[at]).sum())
            hidden += int(at.sum())
    return {"hidden": hidden, "perplexity": math.exp(lost / hidden), "accuracy": right / hidden}
