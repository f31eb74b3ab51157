"""``kgml graph diff`` and ``kgml graph subset``: two graphs compared, a part of one taken out."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from kgml.cli import options
from kgml.cli.build_graph import human
from kgml.cli.output import Call, columns

Side = Annotated[
    str,
    typer.Argument(help="A folder that kgml build-graph wrote, or ontologies.", show_default=False),
]
SHOWN = 10
"""Most changes of one kind that are listed for people."""


def diff(
    ctx: typer.Context,
    old: Side,
    new: Side,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """List what is added, removed, deprecated, replaced, renamed and moved from OLD to NEW."""
    call = Call.start(ctx, json, seed, quiet)
    config = call.config()
    from kgml.kg.diff import graph_diff
    from kgml.kg.load import open_graph

    with call.working():
        found = graph_diff(open_graph(old, config.graph), open_graph(new, config.graph)).to_dict()
    call.result(found, human_diff)


def subset(
    ctx: typer.Context,
    graph: options.Graph,
    terms: Annotated[
        list[str],
        typer.Argument(
            metavar="TERM...", help="Ids, IRIs, CURIEs, labels or synonyms.", show_default=False
        ),
    ],
    output: Annotated[
        Path,
        typer.Option("-o", "--output", metavar="DIR", help="Folder to write.", show_default=False),
    ],
    how: Annotated[
        str,
        typer.Option(
            "--how",
            metavar="WAY",
            help="branch: the terms and all below; ancestors: and all above; "
            "module: and all that edges of any relation lead to.",
        ),
    ] = "branch",
    hops: Annotated[
        int | None, typer.Option("--hops", min=0, metavar="N", help="At most N steps away.")
    ] = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Save the part of GRAPH around TERM as a graph of its own."""
    call = Call.start(ctx, json, seed, quiet)
    config = call.config()
    started = time.perf_counter()
    from kgml.artifacts import check_target
    from kgml.kg.load import open_graph
    from kgml.kg.subset import subset as take
    from kgml.kg.term import find_term

    with call.working():
        check_target(output, "graph")
        whole = open_graph(graph, config.graph)
        part = take(whole, [find_term(whole, term) for term in terms], how=how, hops=hops)
        part.save(output, command=call.command, config=config.to_dict(), seed=config.seed)
    report = {**part.report, "sha256": part.fingerprint, "path": str(output),
              "seconds": round(time.perf_counter() - started, 3)}  # fmt: skip
    call.result(report, human)


def human_diff(found: dict[str, Any]) -> str:
    """The counts, then the first few of each kind."""
    counts = found["counts"]
    if not any(counts.values()):
        return "no difference"
    rows: list[list[object]] = [[name, n] for name, n in counts.items() if name != "edges"]
    for relation, ways in counts["edges"].items():
        rows += [[f"edges {way}: {relation}", n] for way, n in ways.items() if n]
    parts = [columns(rows)]
    for name in counts:
        if name != "edges" and found[name]:
            lines = [name, columns([_change(row) for row in found[name][:SHOWN]], indent=2)]
            more = len(found[name]) - SHOWN
            parts.append("\n".join(lines + [f"  … {more:,} more; --json lists all"] * (more > 0)))
    return "\n\n".join(parts)


def _change(row: dict[str, Any]) -> list[object]:
    """id, label and what happened to it."""
    label = str(row.get("label", ""))
    if "by" in row:
        return [row["id"], label, f"→ {row['by']['id']} {row['by']['label']}"]
    if "old" in row:
        return [row["id"], label, f"{_short(row['old'])} → {_short(row['new'])}"]
    if "added" in row:
        signs = [f"+ {_text(item)}" for item in row["added"]]
        return [row["id"], label, "; ".join(signs + [f"- {_text(i)}" for i in row["removed"]])]
    return [row["id"], label, ""]


def _short(text: str | None, length: int = 60) -> str:
    if text is None:
        return "(none)"
    return text if len(text) <= length else text[: length - 1] + "…"


def _text(item: Any) -> str:
    return str(item) if isinstance(item, str) else f"{item[0]} ({item[1]})"
