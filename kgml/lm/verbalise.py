"""What a graph says, in sentences: the ontology as a corpus."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from kgml.kg.axioms.provenance import certain
from kgml.kg.vocabulary import IS_A, Scope

if TYPE_CHECKING:
    from kgml.kg.graph import Entity, KnowledgeGraph

SHOWN = 6
"""Most children, and tails of one relation, that are listed."""
RELATIONS = 8
"""Most relations of an entity that are told of."""
Related = dict[int, list[tuple[str, list[str]]]]


def verbalise(graph: KnowledgeGraph) -> list[str]:
    """A text for each entity that has a label, by number: its names, definition, parents, relations.

    Seizure, also called epileptic seizure, is a kind of abnormal nervous system physiology. A seizure
    is an event due to excessive neuronal activity. It is part of epilepsy. It is disjoint with syncope.
    Kinds of it are focal seizure and status epilepticus.
    """
    parents, children = graph.is_a, graph.is_a.T.tocsr()
    labels = graph.labels
    related, apart = _related(graph), _apart(graph)
    found = []
    for entity in graph:
        if entity.labelled:
            number = entity.number
            above = [labels[i] for i in parents[number].indices.tolist()]
            below = [labels[i] for i in children[number].indices.tolist()]
            told = [relation_said(*one) for one in related.get(number, [])[:RELATIONS]]
            if number in apart:
                told.append(f"It is disjoint with {listed(apart[number][:SHOWN])}.")
            found.append(_say(entity, above, told, below))
    return found


def _related(graph: KnowledgeGraph) -> Related:
    """Of each entity its relations but is-a, by number, and the labels of their tails, by number."""
    is_a = {n for n, iri in enumerate(graph.relation_iris) if iri in IS_A}
    labelled = graph.columns.entities.column("labelled").to_pylist()
    names, labels = graph.relation_labels, graph.labels
    tails: dict[int, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for head, relation, tail in graph.triples[certain(graph)].tolist():
        if relation not in is_a and labelled[tail] and head != tail:
            tails[head][relation].append(labels[tail])
    return {
        head: [(names[relation], some) for relation, some in of.items()]
        for head, of in tails.items()
    }


def _apart(graph: KnowledgeGraph) -> dict[int, list[str]]:
    """Labels of what each entity is said to share nothing with, by number."""
    table, labels = graph.columns.disjoint, graph.labels
    labelled = graph.columns.entities.column("labelled").to_pylist()
    found: dict[int, set[int]] = defaultdict(set)
    for one, other in zip(
        table.column("left").to_pylist(), table.column("right").to_pylist(), strict=True
    ):
        found[one].add(other)
        found[other].add(one)
    return {
        number: [labels[i] for i in sorted(others) if labelled[i]]
        for number, others in found.items() if any(labelled[i] for i in others)
    }  # fmt: skip


def relation_said(name: str, tails: list[str]) -> str:
    """A relation as a sentence on "it", by the look of its name.

    >>> print(relation_said("part of", ["heart"]), relation_said("hasLocation", ["lung", "skin"]))
    It is part of heart. It has location lung and skin.
    >>> print(relation_said("disease has feature", ["rash"]), relation_said("closeMatch", ["fever"]))
    It has feature rash. Its close match is fever.
    """
    words = re.sub(r"(?<=[a-z])(?=[A-Z])|_", " ", name).lower().split()
    verb = next((i for i, word in enumerate(words) if word in VERBS), 0)
    words, some = words[verb:], listed(tails[:SHOWN])
    third = words and words[0].endswith("s") and not words[0].endswith("ss")
    if third or (words and words[0] in VERBS):
        return f"It {' '.join(words)} {some}."
    if words and words[-1] in PREPOSITIONS:
        return f"It is {' '.join(words)} {some}."
    return f"Its {' '.join(words)} {_be(tails[:SHOWN])} {some}."


VERBS = ("has", "is", "does", "may", "can", "must")
PREPOSITIONS = (
    "of", "in", "by", "to", "from", "with", "on", "at", "for", "during", "into", "against",
)  # fmt: skip
"""At the end of a relation's name: "located in"."""


def _say(entity: Entity, above: list[str], told: list[str], below: list[str]) -> str:
    exact = [name for name, scope in entity.synonyms if scope == Scope.EXACT]
    others = [name for name, scope in entity.synonyms if scope != Scope.EXACT]
    called = f", also called {listed(exact)}," if exact else ""
    if above:
        first = f"{entity.label}{called} is a kind of {listed(above)}."
    else:
        first = f"{entity.label}{called.rstrip(',')}."
    parts = [first]
    if entity.definition:
        text = entity.definition.strip()
        parts.append(text if text.endswith((".", "!", "?")) else text + ".")
    if others:
        parts.append(f"Related names are {listed(others)}.")
    parts += told
    if below:
        some = below[:SHOWN]
        parts.append(f"{'Kinds' if len(some) > 1 else 'A kind'} of it {_be(some)} {listed(some)}.")
    return " ".join(parts)


def listed(names: list[str]) -> str:
    """
    >>> listed(["one"]), listed(["one", "two", "three"])
    ('one', 'one, two and three')
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _be(names: list[str]) -> str:
    return "are" if len(names) > 1 else "is"
