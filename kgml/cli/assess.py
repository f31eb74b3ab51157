"""``kgml assess``: what a labelled table can carry, before anything is trained on it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, TypeAlias

import typer

from kgml.cli import compare, options
from kgml.cli.output import Call, columns

LISTED = 5
"""Phrases and regimes shown on a terminal."""


class Several(compare.Several):
    """``--corpus one two`` is ``--corpus one --corpus two``."""

    several = ("--corpus",)


MARKS = {"serious": "!!", "look": "! "}
Data: TypeAlias = Annotated[
    Path, typer.Argument(help="CSV, TSV, JSONL or Parquet with labels.", show_default=False)
]
Graph: TypeAlias = Annotated[
    Path | None,
    typer.Option(
        "--graph", metavar="DIR", help="A built graph or an ontology: how relevant is it?"
    ),
]
TargetMetric: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--target-metric", metavar="NAME=SCORE", help="What is wanted, such as macro_f1=0.85."
    ),
]
BudgetHours: TypeAlias = Annotated[
    float | None,
    typer.Option("--budget-hours", metavar="HOURS", min=0.001, help="Most time for training here."),
]
CorpusPaths: TypeAlias = Annotated[
    list[Path] | None,
    typer.Option(
        "--corpus",
        metavar="PATH...",
        help="Text for a language model from scratch. Default: the table's.",
    ),
]

PilotMinutes: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--pilot",
        metavar="MINUTES",
        min=0.1,
        help="Fine-tune on as many rows as these hold, so that its score is told too.",
    ),
]


def assess(
    ctx: typer.Context,
    data: Data,
    graph: Graph = None,
    target_metric: TargetMetric = None,
    budget_hours: BudgetHours = None,
    corpus: CorpusPaths = None,
    pilot: PilotMinutes = None,
    group_column: Annotated[
        str | None,
        typer.Option(
            "--group-column", metavar="NAME", help="Scores for each value of this column."
        ),
    ] = None,
    patch: Annotated[
        Path | None,
        typer.Option(
            "--patch",
            metavar="FILE",
            help="Write the phrases that the ontology lacks: .csv or .ttl.",
        ),
    ] = None,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="FILE", help="Write the report as one page too."),
    ] = None,
    text_column: options.TextColumn = None,
    label_column: options.LabelColumn = None,
    split_column: options.SplitColumn = None,
    encoder: options.Encoder = None,
    device: options.Device = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Say what a labelled table can carry: volume, quality, relevance, and a verdict.

    Likely scores with more labels, likely wrong labels, copies, leaks, damage and shortcuts, what the
    ontology has to do with the texts, and which of three ways fits at which cost here.
    """
    call = Call.start(ctx, json, seed, quiet)
    config = call.config(
        encoder={"model": encoder, "device": device},
        train={"text_column": text_column, "label_column": label_column, "split_column": split_column},
    )  # fmt: skip
    from kgml.models.assess.run import assess as run

    with call.working():
        result = run(
            data, graph=graph, target=target_metric, budget_hours=budget_hours, corpus=corpus or (),
            group_column=group_column, patch=patch, pilot_minutes=pilot, config=config,
        )  # fmt: skip
        if html is not None:
            from kgml.artifacts import write_file
            from kgml.models.assess.page import render

            write_file(html, render(result))
    call.result(result, human)


def human(result: dict[str, Any]) -> str:
    """Three headings and a verdict."""
    return "\n".join([
        "VOLUME", *_volume(result["volume"]), "", "QUALITY",
        *_findings(result, ("accuracy", "consistency", "bias")), "", "RELEVANCE",
        *_relevance(result), *_findings(result, ("relevance",)), "", "VERDICT",
        *verdict_lines(result), f"{result['seconds']:.1f} s",
    ])  # fmt: skip


