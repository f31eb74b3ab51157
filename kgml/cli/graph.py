"""``kgml graph``: look into a graph, compare two, take a part out, write it elsewhere."""

from __future__ import annotations

import typer

app = typer.Typer(
    help="Look into a graph, compare two, take a part out, write it elsewhere.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
