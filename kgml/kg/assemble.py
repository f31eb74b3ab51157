"""From what the parsers collected to the columns of a graph: who is an entity, in which order."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from kgml.kg import store
from kgml.kg import vocabulary as v
from kgml.kg.collected import Collected
from kgml.kg.graph import KnowledgeGraph, Scope
from kgml.kg.words import iri_end

UNDEFINED = "is-a target that no file defines (kept by its IRI)"


def assemble(
    collected: Collected, files: int, skipped: int, sources: dict[str, str]
) -> KnowledgeGraph:
    """Number entities and relations by sorted IRI and build the graph with its report."""
    edges = np.array(collected.edges, dtype=np.int64).reshape(-1, 3)
    is_a = np.isin(edges[:, 1], [collected.number(iri) for iri in v.IS_A])
    entities, obsolete = _entities(collected, edges, is_a)
    number = np.full(len(collected.iris), -1, dtype=np.int64)
    number[entities] = np.arange(len(entities))
    edges = _known(collected, edges, is_a, number)
    used = sorted(set(edges[:, 1].tolist()), key=collected.iris.__getitem__)
    relation = np.full(len(collected.iris), -1, dtype=np.int64)
    relation[used] = np.arange(len(used))
    triples = _unique(
        np.column_stack([number[edges[:, 0]], relation[edges[:, 1]], number[edges[:, 2]]])
    )
    names = Words(collected, number)
    table = _entity_table(collected, entities, names)
    forms = names.forms()
    columns = store.Columns(table, forms, _relation_table(collected, used), triples)
    labelled = len(names.label)
    report = {
        "entities": len(entities), "relations": len(used), "triples": len(triples),
        "labels": labelled, "synonyms": forms.num_rows - labelled,
        "definitions": len(names.definition), "unlabelled": len(entities) - labelled,
        "dropped": {kind: n for kind, n in sorted(collected.dropped.items()) if n},
        "obsolete": obsolete, "files": files, "skipped": skipped,
    }  # fmt: skip
    ontologies = sorted(collected.ontologies, key=lambda row: (row["iri"], row["file"]))
    return KnowledgeGraph(columns, report, ontologies, sources)


def _entities(
    collected: Collected, edges: NDArray[np.int64], is_a: NDArray[np.bool_]
) -> tuple[list[int], int]:
    """Interned numbers of the entities by sorted IRI, and how many obsolete ones are left out."""
    declared = collected.classes | collected.individuals | collected.concepts
    linked = set(np.unique(edges[is_a][:, [0, 2]]).tolist()) - collected.others
    iris = collected.iris
    undefined = set(edges[edges[:, 1] == collected.number(v.SUB_CLASS_OF), 2].tolist())
    undefined -= declared | collected.others
    collected.dropped[UNDEFINED] += sum(not iris[n].startswith(v.RESERVED) for n in undefined)
    found = {n for n in declared - (collected.others - collected.classes) | linked
             if not iris[n].startswith(v.RESERVED)}  # fmt: skip
    live = found - collected.obsolete
    return sorted(live, key=iris.__getitem__), len(found) - len(live)


def _known(
    collected: Collected,
    edges: NDArray[np.int64],
    is_a: NDArray[np.bool_],
    number: NDArray[np.int64],
) -> NDArray[np.int64]:
    """The edges between two entities; the others are counted by what is wrong with them."""
    dropped, iris = collected.dropped, collected.iris
    known = (number[edges[:, 0]] >= 0) & (number[edges[:, 2]] >= 0)
    loop = known & (edges[:, 0] == edges[:, 2])
    dropped["edge to itself"] += int(loop.sum())
    for head, relation, tail in edges[~known].tolist():
        if head in collected.obsolete or tail in collected.obsolete:
            dropped["edge of an obsolete entity"] += 1
        elif iris[relation] in v.MAPPINGS:
            dropped["mapping to an unknown entity"] += 1
        elif iris[tail].startswith(v.OWL):
            dropped["owl:Thing"] += 1
        elif number[head] < 0:
            dropped["annotation"] += 1
        else:
            dropped["edge to an unknown entity"] += 1
    kept: NDArray[np.int64] = edges[known & ~loop]
    return kept


def _unique(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Sorted and without repetition."""
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    if len(rows) > 1:
        rows = rows[np.concatenate([[True], (np.diff(rows, axis=0) != 0).any(axis=1)])]
    return np.ascontiguousarray(rows)


