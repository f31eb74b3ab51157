"""From what the parsers collected to the columns of a graph: who is an entity, in which order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from kgml.kg import store
from kgml.kg import vocabulary as v
from kgml.kg.arrow import column, strings, values
from kgml.kg.axioms.individuals import undeclared_individuals
from kgml.kg.axioms.kinds import KINDS
from kgml.kg.collected import Collected
from kgml.kg.forms import Lexicon
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.merge import merged, warn_of_refused
from kgml.kg.parse.blocks import distinct
from kgml.kg.words import iri_end

UNDEFINED = "is-a target that no file defines (kept by its IRI)"
Numbers = NDArray[np.int64]


def assemble(
    collected: Collected, skipped: int, sources: dict[str, str], *,
    merge: str = "iri", obsolete: bool = False, everything: bool = False,
) -> KnowledgeGraph:  # fmt: skip
    """Number entities and relations by sorted IRI and build the graph with its report.

    Args:
        skipped: files left alone, for the report.
        sources: sha256 per file.
        merge: iri, matches or xrefs: which entities are one.
        obsolete: whether obsolete entities stay.
        everything: whether both ends of every edge are entities, declared or not.
    """
    edges = _edges(collected)
    is_a = np.isin(edges[:, 1], [collected.number(iri) for iri in v.IS_A])
    names = strings(collected.iris())
    found, gone = _entities(collected, edges, is_a, names, obsolete, everything)
    merging = merged(collected, found, merge)
    warn_of_refused(merging, collected)
    entities = sorted(
        np.flatnonzero(found & merging.kept).tolist(), key=collected.iris().__getitem__
    )
    number = np.full(len(collected.iris()), -1, dtype=np.int64)
    number[entities] = np.arange(len(entities))
    number = np.where(found, number[merging.one_of], -1)
    aliases = _aliases(collected, number, merging.one_of)
    edges, relations, triples, origins = _triples(collected, edges, number)
    words = Lexicon(collected, number, len(entities))
    columns = store.Columns(
        _entity_table(collected, entities, names, words, number), words.forms(),
        _relation_table(collected, relations), triples, origins, aliases,
        _disjoint(collected, number), _obsolete(collected, number, entities), words.notes(),
    )  # fmt: skip
    comments, xrefs = columns.note_counts
    report = {
        "entities": len(entities), "relations": len(relations), "triples": len(triples),
        "labels": words.labelled, "synonyms": columns.forms.num_rows - words.labelled,
        "definitions": words.defined, "comments": comments, "xrefs": xrefs,
        "unlabelled": len(entities) - words.labelled,
        "became": _became(edges), "dropped": {k: n for k, n in sorted(collected.dropped.items()) if n},
        "obsolete": gone, "merged": merging.count, "not_merged": sum(map(len, merging.refused.values())),
        "files": len(sources), "skipped": skipped,
        "prefix_conflicts": collected.namespaces.conflicts,
    }  # fmt: skip
    ontologies = sorted(collected.ontologies, key=lambda row: (row["iri"], row["file"]))
    return KnowledgeGraph(columns, report, ontologies, sources, collected.files,
                          collected.namespaces.spaces)  # fmt: skip


def _edges(collected: Collected) -> NDArray[np.int32]:
    """(k, 5) head, relation, tail, axiom, file of all files."""
    obo = np.array(collected.edges, dtype=np.int32).reshape(-1, 5)
    return np.concatenate([obo, *collected.edge_columns])


def _entities(
    collected: Collected, edges: NDArray[np.int32], is_a: NDArray[np.bool_], names: pa.Array,
    obsolete: bool, everything: bool,
) -> tuple[NDArray[np.bool_], int]:  # fmt: skip
    """Which interned numbers are entities, and how many obsolete ones are left out.

    ``names``: their IRIs.
    """
    iris = collected.iris()

    def of(*sets: set[int]) -> NDArray[np.bool_]:
        mask = np.zeros(len(iris), dtype=bool)
        for members in sets:
            mask[np.fromiter(members, dtype=np.int64, count=len(members))] = True
        return mask

    declared = of(collected.classes, collected.individuals, collected.concepts)
    others = of(collected.others)
    linked = np.zeros(len(iris), dtype=bool)
    linked[edges[is_a][:, [0, 2]].ravel()] = True
    taken = declared | others | linked | of(set(collected.replaced))
    undeclared = undeclared_individuals(collected, ~taken)
    collected.individuals.update(np.flatnonzero(undeclared).tolist())
    declared |= undeclared
    in_use = np.where(declared & (obsolete | ~of(collected.obsolete)), 0, -1)
    for old, new in collected.replaced.items():  # an edge to it is one to what is in its place
        if in_use[old] < 0 and _in_use(new, collected.replaced, in_use) == 0:
            linked[old] = False
    sub_class_of = edges[:, 1] == collected.number(v.SUB_CLASS_OF)
    undefined = np.zeros(len(iris), dtype=bool)
    undefined[edges[sub_class_of, 2]] = True
    undefined &= linked & ~declared & ~others
    found = (declared & ~(others & ~of(collected.classes))) | (linked & ~others)
    if everything:
        found[edges[:, [0, 2]].ravel()] = True
    reserved = np.zeros(len(iris), dtype=bool)
    for namespace in v.RESERVED:
        reserved |= values(pc.starts_with(names, namespace))
    collected.dropped[UNDEFINED] += int((undefined & ~reserved).sum())
    found &= ~reserved
    left_out = found & of(collected.obsolete) & (not obsolete)
    return found & ~left_out, int(left_out.sum())


def _aliases(collected: Collected, number: Numbers, one_of: Numbers) -> pa.Table:
    """Other names of entities: of those merged into them and of those they replace."""
    iris, rows = collected.iris(), set()
    for old, new in collected.replaced.items():
        target = _in_use(new, collected.replaced, number)
        if number[old] < 0 <= target:
            rows.add((iris[old], target))
            rows.add((collected.ids.get(old, iris[old]), target))
            number[old] = -2 - target  # an edge may still point at it
    for one in np.flatnonzero((one_of != np.arange(len(iris))) & (number >= 0)).tolist():
        rows.add((iris[one], int(number[one])))
        rows.add((collected.ids.get(one, iris[one]), int(number[one])))
    names, entities = zip(*sorted(rows), strict=True) if rows else ((), ())
    numbers = column(np.array(entities, dtype=np.int32))
    return pa.Table.from_arrays([strings(names), numbers], schema=store.ALIASES)


def _disjoint(collected: Collected, number: Numbers) -> pa.Table:
    """Pairs of entities said to share nothing, the lower number first, each once a file."""
    rows = np.concatenate([np.zeros((0, 3), dtype=np.int32), *collected.disjoint])
    ends = np.sort(number[rows[:, :2]], axis=1)
    known = (ends[:, 0] >= 0) & (ends[:, 0] != ends[:, 1])
    pairs = np.unique(np.column_stack([ends[known], rows[known, 2]]), axis=0)
    columns = [column(side.astype(np.int32)) for side in pairs.T]
    return pa.Table.from_arrays(columns, schema=store.DISJOINT)


def _obsolete(collected: Collected, number: Numbers, entities: list[int]) -> pa.Table:
    """What the files declare obsolete and what is in its place, whether it is left out or not.

    In its place is the entity at the end of the chain of replacements, or else what the file names.
    """
    iris, rows = collected.iris(), []
    for old in collected.obsolete - (collected.others - collected.classes):
        new = collected.replaced.get(old, old)
        target = _in_use(new, collected.replaced, number)
        place = entities[target] if target >= 0 else new
        rows.append((iris[old], iris[place] if place != old else None))
    names, by = zip(*sorted(rows), strict=True) if rows else ((), ())
    return pa.Table.from_arrays([strings(names), strings(by)], schema=store.OBSOLETE)


def _in_use(number: int, replaced: dict[int, int], entity: Numbers) -> int:
    """The entity at the end of a chain of replacements, -1 if there is none."""
    seen: set[int] = set()
    while entity[number] < 0 and number in replaced and number not in seen:
        seen.add(number)
        number = replaced[number]
    return int(entity[number])


def _triples(
    collected: Collected, edges: NDArray[np.int32], number: Numbers
) -> tuple[NDArray[np.int32], list[int], Numbers, pa.Table]:
    """The edges kept, relations by sorted IRI, (t, 3) triples, and the axioms behind each.

    ``number``: entity per interned number, -1 for none, -2 - n for what entity n replaces.
    """
    tail = number[edges[:, 2]]
    tail = np.where(tail < -1, -2 - tail, tail)
    head = number[edges[:, 0]]
    known = (head >= 0) & (tail >= 0)
    loop = known & (head == tail)
    collected.dropped["edge to itself"] += int(loop.sum())
    _count_unknown(collected, edges[~known], head[~known])
    keep = known & ~loop
    edges, head, tail = edges[keep], head[keep], tail[keep]
    iris = collected.iris()
    used = sorted(distinct(edges[:, 1]).tolist(), key=iris.__getitem__)
    relation = np.full(len(iris), -1, dtype=np.int64)
    relation[used] = np.arange(len(used))
    rows = np.column_stack([head, relation[edges[:, 1]], tail])
    source = edges[:, 4].astype(np.int64) * len(KINDS) + edges[:, 3]
    order = np.lexsort((source, *_sort_keys(rows, len(used))))
    rows, source = rows[order], source[order]
    fresh = np.ones(len(rows), dtype=bool)
    fresh[1:] = (rows[1:] != rows[:-1]).any(axis=1)
    again = np.ones(len(rows), dtype=bool)
    again[1:] = fresh[1:] | (source[1:] != source[:-1])
    triple = np.cumsum(fresh) - 1
    file, kind = np.divmod(source[again], len(KINDS))
    columns = [triple[again], file.astype(np.int32), kind.astype(np.int16)]
    origins = pa.Table.from_arrays([column(part) for part in columns], schema=store.ORIGINS)
    return edges, used, np.ascontiguousarray(rows[fresh]), origins


def _sort_keys(rows: NDArray[np.int64], relations: int) -> list[NDArray[np.int64]]:
    """Keys that sort ``rows`` (t, 3), the last one first: as few as hold them."""
    head, relation, tail = rows.T
    most = int(rows[:, ::2].max(initial=0)) + 1
    pair = head * max(relations, 1) + relation
    return [pair * most + tail] if most * most * max(relations, 1) < 2**63 else [tail, pair]


def _count_unknown(collected: Collected, edges: NDArray[np.int32], head: Numbers) -> None:
    """Count edges that do not join two entities by what is wrong with them."""
    dropped, iris = collected.dropped, collected.iris()
    for (start, relation, tail, _, _), entity in zip(edges.tolist(), head.tolist(), strict=True):
        if start in collected.obsolete or tail in collected.obsolete:
            dropped["edge of an obsolete entity"] += 1
        elif iris[relation] in v.MAPPINGS:
            dropped["mapping to an unknown entity"] += 1
        elif iris[tail].startswith(v.OWL) or iris[start].startswith(v.OWL):
            dropped["owl:Thing"] += 1
        elif entity < 0 and start in collected.others:  # said of a property or an ontology
            dropped["annotation"] += 1
        else:
            dropped["edge to an unknown entity"] += 1


def _became(edges: NDArray[np.int32]) -> dict[str, int]:
    """Edges per kind of axiom, before equal ones are one."""
    counts = np.bincount(edges[:, 3], minlength=len(KINDS)).tolist()
    return {kind: n for kind, n in sorted(zip(KINDS, counts, strict=True)) if n}


def _entity_table(
    collected: Collected, entities: list[int], names: pa.Array, words: Lexicon, number: Numbers
) -> pa.Table:
    iris, ids = collected.iris(), collected.ids
    chosen = names.take(column(np.array(entities, dtype=np.int64)))
    named = strings(ids.get(n, iris[n]) for n in entities) if ids else chosen
    kind = np.zeros(len(entities), dtype=np.int8)
    for members, code in (
        (collected.individuals, 1),
        (collected.concepts, 2),
        (collected.classes, 0),
    ):
        rows = number[np.fromiter(members, dtype=np.int64, count=len(members))]
        kind[rows[rows >= 0]] = code
    labels = words.labels(lambda i: iri_end(iris[entities[i]]))
    columns = [chosen, named, labels, column(words.has_label), column(kind), words.definitions()]
    return pa.Table.from_arrays(columns, schema=store.ENTITIES)


def _relation_table(collected: Collected, used: list[int]) -> pa.Table:
    wanted = np.full(len(collected.iris()), -1, dtype=np.int64)
    wanted[used] = np.arange(len(used))
    iris = [collected.iris()[n] for n in used]
    labels: list[Any] = Lexicon(collected, wanted, len(used), labels_only=True).labels(
        lambda i: iri_end(iris[i])
    ).to_pylist()  # fmt: skip
    ids = (collected.ids.get(n, collected.iris()[n]) for n in used)
    shown = (v.RELATION_LABELS.get(iri, label) for iri, label in zip(iris, labels, strict=True))
    columns = [strings(iris), strings(ids), strings(shown)]
    return pa.Table.from_arrays(columns, schema=store.RELATIONS)
