"""A causal model goes on with a text, a token at a time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from kgml.errors import UsageError
from kgml.lm.store import LanguageModel
from kgml.lm.tokenizer import END


def generate(
    model: LanguageModel, prompt: str, *, tokens: int = 100, temperature: float = 0.8,
    top_p: float = 0.95, seed: int = 0,
) -> str:  # fmt: skip
    """What the model adds to ``prompt``: at most so many tokens, fewer where it ends the document.

    Args:
        temperature: 0 takes the likeliest token; else decisions are divided by it.
        top_p: drawn is among the likeliest tokens that together have this probability (Holtzman et
            al. 2020).

    Raises:
        UsageError: a masked model, which fills gaps and cannot go on.
    """
    if model.objective != "causal":
        raise UsageError(
            f"{model.folder}: a masked model, which fills gaps and cannot go on with a text. Train "
            "one with --objective causal."
        )
    start = [model.tokenizer.end, *model.tokenizer.encode([prompt])[0]]
    drawn = go_on(
        model.network, start, tokens=tokens, context=model.context, temperature=temperature,
        top_p=top_p, seed=seed, end=model.tokenizer.number(END),
    )  # fmt: skip
    return model.tokenizer.decode(drawn)


def go_on(
    network: Any, start: Sequence[int], *, tokens: int, context: int, temperature: float,
    top_p: float, seed: int, end: int,
) -> list[int]:  # fmt: skip
    """Numbers of the tokens that come after ``start``.

    Where the context is full, half of it is forgotten.
    """
    draw = torch.Generator().manual_seed(seed)
    device = next(network.parameters()).device
    read, fresh, found = list(start)[-context:], list(start)[-context:], []
    past, before = None, network.training
    network.eval()
    with torch.no_grad():
        for _ in range(tokens):
            if len(read) > context:
                read = read[-max(1, context // 2) :]
                past, fresh = None, read
            given = torch.tensor([fresh], device=device)
            out = network(input_ids=given, past_key_values=past, use_cache=True)
            number = choose(out.logits[0, -1].float().cpu(), temperature, top_p, draw)
            if number == end:
                break
            found.append(number)
            past, fresh = out.past_key_values, [number]
            read = [*read, number]
    network.train(before)
    return found


def choose(decided: Tensor, temperature: float, top_p: float, draw: torch.Generator) -> int:
    """One token by its decisions (vocabulary,).

    >>> decided = torch.tensor([0.0, 3.0, 1.0])
    >>> choose(decided, 0, 1.0, torch.Generator()), choose(decided, 1.0, 0.5, torch.Generator())
    (1, 1)
    """
    if not temperature:
        return int(decided.argmax())
    likely, order = torch.softmax(decided / temperature, dim=0).sort(descending=True)
    before = likely.cumsum(0) - likely
    kept = torch.where(before < top_p, likely, 0.0)
    return int(order[torch.multinomial(kept, 1, generator=draw)])
