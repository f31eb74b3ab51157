"""docs/PROJECTIONS.md is true: its Turtle gives its edges and its counts."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest
import rdflib

from kgml import load_graph
from kgml.config import GraphConfig
from kgml.kg.projection import PROJECTIONS

pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
PAGE = Path(__file__).parents[2] / "docs" / "PROJECTIONS.md"


def fenced(kind: str) -> str:
    """The text of the only block of a kind."""
    (text,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    return str(text)


@pytest.fixture
def heart(write) -> Path:
    return write("heart.ttl", fenced("turtle"))


def end(iri: str) -> str:
    return re.split("[#/]", iri)[-1]


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_the_worked_example_gives_the_edges_of_the_page(projection: str, heart: Path) -> None:
    graph = load_graph(heart, GraphConfig(projection=projection))
    found = [
        (end(graph.iris[h]), end(graph.relation_iris[r]), end(graph.iris[t]))
        for h, r, t in graph.triples.tolist()
    ]
    listed = [tuple(line.split()) for line in fenced(f"edges {projection}").splitlines()]
    assert sorted(listed) == sorted(found)
    assert len(set(listed)) == len(listed)


@pytest.mark.parametrize("projection", PROJECTIONS)
def test_the_worked_example_drops_what_the_page_says(projection: str, heart: Path) -> None:
    graph = load_graph(heart, GraphConfig(projection=projection))
    rows = [line.rpartition(": ") for line in fenced(f"dropped {projection}").splitlines()]
    assert {name: int(count) for name, _, count in rows} == graph.report["dropped"]


def test_the_blank_nodes_of_the_rdf_projection_are_those_rdflib_counts(heart: Path) -> None:
    blank = Counter(
        isinstance(s, rdflib.BNode) or isinstance(o, rdflib.BNode)
        for s, _, o in rdflib.Graph().parse(heart) if not isinstance(o, rdflib.Literal)
    )  # fmt: skip
    assert f"blank node: {blank[True]}\n" == fenced("dropped rdf")


def test_every_name_a_table_gives_to_a_drop_is_one_the_code_counts() -> None:
    source = "".join(
        (PAGE.parents[1] / "kgml" / "kg" / name).read_text(encoding="utf-8")
        for name in ("projection.py", "axioms/expressions.py", "vocabulary.py", "assemble.py")
    )
    table = (
        PAGE.read_text(encoding="utf-8").partition("## The table")[2].partition("## A worked")[0]
    )
    names = set(re.findall(r"(?<!\*)\*([^*\n]+)\*(?!\*)", table)) - {"italics"}
    assert len(names) > 25
    assert {name for name in names if f'"{name}"' not in source} == set()
