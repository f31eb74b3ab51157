"""What changed from one graph to another, entities compared by IRI."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from kgml.kg.vocabulary import IS_A, Scope

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

Change: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Diff:
    """Changes, each list sorted by the entity's id in the graph that has it.

    The same whichever order the files were read in.
    """

    added: list[Change]
    """id and label of entities that only the new graph has."""
    removed: list[Change]
    """id and label of entities that only the old graph has, and of which the new one says nothing."""
    deprecated: list[Change]
    """id and label of entities that the new graph declares obsolete, whether it kept them or not,
    and ``by``, where there is one: id and label of what is in their place."""
    replaced: list[Change]
    """id, label and ``by`` of entities that were merged into another one."""
    renamed: list[Change]
    """id, ``old`` and ``new`` label."""
    moved: list[Change]
    """id, label, is-a parents ``added`` and ``removed``, by id."""
    synonyms: list[Change]
    """id, label, (text, scope) ``added`` and ``removed``."""
    definitions: list[Change]
    """id, label, ``old`` and ``new`` definition or None."""
    edges: dict[str, Change]
    """By relation: triples ``added`` and ``removed``, as ids of head and tail."""

    @property
    def counts(self) -> dict[str, Any]:
        """How many of each; for edges by relation."""
        found: dict[str, Any] = {
            name: len(rows) for name, rows in vars(self).items() if name != "edges"
        }
        found["edges"] = {
            relation: {way: len(rows) for way, rows in change.items()}
            for relation, change in self.edges.items()
        }
        return found

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return any(vars(self).values())

    def to_dict(self) -> dict[str, Any]:
        """``counts`` and the lists, ready for JSON."""
        return {"counts": self.counts, **asdict(self)}


def graph_diff(old: KnowledgeGraph, new: KnowledgeGraph) -> Diff:
    """Compare two graphs by the IRIs of their entities and relations.

    An entity that is gone is deprecated where the files of the new graph declare it obsolete, else
    replaced where its name is another name of one of the new graph's own. One that is still there is
    deprecated if it was not obsolete before.
    """
    before = {iri: number for number, iri in enumerate(old.iris)}
    after = {iri: number for number, iri in enumerate(new.iris)}
    gone = [iri for iri in before if iri not in after and iri not in new.obsolete]
    pairs = [(number, after[iri]) for iri, number in before.items() if iri in after]
    ids = _ids(old) | _ids(new)
    return Diff(
        added=_sorted(_named(new, n) for iri, n in after.items() if iri not in before),
        removed=_sorted(_named(old, before[iri]) for iri in gone if iri not in new),
        deprecated=_sorted(
            {**_named(old, before[iri]), **_place(new, by)}
            for iri, by in new.obsolete.items()
            if iri in before and not (iri in old.obsolete and iri in after)
        ),
        replaced=_sorted(
            {**_named(old, before[iri]), "by": _named(new, new.number(iri))}
            for iri in gone
            if iri in new
        ),
        renamed=_sorted(
            {"id": new.ids[n], "old": old.labels[o], "new": new.labels[n]}
            for o, n in pairs
            if old.labels[o] != new.labels[n]
        ),
        moved=[
            {**row, **{way: sorted(ids[iri] for iri in row[way]) for way in ("added", "removed")}}
            for row in _changed(new, pairs, _parents(old), _parents(new))
        ],
        synonyms=_changed(new, pairs, _synonyms(old), _synonyms(new)),
        definitions=_sorted(
            {**_named(new, n), "old": old.definitions[o], "new": new.definitions[n]}
            for o, n in pairs
            if old.definitions[o] != new.definitions[n]
        ),
        edges=_edges(old, new, ids),
    )


def _ids(graph: KnowledgeGraph) -> dict[str, str]:
    """IRI to id, of entities and relations."""
    names = dict(zip(graph.relation_iris, graph.relations, strict=True))
    return names | dict(zip(graph.iris, graph.ids, strict=True))


def _named(graph: KnowledgeGraph, number: int) -> Change:
    return {"id": graph.ids[number], "label": graph.labels[number]}


def _place(new: KnowledgeGraph, by: str | None) -> Change:
    """``by`` for what is in the place of an entity, an IRI of another ontology as it is."""
    if by is None:
        return {}
    return {"by": _named(new, new.number(by)) if by in new else {"id": by, "label": ""}}


def _sorted(rows: Iterable[Change]) -> list[Change]:
    return sorted(rows, key=lambda row: str(row["id"]))


def _changed(
    new: KnowledgeGraph, pairs: list[tuple[int, int]], before: Mapping[int, set[Any]],
    after: Mapping[int, set[Any]],
) -> list[Change]:  # fmt: skip
    """Entities whose set is another one now."""
    rows = []
    for o, n in pairs:
        was, now = before.get(o, set()), after.get(n, set())
        if was != now:
            rows.append(
                {**_named(new, n), "added": sorted(now - was), "removed": sorted(was - now)}
            )
    return _sorted(rows)


def _parents(graph: KnowledgeGraph) -> dict[int, set[str]]:
    """IRIs of the is-a parents by entity."""
    is_a = {number for number, iri in enumerate(graph.relation_iris) if iri in IS_A}
    found: dict[int, set[str]] = {}
    for head, relation, tail in graph.triples.tolist():
        if relation in is_a:
            found.setdefault(head, set()).add(graph.iris[tail])
    return found


def _synonyms(graph: KnowledgeGraph) -> dict[int, set[tuple[str, str]]]:
    """Synonyms with their scope by entity."""
    found: dict[int, set[tuple[str, str]]] = {}
    forms = graph.forms
    rows = zip(forms.entity.tolist(), forms.scope.tolist(), forms.text, strict=True)
    for entity, scope, text in rows:
        if scope != Scope.LABEL:
            found.setdefault(entity, set()).add((text, Scope(scope).name.lower()))
    return found


def _edges(old: KnowledgeGraph, new: KnowledgeGraph, ids: Mapping[str, str]) -> dict[str, Change]:
    names = sorted({*old.iris, *new.iris})
    relations = sorted({*old.relation_iris, *new.relation_iris})
    before, after = _codes(old, names, relations), _codes(new, names, relations)
    found: dict[str, Change] = {}
    for way, codes in (
        ("added", np.setdiff1d(after, before)),
        ("removed", np.setdiff1d(before, after)),
    ):
        rest, tail = np.divmod(codes, max(1, len(names)))
        relation, head = np.divmod(rest, max(1, len(names)))
        for r, h, t in zip(relation.tolist(), head.tolist(), tail.tolist(), strict=True):
            change = found.setdefault(ids[relations[r]], {"added": [], "removed": []})
            change[way].append((ids[names[h]], ids[names[t]]))
    return dict(sorted(found.items()))


def _codes(graph: KnowledgeGraph, names: list[str], relations: list[str]) -> NDArray[np.int64]:
    """One number per triple, the same in both graphs, in the order of relation, head, tail."""
    place = {name: number for number, name in enumerate(names)}
    entity = np.array([place[iri] for iri in graph.iris], dtype=np.int64)
    relation = np.array([relations.index(iri) for iri in graph.relation_iris], dtype=np.int64)
    head, middle, tail = graph.triples.T
    above = relation[middle] * len(names) + entity[head]
    codes: NDArray[np.int64] = above * len(names) + entity[tail]
    return codes
