"""``kgml tune``: better options than the defaults, and whether they are worth it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import compare, options
from kgml.cli.output import Call, columns
from kgml.cli.train import number
from kgml.errors import UsageError
from kgml.registry import OPTIONS, check


class Several(compare.Several):
    """A command whose ``--only fusion head`` is ``--only fusion --only head``."""

    several = ("--only", "--order")


def tune(
    ctx: typer.Context,
    output: Annotated[
        Path,
        typer.Option(
            "-o", "--output", metavar="DIR", help="Folder of trials, results and model; a stopped "
            "run goes on there.", show_default=False,
        ),
    ],
    data: Annotated[
        Path | None,
        typer.Option(
            "--data", metavar="FILE",
            help="CSV, TSV, JSONL or Parquet. Default: the examples of the graph's domain.",
        ),
    ] = None,
    graph: Annotated[
        Path | None,
        typer.Option("--graph", metavar="DIR", help="A built graph. Default: the current one."),
    ] = None,
    trials: Annotated[
        int, typer.Option("--trials", metavar="N", min=2, help="Of each search.")
    ] = 50,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes", metavar="M", min=0.01,
            help="No trial begins after these; results may then differ from run to run.",
        ),
    ] = None,
    metric: Annotated[
        str | None,
        typer.Option(
            "--metric", metavar="NAME",
            help="macro_f1|accuracy|log_loss, of other targets their own. Default: what kgml train "
            "compares on test rows.",
        ),
    ] = None,
    only: Annotated[
        list[str] | None,
        typer.Option(
            "--only", metavar="NAME...",
            help="fusion|head|regularization|class_weight|lead|lexical, and what reads all texts "
            "anew: threshold|variants|nested|node_encoder|long_texts. Default: the first six.",
        ),
    ] = None,
    space: Annotated[
        Path | None,
        typer.Option(
            "--space", metavar="FILE",
            help='The options to search and their values, as in kgml.toml: name = ["none", "gated"], '
            "regularization = { low = 0.1, high = 10.0 }.",
        ),
    ] = None,
    folds: Annotated[int, typer.Option("--folds", metavar="N", min=2, help="Of a trial.")] = 5,
    outer_folds: Annotated[
        int,
        typer.Option(
            "--outer-folds", metavar="N", min=0,
            help="Searches whose outcome is asked for rows they have not seen, which says what "
            "tuning is worth; 0: none.",
        ),
    ] = 3,
    always: Annotated[
        bool,
        typer.Option("--always", help="Keep the best trial even where it is not sure to be worth it."),
    ] = False,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    split_column: options.SplitColumn = None,
    test_size: options.TestSize = None,
    per_class: options.PerClass = None,
    fusion: Annotated[
        str | None,
        typer.Option(
            "--fusion", metavar="NAME", help=f"{'|'.join(OPTIONS['fusion'])}. Default: searched."
        ),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option("--head", metavar="NAME", help=f"{'|'.join(OPTIONS['head'])}. Default: searched."),
    ] = None,
    regularization: Annotated[
        str | None,
        typer.Option("--regularization", metavar="NUMBER|auto", help="Default: searched."),
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option("--class-weight", metavar="NAME", help="none|balanced. Default: searched."),
    ] = None,
    target: options.Target = None,
    label_separator: options.LabelSeparator = None,
    order: Annotated[
        list[str] | None,
        typer.Option("--order", metavar="LABEL...", help="Classes with an order, lowest first."),
    ] = None,
    node_encoder: options.NodeEncoder = None,
    vectors: options.Vectors = None,
    encoder: options.Encoder = None,
    precision: options.Precision = None,
    long_texts: options.LongTexts = None,
    device: options.Device = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:  # fmt: skip
    """Search for better options, say whether they are worth it, and train with what is kept.

    The first trial are the options as they are. Test rows take no part in any trial; outer folds of
    the training rows say what tuning is worth, and where that is not sure the options stay as they
    are. Writes results.json, trials.csv, report.md, kgml.toml and model. Needs kgml[tune].
    """
    call = Call.start(ctx, json, seed, quiet)
    if split_column is not None and test_size is not None:
        raise UsageError("--split-column and --test-size exclude each other; give one of them.")
    if vectors is not None and node_encoder is not None:
        raise UsageError("--vectors and --node-encoder exclude each other; give one of them.")
    config = call.config(
        fusion={"name": fusion},
        encoder={
            "model": encoder, "node_encoder": node_encoder, "precision": precision,
            "long_texts": long_texts, "device": device,
            "vectors": "" if node_encoder is not None else vectors and str(vectors),
        },
        train={
            "text_column": text_column, "label_column": label_column, "split_column": split_column,
            "test_size": test_size, "per_class": per_class, "head": head,
            "regularization": number(regularization), "class_weight": class_weight,
            "target": target, "label_separator": label_separator,
            "order": tuple(order) if order else None,
        },
    )  # fmt: skip
    config.encoder.check()
    config.train.check()
    for group, name in (("fusion", config.fusion.name), ("head", config.train.head),
                        ("node_encoder", config.encoder.node_encoder)):  # fmt: skip
        check(group, name)
    given = {
        "fusion": fusion, "head": head, "regularization": regularization,
        "class_weight": class_weight, "node_encoder": node_encoder or vectors,
        "long_texts": long_texts,
    }  # fmt: skip
    from kgml.models.tune.ask import Tuning
    from kgml.models.tune.run import tune_options as run

    tuning = Tuning(
        trials, minutes, metric, tuple(only or ()), space,
        tuple(name for name, value in given.items() if value is not None), folds, outer_folds, always,
    )  # fmt: skip
    with call.working():
        result = run(output=output, graph=graph, data=data, tuning=tuning, config=config)
    call.result(result, human)


def human(result: dict[str, Any]) -> str:
    """The scores, the best trials, and what follows."""
    from kgml.models.tune.report import SHOWN, best_trials, pruned, scored, title

    table = scored(result)
    table[0][0] = title(result)
    shares = ", ".join(f"{name} {share:.2f}" for name, share in result["importances"].items())
    rows = best_trials(result)[: SHOWN // 2 + 1]
    return "\n".join([
        columns(table), "", columns(rows),
        f"{pruned(result)}; {result['trained']:,} trials of this call, {result['trial_seconds']:.0f} "
        f"processor seconds of all, {result['seconds']:.1f} s",
        *([f"what told good trials from others: {shares}"] if shares else []),
        result["sentence"],
        f"written to {result['path']}: kgml.toml, model, report.md, trials.csv, results.json",
    ])  # fmt: skip
