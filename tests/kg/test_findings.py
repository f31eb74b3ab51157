"""Circles of is-a, entities under two disjoint classes and imports that were not read: counted,
named, saved and listed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kgml import load_graph
from kgml.config import Config, GraphConfig
from kgml.kg import findings
from kgml.kg.build import build_graph, check
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.stats import graph_stats
from kgml.kg.subset import subset
from kgml.progress import KGMLWarning

EX = "https://example.org/"
WHALE = """
:Fish a owl:Class ; rdfs:label "fish" ; owl:disjointWith :Mammal .
:Mammal a owl:Class ; rdfs:label "mammal" .
:SeaMammal a owl:Class ; rdfs:label "sea mammal" ; rdfs:subClassOf :Mammal .
:Whale a owl:Class ; rdfs:label "whale" ; rdfs:subClassOf :SeaMammal , :Fish .
:BlueWhale a owl:Class ; rdfs:label "blue whale" ; rdfs:subClassOf :Whale .
:Wanda a owl:NamedIndividual , :Fish , :Mammal ; rdfs:label "Wanda" .
"""


def warned(caught: list[object]) -> list[str]:
    return [str(w.message) for w in caught if issubclass(w.category, KGMLWarning)]


def test_a_contradiction_is_counted_and_named_by_both_axioms(turtle, tmp_path: Path) -> None:
    with pytest.warns(KGMLWarning) as caught:
        report = build_graph(turtle(WHALE), tmp_path / "g")
    # the blue whale inherits it from the whale and is not listed
    assert (report["contradictions"], report["cycles"]) == (2, 0)
    whale, wanda = sorted(warned(list(caught)))[::-1]
    assert whale == (
        "'whale' (https://example.org/Whale) is both 'fish' < 'whale' and 'mammal' < 'sea mammal' < "
        "'whale', which DisjointClasses('fish' (https://example.org/Fish) 'mammal' "
        "(https://example.org/Mammal)) in tiny.ttl excludes. 2 such in all; correct one of the two axioms"
    )
    assert wanda.startswith("'Wanda' (https://example.org/Wanda) is both 'fish' < 'Wanda' and")


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_the_file_that_excludes_them_is_named_and_each_is_listed(write, turtle) -> None:
    other = write(
        "axioms.ttl", f"<{EX}Dog> <http://www.w3.org/2002/07/owl#disjointWith> <{EX}Cat> ."
    )
    body = ":Dog a owl:Class . :Cat a owl:Class . :CatDog rdfs:subClassOf :Cat , :Dog ."
    graph = load_graph([turtle(body), other])
    check(graph)
    (found,) = graph.findings["contradictions"]
    assert {k: found[k] for k in ("entity", "left", "right", "file")} == {
        "entity": EX + "CatDog", "left": EX + "Cat", "right": EX + "Dog", "file": "axioms.ttl",
    }  # fmt: skip
    assert graph.report["contradictions"] == 1


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
@pytest.mark.parametrize("projection", ["taxonomy", "relations", "owl2vec", "rdf"])
def test_contradictions_are_found_in_every_projection(projection: str, turtle) -> None:
    graph = load_graph(turtle(WHALE), GraphConfig(projection=projection))
    check(graph)
    assert graph.report["contradictions"] == 2


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_disjoint_terms_of_obo_files_are_checked(write) -> None:
    graph = load_graph(
        write(
            "x.obo",
            """\
ontology: x

[Term]
id: X:1
name: one
disjoint_from: X:2

[Term]
id: X:2
name: two

