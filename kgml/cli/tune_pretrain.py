"""``kgml tune pretrain``: learning rate, width and depth of a language model."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import compare, options
from kgml.cli.output import Call, columns
from kgml.cli.pretrain import minutes
from kgml.config import LM_SIZES, OBJECTIVES, PretrainConfig


class Several(compare.Several):
    """``--graph A B`` is ``--graph A --graph B``, ``--devices`` the same."""

    several = ("--graph", "--devices")


def tune_pretrain(
    ctx: typer.Context,
    corpus: Annotated[list[Path], typer.Argument(help="Files or folders of text, CSV, TSV, JSONL, "
                                                 "Parquet.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", metavar="DIR", show_default=False,
        help="Folder of trials and results; a stopped run goes on there.")],
    graph: Annotated[list[Path] | None, typer.Option("--graph", metavar="DIR...",
        help="Built graphs or ontologies, which become text too.")] = None,
    trials: Annotated[int, typer.Option("--trials", metavar="N", min=1, help="Runs.")] = 16,
    processes: Annotated[int, typer.Option("--processes", metavar="N", min=1,
        help="Runs at the same time, each with its share of the cores.")] = 1,
    devices: Annotated[list[str] | None, typer.Option("--devices", metavar="NAME...",
        help="Dealt to the runs in turn, such as cuda:0 cuda:1. Default: auto.")] = None,
    max_tokens: Annotated[int | None, typer.Option("--max-tokens", metavar="N", min=1,
        help="Tokens of a run.")] = None,
    max_steps: Annotated[int | None, typer.Option("--max-steps", metavar="N", min=1,
        help="Steps of a run.")] = None,
    max_time: Annotated[str | None, typer.Option("--max-time", metavar="TIME",
        help="Of a run: the best at equal time. Results may then differ from call to call.")] = None,
    objective: Annotated[str | None, typer.Option("--objective", metavar="NAME",
        help=f"{'|'.join(OBJECTIVES)}. Default: {PretrainConfig.objective}.")] = None,
    size: Annotated[str | None, typer.Option("--size", metavar="NAME",
        help=f"{'|'.join(LM_SIZES)}: where the search begins. Default: {PretrainConfig.size}.")
    ] = None,
    text_column: options.TextColumn = None,
    split: Annotated[str | None, typer.Option("--split", metavar="NAME",
        help="Of tables only the rows of this name, such as train.")] = None,
    split_column: options.SplitColumn = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:  # fmt: skip
    """Search learning rate, width and depth by short runs; the best as a kgml.toml.

    Runs that fall behind the median end early. All other options are those of [pretrain].
    """
    call = Call.start(ctx, json, seed, quiet)
    config = call.config(
        pretrain={
            "max_tokens": max_tokens, "max_steps": max_steps, "max_minutes": minutes(max_time),
            "objective": objective, "size": size, "text_column": text_column, "split": split,
            "split_column": split_column,
        },
    )  # fmt: skip
    config.pretrain.check()
    from kgml.lm.search import need_optuna, search

    need_optuna()
    from kgml.kg.load import open_graph

    graphs = [open_graph(one, config.graph) for one in graph or ()]
    with call.working():
        result = search(
            corpus, output, config.pretrain, graphs=graphs, trials=trials, processes=processes,
            devices=devices or (), seed=config.seed,
        )  # fmt: skip
    call.result(result, human)


def human(result: dict[str, Any]) -> str:
    """The best trials, and the usual options among them."""
    whole = [one for one in result["all"] if one["value"] is not None]
    best = sorted(whole, key=lambda one: (one["value"], one["number"]))[:5]
    usual = result["usual"]
    rows: list[list[object]] = [
        ["held-out loss", "learning rate", "width", "depth", "parameters", "s", ""]
    ]
    for one in best + ([] if usual in best else [usual]):
        params = one["params"]
        told = "-" if one["value"] is None else f"{one['value']:.4f}"
        rows.append([
            told, f"{params['learning_rate']:.2g}", params["width"], params["depth"],
            f"{one['parameters']:,}", f"{one['seconds']:.0f}",
            "usual" if one["number"] == usual["number"] else "",
        ])  # fmt: skip
    return "\n".join([
        columns(rows), f"{result['trials']} trials, {result['ended_early']} ended early",
        f"written to {result['path']}: kgml.toml for kgml pretrain",
    ])  # fmt: skip
