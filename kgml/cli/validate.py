"""``kgml validate``: ontologies against SHACL shapes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import options
from kgml.cli.output import Call, columns

SHOWN = 50
"""Results printed without ``--json``."""


def validate(
    ctx: typer.Context,
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH...",
            help="Files, folders and globs, checked together, or a graph that kgml wrote.",
            show_default=False,
        ),
    ],
    shapes: Annotated[
        Path,
        typer.Option(
            "--shapes",
            metavar="FILE",
            help="SHACL shapes; kgml names those we ship.",
            show_default=False,
        ),
    ],
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="LEVEL", help="Infer before: none, rdfs, skos or owlrl."),
    ] = "none",
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Check ontologies against SHACL shapes.

    Exits with 0 if they conform and with 1 if not.
    """
    call = Call.start(ctx, json, seed, quiet)
    config = call.config()
    from kgml.kg.axioms.shapes import validate_files

    with call.working():
        report = validate_files(paths, shapes, config=config.graph, inference=reason)
    call.result(asdict(report), human)
    if not report.conforms:
        raise typer.Exit(1)


def human(report: dict[str, Any]) -> str:
    """The verdict, and below it one result per three lines: what, where, why."""
    files = f"{report['files']:,} file{'s' * (report['files'] != 1)}"
    read = f"{files}, {report['triples']:,} triples"
    results = report["results"]
    if not results:
        return f"conforms: {read}"
    lines = [f"does not conform: {len(results):,} result{'s' * (len(results) != 1)} in {read}"]
    for result in results[:SHOWN]:
        facts = [(name, result[name]) for name in ("path", "value", "shape", "source")]
        lines += [
            "",
            f"{result['severity']}: {result['focus']} {' '.join(result['message'].split())}",
            columns([[name, value] for name, value in facts if value], indent=2),
        ]
    if len(results) > SHOWN:
        lines += ["", f"and {len(results) - SHOWN:,} more; --json gives all"]
    return "\n".join(lines)
