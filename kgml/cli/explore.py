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
    from kgml.config import Config
    from kgml.encoders.text import TextEncoder
    from kgml.kg.axioms.provenance import Axiom
    from kgml.kg.graph import KnowledgeGraph


def search(
    ctx: typer.Context,
    graph: options.Graph,
    query: Annotated[str, typer.Argument(help="What to look for.", show_default=False)],
    k: Annotated[int, typer.Option("-k", min=1, metavar="N", help="How many concepts.")] = 10,
    root: Annotated[
        list[str] | None,
        typer.Option("--root", metavar="ID", help="Only this entity and all below; repeatable."),
    ] = None,
    vocabulary: Annotated[
        list[str] | None,
        typer.Option(
            "--vocabulary",
            metavar="NAME",
            help="Only entities of this prefix, or whose IRI begins so; repeatable.",
        ),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="NAME", help="hybrid|bm25|dense. Default: hybrid."),
    ] = None,
    index: Annotated[
        str | None,
        typer.Option(
            "--index", metavar="NAME", help="flat|hnsw|ivf-sq8|auto. Default: auto, by size."
        ),
    ] = None,
    encoder: options.Encoder = None,
    precision: options.Precision = None,
    device: options.Device = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """List the concepts that answer QUERY by words and by meaning, and say why.

    The first search of a graph encodes all its names; what it makes is kept in the cache folder.
    """
    call = Call.start(ctx, json, seed, quiet)
    texts.check_source(query, None, "QUERY")
    config = call.config(
        encoder={"model": encoder, "precision": precision, "device": device},
        search={"method": method, "index": index},
    )  # fmt: skip
    config.encoder.check()
    config.search.check()
    from kgml.kg.load import open_graph

    loaded = open_graph(graph, config.graph)
    from kgml.search.kept import open_search
    from kgml.search.only import allowed

    with call.working():
        only = allowed(loaded, root or (), vocabulary or ())
        engine = open_search(loaded, encoder_of(config), config.search.kind, mapped=True)
        hits = engine.search(query, k, method=config.search.method, only=only)
    recall = None if engine.vectors is None else engine.vectors.recall
    call.result([hit.to_json(loaded, recall) for hit in hits], human_hits)


def encoder_of(config: Config) -> TextEncoder | None:
    """The text encoder, None where words alone are searched."""
    if config.search.method == "bm25":
        return None
    from kgml.encoders.text import TextEncoder

    return TextEncoder.of(config.encoder)


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
    """Score, identifier, label and reasons of each hit, best first."""
    if not found:
        return "nothing found"
    return columns([[f"{hit['score']:.3f}", hit["id"], hit["label"], _why(hit)] for hit in found])


def _why(hit: dict[str, Any]) -> str:
    """The name that answers, and the places in both lists."""
    name = "label" if hit["form"] == hit["label"] else f"{hit['scope']} '{hit['form']}'"
    parts = [name + (", spelled so" if hit["spelled"] else "")]
    if hit["bm25"]:
        place = hit["bm25"]
        parts.append(f"words {', '.join(hit['words'])}: {_place(place, '.1f')}")
    if hit["cosine"]:
        parts.append(f"meaning: {_place(hit['cosine'], '.3f')}")
    return "; ".join(parts)


def _place(place: dict[str, Any], form: str) -> str:
    return f"{place['score']:{form}} (rank {place['rank']})"
