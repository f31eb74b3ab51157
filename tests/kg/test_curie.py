from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kgml import load_graph
from kgml.errors import InputError
from kgml.kg.curie import converter

OBO = "http://purl.obolibrary.org/obo/"
TWICE = """\
format-version: 1.4
ontology: {name}
idspace: X {space}

[Term]
id: X:1
name: {name}
"""
pytestmark = pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")


def test_the_graph_reads_like_a_mapping_of_ids_and_iterates_entities(hearts_obo: Path) -> None:
    graph = load_graph(hearts_obo)
    assert graph.keys() == ["EX:1", "EX:2", "EX:3", "EX:4", "EX:5"]
    assert dict(graph)["EX:4"].label == "heart"
    assert graph.get("EX:4") == graph["EX:4"]
    assert graph.get("EX:44") is None
    assert graph.get("EX:44", graph[0]).label == "disease"
    assert list(graph)[3] == graph[3]


def test_a_curie_finds_an_entity_that_rdf_knows_by_its_iri(hearts_ttl: Path) -> None:
    graph = load_graph(hearts_ttl)
    assert graph.ids[3] == OBO + "EX_4"
    assert graph["EX:4"].number == 3
    assert graph["obo:EX_4"].number == 3
    assert "EX:4" in graph
    assert "EX:44" not in graph
    assert (graph.curie(3), graph.curie(OBO + "EX_4"), graph.curie(graph[3])) == ("EX:4",) * 3


def test_expanding_a_curie_needs_no_entity_and_compressing_takes_the_longest_namespace(
    hearts_obo: Path,
) -> None:
    graph = load_graph(hearts_obo)
    assert graph.expand("EX:77") == OBO + "EX_77"
    assert graph.expand("skos:broader") == "http://www.w3.org/2004/02/skos/core#broader"
    assert graph.expand("RO:0001025") == OBO + "RO_0001025"
    assert graph.converter.compress(OBO + "EX_77") == "EX:77"
    assert graph.converter.compress(OBO + "ex.owl") == "obo:ex.owl"
    assert graph.converter.compress("http://purl.org/dc/terms/title") == "dcterms:title"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("seizure", "'seizure' is no CURIE; wanted prefix:name"),
        ("EXX:1", "'EXX:1': unknown prefix; choose from .*EX.* Did you mean 'EX'?"),
    ],
)
def test_what_cannot_be_expanded_is_refused(hearts_obo: Path, name: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        load_graph(hearts_obo).expand(name)


def test_an_iri_without_a_known_prefix_stays_an_iri(turtle) -> None:
    graph = load_graph(turtle(":a a owl:Class ."))
    assert graph.curie(0) == "https://example.org/a"
    own = converter(graph, {"ex": "https://example.org/"})
    assert own.compress(graph.iris[0]) == "ex:a"


def test_a_prefix_of_two_namespaces_is_refused_and_not_guessed(write) -> None:
    files = [
        write(f"{name}.obo", TWICE.format(name=name, space=f"http://{name}.org/X_"))
        for name in ("one", "two")
    ]
    graph = load_graph(files)
    assert len(graph) == 2
    assert graph.prefixes["X"] == ("http://one.org/X_", "http://two.org/X_")
    assert "X:1" not in graph
    assert graph.get("X:1") is None
    for refused in (graph.__getitem__, graph.expand):
        with pytest.raises(InputError, match=r"<http://one.org/X_1> or <http://two.org/X_1>"):
            refused("X:1")
    assert graph["http://two.org/X_1"].label == "two"
    assert graph.keys() == graph.iris
    assert graph.curie("http://two.org/X_1") == "http://two.org/X_1"


def test_curies_is_not_imported_before_a_curie_is_read(hearts_obo: Path) -> None:
    code = (
        "import sys; from kgml import load_graph; graph = load_graph(sys.argv[1])\n"
        "graph['EX:3'], 'http://no.org/x' in graph, 'nowhere:1' in graph, graph.keys()\n"
        "assert 'curies' not in sys.modules; graph.curie(0); assert 'curies' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code, str(hearts_obo)], check=True)