class Words:
    """Label, definition and forms per entity number, the wanted language first."""

    def __init__(self, collected: Collected, number: NDArray[np.int64]) -> None:
        self._wanted = collected.language.lower()
        self._dropped = collected.dropped
        self._number: list[int] = number.tolist()
        self._language: dict[int, str] = {}
        self.label: dict[int, str] = {}
        self.definition: dict[int, str] = {}
        self._scopes: dict[tuple[int, str], Scope] = {}
        others = self._best(collected.labels, self.label, self._language)
        self._best(collected.definitions, self.definition, {})
        for entity, text in self.label.items():
            self._scopes[entity, text] = Scope.LABEL
        for entity, _, language, text in others:
            self._add(entity, Scope.EXACT, language, text)
        for interned, scope, language, text in collected.synonyms:
            entity = self._number[interned]
            if entity >= 0:
                self._add(entity, scope, language, text)

    def tier(self, language: str) -> int:
        """0 the wanted language, 1 a region of it, 2 none given, 3 another one.

        ``language`` is a tag in lower case.
        """
        if not language:
            return 2
        if language == self._wanted:
            return 0
        return 1 if language.startswith(self._wanted + "-") else 3

    def _best(
        self, rows: Iterable[tuple[int, int, str, str]], best: dict[int, str],
        languages: dict[int, str],
    ) -> list[tuple[int, int, str, str]]:  # fmt: skip
        """Fill ``best`` per entity; return the rows that were not chosen."""
        number, tier = self._number, self.tier
        ranked = sorted(
            (number[interned], tier(language), rank, language, text)
            for interned, rank, language, text in rows
            if text and number[interned] >= 0
        )
        others = []
        for entity, _, rank, language, text in ranked:
            if entity in best:
                others.append((entity, rank, language, text))
            else:
                best[entity] = text
                languages[entity] = language
        return others

    def _add(self, entity: int, scope: Scope, language: str, text: str) -> None:
        if self.tier(language) == 3 and language != self._language.get(entity):
            self._dropped["text in another language"] += 1
            return
        old = self._scopes.get((entity, text))
        if old is None or v.PRECEDENCE[scope] < v.PRECEDENCE[old]:
            self._scopes[entity, text] = scope

    def forms(self) -> pa.Table:
        """Columns sorted by entity, scope, text."""
        rows = sorted((entity, int(scope), text) for (entity, text), scope in self._scopes.items())
        columns: list[Any] = list(zip(*rows, strict=True)) or [(), (), ()]
        return pa.table(dict(zip(store.FORMS.names, columns, strict=True)), schema=store.FORMS)


def _entity_table(collected: Collected, entities: list[int], names: Words) -> pa.Table:
    iris, ids = collected.iris, collected.ids
    chosen = [iris[n] for n in entities]
    return pa.table(
        {
            "iri": chosen,
            "id": [ids.get(n, iris[n]) for n in entities],
            "label": [
                names.label[i] if i in names.label else iri_end(iri) for i, iri in enumerate(chosen)
            ],
            "labelled": [i in names.label for i in range(len(entities))],
            "kind": [_kind(collected, n) for n in entities],
            "definition": [names.definition.get(i) for i in range(len(entities))],
        },
        schema=store.ENTITIES,
    )


def _kind(collected: Collected, number: int) -> int:
    if number in collected.classes:
        return 0
    if number in collected.concepts:
        return 2
    return 1 if number in collected.individuals else 0


def _relation_table(collected: Collected, used: list[int]) -> pa.Table:
    wanted = np.full(len(collected.iris), -1, dtype=np.int64)
    wanted[used] = np.arange(len(used))
    labels = Words(Collected(language=collected.language, labels=collected.labels), wanted).label
    iris = [collected.iris[n] for n in used]
    return pa.table(
        {
            "iri": iris,
            "id": [collected.ids.get(n, collected.iris[n]) for n in used],
            "label": [
                v.RELATION_LABELS.get(iri) or labels.get(i) or iri_end(iri)
                for i, iri in enumerate(iris)
            ],
        },
        schema=store.RELATIONS,
    )
