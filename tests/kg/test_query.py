"""SPARQL over a graph: the answers rdflib's own engine gives, and no way out to the network."""

from __future__ import annotations

import string
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyoxigraph as ox
import pytest
import rdflib
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rdflib import RDFS, Literal, URIRef, Variable
from rdflib.plugins.sparql import CUSTOM_EVALS, prepareQuery
from rdflib.plugins.sparql.operators import register_custom_function, unregister_custom_function

from kgml import load_graph
from kgml.errors import InputError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.query import run
from kgml.kg.rdfview.sparqltext import without_service

OBO = rdflib.Namespace("http://purl.obolibrary.org/obo/")
E = "https://example.org/"
QUERIES = {
    "a join": "SELECT ?x ?l { ?x rdfs:subClassOf ?y . ?y rdfs:label ?l }",
    "three patterns": "SELECT * { ?x rdfs:subClassOf ?y . ?y rdfs:subClassOf ?z . ?z rdfs:label ?l }",
    "optional": "SELECT ?x ?d { ?x a owl:Class OPTIONAL { ?x skos:definition ?d } }",
    "optional with a filter": "SELECT ?x ?s { ?x rdfs:label ?l OPTIONAL { ?x oboInOwl:hasExactSynonym ?s FILTER(STRLEN(?s) > 2) } }",
    "filter": "SELECT ?x { ?x rdfs:label ?l FILTER(CONTAINS(LCASE(?l), 'HEART') || ?l = 'a') }",
    "regex": "SELECT ?l { ?x rdfs:label ?l FILTER REGEX(?l, '^H', 'i') }",
    "one or more": "SELECT ?x ?y { ?x rdfs:subClassOf+ ?y }",
    "none or more": "SELECT ?y { EX:2 rdfs:subClassOf* ?y }",
    "a path of both": "SELECT ?x ?z { ?x rdfs:subClassOf/rdfs:label|rdfs:label ?z }",
    "backwards": "SELECT ?x { EX:1 ^rdfs:subClassOf ?x }",
    "not these": "SELECT ?x ?y { ?x !(rdfs:label|a) ?y }",
    "count": "SELECT (COUNT(*) AS ?n) { ?x ?p ?o }",
    "count by group": "SELECT ?y (COUNT(DISTINCT ?x) AS ?n) { ?x rdfs:subClassOf ?y } GROUP BY ?y",
    "having": "SELECT ?y { ?x rdfs:subClassOf ?y } GROUP BY ?y HAVING (COUNT(?x) > 1)",
    "count of nothing": "SELECT (COUNT(?x) AS ?n) (SUM(?x) AS ?s) { ?x rdfs:label 'no such' }",
    "minus": "SELECT ?x { ?x a owl:Class MINUS { ?x skos:definition ?d } }",
    "not exists": "SELECT ?x { ?x a owl:Class FILTER NOT EXISTS { ?x rdfs:subClassOf ?y } }",
    "union": "SELECT ?x ?t { { ?x rdfs:label ?t } UNION { ?x oboInOwl:hasExactSynonym ?t } }",
    "values": "SELECT ?l { VALUES ?x { EX:1 EX:4 EX:nobody } ?x rdfs:label ?l }",
    "bind": "SELECT ?x ?u { ?x rdfs:label ?l BIND(UCASE(?l) AS ?u) }",
    "a query within": "SELECT ?l ?n { { SELECT ?y (COUNT(?x) AS ?n) { ?x rdfs:subClassOf ?y } GROUP BY ?y } ?y rdfs:label ?l }",
    "distinct predicates": "SELECT DISTINCT ?p { ?s ?p ?o }",
    "ask": "ASK { EX:2 rdfs:subClassOf EX:1 }",
    "ask for what is not": "ASK { EX:1 rdfs:subClassOf EX:2 }",
    "construct": "CONSTRUCT { ?y skos:narrower ?x } WHERE { ?x rdfs:subClassOf ?y }",
    "describe": "DESCRIBE EX:2",
    "an empty row": "SELECT * { EX:2 rdfs:subClassOf EX:1 }",
    "a language": "SELECT ('a'@en AS ?l) (3 AS ?n) (1.5 AS ?d) (true AS ?b) {}",
}