[Term]
id: X:3
name: three
is_a: X:1
is_a: X:2
""",
        )
    )
    check(graph)
    (found,) = graph.findings["contradictions"]
    assert (found["entity"], found["left"], found["right"]) == ("X:3", "X:1", "X:2")


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_a_class_disjoint_from_what_it_lies_below_is_a_contradiction(turtle) -> None:
    graph = load_graph(turtle(":A rdfs:subClassOf :B ; owl:disjointWith :B . :B a owl:Class ."))
    check(graph)
    assert graph.findings["contradictions"][0]["text"].startswith(
        "'A' (https://example.org/A) is both 'A' and 'B' < 'A'"
    )


def test_circles_are_counted_and_one_is_shown(turtle, tmp_path: Path) -> None:
    path = turtle(
        ":a rdfs:subClassOf :b . :b rdfs:subClassOf :c . :c rdfs:subClassOf :a . :d rdfs:subClassOf :a ."
        ":x a skos:Concept ; skos:broader :y . :y skos:broader :x ."
    )
    with pytest.warns(KGMLWarning) as caught:
        report = build_graph(path, tmp_path / "g")
    assert report["cycles"] == 2
    (message,) = (text for text in warned(list(caught)) if "circle" in text)
    assert message == (
        "2 circles of is-a, such as https://example.org/a, https://example.org/b, "
        "https://example.org/c; the entities of each count as one"
    )


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_equivalence_is_a_circle_in_owl2vec_alone(turtle, tmp_path: Path) -> None:
    path = turtle(":a a owl:Class ; owl:equivalentClass :b . :b a owl:Class .")
    for projection, circles in (("relations", 0), ("owl2vec", 1)):
        config = Config(graph=GraphConfig(projection=projection))
        assert build_graph(path, tmp_path / projection, config=config)["cycles"] == circles


def test_a_sound_ontology_has_none_and_no_warning(hearts_ttl: Path, tmp_path, recwarn) -> None:
    report = build_graph(hearts_ttl, tmp_path / "g")
    assert (report["cycles"], report["contradictions"]) == (0, 0)
    assert not recwarn.list


def test_the_command_line_reports_both_and_still_builds(turtle, kgml) -> None:
    turtle(WHALE + ":Fish rdfs:subClassOf :Animal . :Animal rdfs:subClassOf :Fish .")
    done = kgml("build-graph", "tiny.ttl", "-o", "g", "--json")
    assert done.returncode == 0
    report = json.loads(done.stdout)
    assert (report["contradictions"], report["cycles"]) == (2, 1)
    assert "DisjointClasses('fish'" in done.stderr
    assert "circle" in done.stderr
    assert "Traceback" not in done.stderr


IMPORTS = "<https://e.org/o> a owl:Ontology ; owl:imports {} . :A a owl:Class .".format(
    " , ".join(f"<https://miss.org/{n}>" for n in range(5))
)


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_imports_that_were_not_read_are_listed_by_a_load_and_saved(turtle, tmp_path: Path) -> None:
    graph = load_graph(turtle(IMPORTS))
    listed = graph.findings["unresolved_imports"]
    assert [(row["iri"], row["importer"]) for row in listed] == [
        (f"https://miss.org/{n}", "tiny.ttl") for n in range(5)
    ]
    assert listed[4]["why"].startswith("no file given declares it; give its folder")
    graph.save(tmp_path / "g")
    saved = KnowledgeGraph.load(tmp_path / "g")
    assert saved.findings == graph.findings
    assert graph_stats(saved)["unresolved_imports"] == {"count": 5, "first": listed}


def test_paths_below_the_working_folder_are_written_from_there(tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    why = f"import_map gives {tmp_path}/a.ttl, which is no file"
    (row,) = findings.imports([("urn:a", "b.ttl", why)])
    assert row["why"] == "import_map gives a.ttl, which is no file"


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_no_more_than_the_limit_are_listed_with_the_full_number(
    turtle, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(findings, "LIMIT", 1)
    monkeypatch.setattr(findings, "MEMBERS", 2)
    circles = ":a rdfs:subClassOf :b . :b rdfs:subClassOf :c . :c rdfs:subClassOf :a ." + (
        ":x rdfs:subClassOf :y . :y rdfs:subClassOf :x ."
    )
    report = build_graph(turtle(WHALE + IMPORTS + circles), tmp_path / "g")
    assert {name: len(rows) for name, rows in report["findings"].items()} == {
        "unresolved_imports": 1, "cycles": 1, "contradictions": 1,
    }  # fmt: skip
    assert report["findings"]["cycles"] == [[EX + "a", EX + "b"]]
    assert [report[name] for name in ("unresolved_imports", "cycles", "contradictions")] == [
        5,
        2,
        2,
    ]
    found = graph_stats(KnowledgeGraph.load(tmp_path / "g"))
    assert (found["unresolved_imports"]["count"], found["contradictions"]["count"]) == (5, 2)
    assert found["cycles"] == {"count": 2, "entities": 5, "first": [[EX + "a", EX + "b"]]}


@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_a_load_alone_looks_for_no_contradictions_and_stats_do(turtle) -> None:
    graph = load_graph(turtle(WHALE))
    assert "contradictions" not in graph.report
    assert set(graph.findings) == {"unresolved_imports"}
    found = graph_stats(graph)["contradictions"]
    assert [row["entity"] for row in found["first"]] == [EX + "Wanda", EX + "Whale"]
    part = subset(graph, [EX + "Whale"], how="ancestors")
    assert graph_stats(part)["contradictions"]["count"] == 1


def test_build_graph_and_graph_stats_list_all_of_them(turtle, kgml) -> None:
    turtle(WHALE + IMPORTS + ":Fish rdfs:subClassOf :Animal . :Animal rdfs:subClassOf :Fish .")
    done = kgml("build-graph", "tiny.ttl", "-o", "g", "--json")
    listed = json.loads(done.stdout)["findings"]
    assert [row["iri"][-1] for row in listed["unresolved_imports"]] == list("01234")
    assert listed["cycles"] == [[EX + "Animal", EX + "Fish"]]
    assert [row["entity"] for row in listed["contradictions"]] == [EX + "Wanda", EX + "Whale"]
    assert "and 2 more, which 'kgml graph stats' and graph.findings list" in done.stderr
    found = json.loads(kgml("graph", "stats", "g", "--json").stdout)
    assert {name: found[name]["first"] for name in listed} == listed
    told = kgml("graph", "stats", "g").stdout
    paragraphs = told.split("\n\n")[1:]
    assert [text.splitlines()[0] for text in paragraphs] == [
        "circles of is-a", "contradictions", "imports not read",
    ]  # fmt: skip
    assert "https://miss.org/4  imported by tiny.ttl: no file given declares it" in paragraphs[2]
    again = kgml("build-graph", "tiny.ttl", "-o", "g")
    assert again.stdout.splitlines()[-1].startswith("'kgml graph stats g' lists imports")
