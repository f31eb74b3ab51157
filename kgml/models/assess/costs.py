"""Minutes and memory here of a light, a fine-tuned and a from-scratch run, from a few real steps."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from kgml.config import TransformerConfig
from kgml.encoders.device import choose_device
from kgml.encoders.text import TextEncoder
from kgml.lm.network import make_network
from kgml.lm.sizes import Shape, count_parameters, flops_per_token
from kgml.models.assess.measured import Curve, Material
from kgml.models.evidence import dealings
from kgml.models.finetuned.task import held_out
from kgml.models.train import PLACEBOS

SAMPLE, STEPS = 48, 3
"""Texts encoded, and steps computed after one to warm up."""
ADAM_BYTES = 16
"""Of a parameter in training: weight, gradient and two moments in float32."""
TRIAL = Shape(4, 128, 4, 2_048, 256)
"""The language model whose step is timed: micro."""


def light_cost(given: Material, curve: Curve, encoding: float) -> dict[str, Any]:
    """Of ``kgml train`` with a light head.

    Args:
        encoding: seconds of encoding one training text, none being in the cache.
    """
    linked = given.documents.own.nnz > 0
    stacks = 3 if linked else 1
    n = len(given.codes)
    fits = given.model.folds * stacks * dealings(n) + 1 + (3 + PLACEBOS if linked else 2)
    one = curve.seconds * max(n / curve.labels[-1], 1.0)
    cores = max(torch.get_num_threads(), 1)
    seconds = encoding * n * 4 / 3 + fits * one / cores  # a quarter of the rows is held out
    return {"minutes": round(seconds / 60, 3), "fits": fits, "memory_mib": peak_mib()}


def encoding_seconds(encoder: TextEncoder, texts: list[str], seed: int) -> float:
    """Of one text of like length, none being in the cache."""
    rows = np.random.default_rng(seed).permutation(len(texts))[:SAMPLE]
    fresh = TextEncoder(
        encoder.model, cache=False, precision=encoder.precision, long_texts=encoder.long_texts,
        device=encoder.device,
    )  # fmt: skip
    fresh.encode([texts[rows[0]]] * 2)  # loads the model
    clock = time.perf_counter()
    fresh.encode([texts[i] for i in rows.tolist()])
    return (time.perf_counter() - clock) / len(rows)


def fine_tuning_cost(
    given: Material, encoder: TextEncoder, options: TransformerConfig, *, trainings: int = 1
) -> dict[str, Any]:
    """Of ``kgml train --head transformer``.

    Args:
        trainings: two where knowledge may enter, with it and without it.
    """
    model = encoder.load()
    texts, size = given.documents.texts, options.batch_size
    rng = np.random.default_rng(given.seed)
    device = choose_device(encoder.device)
    model.to(device).train()

    def step() -> None:
        batch = [texts[i] for i in rng.integers(len(texts), size=size).tolist()]
        read = {k: v.to(device) for k, v in model.preprocess(batch).items() if hasattr(v, "to")}
        model(read)["sentence_embedding"].square().sum().backward()
        model.zero_grad(set_to_none=True)

    seconds = _seconds(step)
    inside, outside = held_out(given.codes, options.evaluation, given.seed, given.documents.near)
    steps = options.planned(max(1, -(-len(inside) // (size * options.accumulation))))
    epochs = max(1.0, steps * size / len(inside))
    checks = epochs * options.checks * len(outside) / size / 3  # forth alone is a third
    trained = sum(p.numel() for p in model.parameters())
    total = trainings * seconds * (steps * options.accumulation + checks)
    return {
        "minutes": round(total / 60, 3), "steps": steps, "trainings": trainings, "seconds_a_step": round(seconds, 4),
        "parameters": trained, "memory_mib": peak_mib(),
    }  # fmt: skip


def scratch_speed(device: str = "auto") -> dict[str, Any]:
    """Operations a second that a training step of a small language model reaches here."""
    where = choose_device(device)
    model: Any = make_network(TRIAL, "llama", None, 0).to(where)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        tokens = torch.randint(TRIAL.vocabulary, (8, TRIAL.context)).to(where)

    def step() -> None:
        model(input_ids=tokens, labels=tokens).loss.backward()
        model.zero_grad(set_to_none=True)

    seconds = _seconds(step)
    reached = flops_per_token(TRIAL, "llama") * tokens.numel() / seconds
    return {
        "flops_a_second": float(f"{reached:.4g}"), "tokens_a_second": round(tokens.numel() / seconds),
        "parameters": count_parameters(TRIAL, "llama"), "device": str(where),
    }  # fmt: skip


def _seconds(step: Callable[[], None]) -> float:
    """The mean of `STEPS`, after one that warms up."""
    step()
    clock = time.perf_counter()
    for _ in range(STEPS):
        step()
    return (time.perf_counter() - clock) / STEPS


def peak_mib() -> int | None:
    """The most memory that this process has held; None where the system does not say."""
    if sys.platform == "win32":
        return None
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (2**20 if sys.platform == "darwin" else 2**10))