@pytest.fixture
def graph(hearts_obo: Path) -> KnowledgeGraph:
    return load_graph(hearts_obo)


def outcome(result: Any) -> Any:
    """What a result says, whatever the order of rows."""
    if result.type == "SELECT":
        rows = Counter(frozenset(row.items()) for row in result.bindings)
        return set(map(str, result.vars)), rows
    return result.type, result.askAnswer if result.type == "ASK" else set(result.graph)


def both(view: rdflib.Graph, query: str, **more: Any) -> tuple[Any, Any]:
    """Answered by the view, and by rdflib's engine over rdflib's store."""
    copy = rdflib.Graph()
    copy += view
    for prefix, namespace in view.namespaces():
        copy.bind(prefix, namespace)
    return outcome(view.query(query, **more)), outcome(copy.query(query, **more))


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_the_view_answers_as_rdflib_does(graph: KnowledgeGraph, query: str) -> None:
    ours, theirs = both(graph.to_rdflib(), query)
    assert ours == theirs


def test_the_order_asked_for_is_rdflibs(graph: KnowledgeGraph) -> None:
    view = graph.to_rdflib()
    query = "SELECT ?l { ?x rdfs:label ?l } ORDER BY DESC(?l) LIMIT 4"
    rows = list(view.query(query))
    assert [str(row.l) for row in rows] == ["organ", "located in", "heart disease", "heart"]
    assert rows == list(view.query(query, use_store_provided=False))


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_rdflibs_own_engine_over_the_view_answers_the_same(
    graph: KnowledgeGraph, query: str
) -> None:
    view = graph.to_rdflib()
    assert outcome(view.query(query)) == outcome(view.query(query, use_store_provided=False))


names = st.sampled_from(["a", "b", "c", "d"])
WORLD = st.fixed_dictionaries(
    {
        "is_a": st.sets(st.tuples(names, names)),
        "knows": st.sets(st.tuples(names, names)),
        "label": st.dictionaries(names, st.sampled_from(["x", "y", 'q"\\'])),
    }
)
PATTERNS = st.lists(
    st.tuples(
        st.sampled_from(["?x", "?y", ":a", ":b"]),
        st.sampled_from(
            ["?p", "rdfs:subClassOf", ":knows", "rdfs:label", ":knows/rdfs:subClassOf",
             "^:knows", "rdfs:subClassOf+", ":knows|rdfs:subClassOf", "a", "!rdfs:label",
             ":knows?"]
        ),
        st.sampled_from(["?y", "?z", ":c", '"x"', "?x"]),
    ),
    min_size=1, max_size=3,
)  # fmt: skip


@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    WORLD, PATTERNS, PATTERNS,
    st.sampled_from(["{{ {a} }}", "{{ {a} OPTIONAL {{ {b} }} }}", "{{ {a} MINUS {{ {b} }} }}",
                     "{{ {{ {a} }} UNION {{ {b} }} }}", "{{ {a} FILTER EXISTS {{ {b} }} }}"]),
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::kgml.progress.KGMLWarning")
def test_queries_made_up_over_graphs_made_up_are_answered_as_rdflib_does(
    tmp_path: Path, world: dict[str, Any], first: Any, second: Any, shape: str
) -> None:
    lines = [f"<{E}{n}> a <http://www.w3.org/2002/07/owl#Class> ." for n in "abcd"]
    lines += [f"<{E}{s}> <{RDFS.subClassOf}> <{E}{o}> ." for s, o in world["is_a"]]
    lines += [f"<{E}{s}> <{E}knows> <{E}{o}> ." for s, o in world["knows"]]
    labels = {**world["label"], "d": "x"}  # a path of no steps starts from what the graph has
    lines += [f"<{E}{s}> <{RDFS.label}> {Literal(t).n3()} ." for s, t in labels.items()]
    (tmp_path / "g.ttl").write_text("\n".join(lines), encoding="utf-8")
    a, b = (" . ".join(map(" ".join, patterns)) for patterns in (first, second))
    query = f"PREFIX : <{E}> SELECT ?x ?y ?z ?p {shape.format(a=a, b=b)}"
    ours, theirs = both(load_graph(tmp_path / "g.ttl").to_rdflib(), query)
    assert ours == theirs


