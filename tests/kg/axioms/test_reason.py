"""What follows from triples, level by level; expected triples worked out by hand."""

from __future__ import annotations

import itertools
import random

import pyoxigraph as ox
import pytest

from kgml.errors import OntologyError, UsageError
from kgml.kg.axioms.reason import infer
from kgml.progress import KGMLWarning

PREFIXES = {
    "": "http://e.org/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "owl": "http://www.w3.org/2002/07/owl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}
HEADER = "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in PREFIXES.items())


def blocks(turtle: str) -> list[bytes]:
    """Canonical N-Triples, one block per line of ``turtle``."""
    lines = [line for line in turtle.splitlines() if line.strip()]
    parsed = (ox.parse(HEADER + line, format=ox.RdfFormat.TURTLE) for line in lines)
    return [ox.serialize(p, format=ox.RdfFormat.N_TRIPLES) or b"" for p in parsed]


def inferred(turtle: str, level: str, limit: int = 10_000, **options: bool) -> list[str]:
    """New triples in short: ``:a rdf:type :B``; in the order written."""
    text = b"".join(infer(blocks(turtle), level, limit, **options)).decode()
    for name, iri in PREFIXES.items():
        text = text.replace(f"<{iri}", f"<{name}:")
    return [line.removesuffix(" .").replace("<", "").replace(">", "") for line in text.splitlines()]


# RDFS


def test_a_type_holds_for_every_class_above() -> None:
    tree = ":tom a :Cat .\n:Cat rdfs:subClassOf :Mammal .\n:Mammal rdfs:subClassOf :Animal ."
    assert inferred(tree, "rdfs") == [":tom rdf:type :Animal", ":tom rdf:type :Mammal"]


def test_the_hierarchy_itself_is_closed_only_when_asked() -> None:
    tree = ":Cat rdfs:subClassOf :Mammal .\n:Mammal rdfs:subClassOf :Animal ."
    assert inferred(tree, "rdfs") == []
    assert inferred(tree, "rdfs", schema=True) == [":Cat rdfs:subClassOf :Animal"]


def test_what_a_property_relates_its_super_properties_relate() -> None:
    tree = ':p rdfs:subPropertyOf :q .\n:q rdfs:subPropertyOf :r .\n:a :p :b , "a word"@en .'
    assert inferred(tree, "rdfs") == [
        ':a :q "a word"@en', ":a :q :b", ':a :r "a word"@en', ":a :r :b",
    ]  # fmt: skip


def test_domain_types_subjects_and_range_types_objects_that_are_no_literals() -> None:
    tree = ":p rdfs:domain :D ; rdfs:range :R .\n:D rdfs:subClassOf :E .\n:a :p :b .\n:c :p 7 ."
    assert inferred(tree, "rdfs") == [
        ":a rdf:type :D", ":a rdf:type :E", ":b rdf:type :R", ":c rdf:type :D", ":c rdf:type :E",
    ]  # fmt: skip


def test_domain_of_a_super_property_types_too() -> None:
    tree = ":p rdfs:subPropertyOf :q .\n:q rdfs:domain :D .\n:a :p :b ."
    assert inferred(tree, "rdfs") == [":a :q :b", ":a rdf:type :D"]


def test_a_property_below_subclass_of_makes_a_hierarchy() -> None:
    tree = ":isKindOf rdfs:subPropertyOf rdfs:subClassOf .\n:Cat :isKindOf :Animal .\n:tom a :Cat ."
    assert inferred(tree, "rdfs") == [":Cat rdfs:subClassOf :Animal", ":tom rdf:type :Animal"]


def test_a_cycle_of_classes_ends_and_says_nothing_of_itself() -> None:
    tree = ":A rdfs:subClassOf :B .\n:B rdfs:subClassOf :A .\n:x a :A ."
    assert inferred(tree, "rdfs") == [":x rdf:type :B"]
    assert inferred(tree, "rdfs", schema=True) == [":x rdf:type :B"]


def test_blank_nodes_and_owl_thing_are_not_types_but_lead_on() -> None:
    tree = ":x a :A .\n:A rdfs:subClassOf [ rdfs:subClassOf :B ] , owl:Thing .\n"
    assert inferred(tree, "rdfs") == [":x rdf:type :B"]


def test_blocks_without_a_conclusion_give_nothing() -> None:
    assert inferred(":a :p :b .", "rdfs") == []
    assert list(infer([], "rdfs", 10)) == []
    assert list(infer([], "skos", 10)) == []


def test_an_iri_with_a_space_is_one_term() -> None:
    text = (b"<http://e.org/a b> <http://e.org/p q> <http://e.org/c d> .\n"
            b"<http://e.org/p q> <http://www.w3.org/2000/01/rdf-schema#domain> <http://e.org/D e> .\n")  # fmt: skip
    kind = f"<{PREFIXES['rdf']}type>".encode()
    assert list(infer([text], "rdfs", 10)) == [
        b"<http://e.org/a b> " + kind + b" <http://e.org/D e> .\n"
    ]


def test_a_statement_over_two_lines_is_refused_by_name() -> None:
    with pytest.raises(OntologyError, match=r"over several lines.*http://e\.org/a"):
        list(infer([b"<http://e.org/a\n> <http://e.org/p> <http://e.org/b> .\n"], "rdfs", 10))


def test_more_than_the_limit_is_refused_with_the_option_to_raise() -> None:
    tree = "\n".join(f":x{i} a :A ." for i in range(11)) + "\n:A rdfs:subClassOf :B ."
    assert len(inferred(tree, "rdfs", 11)) == 11
    with pytest.raises(OntologyError, match=r"more than 10 triples follow.*max_triples"):
        inferred(tree, "rdfs", 10)


@pytest.mark.parametrize("seed", range(12))
def test_rdfs_agrees_with_owlrl_on_random_graphs(seed: int) -> None:
    owlrl = pytest.importorskip("owlrl")
    import rdflib

    draw = random.Random(seed)
    names = [f":n{i}" for i in range(7)]
    verbs = ["a", "rdfs:subClassOf", "rdfs:subPropertyOf", "rdfs:domain", "rdfs:range", *names]
    tree = "\n".join(
        f"{draw.choice(names)} {draw.choice(verbs)} {draw.choice(names)} ." for _ in range(14)
    )
    graph = rdflib.Graph().parse(data=HEADER + tree, format="turtle")
    stated = set(graph)
    owlrl.DeductiveClosure(owlrl.RDFS_Semantics).expand(graph)
    ours = {f"{PREFIXES['']}n{i}" for i in range(7)}
    reserved = {PREFIXES["rdf"] + "type", *(PREFIXES["rdfs"] + n for n in (
        "subClassOf", "subPropertyOf", "domain", "range"))}  # fmt: skip
    expected = {
        f"{s.n3()} {p.n3()} {o.n3()}"
        for s, p, o in set(graph) - stated
        if s != o and str(s) in ours and str(o) in ours and str(p) in ours | reserved
    }
    found = b"".join(infer(blocks(tree), "rdfs", 10_000, schema=True)).decode()
    assert {line.removesuffix(" .") for line in found.splitlines()} == expected


# SKOS


def test_broader_and_narrower_are_inverse_and_not_transitive() -> None:
    tree = ":a skos:broader :b .\n:b skos:broader :c ."
    found = inferred(tree, "skos")
    assert [t for t in found if "type" not in t] == [":b skos:narrower :a", ":c skos:narrower :b"]
    assert [t for t in found if "type" in t] == [
        f":{name} rdf:type skos:Concept" for name in "abc"
    ]  # fmt: skip


def test_top_concepts_are_in_their_scheme() -> None:
    assert inferred(":s skos:hasTopConcept :a .", "skos") == [
        ":a rdf:type skos:Concept", ":a skos:inScheme :s", ":a skos:topConceptOf :s",
        ":s rdf:type skos:ConceptScheme",
    ]  # fmt: skip


def test_exact_matches_of_one_concept_match_each_other() -> None:
    found = inferred(":a skos:exactMatch :b .\n:b skos:exactMatch :c .", "skos")
    exact = {tuple(t.split(" skos:exactMatch ")) for t in found if "exactMatch" in t}
    given = {(":a", ":b"), (":b", ":c")}
    assert exact == set(itertools.permutations([":a", ":b", ":c"], 2)) - given
    close = {tuple(t.split(" skos:closeMatch ")) for t in found if "closeMatch" in t}
    assert close == set(itertools.permutations([":a", ":b", ":c"], 2))
    assert len(found) == len(exact) + len(close)  # no types: the targets are elsewhere


def test_broad_match_is_broader_both_ways_round() -> None:
    assert inferred(":a skos:broadMatch :b .", "skos") == [
        ":a skos:broader :b", ":b skos:narrowMatch :a", ":b skos:narrower :a",
    ]  # fmt: skip


def test_a_thesaurus_may_have_its_own_kind_of_broader() -> None:
    found = inferred(":broaderGeneric rdfs:subPropertyOf skos:broader .\n:a :broaderGeneric :b .", "skos")  # fmt: skip
    assert {":a skos:broader :b", ":b skos:narrower :a"} <= set(found)


def test_too_many_exact_matches_are_refused_before_they_are_written_out() -> None:
    star = "\n".join(f":hub skos:exactMatch :x{i} ." for i in range(200))
    with pytest.raises(OntologyError, match="more than 1,000 triples follow"):
        inferred(star, "skos", 1_000)


# OWL 2 RL


def test_owl_2_rl_follows_inverses_chains_and_equivalences() -> None:
    pytest.importorskip("owlrl")
    tree = (":p owl:inverseOf :q .\n:a :p :b .\n:grandparent owl:propertyChainAxiom ( :parent :parent ) .\n"
            ":a :parent :b .\n:b :parent :c .\n:A owl:equivalentClass :B .\n:a a :A .")  # fmt: skip
    found = inferred(tree, "owlrl")
    assert {":b :q :a", ":a :grandparent :c", ":a rdf:type :B", ":A rdfs:subClassOf :B"} <= set(
        found
    )
    for triple in found:
        subject, _, value = triple.split(" ", 2)
        assert subject != value
        assert not subject.startswith(('"', "rdf:", "rdfs:", "owl:"))
        assert value not in ("owl:Thing", "rdfs:Resource")
    lines = b"".join(infer(blocks(tree), "owlrl", 10_000)).splitlines()
    assert lines == sorted(lines)


def test_owl_2_rl_tells_of_a_contradiction() -> None:
    pytest.importorskip("owlrl")
    tree = ":A owl:disjointWith :B .\n:x a :A , :B ."
    with pytest.warns(KGMLWarning, match=r"contradiction: .*http://e\.org/x"):
        found = inferred(tree, "owlrl")
    assert not [t for t in found if "agent-ont" in t or "ErrorMessage" in t]


def test_owl_2_rl_refuses_what_takes_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("owlrl")
    monkeypatch.setattr("kgml.kg.axioms.owl2rl.MAX_TRIPLES", 2)
    with pytest.raises(OntologyError, match=r"more than 2 triples for OWL 2 RL.*reason = 'rdfs'"):
        inferred(":a :p :b .\n:a :p :c .\n:a :p :d .", "owlrl")


def test_an_unknown_level_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'rdsf'; choose from owlrl, rdfs, skos.*'rdfs'"):
        infer([], "rdsf", 10)
