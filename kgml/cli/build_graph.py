"""``kgml build-graph``: ontology files become one graph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import options
from kgml.cli.output import Call, columns

DEFAULT = "fin"


def build_graph(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PATH]...",
            help="Files, folders and globs, merged into one graph; fin and bio are shipped.",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="DIR",
            help="Folder to write. Without it: artifacts/NAME.kg, the folder's current graph.",
        ),
    ] = None,
    language: Annotated[
        str | None, typer.Option("--language", metavar="TAG", help="Of labels. Default: en.")
    ] = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Turn ontology files into a graph.

    Turtle, RDF/XML, N-Triples, JSON-LD and OBO are told apart by content, not by ending.
    """  # fmt: skip
    call = Call.start(ctx, json, seed, quiet)
    config = call.config(graph={"language": language})
    if not paths:
        call.note(f"no PATH given; using the shipped ontology '{DEFAULT}'")
    from kgml.kg.build import build_graph as run

    with call.working():
        report = run(paths or [DEFAULT], output, config=config, command=call.command)
    call.result(report, human)


COUNTS = (
    "entities", "relations", "triples", "labels", "synonyms", "definitions", "unlabelled",
    "obsolete", "files", "skipped",
)  # fmt: skip


def human(report: dict[str, Any]) -> str:
    """The report as a small table."""
    rows: list[list[object]] = [[k, _count(report[k])] for k in COUNTS if k in report]
    rows += [[f"dropped: {kind}", n] for kind, n in sorted(report["dropped"].items())]
    facts = [["seconds", f"{report['seconds']:.2f}"], ["sha256", report["sha256"]]]
    return "\n".join([columns(rows), columns([*facts, ["written to", report["path"]]])])


def _count(value: Any) -> int:
    return value if isinstance(value, int) else len(value)
