"""``kgml build``: the verdict of ``kgml assess``, carried out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import assess, options, pretrain, train
from kgml.cli.output import Call
from kgml.config import Config


def build(
    ctx: typer.Context,
    data: assess.Data,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write.", show_default=False),
    ],
    graph: assess.Graph = None,
    target_metric: assess.TargetMetric = None,
    budget_hours: assess.BudgetHours = None,
    corpus: assess.CorpusPaths = None,
    pilot: assess.PilotMinutes = None,
    auto: Annotated[
        bool, typer.Option("--auto", help="Train what the verdict names, not only say it.")
    ] = False,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="With --auto, train although the data do not carry it.")
    ] = False,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    split_column: options.SplitColumn = None,
    encoder: options.Encoder = None,
    device: options.Device = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Assess a labelled table, choose among three ways, and with --auto train.

    Fine-tune a pretrained model, train a language model from scratch, or embeddings + knowledge. The
    command that is run is told, and writes the same folder when typed.
    """
    call = Call.start(ctx, json, seed, quiet)
    config = call.config(
        encoder={"model": encoder, "device": device},
        train={"text_column": text_column, "label_column": label_column, "split_column": split_column},
    )  # fmt: skip
    from kgml.models.assess.build import build as run
    from kgml.models.assess.order import Wanted

    wanted = Wanted(
        data, output, graph, target_metric, budget_hours, tuple(corpus or ()), config,
        Config.from_toml(), pilot,
    )  # fmt: skip
    with call.working():
        result = run(wanted, auto=auto, anyway=anyway)
    call.result(result, human)


def human(told: dict[str, Any]) -> str:
    """The verdict, the command, and what came of it."""
    lines = [*assess.verdict_lines(told["assessment"]), told["command"]]
    if told["result"] is None:
        lines.append("Nothing was trained: --auto runs it.")
    else:
        of = pretrain if told["command"].startswith("kgml pretrain") else train
        lines.append(of.human(told["result"]))
    if told["next"] is not None:
        lines.append(f"Then, for a classifier: {told['next']}")
    return "\n".join(lines)
