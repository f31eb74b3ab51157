"""``kgml adapt``: tune the text encoder on a graph's own words."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import options
from kgml.cli.output import Call, columns
from kgml.cli.texts import check_columns
from kgml.config import AdaptConfig
from kgml.errors import UsageError


def adapt(
    ctx: typer.Context,
    graph: options.Graph,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write.", show_default=False),
    ],
    encoder: Annotated[
        str | None,
        typer.Option(
            "--encoder",
            metavar="MODEL",
            help="What is tuned: a sentence-transformers name or folder. Default: [encoder] model.",
        ),
    ] = None,
    texts: Annotated[
        Path | None,
        typer.Option(
            "--texts",
            metavar="FILE",
            help="Unlabelled texts of your own, whose vectors are to stay: CSV, TSV, JSONL, "
            "Parquet, or .txt with one a line. Default: the graph's definitions.",
        ),
    ] = None,
    text_column: options.TextColumn = None,
    steps: Annotated[
        int | None,
        typer.Option("--steps", metavar="N", min=1, help="Default: about 3 times each name."),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes",
            metavar="M",
            min=0.1,
            help="As many steps as fit, by timing a few; the number is reported.",
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size",
            metavar="N",
            min=2,
            help=f"Pairs in a step. Default: {AdaptConfig.batch_size}.",
        ),
    ] = None,
    temperature: Annotated[
        float | None,
        typer.Option(
            "--temperature",
            metavar="T",
            min=0.001,
            max=10,
            help=f"Of the contrast. Default: {AdaptConfig.temperature}.",
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate",
            metavar="R",
            min=1e-9,
            max=1,
            help=f"Highest. Default: {AdaptConfig.learning_rate}.",
        ),
    ] = None,
    device: options.Device = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Tune the text encoder on GRAPH: its names, definitions and hierarchy, no labelled texts.

    The result is a sentence-transformers folder. Stopped, the same command goes on where it was.
    Exit code 1 and nothing written if held-out names are found no better.
    """  # fmt: skip
    call = Call.start(ctx, json, seed, quiet)
    check_columns(texts, {"--text-column": text_column})
    if steps is not None and minutes is not None:
        raise UsageError("--minutes and --steps exclude each other; give one of them.")
    config = call.config(
        encoder={"model": encoder, "device": device},
        train={"text_column": text_column},
        adapt={
            "steps": steps, "batch_size": batch_size, "temperature": temperature,
            "learning_rate": learning_rate,
        },
    )  # fmt: skip
    config.encoder.check()
    from kgml.kg.load import open_graph

    loaded = open_graph(graph, config.graph)
    given = None
    if texts is not None:
        from kgml.data.corpus import read_unlabelled

        given = read_unlabelled(texts, config.train.text_column)
    from kgml.encoders.adapt import adapt as run

    with call.working():
        result = run(
            loaded, output, texts=given, minutes=minutes, config=config, command=call.command
        )
    call.result(result, human)


def human(result: dict[str, Any]) -> str:
    """Held-out scores before and after, and what they come from."""
    held, steps, general = result["held_out"], result["steps"], result["general"]
    table: list[list[object]] = [["held-out names", "before", "after"]]
    for name, shown in (("mrr", "MRR"), ("hits1", "Hits@1")):
        scores = (held["test"][when][name] for when in ("before", "after"))
        table.append([shown, *(f"{value:.3f}" for value in scores)])
    lines = [
        columns(table),
        f"{held['test']['names']:,} names look for their label among {held['labels']:,}; "
        f"{held['valid']['names']:,} others chose the weights",
        f"weights of step {steps['best']:,} of {steps['planned']:,}, {result['seconds']:.1f} s",
    ]
    if general["cosine"] is not None:
        lines.append(
            f"{general['texts']:,} general texts: cosine to before {general['cosine']:.3f}"
        )
    return "\n".join([*lines, f"written to {result['path']}"])
