"""``kgml generate``: a language model goes on with a text."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import options, texts
from kgml.cli.output import Call


def generate(
    ctx: typer.Context,
    model: Annotated[
        Path, typer.Argument(help="A folder that kgml pretrain wrote.", show_default=False)
    ],
    prompt: Annotated[str, typer.Argument(help="What to go on with.", show_default=False)],
    tokens: Annotated[
        int, typer.Option("--max-tokens", metavar="N", min=1, help="Added at most.")
    ] = 100,
    temperature: Annotated[
        float,
        typer.Option(
            "--temperature", metavar="T", min=0, max=10, help="0: always the likeliest token."
        ),
    ] = 0.8,
    top_p: Annotated[
        float,
        typer.Option(
            "--top-p", metavar="P", min=0.001, max=1,
            help="Draw among the likeliest tokens of this probability together.",
        ),
    ] = 0.95,
    count: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many texts.")] = 1,
    device: options.Device = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:  # fmt: skip
    """Go on with PROMPT, token by token. The same seed gives the same text."""
    call = Call.start(ctx, json, seed, quiet)
    texts.check_source(prompt, None, "PROMPT")
    config = call.config(pretrain={"device": device})
    from kgml.encoders.device import choose_device
    from kgml.lm.generate import generate as run
    from kgml.lm.store import load

    with call.working():
        loaded = load(model, choose_device(config.pretrain.device))
        found = [
            run(loaded, prompt, tokens=tokens, temperature=temperature, top_p=top_p,
                seed=config.seed + number)
            for number in range(count)
        ]  # fmt: skip
    call.result({"prompt": prompt, "texts": found, "seed": config.seed}, human)


def human(result: dict[str, Any]) -> str:
    """The prompt and what was added, one text after the other."""
    return "\n\n".join(result["prompt"] + text for text in result["texts"])