def _volume(volume: dict[str, Any]) -> list[str]:
    smallest, curve = volume["smallest"], volume["curve"]
    table: list[list[object]] = [["training rows", curve["title"], "95%"]]
    table += [[f"{p['labels']:,}", f"{p['mean']:.3f}", "measured"] for p in curve["points"]]
    for name in ("now", "twice"):
        low, high = curve[name]["interval"]
        table.append([
            f"{curve[name]['labels']:,}", f"{curve[name]['value']:.3f}", f"{low:.3f}–{high:.3f} expected"
        ])  # fmt: skip
    lines = [
        f"{volume['rows']:,} rows, {volume['learned_from']:,} to learn from, {volume['tokens']:,} tokens, "
        f"{volume['classes']} classes, the smallest '{smallest['label']}' with {smallest['rows']:,}",
        columns(table),
    ]  # fmt: skip
    if curve["target"]:
        labels, (low, high) = curve["target"]["value"], curve["target"]["interval"]
        said = [("out of reach" if n is None else f"{n:,.0f}") for n in (labels, low, high)]
        lines.append(
            f"labels for {curve['target']['score']}: {said[0]} (95%: {said[1]} to {said[2]})"
        )
    if volume["pilot"] is not None:
        from kgml.models.assess.pilot import told

        lines.append(told(volume["pilot"], curve["title"]))
    return lines


def _findings(result: dict[str, Any], aspects: tuple[str, ...]) -> list[str]:
    """Those worth a look, then the names of the others."""
    of = [f for f in result["findings"] if f["aspect"] in aspects]
    lines = []
    for found in sorted(
        (f for f in of if f["weight"] in MARKS), key=lambda f: f["weight"] == "look"
    ):
        rows = f" (rows {', '.join(map(str, found['rows']))} ...)" if found["rows"] else ""
        lines.append(
            f"{MARKS[found['weight']]} {found['aspect']}, {found['name']}: {found['what']}{rows}"
        )
        lines += [f"   {line}" for line in (found["evidence"], found["step"]) if line]
    fine = [f["name"] for f in of if f["weight"] not in MARKS]
    return [*lines, *([f"nothing found of: {', '.join(fine)}"] if fine else [])]


def _relevance(result: dict[str, Any]) -> list[str]:
    found = result["relevance"]
    if found["ontology"] is None:
        return ["no ontology was given (--graph)"]
    of = found["ontology"]
    lines = [_touched(of)]
    if of["branches"]:
        lines.append(
            "branches: " + ", ".join(f"{b['label']} ({b['documents']:,})" for b in of["branches"])
        )
    if found["missing"]:
        some = found["missing"][:LISTED]
        lines.append(
            "phrases it lacks: " + ", ".join(f"{p['phrase']} ({p['documents']:,})" for p in some)
        )
    return lines


def _touched(of: dict[str, Any]) -> str:
    depth = (
        f", mean depth {of['depth']}, information content {of['specificity']}"
        if of["depth"]
        else ""
    )
    return (
        f"{of['share']:.0%} of the documents touched, {of['entities_a_document']} entities each, "
        f"{of['entities']:,} of {of['entities_of']:,} entities used{depth}"
    )


def verdict_lines(result: dict[str, Any]) -> list[str]:
    """The answer, what it takes, the way with its cost, and the language model there could be."""
    found = result["verdict"]
    lines = [f"{found['verdict'].capitalize()}: {found['reason']}."]
    lines += [f"- {condition}" for condition in found["conditions"]]
    took = (
        f", {found['minutes']:.1f} minutes and {found['memory_mib']:,} MiB here"
        if found["minutes"]
        else ""
    )
    lines.append(f"Way: {found['regime']} ({found['command']}){took}. {' '.join(found['reasons'])}")
    return [*lines, *_language_model(result["language_model"])]


def _language_model(plan: dict[str, Any]) -> list[str]:
    """What the text would carry; nothing where that is none."""
    of = plan["largest"]
    if not of:
        return []
    on = ", ".join(f"{name} {minutes:.2g} min" for name, minutes in of["minutes_on"].items())
    return [
        f"A language model of this text ({plan['tokens']:,} tokens, {plan['readings']} readings): at most "
        f"{of['parameters']:,} parameters, {of['flops']:.2g} FLOPs, {of['minutes_here']:,.1f} min here, "
        f"{on} at {of['mfu']:.0%} MFU"
    ]
