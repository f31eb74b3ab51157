"""``kgml search`` and ``kgml info``: look into a graph or any saved folder."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgml.artifacts import read_manifest, to_json
from kgml.cli import options, texts
from kgml.cli.output import Call, columns

if TYPE_CHECKING:
    from kgml.kg.axioms.provenance import Axiom
    from kgml.kg.graph import KnowledgeGraph


def search(
    ctx: typer.Context,
    graph: options.Graph,
    query: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many concepts.")] = 10,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """List the concepts nearest in meaning to QUERY."""
    call = Call.start(ctx, json, seed, quiet)
    texts.check_source(query, None, "QUERY")
    config = call.config()
    from kgml.kg.graph import KnowledgeGraph

    loaded = KnowledgeGraph.load(graph)
    from kgml.encoders.index import search_graph
    from kgml.encoders.text import TextEncoder

    with call.working():
        found = search_graph(loaded, query, k, TextEncoder(config.encoder.model))
    call.result(found, human_hits)


def info(
    ctx: typer.Context,
    artifact: Annotated[Path, typer.Argument(help="A folder that kgml wrote.", show_default=False)],
    edge: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--edge",
            metavar="A B",
            help="The axioms between two entities: ids, IRIs, CURIEs, labels or synonyms.",
        ),
    ] = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Check a saved folder and show its manifest, or where an edge of a graph comes from."""
    call = Call.start(ctx, json, seed, quiet)
    if edge is not None:
        from kgml.kg.graph import KnowledgeGraph
        from kgml.kg.term import find_term

        loaded = KnowledgeGraph.load(artifact)
        ends = [find_term(loaded, term) for term in edge]
        call.result([_axiom(loaded, a) for a in loaded.axioms(*ends)], human_axioms)
        return
    call.result(asdict(read_manifest(artifact)), lambda manifest: to_json(manifest).rstrip())


def _axiom(graph: KnowledgeGraph, axiom: Axiom) -> dict[str, Any]:
    return {
        "head": graph.ids[axiom.head], "relation": graph.relations[axiom.relation],
        "tail": graph.ids[axiom.tail], "kind": axiom.kind, "axiom": axiom.text, "file": axiom.file,
    }  # fmt: skip


def human_axioms(found: list[dict[str, Any]]) -> str:
    """One axiom a line, with its file."""
    if not found:
        return "no edge between these two"
    return columns([[row["axiom"], row["file"]] for row in found])


def human_hits(found: list[dict[str, Any]]) -> str:
    """Score, identifier and label of each hit, best first."""
    return columns([[f"{hit['score']:.3f}", hit["id"], hit["label"]] for hit in found])
