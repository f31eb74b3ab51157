from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from kgml import load_graph
from kgml.errors import ArtifactError, InputError, KGMLError
from kgml.kg import hierarchy
from kgml.kg.build import build_graph, current_graph
from kgml.kg.graph import KnowledgeGraph, Scope

IRI = "http://purl.obolibrary.org/obo/EX_3"


def test_an_entity_is_found_by_number_id_and_iri(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    for key in (2, np.int64(2), "EX:3", IRI):
        assert graph[key].label == "atrial fibrillation"
        assert graph.number(key) == 2
        assert key in graph
    assert graph["EX:3"].synonyms == (
        ("AF", Scope.ABBREVIATION),
        ("auricular fibrillation", Scope.RELATED),
    )
    assert graph["EX:3"].definition == "An irregular, often rapid heart rhythm."
    assert [entity.number for entity in graph] == [0, 1, 2, 3, 4]
    assert repr(graph) == "KnowledgeGraph(5 entities, 2 relations, 5 triples)"


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("EX:33", "Did you mean 'EX:3'?"),
        ("Heart", r"Did you mean 'EX:4' \(heart\)"),
        (5, "Numbers go from 0 to 4"),
        (-1, "Numbers go from 0 to 4"),
        ("zzz", "Give an id or IRI"),
    ],
)
def test_an_unknown_key_is_refused_with_a_hint(hearts_obo: Path, key, words: str) -> None:
    graph = load_graph(hearts_obo)
    assert key not in graph
    with pytest.raises(InputError, match=words):
        graph[key]


def test_parents_children_neighbours_and_depth(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    assert graph.parents("EX:3") == [1]
    assert graph.children("EX:1") == [1]
    assert graph.neighbours("EX:3") == [(0, 3), (1, 1)]
    assert graph.neighbours("EX:5") == []
    assert graph.depth() == 2
    assert graph.depths.tolist() == [0, 1, 2, 1, 0]
    assert graph.is_a_relation == 1


def test_ancestors_include_the_entity_itself(hearts_obo: Path) -> None:
    assert load_graph(hearts_obo).ancestors.toarray().astype(int).tolist() == [
        [1, 0, 0, 0, 0], [1, 1, 0, 0, 0], [1, 1, 1, 0, 0], [0, 0, 0, 1, 1], [0, 0, 0, 0, 1],
    ]  # fmt: skip


def matrix(size: int, *edges: tuple[int, int]):
    rows = np.array(edges, dtype=np.int64).reshape(-1, 2)
    return hierarchy.adjacency(rows[:, 0], rows[:, 1], size)


def test_cycles_share_their_ancestors_and_do_not_hang() -> None:
    # 0 -> 1 <-> 2 -> 3, and 4 alone in a longer circle 4 -> 5 -> 6 -> 4
    is_a = matrix(7, (0, 1), (1, 2), (2, 1), (2, 3), (4, 5), (5, 6), (6, 4))
    closed = hierarchy.closure(is_a)
    assert closed.dtype == bool
    assert [closed[i].indices.tolist() for i in range(7)] == [
        [0, 1, 2, 3], [1, 2, 3], [1, 2, 3], [3], [4, 5, 6], [4, 5, 6], [4, 5, 6],
    ]  # fmt: skip
    assert hierarchy.levels(is_a).tolist() == [2, 1, 1, 0, 0, 0, 0]


def test_a_diamond_counts_each_ancestor_once() -> None:
    closed = hierarchy.closure(matrix(4, (0, 1), (0, 2), (1, 3), (2, 3)))
    assert [closed[i].indices.tolist() for i in range(4)] == [[0, 1, 2, 3], [1, 3], [2, 3], [3]]


def test_a_random_hierarchy_agrees_with_squaring_the_matrix() -> None:
    random = np.random.default_rng(0)
    pairs = random.integers(0, 60, (90, 2))
    is_a = matrix(60, *[tuple(p) for p in pairs if p[0] != p[1]])
    dense = (is_a.toarray() + np.eye(60)) > 0
    for _ in range(7):
        dense = (dense.astype(int) @ dense.astype(int)) > 0
    assert np.array_equal(hierarchy.closure(is_a).toarray(), dense)


def test_a_chain_of_a_hundred_thousand_has_a_depth_and_a_refused_closure(monkeypatch) -> None:
    steps = np.arange(99_999)
    chain = hierarchy.adjacency(steps, steps + 1, 100_000)
    assert hierarchy.levels(chain).max() == 99_999
    monkeypatch.setattr(hierarchy, "MAX_PAIRS", 1_000_000)
    with pytest.raises(InputError, match="more than 1,000,000 pairs"):
        hierarchy.closure(chain)
    assert hierarchy.closure(chain[:1000, :1000]).nnz == 500_500


def test_a_graph_without_edges_works_everywhere(turtle) -> None:
    graph = load_graph(
        turtle(':a a owl:Class ; rdfs:label "a" . :b a owl:Class ; rdfs:label "b" .')
    )
    assert graph.triples.shape == (0, 3)
    assert graph.is_a.nnz == 0
    assert graph.ancestors.toarray().tolist() == [[True, False], [False, True]]
    assert graph.parents(0) == graph.children(1) == graph.neighbours(0) == []
    assert graph.depth() == 0
    assert graph.is_a_relation is None


def test_triples_cannot_be_changed(hearts_obo: Path, tmp_path: Path) -> None:
    graph = load_graph(hearts_obo)
    graph.save(tmp_path / "g")
    for made in (graph, KnowledgeGraph.load(tmp_path / "g")):
        assert made.triples.dtype == np.int64
        with pytest.raises(ValueError, match="read-only"):
            made.triples[0, 0] = 3


@pytest.mark.parametrize("kind", ["hearts", "empty"])
def test_saved_and_loaded_is_the_same_graph(kind: str, hearts_obo: Path, tmp_path) -> None:
    graph = load_graph(hearts_obo) if kind == "hearts" else KnowledgeGraph.empty()
    graph.save(tmp_path / "g", command="kgml build-graph", config={"seed": 1}, seed=1)
    again = KnowledgeGraph.load(tmp_path / "g")
    assert list(again) == list(graph)
    assert again.fingerprint == graph.fingerprint
    assert again.report == graph.report
    assert again.ontologies == graph.ontologies
    assert again.sources == graph.sources
    assert again.triples.tolist() == graph.triples.tolist()
    again.save(tmp_path / "h", command="kgml build-graph", config={"seed": 1}, seed=1)
    assert contents(tmp_path / "g") == contents(tmp_path / "h")


def contents(folder: Path) -> dict[str, bytes]:
    return {f.name: f.read_bytes() for f in folder.iterdir()}


def test_the_same_files_give_the_same_bytes_whatever_the_hash_seed(
    hearts_obo: Path, hearts_ttl: Path, tmp_path: Path
) -> None:
    code = "import sys; from kgml import load_graph; load_graph(sys.argv[2:]).save(sys.argv[1])"
    for seed in ("1", "2"):
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / seed), str(hearts_obo), str(hearts_ttl)],
            check=True, env={**os.environ, "PYTHONHASHSEED": seed},
        )  # fmt: skip
    assert contents(tmp_path / "1") == contents(tmp_path / "2")


