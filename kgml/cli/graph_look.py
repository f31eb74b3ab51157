"""``kgml graph stats`` and ``kgml graph show``: what a graph holds, and one entity of it."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kgml.cli import options
from kgml.cli.output import Call, columns, one_line

if TYPE_CHECKING:
    from rich.tree import Tree

SHOWN = 20
"""Most relations, synonyms of one scope, and cross-references listed for people."""
FEW = 3
"""Most comments."""
WIDTH = 80
"""Columns of a definition; names are never broken, for an IRI is of use only whole."""
LONGEST = 10_000


def stats(
    ctx: typer.Context,
    graph: options.Graph,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Count what GRAPH holds, and list circles, contradictions and imports that were not read."""
    call = Call.start(ctx, json, seed, quiet)
    from kgml.kg.load import open_graph
    from kgml.kg.stats import graph_stats

    with call.working():
        found = graph_stats(open_graph(graph, call.config().graph))
    call.result(found, human_stats)


def show(
    ctx: typer.Context,
    graph: options.Graph,
    term: Annotated[
        str, typer.Argument(help="An id, IRI, CURIE, label or synonym.", show_default=False)
    ],
    depth: Annotated[
        int, typer.Option("--depth", min=0, max=20, metavar="N", help="Levels of children.")
    ] = 1,
    json: options.Json = False,
    seed: options.Seed = None,
    quiet: options.Quiet = False,
) -> None:
    """Show TERM with its words, what lies above and below it, and its other relations."""
    call = Call.start(ctx, json, seed, quiet)
    from kgml.kg.load import open_graph
    from kgml.kg.show import show as look
    from kgml.kg.term import find_term

    with call.working():
        loaded = open_graph(graph, call.config().graph)
        found = look(loaded, find_term(loaded, term), depth)
    call.result(found, human_entity)


def human_stats(found: dict[str, Any]) -> str:
    """Counts as a table with what the largest of them are made of, then what is wrong."""
    kinds = ", ".join(f"{n:,} {kind}" for kind, n in found["kinds"].items() if n)
    rows: list[list[object]] = [
        ["entities", found["entities"], kinds],
        ["unlabelled", found["unlabelled"], ""],
        ["definitions", found["definitions"], ""],
        ["comments", found["comments"], ""],
        ["cross-references", found["xrefs"], ""],
        ["edges", found["edges"], ""],
        *([f"  {row['label']}", row["edges"], ""] for row in found["relations"][:SHOWN]),
        *([f"  … {len(rest):,} more", sum(row["edges"] for row in rest), ""] for rest in [found["relations"][SHOWN:]] if rest),
        ["forms", sum(found["forms"].values()), ""],
        *([f"  {scope}", n, ""] for scope, n in found["forms"].items() if n),
        ["homonyms", found["homonyms"]["count"], "in lower case"],
        *([f"  {_cut(row['text'])}", row["count"], _list(row["entities"], row["count"])]
          for row in found["homonyms"]["worst"]),
        ["depth", found["depth"], ""],
        ["roots", found["roots"]["count"], _list(found["roots"]["first"], found["roots"]["count"])],
        ["leaves", found["leaves"], ""],
        ["orphans", found["orphans"], "without any edge"],
        ["components", found["components"]["count"],
         f"the largest has {found['components']['largest']:,}"],
        ["circles of is-a", found["cycles"]["count"], ""],
        ["contradictions", found["contradictions"]["count"], ""],
        ["imports not read", found["unresolved_imports"]["count"], ""],
        ["vocabularies", len(found["vocabularies"]), ""],
        *([f"  {name or '(none)'}", n, ""] for name, n in found["vocabularies"].items()),
    ]  # fmt: skip
    return "\n\n".join([columns(rows), *_findings(found)])


def _findings(found: dict[str, Any]) -> Iterator[str]:
    """What is wrong, by name, a paragraph of each kind."""
    listed: dict[str, tuple[str, list[list[object]]]] = {
        "cycles": ("circles of is-a", [[_list(c, len(c))] for c in found["cycles"]["first"]]),
        "contradictions": (
            "contradictions", [[row["text"]] for row in found["contradictions"]["first"]],
        ),
        "unresolved_imports": (
            "imports not read",
            [[row["iri"], f"imported by {row['importer']}: {row['why']}"]
             for row in found["unresolved_imports"]["first"]],
        ),
    }  # fmt: skip
    for name, (title, rows) in listed.items():
        if rows:
            more = found[name]["count"] - len(rows)
            rest = [f"  … {more:,} more"] if more > 0 else []
            yield "\n".join([title, columns(rows, indent=2), *rest])


def _cut(text: str, length: int = 40) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _list(names: list[str], count: int) -> str:
    shown = ", ".join(names[:3])
    return f"{shown}, …" if count > min(3, len(names)) else shown


def human_entity(found: dict[str, Any]) -> str:
    """The way down to the entity, the entity, its children, its relations, as a tree."""
    from rich.console import Console
    from rich.text import Text
    from rich.tree import Tree

    root = at = Tree("", hide_root=True)
    if found["more"]["path"]:
        at = at.add(Text(f"… {found['more']['path']:,} more above"))
    for above in found["path"]:
        at = at.add(Text(_name(above)))
    others = [row for row in found["parents"] if row not in found["path"][-1:]]
    term = at.add(Text("\n".join([_name(found), *_words(found, others)])))
    _add_children(term, found["children"], found["more"]["children"])
    for row in found["relations"]:
        relation = one_line(row["relation"])
        arrow = f"─ {relation} →" if row["direction"] == "out" else f"← {relation} ─"
        term.add(Text(f"{arrow} {_name(row)}"))
    if found["more"]["relations"]:
        term.add(Text(f"… {found['more']['relations']:,} more relations"))
    drawn = io.StringIO()
    Console(file=drawn, width=LONGEST, color_system=None, highlight=False).print(root)
    return "\n".join(line.rstrip() for line in drawn.getvalue().splitlines())


def _name(row: dict[str, Any]) -> str:
    return one_line(f"{row['label']}  {row['id']}")


def _words(found: dict[str, Any], others: list[dict[str, Any]]) -> list[str]:
    lines = [found["definition"]] if found["definition"] else []
    by_scope: dict[str, list[str]] = {}
    for row in found["synonyms"]:
        by_scope.setdefault(row["scope"], []).append(row["text"])
    lines += [_few(scope, texts) for scope, texts in by_scope.items()]
    lines += [f"comment: {text}" for text in found["comments"][:FEW]]
    if len(found["comments"]) > FEW:
        lines.append(f"… {len(found['comments']) - FEW:,} more comments")
    lines += [_few("xrefs", found["xrefs"])] if found["xrefs"] else []
    more = found["more"]["parents"]
    names = [_name(row) for row in others] + ([f"{more:,} more"] if more else [])
    lines += [f"also below: {'; '.join(names)}"] if names else []
    unbroken = textwrap.TextWrapper(WIDTH, break_long_words=False, break_on_hyphens=False)
    return [part for line in lines for part in unbroken.wrap(one_line(line))]


def _few(name: str, texts: list[str]) -> str:
    rest = [f"… {len(texts) - SHOWN:,} more"] if len(texts) > SHOWN else []
    return f"{name}: {'; '.join(texts[:SHOWN] + rest)}"


def _add_children(node: Tree, children: list[dict[str, Any]], more: int) -> None:
    """As deep as --depth, which is small."""
    from rich.text import Text

    for child in children:
        at = node.add(Text(_name(child)))
        _add_children(at, child.get("children", []), child.get("more", 0))
    if more:
        node.add(Text(f"… {more:,} more below"))
