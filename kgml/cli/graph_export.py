"""``kgml graph export``: a graph written for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import options
from kgml.cli.output import Call, columns


def export(
    ctx: typer.Context,
    graph: options.Graph,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="File to write; of Parquet without the ending .parquet, a folder of tables.",
            show_default=False,
        ),
    ],
    format: Annotated[
        str | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="graphml, parquet, turtle, ntriples or csv. Default: by the ending.",
        ),
    ] = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Write GRAPH for other programs: .graphml, .parquet, .ttl, .nt or .csv."""
    call = Call.start(ctx, json, seed, quiet)
    from kgml.kg.export import export as write
    from kgml.kg.export import format_of
    from kgml.kg.load import open_graph

    wanted = format_of(output, format)
    with call.working():
        loaded = open_graph(graph, call.config().graph)
        write(loaded, output, wanted)
    result = {"path": str(output), "format": wanted, "bytes": _bytes(output),
              "entities": len(loaded), "triples": len(loaded.triples)}  # fmt: skip
    call.result(result, human)


def human(result: dict[str, Any]) -> str:
    """What was written, as a small table."""
    rows = [[name, result[name]] for name in ("format", "entities", "triples", "bytes")]
    return "\n".join([columns(rows), columns([["written to", result["path"]]])])


def _bytes(path: Path) -> int:
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())
