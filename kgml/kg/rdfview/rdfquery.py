"""SPARQL asked through the rdflib view: answered by pyoxigraph, given back as rdflib's results."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import rdflib.plugins.sparql
from rdflib import BNode, Graph, Literal, URIRef, Variable
from rdflib.plugins.sparql import algebra, operators
from rdflib.plugins.sparql.processor import SPARQLResult
from rdflib.plugins.sparql.sparql import Query

from kgml.errors import InputError
from kgml.kg import vocabulary as v
from kgml.kg.query import run
from kgml.kg.rdfview.rdfterms import literal, uri
from kgml.kg.rdfview.sparqltext import has_choices, refuse, words

if TYPE_CHECKING:
    import pyoxigraph as ox

    from kgml.kg.graph import KnowledgeGraph

STRING = v.XSD + "string"
_NETWORK = re.compile("service|from", re.IGNORECASE)


def answer(
    graph: KnowledgeGraph, query: str | Query, namespaces: Mapping[str, Any],
    bindings: Mapping[str, Any], options: Mapping[str, Any],
) -> SPARQLResult:  # fmt: skip
    """What ``rdflib.Graph.query`` should give.

    Answers differ from rdflib's own engine in few places: a path of no steps (``ex:x ex:p* ?y``)
    from a term that the graph does not have finds nothing (rdflib: the term); a path back to where
    it began is there once (rdflib: twice); the columns of ``SELECT *`` leave out what stands in
    MINUS alone. ``view.query(..., use_store_provided=False)`` asks rdflib's.

    Args:
        query: SPARQL, or what rdflib's ``prepareQuery`` made of it.
        namespaces: prefix to namespace, as text or any of rdflib's kinds of them.
        bindings: variable to term.
        options: ``base`` alone is known.

    Raises:
        NotImplementedError: rdflib's own engine is to answer: functions registered with rdflib,
            bindings in a query within a query, paths of alternatives (which give a pair twice
            where two hold; to pyoxigraph, once), what pyoxigraph cannot read.
        InputError: an update, or it asks for SERVICE or FROM, which rdflib would fetch.
    """
    base = options.get("base")
    if not isinstance(query, str):
        given = getattr(query, "_original_args", None)
        if given is None:
            raise NotImplementedError
        text, namespaces, base = given
        query = str(text)
    refuse(query)
    known = {str(name): str(space) for name, space in namespaces.items()}
    try:
        odd = options.keys() - {"base"} or _nested(query, bindings) or has_choices(query)
        if odd or _extended():
            raise NotImplementedError
        found = run(
            graph, query, base_iri=base, prefixes=known,
            substitutions={_variable(name): _term(term) for name, term in bindings.items()},
        )  # fmt: skip
    except (NotImplementedError, SyntaxError, ValueError, RuntimeError):
        _check(query, known, base)
        raise NotImplementedError from None
    return _result(found, described="DESCRIBE" in words(query))


def _extended() -> bool:
    """Whether rdflib was given functions that pyoxigraph does not know."""
    own = getattr(operators, "_CUSTOM_FUNCTIONS", {})
    return bool(rdflib.plugins.sparql.CUSTOM_EVALS) or any(
        not str(name).startswith(v.XSD) for name in own
    )


def _nested(query: str, bindings: Mapping[str, Any]) -> bool:
    """rdflib's bindings hold in a SELECT within a SELECT, pyoxigraph's do not."""
    return bool(bindings) and list(words(query)).count("SELECT") > 1


def _check(query: str, known: Mapping[str, str], base: str | None) -> None:
    """Raise `InputError` if rdflib's engine, which is to answer, would reach the network.

    `refuse` has looked at words; this is what rdflib itself reads.
    """
    if not _NETWORK.search(query):
        return

    def visit(node: Any) -> None:
        if getattr(node, "name", "") == "ServiceGraphPattern":
            raise InputError("SPARQL query: SERVICE asks another server; nothing is fetched.")

    parsed = rdflib.plugins.sparql.prepareQuery(query, initNs=known, base=base)
    if getattr(parsed.algebra, "datasetClause", None):
        raise InputError("SPARQL query: FROM names graphs to load; nothing is fetched.")
    algebra.traverse(parsed.algebra, visitPre=visit)


def _variable(name: str) -> ox.Variable:
    import pyoxigraph as ox

    return ox.Variable(str(name).lstrip("?$"))


def _term(term: Any) -> Any:
    """A term of rdflib's for pyoxigraph."""
    import pyoxigraph as ox

    if type(term) is URIRef:
        return ox.NamedNode(term)
    if type(term) is Literal:
        if term.language:
            return ox.Literal(str(term), language=term.language)
        return ox.Literal(str(term), datatype=ox.NamedNode(term.datatype or STRING))
    raise NotImplementedError  # blank nodes have another name there


def _result(found: Any, described: bool) -> SPARQLResult:
    import pyoxigraph as ox

    terms = Terms()
    if isinstance(found, ox.QueryBoolean):
        return SPARQLResult({"type_": "ASK", "askAnswer": bool(found)})
    if isinstance(found, ox.QuerySolutions):
        names = [Variable(variable.value) for variable in found.variables]
        rows = terms.bindings(names, found)
        return SPARQLResult({"type_": "SELECT", "vars_": names, "bindings": rows})
    made = Graph()
    for triple in found:
        made.add((terms[triple.subject], terms[triple.predicate], terms[triple.object]))
    return SPARQLResult({"type_": "DESCRIBE" if described else "CONSTRUCT", "graph": made})


class Terms(dict[Any, Any]):
    """pyoxigraph's terms as rdflib's, each made once."""

    def __missing__(self, term: Any) -> Any:
        self[term] = made = from_oxigraph(term)
        return made

    def bindings(self, names: list[Variable], rows: Any) -> Iterator[dict[Variable, Any]]:
        """What each row binds."""
        for row in rows:
            pairs = zip(names, row, strict=True)
            yield {name: self[term] for name, term in pairs if term is not None}


def from_oxigraph(term: Any) -> URIRef | Literal | BNode:
    """A term of pyoxigraph's for rdflib."""
    import pyoxigraph as ox

    if isinstance(term, ox.NamedNode):
        return uri(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode(term.value)
    if term.language:
        return Literal(term.value, lang=term.language)
    datatype = term.datatype.value
    return (
        literal(term.value) if datatype == STRING else Literal(term.value, datatype=uri(datatype))
    )
