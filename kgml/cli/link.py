"""``kgml link``: concepts in texts, shown, written for other programs, or scored."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgml.cli import options, texts
from kgml.cli.output import Call, columns
from kgml.config import Config
from kgml.errors import UsageError

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph
    from kgml.linking.linker import EntityLinker


def link(
    ctx: typer.Context,
    graph: options.Graph,
    text: options.Text = None,
    data: options.DataOrLines = None,
    text_column: options.TextColumn = None,
    id_column: Annotated[
        str | None,
        typer.Option(
            "--id-column",
            metavar="NAME",
            help="What a row of --data is called. Default: id, where there is one, else its number.",
        ),
    ] = None,
    root: Annotated[
        list[str] | None,
        typer.Option("--root", metavar="ID", help="Only this entity and all below; repeatable."),
    ] = None,
    nested: Annotated[
        bool,
        typer.Option(
            "--nested", help='Mentions in longer ones too: "colitis" in "ulcerative colitis".'
        ),
    ] = False,
    gold: Annotated[
        bool, typer.Option("--gold", help="Score against the mentions in --data FILE.jsonl.")
    ] = False,
    split: Annotated[
        str | None, typer.Option("--split", metavar="NAME", help="Of --gold, only these rows.")
    ] = None,
    format: Annotated[
        str | None, typer.Option("--format", metavar="NAME", help="jsonl, brat or html.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", metavar="PATH", help="Write to a .jsonl or .html file, or a folder."
        ),
    ] = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """List the concepts found in TEXT or in a table."""
    call = Call.start(ctx, json, seed, quiet)
    texts.check_source(text, data)
    texts.check_columns(data, {"--text-column": text_column, "--id-column": id_column})
    texts.check_output(output, data)
    if id_column is not None and data is None:
        raise UsageError("--id-column is for a table; add --data FILE, or leave it out.")
    _check(gold, {"TEXT": text, "--text-column": text_column, "--id-column": id_column,
                  "--format": format, "-o": output}, {"--split": split})  # fmt: skip
    config = call.config(train={"text_column": text_column}, linking={"nested": nested or None})
    if gold:
        assert data is not None  # check_source and _check
        call.result(_scored(call, config, graph, data, split, root), human_scores)
        return
    from kgml.linking.formats.base import Linked, chosen

    how = chosen(format, output)
    if json and how is not None and output is None:
        raise UsageError("--json and --format exclude each other where no -o is given.")
    with call.working():
        rows, ids = _documents(text, data, config.train.text_column, id_column)
        loaded, found = _linked(config, graph, root, rows)
    linked = [Linked(*of) for of in zip(rows, found, ids, strict=True)]
    if how is None:
        call.result([{"id": one.id, "mentions": one.mentions} for one in linked],
                    lambda results: human_links(rows, results))  # fmt: skip
    elif output is None:
        typer.echo(how.render(linked, loaded), nl=False)
    else:
        how.write(output, linked, loaded)
        call.result({"path": str(output), "texts": len(linked), "mentions": sum(map(len, found))},
                    human_written)  # fmt: skip


def _check(gold: bool, without: dict[str, Any], only_with: dict[str, Any]) -> None:
    """Refuse options that mean nothing with, or without, ``--gold``."""
    if gold and (given := [name for name, value in without.items() if value]):
        raise UsageError(f"--gold and {given[0]} exclude each other.")
    if not gold and (given := [name for name, value in only_with.items() if value]):
        raise UsageError(f"{given[0]} is for --gold; add it, or leave {given[0]} out.")


def _documents(
    text: str | None, data: Path | None, text_column: str, id_column: str | None
) -> tuple[list[str], list[Any]]:
    if text is not None:
        return [text], [1]
    from kgml.data.corpus import read_documents

    assert data is not None  # check_source
    return read_documents(data, text_column, id_column)


def _linker(
    config: Config, graph: Path, roots: list[str] | None
) -> tuple[KnowledgeGraph, EntityLinker]:
    from kgml.kg.load import open_graph
    from kgml.linking.gold import branches
    from kgml.linking.linker import EntityLinker

    loaded = open_graph(graph, config.graph)
    wanted = branches(loaded, roots) if roots else None
    return loaded, EntityLinker.from_graph(loaded, config.linking, wanted, config.encoder)


def _linked(
    config: Config, graph: Path, roots: list[str] | None, rows: list[str]
) -> tuple[KnowledgeGraph, list[list[dict[str, Any]]]]:
    """The graph, and the mentions of each text as JSON."""
    loaded, linker = _linker(config, graph, roots)
    from kgml.linking.linker import mention_to_json

    return loaded, [
        [mention_to_json(m, loaded) for m in mentions] for mentions in linker.link(rows)
    ]


def _scored(
    call: Call, config: Config, graph: Path, data: Path, split: str | None, roots: list[str] | None
) -> dict[str, Any]:
    from kgml.data.annotations import read_gold
    from kgml.linking.gold import evaluate

    with call.working():
        rows, gold = read_gold(data, split)
        loaded, linker = _linker(config, graph, roots)
        return evaluate(loaded, linker, rows, gold)


def human_scores(result: dict[str, Any]) -> str:
    """Precision, recall and F1 of both levels, then accuracy and the errors by kind."""
    names = ("precision", "recall", "f1")
    table = [["", "precision", "recall", "F1"]]
    for level in ("mention", "document"):
        table.append([level, *(f"{result[level][name]:.3f}" for name in names)])
    counts = [[name.replace("_", " "), count] for name, count in result["errors"].items()]
    more = [[name.replace("_", " "), result[name]]
            for name in ("documents", "mentions", "unknown_ids", "unknown_mentions")]  # fmt: skip
    accuracy = columns([["accuracy@1", f"{result['accuracy_at_1']:.3f}"]])
    return "\n".join([columns(table), accuracy, "errors", columns(counts, indent=2), columns(more)])


def human_written(result: dict[str, Any]) -> str:
    """What was written, on one line."""
    return f"{result['mentions']} mentions in {result['texts']} texts written to {result['path']}"


def human_links(rows: list[str], linked: list[dict[str, Any]]) -> str:
    """Each text, and under it its spans with their candidates, best first."""
    return "\n\n".join(
        "\n".join([text, _spans(result["mentions"])])
        for text, result in zip(rows, linked, strict=True)
    )


def _spans(mentions: list[dict[str, Any]]) -> str:
    if not mentions:
        return "  nothing linked"
    table = []
    for mention in mentions:
        span = f"{mention['start']}–{mention['end']}"
        said = [word for word in ("negated", "family") if mention[word]]
        name = mention["text"] + (f" ({', '.join(said)})" if said else "")
        for candidate in mention["candidates"]:
            score = f"{candidate['score']:.2f}"
            table.append([span, name, score, candidate["id"], candidate["label"]])
            span = name = ""
    return columns(table, indent=2)
