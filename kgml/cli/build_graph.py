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
    projection: Annotated[
        str | None,
        typer.Option(
            "--projection",
            metavar="NAME",
            help="taxonomy, relations, owl2vec or rdf: which axioms become edges. "
            "Default: relations.",
        ),
    ] = None,
    reason: Annotated[
        str | None,
        typer.Option(
            "--reason",
            metavar="LEVEL",
            help="none, rdfs, skos or owlrl: what is inferred first. Default: none.",
        ),
    ] = None,
    merge_matches: Annotated[
        bool, typer.Option("--merge-matches", help="Make entities one by exactMatch and sameAs.")
    ] = False,
    merge_xrefs: Annotated[
        bool, typer.Option("--merge-xrefs", help="The same, and by database cross-references.")
    ] = False,
    obsolete: Annotated[
        bool, typer.Option("--obsolete", help="Keep deprecated and obsolete terms.")
    ] = False,
    catalog: Annotated[
        Path | None,
        typer.Option("--catalog", metavar="FILE", help="XML catalog of imported ontologies."),
    ] = None,
    no_imports: Annotated[
        bool, typer.Option("--no-imports", help="Leave owl:imports alone.")
    ] = False,
    allow_network: Annotated[
        bool, typer.Option("--allow-network", help="Fetch imports no file provides; https only.")
    ] = False,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Turn ontology files into a graph.

    RDF, OWL, OBO, SKOS and edge lists, also compressed, are told apart by content, not by ending.
    """  # fmt: skip
    call = Call.start(ctx, json, seed, quiet)
    merge = "xrefs" if merge_xrefs else "matches" if merge_matches else None
    config = call.config(
        graph={
            "language": language, "projection": projection, "reason": reason, "merge": merge,
            "obsolete": obsolete or None, "catalog": str(catalog) if catalog else None,
            "imports": False if no_imports else None, "allow_network": allow_network or None,
        }
    )  # fmt: skip
    if not paths:
        call.note(f"no PATH given; using the shipped ontology '{DEFAULT}'")
    from kgml.kg.build import build_graph as run

    with call.working():
        report = run(paths or [DEFAULT], output, config=config, command=call.command)
    call.result(report, human)


COUNTS = (
    "entities", "relations", "triples", "labels", "synonyms", "definitions", "comments",
    "xrefs", "unlabelled",
    "homonyms", "obsolete", "merged", "not_merged", "inferred", "files", "skipped",
    "prefix_conflicts", "unresolved_imports", "cycles", "contradictions",
)  # fmt: skip


def human(report: dict[str, Any]) -> str:
    """The report as a small table."""
    rows: list[list[object]] = [[k, _count(report[k])] for k in COUNTS if k in report]
    rows += [[f"became edges: {kind}", n] for kind, n in sorted(report["became"].items())]
    rows += [[f"dropped: {kind}", n] for kind, n in sorted(report["dropped"].items())]
    facts = [["seconds", f"{report['seconds']:.2f}"], ["sha256", report["sha256"]]]
    lines = [columns(rows), columns([*facts, ["written to", report["path"]]])]
    if any(report.get("findings", {}).values()):
        names = "imports not read, circles and contradictions"
        lines.append(f"'kgml graph stats {report['path']}' lists {names}")
    return "\n".join(lines)


def _count(value: Any) -> int:
    return value if isinstance(value, int) else len(value)
