"""``kgml graph fetch``: the triples of a SPARQL endpoint become a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import options
from kgml.cli.output import Call, columns
from kgml.errors import UsageError


def fetch(
    ctx: typer.Context,
    url: Annotated[
        str, typer.Argument(help="The address of a SPARQL endpoint.", show_default=False)
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", metavar="FILE.nt", help="File to write.")
    ] = None,
    query: Annotated[
        Path | None,
        typer.Option(
            "--query",
            metavar="FILE",
            help="A SELECT of three variables or a CONSTRUCT. Default: every triple.",
        ),
    ] = None,
    graph: Annotated[
        str | None, typer.Option("--graph", metavar="IRI", help="The named graph to ask.")
    ] = None,
    page: Annotated[
        int, typer.Option("--page", metavar="N", min=1, help="Rows asked for at once.")
    ] = 10_000,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on where an interrupted one stopped.")
    ] = True,
    allow_network: Annotated[
        bool, typer.Option("--allow-network", help="Allow the connection to URL.")
    ] = False,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Download the triples of a SPARQL endpoint to a file that build-graph reads."""
    call = Call.start(ctx, json, seed, quiet)
    if output is None:
        raise UsageError("no file to write; give -o FILE.nt.")
    config = call.config(graph={"allow_network": allow_network or None})
    text = None if query is None else _read(query)
    from kgml.kg.sources.endpoint import download

    with call.working():
        done = download(
            url, output, config.graph, query=text, graph=graph, page=page, resume=resume
        )
    call.result(done, human)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path}: the query cannot be read ({error.strerror}).") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path}: byte {error.start:,} is not UTF-8; wanted a query.") from None


def human(done: dict[str, Any]) -> str:
    """The file and what is in it."""
    return columns([
        ["file", done["file"]],
        ["triples", f"{done['triples']:,}"],
        ["pages", f"{done['pages']:,}, {done['before']:,} of them from before"],
        ["blank nodes", f"{done['blank_nodes']:,}"],
        ["rows left out", f"{done['left_out']:,}"],
    ])  # fmt: skip
