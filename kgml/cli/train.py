"""``kgml train``: a graph and a table of labelled texts become a model and a verdict."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import options
from kgml.cli.output import Call, columns
from kgml.config import FusionConfig, TrainConfig, TransformerConfig
from kgml.errors import UsageError
from kgml.registry import OPTIONS, check


def _names(group: str, default: str) -> str:
    return f"{'|'.join(OPTIONS[group])}. Default: {default}."


def train(
    ctx: typer.Context,
    graph: Annotated[
        Path | None,
        typer.Option("--graph", metavar="DIR", help="A built graph. Default: the current one."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            "--data",
            metavar="FILE",
            help="CSV, TSV, JSONL or Parquet. Default: the examples of the graph's domain.",
        ),
    ] = None,
    classes: Annotated[
        Path | None,
        typer.Option(
            "--classes",
            metavar="FILE",
            help="No labels: a table of classes (label, and name, description or id) makes the model. "
            "--data are then texts without labels, or none.",
        ),
    ] = None,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    split_column: options.SplitColumn = None,
    test_size: options.TestSize = None,
    per_class: options.PerClass = None,
    fusion: Annotated[
        str | None,
        typer.Option("--fusion", metavar="NAME", help=_names("fusion", FusionConfig.name)),
    ] = None,
    node_encoder: options.NodeEncoder = None,
    objective: options.Objective = None,
    vectors: options.Vectors = None,
    head: Annotated[
        str | None, typer.Option("--head", metavar="NAME", help=_names("head", TrainConfig.head))
    ] = None,
    regularization: Annotated[
        str | None,
        typer.Option(
            "--regularization",
            metavar="NUMBER|auto",
            help="C of logistic and svm, alpha of ridge; auto chooses on the training rows. "
            "Default: the head's own.",
        ),
    ] = None,
    class_weight: Annotated[
        str | None,
        typer.Option(
            "--class-weight", metavar="NAME", help="none|balanced. Default: the head's own."
        ),
    ] = None,
    target: options.Target = None,
    label_separator: options.LabelSeparator = None,
    order: Annotated[
        str | None,
        typer.Option(
            "--order", metavar="LABEL...", help="Classes with an order, all of them, lowest first."
        ),
    ] = None,
    encoder: options.Encoder = None,
    tune_encoder: Annotated[
        bool | None,
        typer.Option(
            "--tune-encoder/--no-tune-encoder",
            help="Tune the text encoder on the labels first: for few of them, minutes. How: "
            "[few_shot] in kgml.toml.",
            show_default=False,
        ),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            metavar="NAME",
            help="Of --head transformer, what is trained: all|top:N|lora (needs kgml[lora]). Default: "
            f"{TransformerConfig.layers}. More options: [transformer] in kgml.toml.",
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            "--epochs", metavar="N", min=1, help="Of --head transformer, at most so many."
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            "--batch-size", metavar="N", min=2, help="Of --head transformer, rows a step."
        ),
    ] = None,
    learning_rate: Annotated[
        float | None,
        typer.Option(
            "--learning-rate",
            metavar="NUMBER",
            min=1e-9,
            max=1.0,
            help="Of --head transformer, of the text encoder. Default: 1e-4, of lora 1e-3.",
        ),
    ] = None,
    minutes: Annotated[
        float | None,
        typer.Option(
            "--minutes", metavar="M", min=0.01, help="Of --head transformer, as many steps as fit."
        ),
    ] = None,
    precision: options.Precision = None,
    long_texts: options.LongTexts = None,
    device: options.Device = None,
    output: options.Output = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Train a classifier, and say whether the ontology helps.

    Scores are on the test rows, with 95% bootstrap intervals; whether the ontology helps is
    decided from out-of-fold predictions on the training rows.
    """  # fmt: skip
    call = Call.start(ctx, json, seed, quiet)
    if classes is not None:
        _check_no_labels(
            {
                "--label-column": label_column, "--test-size": test_size, "--per-class": per_class,
                "--regularization": regularization, "--class-weight": class_weight,
                "--target": target, "--label-separator": label_separator, "--order": order,
                "--vectors": vectors,
            }
        )  # fmt: skip
    if split_column is not None and test_size is not None:
        raise UsageError("--split-column and --test-size exclude each other; give one of them.")
    encoded = {"node_encoder": node_encoder, "objective": objective}
    named = [name for name, value in encoded.items() if value is not None]
    if vectors is not None and named:
        raise UsageError(
            f"--vectors and --{named[0].replace('_', '-')} exclude each other: the vectors are "
            "made. Give one of them."
        )
    config = call.config(
        encoder={
            "model": encoder, **encoded,
            "precision": precision, "long_texts": long_texts, "device": device,
            # a node encoder asked for here wins over vectors named in kgml.toml
            "vectors": "" if named else None if vectors is None else str(vectors),
        },
        fusion={"name": fusion},
        transformer={
            "layers": layers, "epochs": epochs, "batch_size": batch_size,
            "learning_rate": learning_rate, "minutes": minutes,
        },
        train={
            "text_column": text_column, "label_column": label_column,
            "split_column": split_column, "test_size": test_size,
            "per_class": per_class, "head": head, "regularization": number(regularization),
            "class_weight": class_weight, "target": target, "label_separator": label_separator,
            "tune_encoder": tune_encoder, "order": _listed(order, ctx.args),
        },
    )  # fmt: skip
    config.encoder.check()
    config.train.check()
    config.transformer.check()
    _check_transformer(
        config.train.head,
        {"--layers": layers, "--epochs": epochs, "--batch-size": batch_size,
         "--learning-rate": learning_rate, "--minutes": minutes},
    )  # fmt: skip
    check("fusion", config.fusion.name)
    check("node_encoder", config.encoder.node_encoder)
    check("objective", config.encoder.objective)
    check("head", config.train.head)
    if objective is not None:
        from kgml.encoders.making import check_flags

        check_flags(config.encoder.node_encoder, {"objective": objective})
    if classes is not None:
        from kgml.models.without_labels import train_without_labels

        with call.working():
            result = train_without_labels(
                graph=graph, classes=classes, data=data, output=output, config=config,
                command=call.command,
            )  # fmt: skip
        call.result(result, human_without_labels)
        return
    from kgml.models.train import train as run

    with call.working():
        result = run(graph=graph, data=data, output=output, config=config, command=call.command)
    call.result(result, human)


