"""SPARQL 1.1 queries over a graph, answered by pyoxigraph; nothing is changed, nothing is fetched.

The first query makes a store in memory of what `kgml.kg.rdfview.statements` says; it is kept as long as the
graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias
from weakref import WeakKeyDictionary

from kgml.errors import InputError
from kgml.kg import vocabulary as v
from kgml.kg.rdfview import statements
from kgml.kg.rdfview.ntriples import ntriples
from kgml.kg.rdfview.sparqltext import malformed, refuse, without_service

if TYPE_CHECKING:
    import pyarrow as pa
    import pyoxigraph as ox

    from kgml.kg.graph import KnowledgeGraph

Answer: TypeAlias = "pa.Table | bool | list[ox.Triple]"

_STORES: WeakKeyDictionary[KnowledgeGraph, ox.Store] = WeakKeyDictionary()
"""Beside the graphs, not in them: a graph can be pickled, a store cannot."""

_WHOLE = frozenset(
    v.XSD + n for n in ("integer", "int", "long", "short", "byte", "nonNegativeInteger",
                        "positiveInteger", "unsignedInt", "unsignedShort", "unsignedByte",
                        "negativeInteger", "nonPositiveInteger", "unsignedLong")
)  # fmt: skip
_NUMBERS = _WHOLE | {v.XSD + n for n in ("decimal", "double", "float")}
_BOOLEAN = frozenset({v.XSD + "boolean"})


def sparql(
    graph: KnowledgeGraph, query: str, *, prefixes: Mapping[str, str] | None = None,
    limit_rows: int | None = None,
) -> Answer:  # fmt: skip
    """Answer a SPARQL 1.1 query over the statements of `kgml.kg.rdfview.statements`.

    As pyoxigraph reads the standard: a path ``ex:a|ex:b`` or ``!ex:c`` gives a pair once where two hold, a path
    of no steps starts from what the graph has. A query cannot be interrupted: pyoxigraph knows no time limit. Answer those of strangers in a
    process of their own, with limits on its time and memory.

    Args:
        prefixes: prefix to namespace, beside those of the graph (``graph.prefixes``); a query may
            declare more.
        limit_rows: stop after so many rows or triples.

    Returns:
        SELECT: a `pyarrow.Table` with a column per variable: int64, float64 or bool where all its
        values are such literals, else strings, an IRI as its text; null where a variable is
        unbound. ASK: a bool. CONSTRUCT and DESCRIBE: a list of `pyoxigraph.Triple`.

    Raises:
        InputError: malformed (with line and column), an update, or it asks for SERVICE or FROM.
    """
    import pyoxigraph as ox

    refuse(query)
    known = {**statements.prefixes(graph), **(prefixes or {})}
    try:
        found = run(graph, query, prefixes=known)
    except (SyntaxError, ValueError) as error:
        raise malformed(query, known, error) from None
    except (RuntimeError, OSError) as error:  # an unknown function; a disk that is full
        raise InputError(f"SPARQL query: {error}.") from None
    if isinstance(found, ox.QueryBoolean):
        return bool(found)
    rows = islice(found, limit_rows)
    return list(rows) if isinstance(found, ox.QueryTriples) else _table(found.variables, rows)


def run(graph: KnowledgeGraph, query: str, **options: Any) -> Any:
    """What ``pyoxigraph.Store.query`` answers; its options. Never reaches the network.

    pyoxigraph would fetch what SERVICE asks for, and reads ``SERVICEex:here`` as such, so looking
    for the word would not do. In strings, IRIs and comments ``s\\u0065rvice`` means the same as
    "service"; as a keyword it is a syntax error. Names and variables keep theirs: where they stand
    no keyword can.

    Raises:
        SyntaxError: malformed, or a keyword SERVICE.
    """
    return store(graph).query(without_service(query), **options)


def store(graph: KnowledgeGraph) -> ox.Store:
    """The graph in a store in memory, made once; for reading alone."""
    found = _STORES.get(graph)
    if found is None:
        import pyoxigraph as ox

        found = ox.Store()
        for block in ntriples(graph):
            found.load(block, ox.RdfFormat.N_TRIPLES, lenient=True)
        _STORES[graph] = found
    return found


def _table(variables: list[ox.Variable], rows: Iterator[Any]) -> pa.Table:
    import pyarrow as pa

    columns = list(zip(*rows, strict=True)) or [()] * len(variables)
    return pa.table(
        {variable.value: _column(terms) for variable, terms in zip(variables, columns, strict=True)}
    )


def _column(terms: Sequence[Any]) -> pa.Array:
    """(k,) terms as the narrowest type that holds all their values."""
    import pyarrow as pa
    import pyoxigraph as ox

    kinds = {
        term.datatype.value if isinstance(term, ox.Literal) else None
        for term in terms if term is not None
    }  # fmt: skip
    texts = [_text(term) for term in terms]
    if kinds and kinds <= _NUMBERS | _BOOLEAN:
        wanted = pa.int64() if kinds <= _WHOLE else pa.float64()
        if kinds <= _BOOLEAN:
            wanted = pa.bool_()
        with suppress(pa.ArrowInvalid):  # not a number though it says so, or too large: as text
            return pa.array(texts, pa.string()).cast(wanted)
    return pa.array(texts, pa.string())


def _text(term: Any) -> str | None:
    import pyoxigraph as ox

    if isinstance(term, ox.NamedNode | ox.Literal):
        return term.value
    return None if term is None else str(term)
