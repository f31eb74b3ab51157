"""How large a language model some text can carry, and what training it takes.

Compute is spent best on 20 tokens a parameter (Hoffmann et al. 2022). Text that is read again counts
less each time: R repeats of U tokens are worth U + U r (1 - exp(-R / r)) with r = 15.4 (Muennighoff et
al. 2023, equation 5); up to four readings lose little.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from kgml.errors import CorpusError
from kgml.lm.sizes import SIZES, count_parameters, flops_per_token, nearest
from kgml.lm.speed import GPUS
from kgml.lm.tokenizer import Tokenizer

PER_PARAMETER = 20
HALF_LIFE = 15.387756
"""r of the data term."""
READINGS = 4
SMALLEST = 10_000
"""Parameters of the smallest network that has a shape here."""
SAMPLE = 2_000
"""Documents that a tokenizer is learned from."""
VOCABULARY = 4_096
GPU, MFU, COUNTS = "H100", 0.4, (1, 8, 64)
"""A share of the data sheet's operations that well-tuned training reaches."""
USEFUL = 100_000_000
"""Parameters of the smallest pretrained models that people fine-tune (BERT base)."""


def effective(unique: float, readings: float) -> float:
    """Tokens of new text that ``readings`` of ``unique`` tokens are worth.

    >>> effective(100, 1), round(effective(100, 4)), round(effective(100, 1000))
    (100.0, 373, 1639)
    """
    return unique * (1 + HALF_LIFE * (1 - math.exp(-(readings - 1) / HALF_LIFE)))


def count_text(texts: Iterable[str]) -> dict[str, Any]:
    """Documents, bytes and tokens; a text that stood before counts nothing.

    Raises:
        CorpusError: no text.
    """
    seen: set[int] = set()
    first: list[str] = []
    size = 0
    for text in texts:
        key = hash(text)
        if key in seen or not text.strip():
            continue
        seen.add(key)
        size += len(text.encode("utf-8", "replace"))
        if len(first) < SAMPLE:
            first.append(text)
    if not size:
        raise CorpusError("no text to count tokens in. Check --corpus and --text-column.")
    tokenizer = Tokenizer.learn(first, VOCABULARY, "causal")
    tokens = sum(len(of.ids) for of in tokenizer.model.encode_batch(first))
    per_token = sum(len(text.encode("utf-8", "replace")) for text in first) / max(tokens, 1)
    return {
        "documents": len(seen), "bytes": size, "tokens": round(size / per_token),
        "bytes_a_token": round(per_token, 3),
    }  # fmt: skip


def plan(
    counted: dict[str, Any], flops_a_second: float, sizes: Sequence[str] = tuple(SIZES)
) -> dict[str, Any]:
    """Tokens at hand against tokens needed, the largest sensible model and what it takes."""
    unique = int(counted["tokens"])
    worth = effective(unique, READINGS)
    parameters = int(worth / PER_PARAMETER)
    named = [
        {"size": name, "parameters": (count := count_parameters(SIZES[name], "llama")),
         "tokens_needed": PER_PARAMETER * count,
         "share": float(f"{worth / (PER_PARAMETER * count):.4g}")}
        for name in sizes
    ]  # fmt: skip
    found: dict[str, Any] = {
        **counted, "readings": READINGS, "worth": round(worth), "sizes": named,
        "largest": None, "needed_for_use": PER_PARAMETER * USEFUL,
    }  # fmt: skip
    if parameters >= SMALLEST:
        shape = nearest(parameters, "llama")
        count, per_token = count_parameters(shape, "llama"), flops_per_token(shape, "llama")
        flops = per_token * unique * READINGS
        found["largest"] = {
            "parameters": count, "depth": shape.depth, "width": shape.width,
            "tokens_trained": unique * READINGS, "flops": float(f"{flops:.4g}"),
            "minutes_here": round(flops / flops_a_second / 60, 2),
            "memory_mib": round(16 * count / 2**20),
            "minutes_on": {f"{n} x {GPU}": float(f"{flops / (n * MFU * GPUS[GPU]) / 60:.4g}") for n in COUNTS},
            "mfu": MFU,
        }  # fmt: skip
    return found
