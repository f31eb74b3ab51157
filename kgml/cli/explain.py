"""``kgml explain``: why a text got its label, what would change it, and whether that is measured true."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgml.artifacts import write_file
from kgml.cli import explained, options, texts
from kgml.cli.output import Call
from kgml.cli.predict import Model, trained_with
from kgml.config import Config
from kgml.data.tables import is_lines
from kgml.errors import UsageError

if TYPE_CHECKING:
    from kgml.models.classifier import KGTextClassifier

NEIGHBOURS = 5


def explain(
    ctx: typer.Context,
    model: Model,
    text: Annotated[
        list[str] | None, typer.Argument(help="Texts, each in quotes.", show_default=False)
    ] = None,
    data: options.DataOrLines = None,
    text_column: options.TextColumn = None,
    split: Annotated[
        str | None, typer.Option("--split", metavar="NAME", help="Of --data, only these rows.")
    ] = None,
    split_column: options.SplitColumn = None,
    sample: Annotated[
        int | None,
        typer.Option("--sample", metavar="N", min=1, help="Of --data, N rows drawn by --seed."),
    ] = None,
    like: Annotated[
        Path | None,
        typer.Option("--like", metavar="FILE", help="A labelled table: show the nearest rows."),
    ] = None,
    label_column: options.LabelColumn = None,
    k: Annotated[
        int | None, typer.Option("-k", min=1, metavar="N", help="How many of --like. Default: 5.")
    ] = None,
    add_synonym: Annotated[
        list[str] | None,
        typer.Option(
            "--add-synonym",
            metavar="ID=WORDS",
            help="What if the concept were called so too? Repeatable.",
        ),
    ] = None,
    drop_concept: Annotated[
        list[str] | None,
        typer.Option("--drop-concept", metavar="ID", help="What if it were gone? Repeatable."),
    ] = None,
    faithfulness: Annotated[
        bool,
        typer.Option(
            "--faithfulness", help="Measure the ranking of mentions over --data against chance."
        ),
    ] = False,
    html: Annotated[
        Path | None, typer.Option("--html", metavar="FILE", help="Write one HTML page.")
    ] = None,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Say why TEXT, or each row of a table, got its label.

    For each mention, concept and word: the probability of the label that is lost when the model
    predicts again without it, and the way through the ontology that carries a concept there.
    """
    call = Call.start(ctx, json, seed, quiet)
    texts.check_sources(text, data)
    texts.check_columns(data, {
        "--text-column": text_column, "--split": split, "--split-column": split_column,
    })  # fmt: skip
    changes = bool(add_synonym or drop_concept)
    _check(data, {"--split": split, "--sample": sample, "--faithfulness": faithfulness},
           {"--add-synonym or --drop-concept": changes, "--faithfulness": faithfulness,
            "--like": like, "--html": html})  # fmt: skip
    _check_alone({"-k": k, "--label-column": label_column}, "--like FILE", like)
    _check_alone({"--split-column": split_column}, "--split NAME", split)
    if like is not None:
        texts.check_source(None, like)
    _check_page(html, {"--data": data, "--like": like})
    table = None if data is None or is_lines(data) else data
    config = call.config(trained_with(model, table), train={
        "text_column": text_column, "label_column": label_column, "split_column": split_column,
    })  # fmt: skip
    rows, read = texts.read_part(
        text, data, config.train.text_column, split, config.train.split_column, sample, config.seed
    )
    from kgml.models.store import load_model

    with call.working():
        loaded = load_model(model)
        if faithfulness:
            result, human = _faithfulness(loaded, read, config), explained.human_faithfulness
        elif changes:
            result = _what_if(loaded, rows, read, add_synonym or [], drop_concept or [])
            human = explained.human_what_if
        else:
            result = _explanations(loaded, rows, read, like, k or NEIGHBOURS, config)
            human = explained.human
    if html is not None:
        from kgml.models.explaining.page import render

        page = render(result["explanations"], result["knowledge"]["sentence"])
        write_file(html, page.encode("utf-8", "backslashreplace"))
        call.note(f"{len(read)} explanations written to {html}")
        if not json:
            return
    call.result(result, human)


