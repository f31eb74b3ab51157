"""Tables only: what the columns of a list of edges may be called, and which of them a table has."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kgml.kg import vocabulary as v

RELATION = ("relation", "predicate", "relation_id", "predicate_id", "relationship", "edge_type",
            "rel", "relation_type", "relationship_type", "interaction", "interaction_type",
            "metaedge", "property", "edge", "p", "r")  # fmt: skip
"""Of several the first one counts."""
_KIND = (*RELATION, "type")
"""A ``type`` may be that of an entity as well: it counts where nothing else names the relation."""
ROLES = {
    "head": ("head", "subject", "head_id", "subject_id", "s", "h"),
    "relation": _KIND,
    "tail": ("tail", "object", "tail_id", "object_id", "o", "t"),
    "head_label": ("head_label", "subject_label", "head_name", "subject_name"),
    "relation_label": ("relation_label", "predicate_label", "relation_name", "predicate_name"),
    "tail_label": ("tail_label", "object_label", "tail_name", "object_name"),
}
"""What each column may be called; case, blanks and hyphens do not count."""
IS_A_ROLES = {
    "head": ("child", "child_id", "subclass", "narrower"),
    "tail": ("parent", "parent_id", "superclass", "broader"),
    "head_label": ("child_label", "child_name"),
    "tail_label": ("parent_label", "parent_name"),
}
"""The same for a list of is-a pairs, which has no relation."""
COLUMNS = "head, relation, tail (or subject, predicate, object; source, relation, target; or child, parent)"
"""For messages."""


def _table(head: str, tail: str, relation: tuple[str, ...] = ()) -> dict[str, tuple[str, ...]]:
    ends = {"head": (head, f"{head}_id"), "tail": (tail, f"{tail}_id")}
    labels = {
        f"{end}_label": (f"{name}_label", f"{name}_name")
        for end, name in (("head", head), ("tail", tail))
    }
    named = {"relation": relation, "relation_label": ROLES["relation_label"]} if relation else {}
    return {**ends, **labels, **named}


_ENDS = (("source", "target"), ("from", "to"), ("node1", "node2"), ("node_1", "node_2"),
         ("entity1", "entity2"), ("entity_1", "entity_2"))  # fmt: skip
"""Gephi, Cytoscape and networkx; igraph; KGTK."""
_TABLES: tuple[dict[str, tuple[str, ...]], ...] = (
    ROLES,
    *(_table(*ends, _KIND) for ends in _ENDS),
    # A start, an end and a type are also how marks in a text are listed; ids of Neo4j are not.
    {"head": ("start_id",), "relation": _KIND, "tail": ("end_id",)},
    {**_table("start", "end", RELATION), "head": ("start",), "tail": ("end",)},
    {**IS_A_ROLES, "relation": RELATION, "relation_label": ROLES["relation_label"]},
    IS_A_ROLES,
    *(_table(*ends) for ends in _ENDS),
)  # fmt: skip
"""The first one that has all of its head, relation (if it has one) and tail counts."""
KNOWN = frozenset(name for table in _TABLES for names in table.values() for name in names)


def plain(name: str) -> str:
    """A column's name as the tables here have it.

    >>> plain(":START-ID"), plain("Head  label")
    ('start_id', 'head_label')
    """
    return re.sub(r"[\s-]+", "_", name.strip().lstrip("#:").lower())


def roles(names: Sequence[str]) -> dict[str, int] | None:
    """Role to column number, None unless the names are those of a list of edges.

    >>> roles(["subject", "predicate", "object", "Subject label", "weight"])
    {'head': 0, 'relation': 1, 'tail': 2, 'head_label': 3}
    >>> roles(["child", "parent"]), roles(["Source", "Target"]), roles(["text", "label"])
    ({'head': 0, 'tail': 1}, {'head': 0, 'tail': 1}, None)
    """
    found = [plain(name) for name in names]
    for table in _TABLES:
        places = {
            role: found.index(name)
            for role, allowed in table.items()
            for name in reversed(allowed)
            if name in found
        }
        if all(role in places for role in ("head", "relation", "tail") if role in table):
            return {role: places[role] for role in ROLES if role in places}
    return None


def relation_of_pairs(head: str) -> str:
    """What a row says in a table without relation whose head column is called ``head``.

    Parents are what a child is; a source and its target are no more than related.

    >>> relation_of_pairs("Child ID"), relation_of_pairs("source")
    ('http://www.w3.org/2000/01/rdf-schema#subClassOf', 'http://www.w3.org/2004/02/skos/core#related')
    """
    return v.SUB_CLASS_OF if plain(head) in IS_A_ROLES["head"] else v.SKOS + "related"