def _check_transformer(head: str, given: dict[str, Any]) -> None:
    """Refuse options of a transformer where another head is trained."""
    named = [flag for flag, value in given.items() if value is not None]
    if named and head != "transformer":
        raise UsageError(
            f"{named[0]} is for --head transformer, not {head}. Leave it out, or add --head transformer."
        )


def _check_no_labels(given: dict[str, Any]) -> None:
    """Refuse options that are about labelled rows."""
    wrong = [flag for flag, value in given.items() if value is not None]
    if wrong:
        raise UsageError(
            f"--classes and {wrong[0]} exclude each other: no label is read. Leave one of them out."
        )


def _listed(order: str | None, more: list[str]) -> tuple[str, ...] | None:
    """``--order low medium high``: the first is the option's value, the others come after it."""
    if order is None and more:
        raise UsageError(
            f"Got unexpected extra argument ({' '.join(more)}). See 'kgml train --help'."
        )
    return None if order is None else (order, *more)


def number(regularization: str | None) -> float | str | None:
    """``--regularization``: a number, or auto."""
    if regularization is None or regularization == "auto":
        return regularization
    try:
        return float(regularization)
    except ValueError:
        raise UsageError(
            f"--regularization '{regularization}': wanted a number above 0, or auto."
        ) from None


BACKOFF = "Labels are entities of the graph: kgml predict --coverage 0.9 goes up to the ancestor that is sure."


def human(result: dict[str, Any]) -> str:
    """Scores of the model and of what it must beat, then the verdict."""
    from kgml.evaluation.metrics import called

    names = list(result["metrics"]["interval"])
    table: list[list[object]] = [["", *map(called, names)]]
    table += [
        ["model", *_scores(result["metrics"], names)],
        ["text", *_scores(result["baselines"]["text"], names)],
        ["text + TF-IDF", *_scores(result["baselines"]["text_tfidf"], names)],
        ["placebo", *_scores(result["placebo"], names)],
    ]
    if "frozen" in result["baselines"]:
        table.append(["text + TF-IDF, frozen", *_scores(result["baselines"]["frozen"], names)])
    rows = result["rows"]
    return "\n".join(
        [
            columns(table),
            *_tuned(result["tuning"]),
            *_fine_tuned(result["transformer"]),
            f"{rows['train']} training rows, {rows['test']} test rows, "
            f"{result['coverage']:.0%} with a linked concept, {result['seconds']:.1f} s",
            result["knowledge"]["sentence"],
            *([BACKOFF] if result.get("backoff") else []),
            f"written to {result['path']}",
        ]
    )


def human_without_labels(result: dict[str, Any]) -> str:
    """What each class is made of, then what was learned from."""
    table = [
        [one["label"], "; ".join(one["texts"]), " ".join(one["entities"])]
        for one in result["classes"]
    ]
    rows = result["rows"]
    return "\n".join(
        [
            columns(table),
            f"{len(table)} classes, no labelled text; {rows['texts']} texts, of which the model "
            f"learned from {rows['learned_from']}, {result['seconds']:.1f} s",
            result["knowledge"]["sentence"],
            "Whether the model is any good, labelled texts tell: kgml evaluate MODEL --data FILE",
            f"written to {result['path']}",
        ]
    )


def _tuned(tuning: dict[str, Any] | None) -> list[str]:
    """A line on the text encoder's tuning, if there was one."""
    if tuning is None:
        return []
    right = tuning["out_of_fold"]
    return [
        f"text encoder tuned in {tuning['steps']} steps; tuned on one half of the training rows it "
        f"is right in {right['tuned']:.0%} of the other, frozen in {right['frozen']:.0%}"
    ]


def _fine_tuned(told: dict[str, Any] | None) -> list[str]:
    """Two lines on the training of a transformer, if there was one."""
    if told is None:
        return []
    from kgml.evaluation.metrics import called

    steps, rows, over = told["steps"], told["rows"], told["over_light"]
    low, high = (100 * value for value in over["interval"])
    return [
        f"transformer ({told['layers']}, {told['trained']:,} numbers) trained in {steps['done']:,} of "
        f"{steps['planned']:,} steps on {rows['learned_from']:,} rows, weights of step {steps['best']:,}; "
        f"on {rows['held_out']:,} rows held out {100 * over['difference']:+.1f} points [{low:+.1f}, "
        f"{high:+.1f}] of {called(over['metric'])} over the light stack",
        "text, text + TF-IDF, placebo and what the ontology adds are of the light stack",
    ]


def _scores(metrics: dict[str, Any], names: list[str]) -> list[str]:
    return [score(metrics, name) for name in names]


def score(metrics: dict[str, Any], name: str) -> str:
    """One score with its interval: ``.745 [.731–.758]``."""
    low, high = metrics["interval"][name]
    return f"{metrics[name]:.3f} [{low:.3f}–{high:.3f}]"