def _check(data: Path | None, with_data: dict[str, Any], modes: dict[str, Any]) -> None:
    """Refuse what needs a table, and two things at once."""
    needs = [name for name, value in with_data.items() if value]
    if data is None and needs:
        raise UsageError(f"{needs[0]} is for a table; add --data FILE, or leave {needs[0]} out.")
    given = [name for name, value in modes.items() if value]
    if len(given) > 1 and set(given) != {"--like", "--html"}:
        raise UsageError(f"{given[0]} and {given[1]} exclude each other; ask for one at a time.")


def _check_alone(given: dict[str, Any], owner: str, there: object) -> None:
    """Refuse options that mean nothing without another."""
    alone = [name for name, value in given.items() if value is not None]
    if there is None and alone:
        raise UsageError(f"{alone[0]} is for {owner}; add it, or leave {alone[0]} out.")


def _check_page(html: Path | None, tables: dict[str, Path | None]) -> None:
    if html is None:
        return
    from kgml.linking.formats.html import Page

    if html.suffix.lower() != Page.ending:
        raise UsageError(f"--html {html}: wanted a file ending in {Page.ending}.")
    Page().check(html)
    for source, table in tables.items():
        texts.check_output(html, table, "--html", source)


def _knowledge(model: KGTextClassifier) -> dict[str, Any]:
    from kgml.models.explain import standing

    sentence = standing(model)
    return {"used": sentence is None, "sentence": sentence, "fusion": model.fusion}


def _explanations(
    model: KGTextClassifier, rows: list[int], read: list[str], like: Path | None, k: int,
    config: Config,
) -> dict[str, Any]:  # fmt: skip
    from kgml.models.explain import explain_documents

    maker = model.featurizer()
    documents = maker.documents(read)
    told = [
        {"row": row, **one.to_json(maker.graph)}
        for row, one in zip(rows, explain_documents(model, documents, read), strict=True)
    ]
    if like is not None:
        from kgml.data.corpus import read_labelled
        from kgml.models.explaining.like import nearest

        table = read_labelled(like, config.train.text_column, config.train.label_column)
        for one, near in zip(told, nearest(model, documents, *table, k=k), strict=True):
            one["like"] = [neighbour.to_json() for neighbour in near]
    return {"knowledge": _knowledge(model), "explanations": told}


def _what_if(
    model: KGTextClassifier, rows: list[int], read: list[str], synonyms: list[str], drop: list[str]
) -> dict[str, Any]:
    from kgml.models.explaining.what_if import parse_synonym, what_if

    graph = model.featurizer().graph
    added = [parse_synonym(text, graph) for text in synonyms]
    found = what_if(model, read, synonyms=added, drop=drop)
    reached, flips = set(found.reached), set(found.flips)

    def named(key: str) -> dict[str, str]:
        return {"id": graph[key].id, "label": graph[key].label}

    return {
        "knowledge": _knowledge(model),
        "synonyms": [{**named(key), "synonym": words} for key, words in added],
        "dropped": [named(key) for key in drop],
        "texts": len(read),
        "reached": len(reached),
        "flips": len(flips),
        "rows": [
            {
                "row": row, "text": read[i], "reached": i in reached, "flips": i in flips,
                "before": found.before[i].to_json(graph), "after": found.after[i].to_json(graph),
            }
            for i, row in enumerate(rows)
        ],
    }  # fmt: skip


def _faithfulness(model: KGTextClassifier, read: list[str], config: Config) -> dict[str, Any]:
    from kgml.models.explaining.faithfulness import faithfulness

    return faithfulness(model, read, seed=config.seed).to_json()
