"""`KnowledgeGraph`: one immutable numbered graph in columns.

An entity has one number for ever: graph node = matrix row = index row. Entities and relations are
numbered by sorted IRI, so numbers repeat from run to run.
"""

from __future__ import annotations

import difflib
import operator
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, SupportsIndex, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kgml.errors import InputError
from kgml.kg import store
from kgml.kg.arrow import values
from kgml.kg.vocabulary import IS_A, SUB_CLASS_OF, vocabulary_of
from kgml.kg.vocabulary import Note as Note
from kgml.kg.vocabulary import Scope as Scope

if TYPE_CHECKING:
    import curies
    import networkx
    import rdflib
    from scipy.sparse import csr_matrix
    from torch_geometric.data import HeteroData

    from kgml.kg.axioms.provenance import Axiom
    from kgml.kg.curie import Prefixes
    from kgml.kg.measures import Pairs
    from kgml.kg.query import Answer
    from kgml.kg.views import Frames
    from kgml.kg.walk import Edges, Relations

Key: TypeAlias = SupportsIndex | str
"""An entity by number, as an `Entity`, or by id, IRI or CURIE."""
KINDS = ("class", "individual", "concept")


@dataclass(frozen=True, slots=True)
class Entity:
    """One row of a graph: what a linked concept is called and where it comes from."""

    number: int
    iri: str
    id: str
    """What the source file wrote: ``HP:0001250`` in OBO, the IRI in RDF."""
    label: str
    labelled: bool
    """False: no label was given and ``label`` is the end of the IRI."""
    synonyms: tuple[tuple[str, Scope], ...]
    definition: str | None
    kind: str
    """"class", "individual" or "concept"."""
    comments: tuple[str, ...] = ()
    """Beside the definition; where there was none, a comment serves as it and is not here."""
    xrefs: tuple[str, ...] = ()
    """Database cross-references as the file wrote them: CURIEs, IRIs, now and then other text."""

    def __index__(self) -> int:
        """The number: an entity is a key of its graph and an index into its columns."""
        return self.number


@dataclass(frozen=True)
class Forms:
    """Surface forms: three columns of equal length, sorted by entity, then scope, then text.

    Labels and synonyms; ends of IRIs are not among them. Unique per (entity, text).
    """

    text: list[str]
    entity: NDArray[np.int32]
    scope: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.text)


@dataclass(frozen=True)
class Notes:
    """Comments and cross-references: three columns of equal length, sorted by entity, then kind
    (`Note`), then text."""

    text: list[str]
    entity: NDArray[np.int32]
    kind: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.text)


