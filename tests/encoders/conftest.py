"""Small graphs written as OBO, and the packaged text encoder with a cache of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from kgml.encoders.text import TextEncoder
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import load_graph

Links = Sequence[tuple[int, str, int]]
MakeGraph = Callable[..., KnowledgeGraph]
CLUSTERS, MEMBERS = 5, 12


@pytest.fixture(scope="session")
def make_graph(tmp_path_factory: pytest.TempPathFactory) -> MakeGraph:
    """``make_graph(terms, links)``: entity i is term i; a term is a name or OBO lines."""

    def make(terms: Sequence[str], links: Links = ()) -> KnowledgeGraph:
        lines = ["format-version: 1.2", "ontology: x", ""]
        lines += ["[Typedef]", "id: part_of", "name: part of", ""]
        for number, term in enumerate(terms):
            lines += ["[Term]", f"id: X:{number:07d}", f"name: {term}"]
            for head, relation, tail in links:
                if head == number:
                    kind = "is_a:" if relation == "is_a" else f"relationship: {relation}"
                    lines.append(f"{kind} X:{tail:07d}")
            lines.append("")
        path = tmp_path_factory.mktemp("graph") / "x.obo"
        path.write_text("\n".join(lines), encoding="utf-8")
        return load_graph(path)

    return make


def cluster_links(seed: int = 0) -> list[tuple[int, str, int]]:
    """Five trees of twelve; entity 60 is alone. A few extra part_of links inside the trees."""
    rng = np.random.default_rng(seed)
    links = []
    for cluster in range(CLUSTERS):
        first = cluster * MEMBERS
        links += [(first + i, "is_a", first + int(rng.integers(i))) for i in range(1, MEMBERS)]
        links += [(first + i, "part_of", first + (i + 5) % MEMBERS) for i in range(0, MEMBERS, 3)]
    return links


@pytest.fixture(scope="session")
def clusters(make_graph: MakeGraph) -> KnowledgeGraph:
    """61 entities: five trees of twelve, and one entity without links."""
    return make_graph([f"term {i}" for i in range(CLUSTERS * MEMBERS + 1)], cluster_links())


@pytest.fixture(scope="session")
def cluster_features() -> np.ndarray:
    """(61, 24) float32 unit rows, nearer within a tree than across."""
    rng = np.random.default_rng(1)
    centre = np.repeat(rng.normal(size=(CLUSTERS + 1, 24)), MEMBERS, axis=0)[:61]
    rows = centre + 1.5 * rng.normal(size=centre.shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    """The packaged encoder, with a cache shared by the tests of one run."""
    return TextEncoder(cache=tmp_path_factory.mktemp("cache"))
