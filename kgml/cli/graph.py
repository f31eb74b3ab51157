"""``kgml graph``: look into a graph, compare two, take a part out, write it elsewhere."""

from __future__ import annotations

import typer

from kgml.cli import graph_compare, graph_export, graph_fetch, graph_look

app = typer.Typer(
    help="Look into a graph, compare two, take a part out, write it elsewhere.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.command("stats")(graph_look.stats)
app.command("show")(graph_look.show)
app.command("diff")(graph_compare.diff)
app.command("subset")(graph_compare.subset)
app.command("fetch")(graph_fetch.fetch)
app.command("export")(graph_export.export)
