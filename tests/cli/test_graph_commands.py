"""``kgml graph stats``, ``show``, ``diff`` and ``subset`` as their users meet them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]
HEART = """\
@prefix : <http://example.org/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
:disease a owl:Class ; rdfs:label "heart disease"@en .
:af a owl:Class ; rdfs:subClassOf :disease ; rdfs:label "atrial fibrillation"@en ;
    skos:altLabel "AF"@en , "red \\u001b[31m"@en ; skos:definition "Irregular rhythm."@en .
:warfarin a owl:Class ; rdfs:label "warfarin"@en ; :treats :af .
:label a owl:Class ; rdfs:label "AF label"@en ; skos:altLabel "AF"@en .
"""
COMMANDS = ["stats", "show", "diff", "subset"]


@pytest.fixture
def graph(kgml: Run, tmp_path: Path) -> Path:
    (tmp_path / "heart.ttl").write_text(HEART, encoding="utf-8")
    done = kgml("build-graph", "heart.ttl", "-o", "heart.kg", "--quiet")
    assert done.returncode == 0, done.stderr
    return tmp_path / "heart.kg"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_graph_command_has_json_seed_and_quiet(kgml: Run, command: str) -> None:
    done = kgml("graph", command, "--help")
    assert done.returncode == 0
    assert all(option in done.stdout for option in ("--json", "--seed", "--quiet"))


def test_stats_are_a_table_and_one_json_document(kgml: Run, graph: Path) -> None:
    told = kgml("graph", "stats", graph)
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[0].split() == ["entities", "4", "4", "class"]
    assert "  af " in told.stdout
    found = json.loads(kgml("graph", "stats", graph, "--json").stdout)
    assert (found["entities"], found["edges"], found["homonyms"]["count"]) == (4, 2, 1)


def test_terms_may_be_given_by_the_prefixes_of_the_file_and_edges_by_labels(
    kgml: Run, tmp_path: Path
) -> None:
    text = HEART.replace("@prefix : ", "@prefix ex: ").replace(" :", " ex:").replace("\n:", "\nex:")
    (tmp_path / "ex.ttl").write_text(text, encoding="utf-8")
    done = kgml("build-graph", "ex.ttl", "-o", "ex.kg", "--quiet")
    assert done.returncode == 0, done.stderr
    told = kgml("graph", "show", "ex.kg", "ex:af")
    assert "atrial fibrillation" in told.stdout, told.stderr
    by_curie = kgml("info", "ex.kg", "--edge", "ex:warfarin", "ex:af")
    by_label = kgml("info", "ex.kg", "--edge", "warfarin", "Atrial Fibrillation")
    assert by_curie.returncode == 0, by_curie.stderr
    assert "treats" in by_curie.stdout
    assert by_label.stdout == by_curie.stdout


def test_show_draws_a_tree_that_cannot_steer_the_terminal(kgml: Run, graph: Path) -> None:
    told = kgml("graph", "show", graph, "atrial fibrillation")
    assert told.returncode == 0, told.stderr
    assert told.stdout == (
        "heart disease  http://example.org/disease\n"
        "└── atrial fibrillation  http://example.org/af\n"
        "    Irregular rhythm.\n"
        "    exact: AF; red \\x1b[31m\n"
        "    └── ← treats ─ warfarin  http://example.org/warfarin\n"
    )
    found = json.loads(kgml("graph", "show", graph, "http://example.org/disease", "--json").stdout)
    assert found["children"] == [{"id": "http://example.org/af", "label": "atrial fibrillation"}]


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("AF", "error: 'AF' may be any of 2; give an id:\n  http://example.org/af  atrial fib"),
        ("warfarine", "error: no entity 'warfarine' in this graph of 4."),
    ],
)
def test_a_term_that_is_not_one_entity_is_refused(
    kgml: Run, graph: Path, term: str, words: str
) -> None:
    done = kgml("graph", "show", graph, term)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(words)


def test_diff_lists_what_the_new_ontology_deprecates(kgml: Run, graph: Path) -> None:
    gone = HEART + ":af owl:deprecated true .\n"
    (graph.parent / "new.ttl").write_text(gone, encoding="utf-8")
    told = kgml("graph", "diff", graph, "new.ttl")
    assert "\n\ndeprecated\n  http://example.org/af  atrial fibrillation\n" in told.stdout
    assert "\n\nremoved\n" not in told.stdout
    found = json.loads(kgml("graph", "diff", graph, "new.ttl", "--json").stdout)
    assert [row["label"] for row in found["deprecated"]] == ["atrial fibrillation"]
    assert found["counts"]["deprecated"] == 1


def test_diff_compares_a_graph_with_an_ontology_file(
    kgml: Run, graph: Path, tmp_path: Path
) -> None:
    changed = HEART.replace("warfarin", "coumadin").replace('"heart disease"', '"cardiac disease"')
    (tmp_path / "new.ttl").write_text(changed, encoding="utf-8")
    told = kgml("graph", "diff", graph, "new.ttl")
    assert told.returncode == 0, told.stderr
    assert "added\n  http://example.org/coumadin  coumadin\n" in told.stdout
    assert "heart disease → cardiac disease" in told.stdout
    assert "edges added: http://example.org/treats" in told.stdout
    found = json.loads(kgml("graph", "diff", graph, "new.ttl", "--json").stdout)
    assert (found["counts"]["added"], found["counts"]["removed"]) == (1, 1)
    assert found["renamed"][0]["new"] == "cardiac disease"
    assert kgml("graph", "diff", graph, "heart.ttl").stdout == "no difference\n"


def test_subset_saves_a_graph_that_the_other_commands_read(kgml: Run, graph: Path) -> None:
    done = kgml("graph", "subset", graph, "warfarin", "-o", "w.kg", "--how", "module", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["entities"], report["triples"], report["path"]) == (3, 2, "w.kg")
    assert json.loads(kgml("graph", "stats", "w.kg", "--json").stdout)["entities"] == 3
    told = kgml("graph", "subset", graph, "heart disease", "-o", "d.kg")
    assert told.stdout.splitlines()[0].split() == ["entities", "2"]
    listed = kgml("graph", "diff", graph, "d.kg")
    assert "removed\n  http://example.org/label     AF label\n" in listed.stdout


def test_a_subset_of_an_unknown_way_is_a_wrong_call_and_writes_nothing(
    kgml: Run, graph: Path, tmp_path: Path
) -> None:
    done = kgml("graph", "subset", graph, "warfarin", "-o", "w.kg", "--how", "brunch")
    assert done.returncode == 2
    assert "no subset 'brunch'" in done.stderr
    assert not (tmp_path / "w.kg").exists()
