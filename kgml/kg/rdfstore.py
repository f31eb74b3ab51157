"""The graph as a read-only rdflib store over its columns; terms are made when asked for.

Imported by `kgml.kg.views` when first needed, since it imports rdflib. What the statements are
stands in `kgml.kg.statements`.
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
from kgml.kg import vocabulary as v
from kgml.kg.rdfcolumns import Columns, Triple
from kgml.kg.rdfparts import Part, parts
from kgml.kg.rdfterms import literal, no_collection, uri
from kgml.kg.statements import FORMS, PROPERTY, declarations, other_names
from kgml.kg.vocabulary import Scope

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
            found = chain(chain.from_iterable(rows), self._others)
        return zip(found, repeat(NOWHERE), strict=False)

    def __len__(self, context: Any = None) -> int:
        tables = self.graph.columns
        definitions = len(self.graph) - tables.entities.column("definition").null_count
        rows = len(self.graph) + definitions + tables.forms.num_rows + len(self.graph.triples)
        return int(rows) + len(self._others)

    def contexts(self, triple: Any = None) -> Generator[Any, None, None]:
        """None: the graph has no named parts."""
        yield from ()

    def query(
        self, query: Any, initNs: Any, initBindings: Any, queryGraph: Any, **more: Any,
    ) -> Result:  # fmt: skip
        """Answer SPARQL with pyoxigraph where that can; see `kgml.kg.rdfquery.answer`.

        Raises:
            NotImplementedError: left to rdflib's own engine.
        """
        from kgml.kg.rdfquery import answer

        return answer(self.graph, query, initNs, initBindings, more)

    # Patterns

    def _about(self, subject: Any, predicate: Any, value: Any) -> Iterable[Triple]:
        """What is said of one subject: a few triples."""
        if type(subject) is not URIRef:
            return ()
        name = str(subject)
        number = self.columns.numbers.get(name)
        found: list[Triple] = []
        if number is not None:
            if predicate is None:
                found = self.columns.about(number, subject)
            else:
                found = [
                    (subject, predicate, said)
                    for part in self._parts(predicate) for said in part.said_of(number)
                ]  # fmt: skip
        for triple in self._others_by_subject.get(name, ()):
            if predicate is None or triple[1] == predicate:
                found.append(triple)
        return found if value is None else [triple for triple in found if triple[2] == value]

    def _saying(self, predicate: Any, value: Any) -> Iterable[Triple]:
        """Of whom something is said."""
        if predicate is None:
            found = self.columns.saying(value)
        else:
            found = [
                (subject, predicate, value)
                for part in self._parts(predicate) for subject in part.saying(value)
            ]  # fmt: skip
        others = [
            triple for triple in self._others_by_object.get(str(value), ())
            if triple[2] == value and (predicate is None or triple[1] == predicate)
        ]  # fmt: skip
        return chain(found, others) if others else found

    def _with(self, predicate: Any) -> Iterable[Triple]:
        found = self._pairs(predicate, self._parts(predicate))
        return chain(found, (triple for triple in self._others if triple[1] == predicate))

    @cached_property
    def _by_predicate(self) -> dict[str, tuple[URIRef, list[Part]]]:
        return parts(self.columns)

    def _parts(self, predicate: Any) -> list[Part]:
        term, found = self._by_predicate.get(str(predicate), (None, []))
        return found if term == predicate else []

    def _pairs(self, predicate: Any, said: list[Part]) -> Iterable[Triple]:
        pairs = chain.from_iterable(part.pairs() for part in said)
        return ((subject, predicate, value) for subject, value in pairs)

    # Statements about relations and other names: few, so they are simply made

    @cached_property
    def _others(self) -> list[Triple]:
        with no_collection():
            return self._made_others()

    def _made_others(self) -> list[Triple]:
        found: list[Triple] = []
        kind, label, term = uri(v.TYPE), uri(FORMS[Scope.LABEL]), uri(PROPERTY)
        for iri, text in declarations(self.graph):
            found.append((uri(iri), kind, term))
            if text is not None:
                found.append((uri(iri), label, literal(text)))
        ids, iris = other_names(self.graph)
        node, secondary, replaced = self.columns.node, uri(v.ALTERNATIVE_ID), uri(v.REPLACED_BY)
        found += [(node(entity), secondary, literal(text)) for entity, text in ids]
        found += [(uri(iri), replaced, node(entity)) for iri, entity in iris]
        return found

    @cached_property
    def _others_by_subject(self) -> dict[str, list[Triple]]:
        return _grouped(self._others, 0)

    @cached_property
    def _others_by_object(self) -> dict[str, list[Triple]]:
        return _grouped(self._others, 2)

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


def _grouped(triples: list[Triple], place: int) -> dict[str, list[Triple]]:
    found: dict[str, list[Triple]] = {}
    with no_collection():
        for triple in triples:
            found.setdefault(str(triple[place]), []).append(triple)
    return found