@pytest.mark.parametrize(
    ("query", "bindings"),
    [
        ("SELECT ?x ?l { ?x rdfs:label ?l }", {"x": OBO.EX_4}),
        ("SELECT ?l { ?x rdfs:label ?l }", {Variable("x"): OBO.EX_4}),
        ("SELECT ?x { ?x rdfs:label ?l }", {"l": Literal("heart")}),
        ("SELECT ?x { ?x rdfs:label ?l }", {"l": Literal("heart", lang="en")}),
        ("SELECT (COUNT(?x) AS ?n) { ?x rdfs:subClassOf ?y }", {"y": OBO.EX_1}),
        ("SELECT ?y { { SELECT ?y { ?x rdfs:subClassOf ?y } } }", {"x": OBO.EX_2}),
        ("SELECT ?x { ?x rdfs:label ?l FILTER(STRLEN(?l) > ?n) }", {"n": Literal(6)}),
        ("ASK { ?x rdfs:subClassOf ?y }", {"x": OBO.EX_5}),
    ],
)  # fmt: skip
def test_bindings_hold_as_in_rdflib(
    graph: KnowledgeGraph, query: str, bindings: dict[str, Any]
) -> None:
    ours, theirs = both(graph.to_rdflib(), query, initBindings=bindings)
    assert ours == theirs


def test_prefixes_may_be_any_of_rdflibs_kinds_of_namespace(graph: KnowledgeGraph) -> None:
    view = graph.to_rdflib()
    for namespace in (RDFS, str(RDFS), URIRef(str(RDFS)), rdflib.Namespace(str(RDFS))):
        assert len(view.query("SELECT * { ?x r:label ?l }", initNs={"r": namespace})) == 6
    with pytest.raises(Exception, match="Unknown namespace prefix"):
        view.query("SELECT * { ?x rdfs:label ?l }", initNs={"r": RDFS})


def test_a_prepared_query_is_answered(graph: KnowledgeGraph) -> None:
    view = graph.to_rdflib()
    prepared = prepareQuery("SELECT ?x { ?x r:label ?l }", initNs={"r": RDFS})
    assert outcome(view.query(prepared)) == outcome(view.query("SELECT ?x { ?x rdfs:label ?l }"))


def test_functions_registered_with_rdflib_are_called(graph: KnowledgeGraph) -> None:
    view, name = graph.to_rdflib(), URIRef("urn:shout")
    query = "SELECT ?s { EX:4 rdfs:label ?l BIND(<urn:shout>(?l) AS ?s) }"
    assert list(view.query(query).bindings) == [{}]
    register_custom_function(name, lambda text: Literal(text + "!"))
    try:
        assert list(view.query(query)) == [(Literal("heart!"),)]
    finally:
        unregister_custom_function(name)
    assert not CUSTOM_EVALS


def test_rows_are_rdflibs_rows(graph: KnowledgeGraph) -> None:
    result = graph.to_rdflib().query(
        "SELECT ?x ?d { ?x rdfs:label 'organ' OPTIONAL { ?x skos:definition ?d } }"
    )
    (row,) = result
    assert (row.x, row["x"], row[0], row.d) == (OBO.EX_5, OBO.EX_5, OBO.EX_5, None)
    assert len(result) == 1
    assert b'"EX_5"' not in result.serialize(format="json")
    assert b"EX_5" in result.serialize(format="json")


# graph.sparql