class KnowledgeGraph:
    """Entities, relations and triples; made by `kgml.kg.load.load_graph`, never changed.

    Reads like a mapping from id to `Entity`: ``graph[key]``, ``key in graph``, `get`, `keys`,
    ``dict(graph)``. A key may also be an IRI, a CURIE or a number. Like the rows that numbers
    count, and other than a dict, iterating gives the entities: ``list(graph)[3] == graph[3]``.

    >>> from kgml import load_graph
    >>> graph = load_graph("hp.obo")  # doctest: +SKIP
    >>> graph["HP:0001250"].label  # doctest: +SKIP
    'Seizure'
    """

    def __init__(
        self, columns: store.Columns, report: Mapping[str, Any],
        ontologies: list[dict[str, str]] | None = None, sources: Mapping[str, str] | None = None,
        files: Sequence[str] = (), declared: Mapping[str, str] | None = None,
        findings: Mapping[str, Any] | None = None,
    ) -> None:  # fmt: skip
        """``columns`` as `kgml.kg.store.Columns` describes them; ``sources``: file to sha256;
        ``files``: what the numbers of files mean; ``declared``: prefix to namespace, as the files
        declare them; ``findings``: see `kgml.kg.findings`."""
        self.columns = columns
        self.report: dict[str, Any] = dict(report)
        self.ontologies = list(ontologies or [])
        self.sources = dict(sources or {})
        self.files = list(files)
        self.declared = dict(declared or {})
        self.findings: dict[str, Any] = dict(findings or {})
        """Imports that were not read; circles and contradictions once `kgml.kg.build.check` has
        looked for them. See `kgml.kg.findings`."""
        triples = columns.triples
        triples.flags.writeable = False
        self.triples: NDArray[np.int64] = triples
        """``(t, 3)`` int64 head, relation, tail; sorted, unique, read-only."""

    @classmethod
    def empty(cls) -> KnowledgeGraph:
        """A graph without entities."""
        return cls(store.Columns.empty(), {})

    def __deepcopy__(self, memo: dict[int, Any]) -> KnowledgeGraph:
        """Itself, since it never changes; scikit-learn's ``clone`` copies every parameter."""
        return self

    # Look-ups

    def __len__(self) -> int:
        return int(self.columns.entities.num_rows)

    def __iter__(self) -> Iterator[Entity]:
        return (self._entity(number) for number in range(len(self)))

    def __repr__(self) -> str:
        return (
            f"KnowledgeGraph({len(self):,} entities, {len(self.relations):,} relations, "
            f"{len(self.triples):,} triples)"
        )

    def __contains__(self, key: object) -> bool:
        return self._find(key) is not None

    def __getitem__(self, key: Key) -> Entity:
        return self._entity(self.number(key))

    def get(self, key: Key, default: Entity | None = None) -> Entity | None:
        """The entity, or ``default`` if the graph has no such."""
        found = self._find(key)
        return default if found is None else self._entity(found)

    def keys(self) -> list[str]:
        """The id of each entity, by number; an IRI where an id is not unique."""
        return [name if self._by_name.get(name) == number else self.iris[number]
                for number, name in enumerate(self.ids)]  # fmt: skip

    def number(self, key: Key) -> int:
        """The number of an entity given by number, id, IRI or CURIE.

        Raises:
            InputError: the graph has no such entity, or the CURIE's prefix is ambiguous.
        """
        found = self._find(key)
        if found is None:
            if isinstance(key, str):
                from kgml.kg.curie import refuse_ambiguous

                refuse_ambiguous(self, key)
            raise InputError(f"no entity {key!r} in this graph of {len(self):,}. {self._hint(key)}")
        return found

    def _find(self, key: object) -> int | None:
        if isinstance(key, str):
            found = self._by_name.get(key)
            if found is None and ":" in key and "://" not in key:
                from kgml.kg.curie import known_iri

                found = self._by_name.get(known_iri(self, key) or "")
            return found
        try:
            number = operator.index(key)  # type: ignore[arg-type]
        except TypeError:
            return None
        return number if 0 <= number < len(self) else None

    def _hint(self, key: object) -> str:
        if not isinstance(key, str):
            return f"Numbers go from 0 to {len(self) - 1}."
        named = [i for i, label in enumerate(self.labels) if label.lower() == key.lower()]
        if named:
            return f"Did you mean '{self.ids[named[0]]}' ({self.labels[named[0]]})?"
        close = [i for i in self.ids if abs(len(i) - len(key)) < 3 and i[:2] == key[:2]]
        near = difflib.get_close_matches(key, close[:20_000], n=1)
        return f"Did you mean '{near[0]}'?" if near else "Give an id or IRI as in the source file."

    @cached_property
    def _by_name(self) -> dict[str, int]:
        aliases = self.columns.aliases
        names = dict(
            zip(
                aliases.column("name").to_pylist(),
                aliases.column("entity").to_pylist(),
                strict=True,
            )
        )
        names.update((iri, number) for number, iri in enumerate(self.iris))
        ids = {name: number for number, name in enumerate(self.ids)}
        if len(ids) < len(self):  # what two entities are called names neither
            times = Counter(self.ids)
            ids = {name: number for name, number in ids.items() if times[name] == 1}
        names.update(ids)
        return names

    @cached_property
    def obsolete(self) -> dict[str, str | None]:
        """IRIs that the files declare obsolete, and the IRI in the place of each, None for none.

        Whether they were kept as entities or not.
        """
        columns = (self.columns.obsolete.column(name).to_pylist() for name in ("iri", "by"))
        return dict(zip(*columns, strict=True))

    @cached_property
    def prefixes(self) -> Prefixes:
        """Prefix of a CURIE to the namespaces it stands for: several where it is ambiguous."""
        from kgml.kg.curie import prefixes

        return prefixes(self)

    @cached_property
    def converter(self) -> curies.Converter:
        """Of CURIEs and IRIs, by `prefixes`; `kgml.kg.curie.converter` takes more of them."""
        from kgml.kg.curie import converter

        return converter(self)

    def curie(self, key: Key) -> str:
        """An entity's CURIE; its IRI where no prefix is known for it."""
        iri = self.iris[self.number(key)]
        return self.converter.compress(iri) or iri

    def expand(self, curie: str) -> str:
        """The IRI that a CURIE stands for, be it in the graph or not.

        Raises:
            InputError: no CURIE, or its prefix is unknown or ambiguous.
        """
        from kgml.kg.curie import expand

        return expand(self, curie)

    def _entity(self, number: int) -> Entity:
        start, end = self._form_rows[number], self._form_rows[number + 1]
        forms = self.forms
        return Entity(
            number=number, iri=self.iris[number], id=self.ids[number], label=self.labels[number],
            labelled=bool(self._labelled[number]), definition=self.definitions[number],
            synonyms=tuple(
                (forms.text[i], Scope(int(forms.scope[i])))
                for i in range(start, end) if forms.scope[i] != Scope.LABEL
            ),
            kind=KINDS[self.columns.kinds[number]],
            comments=self._noted(number, Note.COMMENT), xrefs=self._noted(number, Note.XREF),
        )  # fmt: skip

    def _noted(self, number: int, kind: Note) -> tuple[str, ...]:
        rows = range(self._note_rows[number], self._note_rows[number + 1])
        return tuple(self.notes.text[row] for row in rows if self.notes.kind[row] == kind)

    @cached_property
    def _note_rows(self) -> list[int]:
        rows: list[int] = np.searchsorted(self.notes.entity, np.arange(len(self) + 1)).tolist()
        return rows

    @cached_property
    def _form_rows(self) -> list[int]:
        rows: list[int] = np.searchsorted(self.forms.entity, np.arange(len(self) + 1)).tolist()
        return rows

    # Columns

    @cached_property
    def iris(self) -> list[str]:
        """IRI per entity, sorted."""
        return self._strings("iri")

    def count_iris(self, start: str) -> int:
        """How many entities have an IRI that begins with ``start``."""
        import pyarrow.compute as pc

        return int(pc.sum(pc.starts_with(self.columns.entities.column("iri"), start)).as_py() or 0)

    @cached_property
    def vocabularies(self) -> NDArray[np.int64]:
        """The vocabulary of each entity (e,), numbered in the order of their IRIs.

        Told by the IRI: up to the idspace for OBO (``…/obo/HP_``), else host and first folder
        (``https://spec.edmcouncil.org/fibo/``).
        """
        names = [vocabulary_of(iri) for iri in self.iris]
        codes: NDArray[np.int64] = np.unique(np.array(names, dtype=str), return_inverse=True)[1]
        return codes.astype(np.int64)

    @cached_property
    def ids(self) -> list[str]:
        """Id per entity, as the source file wrote it."""
        return self._strings("id")

    @cached_property
    def labels(self) -> list[str]:
        """Label per entity; the end of the IRI where none was given."""
        return self._strings("label")

    @cached_property
    def definitions(self) -> list[str | None]:
        """Definition per entity, or None."""
        found: list[str | None] = self.columns.entities.column("definition").to_pylist()
        return found

    @property
    def kinds(self) -> NDArray[np.int8]:
        """Number into `KINDS` per entity (e,)."""
        return self.columns.kinds

    @cached_property
    def _labelled(self) -> list[bool]:
        found: list[bool] = self.columns.entities.column("labelled").to_pylist()
        return found

    def _strings(self, column: str) -> list[str]:
        found: list[str] = self.columns.entities.column(column).to_pylist()
        return found

    @cached_property
    def forms(self) -> Forms:
        """Labels and synonyms as columns."""
        table = self.columns.forms
        return Forms(
            table.column("text").to_pylist(),
            values(table.column("entity")),
            values(table.column("scope")),
        )

    @cached_property
    def notes(self) -> Notes:
        """Comments and cross-references as columns."""
        table = self.columns.notes
        return Notes(
            table.column("text").to_pylist(),
            values(table.column("entity")),
            values(table.column("kind")),
        )

    @cached_property
    def relations(self) -> list[str]:
        """Id per relation, as the source file wrote it; sorted by IRI."""
        found: list[str] = self.columns.relations.column("id").to_pylist()
        return found

    @cached_property
    def relation_iris(self) -> list[str]:
        """IRI per relation, sorted."""
        found: list[str] = self.columns.relations.column("iri").to_pylist()
        return found

    @cached_property
    def relation_labels(self) -> list[str]:
        """Label per relation; the end of the IRI where none was given."""
        found: list[str] = self.columns.relations.column("label").to_pylist()
        return found

    @cached_property
    def is_a_relation(self) -> int | None:
        """The number of rdfs:subClassOf, None if no triple has it."""
        iris = self.relation_iris
        return iris.index(SUB_CLASS_OF) if SUB_CLASS_OF in iris else None

    # Structure

    @cached_property
    def is_a(self) -> csr_matrix:
        """``(e, e)`` float32 of ones, child row and parent column.

        subClassOf, and rdf:type and skos:broader, which keep their own relation numbers.
        """
        from kgml.kg.hierarchy import adjacency

        wanted = [n for n, iri in enumerate(self.relation_iris) if iri in IS_A]
        rows = self.triples[np.isin(self.triples[:, 1], wanted)]
        return adjacency(rows[:, 0], rows[:, 2], len(self))

    @cached_property
    def ancestors(self) -> csr_matrix:
        """``(e, e)`` bool: row's entity is, or lies below, column's; self included.

        Raises:
            InputError: the closure would hold more pairs than fit in memory.
        """
        from kgml.kg.hierarchy import closure

        return closure(self.is_a)

    @cached_property
    def depths(self) -> NDArray[np.int32]:
        """``(e,)`` is-a steps on the longest way up to a root; a cycle counts as one place."""
        from kgml.kg.hierarchy import levels

        return levels(self.is_a)

    def depth(self, key: Key | None = None) -> int:
        """Is-a steps on the longest way from an entity up to a root; of all entities, the most."""
        if key is not None:
            return int(self.depths[self.number(key)])
        return int(self.depths.max(initial=0))

    @cached_property
    def _ends(self) -> tuple[list[int], list[int]]:
        from kgml.kg.hierarchy import ends

        return ends(self.is_a)

    @property
    def roots(self) -> list[int]:
        """Numbers of the entities without a parent, ascending; a circle on top has no other."""
        return self._ends[0]

    @property
    def leaves(self) -> list[int]:
        """Numbers of the entities without a child, ascending; an entity may be root and leaf."""
        return self._ends[1]

    def parents(self, key: Key) -> list[int]:
        """Numbers of the direct is-a parents, ascending."""
        return _row(self.is_a, self.number(key))

    def children(self, key: Key) -> list[int]:
        """Numbers of the direct is-a children, ascending."""
        return _row(self._children, self.number(key))

    def ancestors_of(self, key: Key, hops: int | None = None) -> list[int]:
        """Numbers of what an entity lies below: nearest first, then ascending; itself left out.

        ``hops``: at most so many steps up.
        """
        from kgml.kg.walk import reached

        return reached(self.is_a, [self.number(key)], hops)

    def descendants_of(self, key: Key, hops: int | None = None) -> list[int]:
        """Numbers of what lies below an entity: nearest first, then ascending; itself left out."""
        from kgml.kg.walk import reached

        return reached(self._children, [self.number(key)], hops)

    @cached_property
    def _children(self) -> csr_matrix:
        transposed = self.is_a.T.tocsr()
        transposed.sort_indices()
        return transposed

    def edges(self, direction: str) -> Edges:
        """The triples grouped by head ("out") or by tail ("in")."""
        return self._outgoing if direction == "out" else self._incoming

    @cached_property
    def _outgoing(self) -> Edges:
        from kgml.kg.walk import Edges

        return Edges.by(self.triples, 0, len(self))

    @cached_property
    def _incoming(self) -> Edges:
        from kgml.kg.walk import Edges

        return Edges.by(self.triples, 2, len(self))

    @cached_property
    def components(self) -> NDArray[np.int32]:
        """``(e,)`` which entities are connected, by edges of any relation and direction."""
        from kgml.kg.walk import components

        return components(self.triples, len(self))

    def neighbours(
        self, key: Key, relations: Relations = None, direction: str = "out"
    ) -> list[tuple[int, int]]:
        """(relation, other entity) of an entity's triples, ascending.

        Args:
            relations: only these, by number, id, IRI or label; None for all.
            direction: "out": the entity is the head, "in": it is the tail, "both".
        """
        from kgml.kg.walk import neighbours

        return neighbours(self, self.number(key), relations, direction)

    def shortest_path(
        self, a: Key, b: Key, relations: Relations = None, directed: bool = False
    ) -> list[tuple[int, int]] | None:
        """Fewest steps from ``a`` to ``b``: (relation, entity reached) each; None if there is none.

        Args:
            relations: go along these only; None for all.
            directed: go from head to tail only, else either way.
        """
        from kgml.kg.walk import shortest_path

        return shortest_path(self, self.number(a), self.number(b), relations, directed)

    @cached_property
    def information_content(self) -> NDArray[np.float64]:
        """``(e,)`` how much an entity says, 0 to 1; `kgml.kg.measures` has other kinds."""
        from kgml.kg.measures import information_content

        return information_content(self)

    def similarity(self, pairs: Pairs, measure: str = "lin") -> NDArray[np.float32]:
        """``(k,)`` how alike the two entities of each pair are; see `kgml.kg.measures.similarity`.

        Args:
            pairs: ``(k, 2)`` numbers, or pairs of keys.
            measure: "lin", "resnik" or "jaccard".
        """
        from kgml.kg.measures import similarity

        return similarity(self, pairs, measure)

    def axioms(self, a: int | str, b: int | str) -> list[Axiom]:
        """What the edges between two entities were made from, either way; see `Axiom`."""
        from kgml.kg.axioms.provenance import axioms_between

        return axioms_between(self, self.number(a), self.number(b))

    def node_texts(self, *, definitions: bool = True, axioms: bool = True) -> list[str]:
        """Label, definition and verbalised edges of each entity, (e,) texts for an encoder."""
        from kgml.kg.axioms.provenance import node_texts

        return node_texts(self, definitions=definitions, axioms=axioms)

    # Identity, storage, views

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) over the columns: equal content, equal fingerprint, wherever it came from."""
        return store.fingerprint(self.columns)

    def save(
        self, path: Path | str, *, command: str = "", config: Mapping[str, Any] | None = None,
        seed: int | None = None,
    ) -> None:  # fmt: skip
        """Write the artifact folder ``path`` (kind ``graph``); the same graph gives the same bytes.

        Raises:
            ArtifactError: not writable, or something else is there.
        """
        store.save(self, self.columns, Path(path), command=command, config=config, seed=seed)

    @classmethod
    def load(cls, path: Path | str, verify: bool = True) -> KnowledgeGraph:
        """Read what `save` wrote, memory-mapped; ``verify`` compares every file's sha256.

        Raises:
            ArtifactError: missing, damaged or of another kind.
        """
        return cls(**store.load(Path(path), verify))

    def to_rdflib(self) -> rdflib.Graph:
        """The same graph for rdflib; see `kgml.kg.views`."""
        from kgml.kg import views

        return views.to_rdflib(self)

    def to_networkx(self) -> networkx.MultiDiGraph[int]:
        """The same graph for networkx; see `kgml.kg.views`."""
        from kgml.kg import views

        return views.to_networkx(self)

    def to_pyg(self) -> HeteroData:
        """The same graph for torch-geometric; see `kgml.kg.views`."""
        from kgml.kg import views

        return views.to_pyg(self)

    def to_pandas(self) -> Frames:
        """Entities, synonyms, notes and edges as DataFrames; see `kgml.kg.views`."""
        from kgml.kg import views

        return views.to_pandas(self)

    def sparql(
        self, query: str, *, prefixes: Mapping[str, str] | None = None,
        limit_rows: int | None = None,
    ) -> Answer:  # fmt: skip
        """Answer a SPARQL query: a pyarrow table, a bool or triples; see `kgml.kg.query`."""
        from kgml.kg.query import sparql

        return sparql(self, query, prefixes=prefixes, limit_rows=limit_rows)


def _row(matrix: csr_matrix, number: int) -> list[int]:
    found: list[int] = matrix.indices[matrix.indptr[number] : matrix.indptr[number + 1]].tolist()
    return found
