"""The graph as a read-only rdflib store over its columns; terms are made when asked for.

Imported by `kgml.kg.views` when first needed, since it imports rdflib. What the statements are
stands in `kgml.kg.rdfview.statements`.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from functools import cached_property
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any, NoReturn

from rdflib.plugins.stores.memory import SimpleMemory
from rdflib.store import Store
from rdflib.term import URIRef

from kgml.errors import UsageError
from kgml.kg.rdfview.rdfcolumns import Columns, Triple
from kgml.kg.rdfview.rdfnames import PREDICATES, Few, names, relations
from kgml.kg.rdfview.rdfparts import Part, parts

if TYPE_CHECKING:
    from rdflib.query import Result

    from kgml.kg.graph import KnowledgeGraph

NOWHERE: Iterator[Any] = iter(())
"""The contexts a triple is in: there are none."""


class GraphStore(Store):
    """An rdflib store over the columns of a `KnowledgeGraph`; nothing can be added or removed.

    Namespaces can be bound. SPARQL is answered by pyoxigraph, see `query`.
    """

    def __init__(self, graph: KnowledgeGraph) -> None:
        super().__init__()
        self.graph = graph
        self.columns = Columns(graph)
        self._bound = SimpleMemory()

    # What rdflib asks

    def triples(
        self, triple_pattern: tuple[Any, Any, Any], context: Any = None
    ) -> Iterator[tuple[Triple, Iterator[Any]]]:
        """All triples that match; None matches everything."""
        subject, predicate, value = triple_pattern
        found: Iterable[Triple]
        if subject is not None:
            found = self._about(subject, predicate, value)
        elif value is not None:
            found = self._saying(predicate, value)
        elif predicate is not None:
            found = self._with(predicate)
        else:
            rows = (self._pairs(term, said) for term, said in self._by_predicate.values())
            found = chain(chain.from_iterable(rows), self._few(None, None, None))
        return zip(found, repeat(NOWHERE), strict=False)

    def __len__(self, context: Any = None) -> int:
        tables = self.graph.columns
        definitions = len(self.graph) - tables.entities.column("definition").null_count
        rows = len(self.graph) + definitions + tables.forms.num_rows + len(self.graph.triples)
        rows += tables.notes.num_rows
        return int(rows) + len(self._relations.triples) + len(self._names.triples)

    def contexts(self, triple: Any = None) -> Generator[Any, None, None]:
        """None: the graph has no named parts."""
        yield from ()

    def query(
        self, query: Any, initNs: Any, initBindings: Any, queryGraph: Any, **more: Any,
    ) -> Result:  # fmt: skip
        """Answer SPARQL with pyoxigraph where that can; see `kgml.kg.rdfview.rdfquery.answer`.

        Raises:
            NotImplementedError: left to rdflib's own engine.
        """
        from kgml.kg.rdfview.rdfquery import answer

        return answer(self.graph, query, initNs, initBindings, more)

    # Patterns

    def _about(self, subject: Any, predicate: Any, value: Any) -> Iterable[Triple]:
        """What is said of one subject: a few triples."""
        if type(subject) is not URIRef:
            return ()
        number = self.columns.numbers.get(str(subject))
        found: list[Triple] = []
        if number is not None:
            if predicate is None:
                found = self.columns.about(number, subject)
            else:
                found = [
                    (subject, predicate, said)
                    for part in self._parts(predicate) for said in part.said_of(number)
                ]  # fmt: skip
        if value is not None:
            found = [triple for triple in found if triple[2] == value]
        return found + self._few(subject, predicate, value)

    def _saying(self, predicate: Any, value: Any) -> Iterable[Triple]:
        """Of whom something is said."""
        if predicate is None:
            found = self.columns.saying(value)
        else:
            found = [
                (subject, predicate, value)
                for part in self._parts(predicate) for subject in part.saying(value)
            ]  # fmt: skip
        return found + self._few(None, predicate, value)

    def _with(self, predicate: Any) -> Iterable[Triple]:
        found = self._pairs(predicate, self._parts(predicate))
        return chain(found, self._few(None, predicate, None))

    @cached_property
    def _by_predicate(self) -> dict[str, tuple[URIRef, list[Part]]]:
        return parts(self.columns)

    def _parts(self, predicate: Any) -> list[Part]:
        term, found = self._by_predicate.get(str(predicate), (None, []))
        return found if term == predicate else []

    def _pairs(self, predicate: Any, said: list[Part]) -> Iterable[Triple]:
        pairs = chain.from_iterable(part.pairs() for part in said)
        return ((subject, predicate, value) for subject, value in pairs)

    def _few(self, subject: Any, predicate: Any, value: Any) -> list[Triple]:
        """Statements about relations and other names."""
        found = self._relations.matching(subject, predicate, value)
        if predicate is None or str(predicate) in PREDICATES:
            found = found + self._names.matching(subject, predicate, value)
        return found

    @cached_property
    def _relations(self) -> Few:
        return relations(self.columns)

    @cached_property
    def _names(self) -> Few:
        return names(self.columns)

    # Prefixes

    def bind(self, prefix: str, namespace: URIRef, override: bool = True) -> None:
        """Let a prefix stand for a namespace."""
        self._bound.bind(prefix, namespace, override)

    def prefix(self, namespace: URIRef) -> str | None:
        """The prefix of a namespace."""
        return self._bound.prefix(namespace)

    def namespace(self, prefix: str) -> URIRef | None:
        """What a prefix stands for."""
        return self._bound.namespace(prefix)

    def namespaces(self) -> Iterator[tuple[str, URIRef]]:
        """All prefixes with their namespaces."""
        return self._bound.namespaces()

    # What is refused

    def add(self, *_: Any, **__: Any) -> NoReturn:
        """Raises `UsageError`: a graph never changes."""
        raise UsageError(
            "the rdflib view of a KnowledgeGraph is read-only: nothing can be added or removed. "
            "Copy it first: copy = rdflib.Graph(); copy += view"
        )

    addN = remove = update = open = destroy = add  # noqa: N815

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            "the rdflib view of a KnowledgeGraph cannot be pickled. Save the graph with "
            "graph.save(path) and make the view anew, or copy the view into a rdflib.Graph()."
        )
