"""A small graph of two vocabularies, and the packaged text encoder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph

MakeGraph = Callable[[str], KnowledgeGraph]
HEARTS = """\
[Term]
id: X:0000000
name: Myocardial infarction
def: "Death of cardiac muscle for want of blood." []
synonym: "heart attack" EXACT []
synonym: "MI" EXACT ABBREVIATION []
is_a: X:0000004

[Term]
id: X:0000001
name: Bone fracture

[Term]
id: Y:0000002
name: Panic disorder
synonym: "Heart-attack" RELATED []

[Term]
id: X:0000003
name: Cardiac arrhythmia
is_a: X:0000004

[Term]
id: X:0000004
name: Heart disease
"""


@pytest.fixture(scope="session")
def make_graph(tmp_path_factory: pytest.TempPathFactory) -> MakeGraph:
    """A graph of OBO terms."""

    def make(terms: str) -> KnowledgeGraph:
        path = tmp_path_factory.mktemp("graph") / "x.obo"
        path.write_text(f"format-version: 1.2\nontology: x\n\n{terms}", encoding="utf-8")
        return load_graph(path)

    return make


@pytest.fixture(scope="session")
def hearts(make_graph: MakeGraph) -> KnowledgeGraph:
    """Entity i is term i in the order of their IRIs: X 0, 1, 3, 4, then Y 2."""
    return make_graph(HEARTS)


@pytest.fixture(scope="session")
def encoder(cache: Path) -> TextEncoder:
    """The packaged encoder, with the cache of this run."""
    return TextEncoder(cache=cache)