def test_the_fingerprint_follows_content_and_not_paths(hearts_obo: Path, write) -> None:
    graph = load_graph(hearts_obo)
    moved = load_graph(write("elsewhere/other.obo", hearts_obo.read_bytes()))
    assert moved.fingerprint == graph.fingerprint
    changed = hearts_obo.read_text().replace("cardiac disease", "cardiac diseases")
    assert load_graph(write("c.obo", changed)).fingerprint != graph.fingerprint


def test_a_changed_byte_and_a_cut_file_are_refused(hearts_obo: Path, tmp_path: Path) -> None:
    load_graph(hearts_obo).save(tmp_path / "g")
    file = tmp_path / "g" / "forms.arrow"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(ArtifactError, match=r"forms\.arrow: changed since it was saved"):
        KnowledgeGraph.load(tmp_path / "g")
    file.write_bytes(data[:100])
    with pytest.raises(ArtifactError, match=r"forms\.arrow: not readable"):
        KnowledgeGraph.load(tmp_path / "g", verify=False)


def test_build_graph_saves_reports_and_makes_the_graph_current(
    hearts_obo: Path, hearts_ttl: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert current_graph() is None
    report = build_graph([hearts_obo], command="kgml build-graph hearts.obo")
    assert list(report) == [
        "entities", "relations", "triples", "labels", "synonyms", "definitions", "comments",
        "xrefs", "unlabelled",
        "became", "dropped", "obsolete", "merged", "not_merged", "files", "skipped",
        "prefix_conflicts", "inferred", "unresolved_imports", "homonyms", "cycles", "contradictions", "findings",
        "seconds", "sha256", "path",
    ]  # fmt: skip
    assert report["path"] == "artifacts/hearts.kg"
    assert current_graph() == Path("artifacts/hearts.kg")
    assert (tmp_path / "artifacts" / "current-graph").read_text() == "artifacts/hearts.kg\n"
    assert KnowledgeGraph.load(current_graph()).fingerprint == report["sha256"]
    other = build_graph([hearts_obo, hearts_ttl, "*.obo"], Path("other"))
    assert other["path"] == "other"
    assert current_graph() == Path("artifacts/hearts.kg")
    assert build_graph([hearts_obo, tmp_path / "hearts.ttl"])["path"] == "artifacts/hearts.kg"


def test_a_refused_build_leaves_the_current_graph_alone(
    hearts_obo: Path, write, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)
    build_graph(hearts_obo)
    before = contents(tmp_path / "artifacts" / "hearts.kg")
    with pytest.raises(KGMLError):
        build_graph([hearts_obo, write("cut.obo", "[Term]\nid: X:1\n")])
    with pytest.raises(ArtifactError, match="something that is not a kgml graph"):
        build_graph(hearts_obo, write("full/precious.txt", "x").parent)
    assert contents(tmp_path / "artifacts" / "hearts.kg") == before
    assert current_graph() == Path("artifacts/hearts.kg")


def test_the_vocabulary_of_an_entity_is_told_by_its_iri(write, tmp_path: Path) -> None:
    file = write(
        "two.ttl",
        """@prefix owl: <http://www.w3.org/2002/07/owl#> .
        <http://purl.obolibrary.org/obo/HP_0000001> a owl:Class .
        <http://purl.obolibrary.org/obo/HP_0000002> a owl:Class .
        <http://purl.obolibrary.org/obo/DOID_4> a owl:Class .
        <https://example.org/fin/a#Bond> a owl:Class .
        <https://example.org/fin/b/Share> a owl:Class .
        <https://example.org/bio#Cell> a owl:Class .
        <urn:other:x> a owl:Class .
        """,
    )
    graph = load_graph(file)
    of = dict(zip(graph.iris, graph.vocabularies.tolist(), strict=True))
    names = {iri.rsplit("/", 1)[-1]: number for iri, number in of.items()}
    assert names["HP_0000001"] == names["HP_0000002"] != names["DOID_4"]
    assert names["a#Bond"] == names["Share"] != names["bio#Cell"]
    assert len(set(of.values())) == 5
    assert KnowledgeGraph.empty().vocabularies.shape == (0,)