def test_a_select_gives_a_table_with_a_type_per_column(graph: KnowledgeGraph) -> None:
    table = graph.sparql(
        "SELECT ?x ?l ?d (STRLEN(?l) AS ?n) (?n / 2 AS ?half) (?n > 5 AS ?long) "
        "{ ?x rdfs:label ?l OPTIONAL { ?x skos:definition ?d } } ORDER BY ?x"
    )
    assert isinstance(table, pa.Table)
    kinds = {
        "x": "string",
        "l": "string",
        "d": "string",
        "n": "int64",
        "half": "double",
        "long": "bool",
    }
    assert {field.name: str(field.type) for field in table.schema} == kinds
    assert table.slice(3, 1).to_pylist() == [
        {"x": str(OBO.EX_4), "l": "heart", "d": None, "n": 5, "half": 2.5, "long": False}
    ]


def test_mixed_and_misspelt_values_stay_texts(graph: KnowledgeGraph) -> None:
    table = graph.sparql(
        "SELECT * { VALUES (?a ?b ?c ?d) { (1 'x'^^xsd:integer 99999999999999999999 1) "
        "(<urn:x> 2 1 2.5) (UNDEF UNDEF UNDEF UNDEF) } }"
    )
    assert table.to_pydict() == {
        "a": ["1", "urn:x", None], "b": ["x", "2", None],
        "c": ["99999999999999999999", "1", None], "d": [1.0, 2.5, None],
    }  # fmt: skip
    assert graph.sparql("SELECT (BNODE() AS ?b) {}").column("b")[0].as_py().startswith("_:")


def test_ask_is_a_bool_and_construct_a_list_of_triples(graph: KnowledgeGraph) -> None:
    assert graph.sparql("ASK { EX:2 rdfs:subClassOf EX:1 }") is True
    assert graph.sparql("ASK { EX:1 rdfs:subClassOf EX:2 }") is False
    (triple,) = graph.sparql(
        "CONSTRUCT { ?x a ?y } WHERE { ?x rdfs:subClassOf ?y FILTER(?y = EX:5) }"
    )
    assert isinstance(triple, ox.Triple)
    assert triple.object.value == str(OBO.EX_5)


def test_prefixes_come_from_the_graph_and_from_the_caller(graph: KnowledgeGraph) -> None:
    query = "SELECT ?l { my:EX_4 rdfs:label ?l }"
    assert graph.sparql(query, prefixes={"my": str(OBO)}).to_pydict() == {"l": ["heart"]}
    with pytest.raises(InputError, match=r"line 1, column 13: prefix 'my' is not declared; choose"):
        graph.sparql(query)


def test_rows_can_be_limited(graph: KnowledgeGraph) -> None:
    assert len(graph.sparql("SELECT * { ?s ?p ?o }", limit_rows=3)) == 3
    assert len(graph.sparql("CONSTRUCT WHERE { ?s ?p ?o }", limit_rows=2)) == 2
    assert graph.sparql("SELECT ?a ?b { ?a rdfs:label 'none' }").column_names == ["a", "b"]


