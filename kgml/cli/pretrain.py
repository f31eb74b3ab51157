"""``kgml pretrain``: a language model from scratch."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import compare, options
from kgml.cli.output import Call, columns
from kgml.config import (
    ARCHITECTURES,
    LM_SIZES,
    OBJECTIVES,
    TRAINING_PRECISIONS,
    UNITS,
    PretrainConfig,
)
from kgml.errors import UsageError

MINUTES = {"s": 1 / 60, "m": 1.0, "h": 60.0, "d": 1440.0}
Whole = int | None
Share = float | None


class Several(compare.Several):
    """``--graph A B`` is ``--graph A --graph B``."""

    several = ("--graph",)


def minutes(text: str | None) -> float | None:
    """
    >>> minutes("90s"), minutes("1.5h"), minutes("20")
    (1.5, 90.0, 20.0)
    """
    if text is None:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*([smhd]?)", text.strip().lower())
    if found is None or not float(found[1]):
        raise UsageError(f"--max-time {text}: wanted a time such as 90s, 20m or 1.5h.")
    return float(found[1]) * MINUTES[found[2] or "m"]


def _number(
    flag: str, help: str, least: float = 1, most: float | None = None, metavar: str = "N"
) -> Any:
    return typer.Option(flag, metavar=metavar, min=least, max=most, help=help)


def _name(flag: str, names: tuple[str, ...], help: str = "") -> Any:
    return typer.Option(flag, metavar="NAME", help=f"{'|'.join(names)}{help}")


C = PretrainConfig
ARCHITECTURE_NAMES = tuple(name for some in ARCHITECTURES.values() for name in some)


def pretrain(
    ctx: typer.Context,
    corpus: Annotated[list[Path], typer.Argument(help="Files or folders of text, CSV, TSV, JSONL, "
                                                 "Parquet.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", help="Folder to write.",
                                         show_default=False)],
    graph: Annotated[list[Path] | None, typer.Option("--graph", metavar="DIR...",
        help="Built graphs or ontologies, which become text too.")] = None,
    knowledge_share: Annotated[Share, _number("--knowledge-share", "Share of the tokens that say "
        f"what the graphs say. Default: {C.knowledge_share:g}.", 0, 0.95, "SHARE")] = None,
    objective: Annotated[str | None, _name("--objective", OBJECTIVES,
        f": the next token, or hidden ones. Default: {C.objective}.")] = None,
    architecture: Annotated[str | None, _name("--architecture", ARCHITECTURE_NAMES,
        ". Default: llama, of masked bert.")] = None,
    size: Annotated[str | None, _name("--size", LM_SIZES,
        f": 1M to 1.3B parameters. Default: {C.size}.")] = None,
    parameters: Annotated[Whole, _number("--parameters", "About so many, in place of a size.",
                                         10_000)] = None,
    depth: Annotated[Whole, _number("--depth", "Layers.")] = None,
    width: Annotated[Whole, _number("--width", "Numbers of a token.", 8)] = None,
    vocabulary: Annotated[Whole, _number("--vocabulary", "Tokens of the tokenizer.", 300)] = None,
    context: Annotated[Whole, _number("--context", "Tokens read at once.", 8)] = None,
    text_column: options.TextColumn = None,
    split: Annotated[str | None, typer.Option("--split", metavar="NAME",
        help="Of tables only the rows of this name, such as train.")] = None,
    split_column: options.SplitColumn = None,
    unit: Annotated[str | None, _name("--unit", UNITS,
        ": what a document of a text file is. Default: auto, paragraphs or lines.")] = None,
    near: Annotated[Share, _number("--near", "How alike near duplicates are, of which the first "
        f"stays; 0 keeps all. Default: {C.near:g}.", 0, 1, "SHARE")] = None,
    valid: Annotated[Share, _number("--valid", "Share of the documents that is held out. Default: "
        f"{C.valid:g}.", 0.0001, 0.5, "SHARE")] = None,
    batch: Annotated[Whole, _number("--batch", "Contexts read at once by a process. Default: "
                                    f"{C.micro_batch}.")] = None,
    global_batch: Annotated[Whole, _number("--global-batch", "Contexts in a step, of all processes "
        f"together. Default: {C.global_batch}.")] = None,
    max_tokens: Annotated[Whole, _number("--max-tokens", "Tokens trained on. Default of all three "
        "limits: 20 a parameter, at most 4 times the corpus.")] = None,
    max_steps: Annotated[Whole, _number("--max-steps", "Steps.")] = None,
    max_time: Annotated[str | None, typer.Option("--max-time", metavar="TIME",
        help="As many steps as fit into 90s, 20m, 2h, by timing a few.")] = None,
    learning_rate: Annotated[Share, _number("--learning-rate", "Highest. Default: by width.", 1e-9,
                                            1, "R")] = None,
    precision: Annotated[str | None, _name("--precision", TRAINING_PRECISIONS,
                                           f". Default: {C.precision}.")] = None,
    gradient_checkpointing: Annotated[bool | None, typer.Option("--gradient-checkpointing",
        help="Less memory, a third more time.")] = None,
    checks: Annotated[Whole, _number("--checks", "Validations and samples while training. Default: "
                                     f"{C.checks}.")] = None,
    keep: Annotated[Whole, _number("--keep", f"Checkpoints kept while it runs. Default: {C.keep}.")
                    ] = None,
    save_every: Annotated[Whole, _number("--save-every", "Steps between two checkpoints. Default: "
                                         "one a minute.")] = None,
    shard: Annotated[bool | None, typer.Option("--shard",
        help="Deal weights, gradients and moments out to the processes (FSDP), for a model too "
             "large for one.")] = None,
    processes: Annotated[Whole, _number("--processes", "Refuse to run in more or fewer.")] = None,
    tensorboard: Annotated[Path | None, typer.Option("--tensorboard", metavar="DIR",
        help="Write losses, speed and samples there (extra tensorboard).")] = None,
    device: options.Device = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:  # fmt: skip
    """Train a language model from scratch on CORPUS, and on what ontologies say.

    Its tokenizer is its own. Stopped or killed, the same command goes on where it was. Several
    processes: torchrun --nproc-per-node N --no-python kgml pretrain ...
    """
    follows = int(os.environ.get("RANK", "0")) > 0
    call = Call.start(ctx, json, seed, quiet or follows)
    config = call.config(
        pretrain={
            "knowledge_share": knowledge_share, "objective": objective,
            "architecture": architecture, "size": size, "parameters": parameters, "depth": depth,
            "width": width, "vocabulary": vocabulary, "context": context,
            "text_column": text_column, "split": split, "split_column": split_column, "unit": unit,
            "near": near, "valid": valid, "micro_batch": batch, "global_batch": global_batch,
            "max_tokens": max_tokens, "max_steps": max_steps, "max_minutes": minutes(max_time),
            "learning_rate": learning_rate, "precision": precision,
            "gradient_checkpointing": gradient_checkpointing, "checks": checks, "keep": keep,
            "save_every": save_every, "device": device, "shard": shard,
        },
    )  # fmt: skip
    config.pretrain.check()
    if size is not None and parameters is not None:
        raise UsageError("--size and --parameters exclude each other; give one of them.")
    if knowledge_share is not None and not graph:
        raise UsageError("--knowledge-share is of a --graph. Give one, or leave it out.")
    from kgml.kg.load import open_graph

    graphs = [open_graph(one, config.graph) for one in graph or ()]
    from kgml.lm.run import pretrain as run

    with call.working():
        result = run(
            corpus, output, config.pretrain, graphs=graphs, seed=config.seed, processes=processes,
            board=tensorboard, command=call.command,
        )  # fmt: skip
    if result is not None:
        call.result(result, human)


def human(result: dict[str, Any]) -> str:
    """Held-out scores, what was read, how fast."""
    held, corpus, speed = result["held_out"], result["corpus"], result["speed"]
    rows: list[list[object]] = [["held-out perplexity", f"{held['perplexity']:.2f}"]]
    if "bits_per_byte" in held:
        rows.append(["held-out bits per byte", f"{held['bits_per_byte']:.3f}"])
    rows += [
        ["parameters", f"{result['parameters']:,}"],
        ["tokens trained on", f"{result['tokens']:,}"],
        ["of the corpus", f"{result['rounds']['corpus']:.2f} times"],
    ]
    if corpus["knowledge"]["tokens"]:
        rows.append(["of the ontology", f"{result['rounds']['ontology']:.2f} times"])
    if speed is not None:
        rows.append(["tokens a second", f"{speed['tokens_per_second']:,.0f}"])
        rows.append(["MFU", f"{speed['mfu']:.0%}"])
    steps = result["steps"]
    return "\n".join([
        columns(rows), f"weights of step {steps['best']:,} of {steps['planned']:,}, "
        f"{result['seconds']:.1f} s", f"written to {result['path']}",
    ])  # fmt: skip
