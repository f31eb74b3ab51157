"""``kgml graph``: look into a graph, compare two, take a part out, write it elsewhere."""

from __future__ import annotations

import typer

from kgml.cli import graph_fetch

app = typer.Typer(
    help="Look into a graph, compare two, take a part out, write it elsewhere.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("fetch")(graph_fetch.fetch)