@pytest.mark.parametrize(
    ("query", "complaint"),
    [
        ("SELECT ?x {\n ?x rdfs:label\n}", r"line 3, column 1: not expected here: '\}'"),
        ("SELECT ?x { ?x rdfs:label ?l", "line 1, column 29: not expected here: the end of the line"),
        ("SELECT * {\n ?service ?p 'service' .\n ?a FILTR(?a) }", r"line 3, column 10: .*'\(\?a\)"),
        ("", "line 1, column 1: not expected here"),
        ("SELECT ?x { ?x <urn:a b> ?y }", "line 1, column"),
        ("insert data { <urn:a> <urn:b> <urn:c> }", "INSERT is an update; a graph never changes"),
        ("PREFIX select: <urn:> DELETE WHERE { ?s ?p ?o }", "DELETE is an update"),
        ("LOAD <http://127.0.0.1/x>", "LOAD is an update"),
        ("SELECT * FROM <http://127.0.0.1/x> { ?s ?p ?o }", "FROM names graphs to load"),
        ("SELECT * { SERVICE <http://127.0.0.1/x> { ?s ?p ?o } }", "SERVICE asks another server"),
        ("SELECT * { service silent <http://127.0.0.1/x> { ?s ?p ?o } }", "SERVICE asks"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_said(graph: KnowledgeGraph, query: str, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        graph.sparql(query)


def test_an_unknown_function_is_named_or_gives_nothing(graph: KnowledgeGraph) -> None:
    try:
        table = graph.sparql("SELECT (<urn:f>(1) AS ?x) {}")
    except InputError as error:  # pyoxigraph from 0.5.1 on
        assert "custom function <urn:f> is not supported" in str(error)  # noqa: PT017
    else:
        assert table.to_pydict() == {"x": [None]}


def test_the_view_refuses_the_network_too(graph: KnowledgeGraph) -> None:
    view = graph.to_rdflib()
    for query in ("SELECT * { SERVICE <http://127.0.0.1/x> { ?s ?p ?o } }",
                  "SELECT * FROM <http://127.0.0.1/x> { ?s ?p ?o }"):  # fmt: skip
        with pytest.raises(InputError, match="nothing is fetched"):
            view.query(query)
    with pytest.raises(InputError, match="nothing is fetched"):
        view.query("SELECT * { SERVICE <http://127.0.0.1/x> { ?s ?p ?o } }", DEBUG=True)


def test_words_in_names_texts_and_comments_are_no_keywords(graph: KnowledgeGraph) -> None:
    query = """PREFIX from: <https://service.example/service#>  # from SERVICE
    SELECT ?service { ?service rdfs:label "SERVICE from" , '''insert service''' ; from:service ?from }"""
    assert len(graph.sparql(query)) == 0
    assert len(graph.to_rdflib().query(query)) == 0


# pyoxigraph asks this port of nobody: it refuses it itself, with an OSError
BLOCKED = {"": "http://127.0.0.1:9/", "x": "http://127.0.0.1:9/"}
PIECES = st.sampled_from(
    ["SERVICE", "service", "Service", "s\\u0065rvice", "SILENT", " ", "\n", "{", "}", "(", ")", "<",
     ">", "#", "'", '"', "'''", '"""', "\\", ".", ";", ",", "?", "$", "?a", "?b", ":", "x:", "x:foo",
     ":b", "<http://127.0.0.1:9/>", "1.0", "1e5", "true", "a", "-", "_:b", "@en", "%41", "FILTER(",
     "BIND(1 AS ?c)", "^^", "&&", "|", "*", "OPTIONAL", "{?a ?b ?c}", "SERVICEx:foo{?a ?b ?c}",
     "SERVICE:foo{}", "SERVICE<http://127.0.0.1:9/>{}"]
)  # fmt: skip


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(PIECES, max_size=12))
def test_no_query_reaches_the_network(graph: KnowledgeGraph, pieces: list[str]) -> None:
    query = "SELECT * { " + "".join(pieces) + " }"
    # malformed, or a function that is not known; an OSError would be an attempt
    with suppress(SyntaxError, ValueError, RuntimeError):
        list(run(graph, query, prefixes=BLOCKED))


@pytest.mark.parametrize(
    "hidden",
    [
        "SERVICEx:foo{?a ?b ?c}",
        "?a ?b 1e5SERVICE x:foo{?c ?d ?e}",
        "?a ?b ?c FILTER(?a<x:b#>'''\n)SERVICE x:foo{?d ?e ?f} #'''\n",
        "?a ?b ?c FILTER(?a<?b)SERVICE:x#>\n{?d ?e ?f}",
        "?a ?b trueSERVICE x:foo{}",
    ],
)
def test_a_hidden_service_is_a_syntax_error(graph: KnowledgeGraph, hidden: str) -> None:
    with pytest.raises(SyntaxError):
        run(graph, "SELECT * { " + hidden + " }", prefixes=BLOCKED)


@given(st.text(alphabet=string.printable + "é\\"))
def test_what_holds_no_service_is_left_alone(query: str) -> None:
    assert "service" in query.lower() or without_service(query) == query
