"""``kgml predict`` and ``kgml evaluate``: a saved model and new texts."""

from __future__ import annotations

import csv
import io
import json as jsonlib
from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.artifacts import read_manifest, write_file
from kgml.cli import options, perplexity, texts
from kgml.cli.output import Call, columns, one_line
from kgml.cli.train import score
from kgml.errors import UsageError

Model = Annotated[Path, typer.Argument(help="A folder that kgml train wrote.", show_default=False)]


def predict(
    ctx: typer.Context,
    model: Model,
    text: options.Text = None,
    data: options.Data = None,
    text_column: options.TextColumn = None,
    coverage: options.Coverage = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to a .jsonl or .csv file."),
    ] = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Predict the label of TEXT or of each row of a table."""
    call = Call.start(ctx, json, seed, quiet)
    texts.check_source(text, data)
    texts.check_output(output, data)
    if output is not None and output.suffix.lower() not in WRITERS:
        raise UsageError(f"-o {output}: wanted a file ending in {' or '.join(WRITERS)}.")
    config = call.config(trained_with(model), train={"text_column": text_column})
    rows = texts.read(text, data, config.train.text_column)
    from kgml.models.train import predict as run

    with call.working():
        predictions = run(model, rows, coverage=coverage)
    if output is not None:
        separator = config.train.label_separator or "|"
        write_file(output, WRITERS[output.suffix.lower()](rows, predictions, separator))
        call.note(f"{len(rows)} predictions written to {output}")
        if not json:
            return
    call.result(predictions, human)


def evaluate(
    ctx: typer.Context,
    model: Model,
    data: Annotated[
        Path,
        typer.Option(
            "--data",
            metavar="FILE",
            help="A table: CSV, TSV, JSONL or Parquet; for a language model text or a folder too.",
        ),
    ],
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    split_column: options.SplitColumn = None,
    label_separator: Annotated[
        str | None,
        typer.Option(
            "--label-separator",
            metavar="TEXT",
            help="What stands between the labels of a cell. Default: that of training.",
        ),
    ] = None,
    coverage: options.Coverage = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Score a model on a table of labelled texts, or a language model on any texts.

    A language model: perplexity of a token and bits per byte.
    """
    call = Call.start(ctx, json, seed, quiet)
    texts.check_source(None, data)
    if perplexity.is_language_model(model):
        labels = {
            "--label-column": label_column, "--label-separator": label_separator,
            "--coverage": coverage,
        }  # fmt: skip
        perplexity.evaluate(call, model, data, text_column, split_column, labels)
        return
    config = call.config(
        trained_with(model, data),
        train={
            "text_column": text_column, "label_column": label_column,
            "split_column": split_column, "label_separator": label_separator,
        }
    )  # fmt: skip
    from kgml.models.train import evaluate as run

    with call.working():
        result = run(model, data, config=config, coverage=coverage)
    call.result(result, human_scores)


def trained_with(model: Path, data: Path | None = None) -> dict[str, Any]:
    """Columns and seed of the training run, for what neither a flag nor ``kgml.toml`` sets.

    Its split column is one of them only where ``data`` has it: a new table needs no split.
    """
    manifest = read_manifest(model, "model", verify=False)
    options = manifest.config.get("train", {})
    kept = ("text_column", "label_column", "target", "label_separator", "order")
    found = {k: options[k] for k in kept if options.get(k)}
    split = options.get("split_column")
    if split and data is not None:
        from kgml.data.tables import read_table

        if split in read_table(data):
            found["split_column"] = split
    return {"train": found, "seed": manifest.seed or 0}


def human(predictions: list[dict[str, Any]]) -> str:
    """For each text its label, the classes by probability, the concepts it was linked to."""
    return "\n\n".join(_one(prediction) for prediction in predictions)


def _one(prediction: dict[str, Any]) -> str:
    ranked = sorted(prediction["probabilities"].items(), key=lambda pair: -pair[1])
    label = prediction["label"]
    told = ", ".join(label) or "(no label)" if isinstance(label, list) else str(label)
    lines = [one_line(told)]
    if "backoff" in prediction:
        lines.append("  " + backed(prediction["backoff"]))
    if ranked:
        lines.append(columns([[f"{p:.3f}", name] for name, p in ranked[:5]], indent=2))
    linked = {
        one_line(f"{m['text']} → {m['candidates'][0]['label']}") for m in prediction["mentions"]
        if m["candidates"]
    }  # fmt: skip
    return "\n".join([*lines, *(f"  {line}" for line in sorted(linked))])


def backed(off: dict[str, Any]) -> str:
    """The entity that back-off stops at, and the classes below it.

    >>> backed({"coverage": 0.9, "entity": {"id": "X:1", "label": "bird"}, "classes": ["X:2", "X:3"],
    ...         "probability": 0.95})
    'with coverage 0.9: bird (X:1), one of X:2, X:3'
    """
    above = off["entity"]
    called = "any class" if above is None else f"{above['label']} ({above['id']})"
    listed = ", ".join(off["classes"])
    few = f", one of {listed}" if above is not None and len(off["classes"]) > 1 else ""
    return one_line(f"with coverage {off['coverage']:g}: {called}{few}")


def human_scores(result: dict[str, Any]) -> str:
    """Each metric with its interval, then how often back-off was right and what that cost."""
    metrics = result["metrics"]
    rows: list[list[object]] = [[name, score(metrics, name)] for name in metrics["interval"]]
    if "backoff" in result:
        off = result["backoff"]
        low, high = off["interval"]
        rows += [
            [f"covered ({off['asked']:g} asked)", f"{off['covered']:.3f} [{low:.3f}–{high:.3f}]"],
            ["classes a text", f"{off['classes']:.2f}"],
            ["backed off", f"{off['backed_off']:.3f}"],
            ["any class", f"{off['everything']:.3f}"],
        ]
    return columns(rows)


def to_jsonl(rows: list[str], predictions: list[dict[str, Any]], separator: str = "|") -> str:
    """One prediction per line, in the order of the texts."""
    return "".join(
        jsonlib.dumps(prediction, ensure_ascii=False, sort_keys=True) + "\n"
        for prediction in predictions
    )


def to_csv(rows: list[str], predictions: list[dict[str, Any]], separator: str = "|") -> str:
    """Columns ``text``, ``label``, with a coverage ``backoff`` (empty for any class) and ``classes``,
    then the probability of each class, ``p(class)``.

    Args:
        separator: what stands between several labels.
    """
    classes = sorted(predictions[0]["probabilities"]) if predictions else []
    off = ["backoff", "classes"] if predictions and "backoff" in predictions[0] else []
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["text", "label", *off, *(f"p({name})" for name in classes)])
    for text, prediction in zip(rows, predictions, strict=True):
        probabilities = (f"{prediction['probabilities'][name]:.6f}" for name in classes)
        label = prediction["label"]
        told = separator.join(label) if isinstance(label, list) else label
        back = prediction["backoff"] if off else {}
        more = (
            [(back["entity"] or {}).get("id", ""), separator.join(back["classes"])] if off else []
        )
        writer.writerow([text, told, *more, *probabilities])
    return stream.getvalue()


WRITERS = {".jsonl": to_jsonl, ".csv": to_csv}
