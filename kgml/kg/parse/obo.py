"""OBO 1.2 and 1.4, line by line, into the same columns as RDF.

Identifiers become IRIs as OBO 1.4 section 5.9 says, so that the OBO and the OWL edition of one
ontology merge: ``HP:0001250`` is ``http://purl.obolibrary.org/obo/HP_0001250``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote

import numpy as np

from kgml.errors import OntologyError
from kgml.kg import vocabulary as v
from kgml.kg.axioms.kinds import CODES
from kgml.kg.collected import Collected
from kgml.kg.projection import Projection
from kgml.kg.words import is_abbreviation

_SCOPES = {
    "EXACT": v.Scope.EXACT, "NARROW": v.Scope.NARROW, "BROAD": v.Scope.BROAD,
    "RELATED": v.Scope.RELATED,
}  # fmt: skip
_OLD_SYNONYMS = {f"{scope.lower()}_synonym": kind for scope, kind in _SCOPES.items()}
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(.)")
_ESCAPES = {"n": "\n", "t": "\t", "W": " "}
_COMMENT = re.compile(r"(?<!\\)\s!.*$")
_CANONICAL = re.compile(r"([A-Za-z][A-Za-z0-9.-]*):([A-Za-z0-9]+)\Z")
_TAG = re.compile(r"[A-Za-z0-9_-]+\Z")
_RELATION_PREFIXES = ("BFO:", "RO:")
_DROPPED = {"holds_over_chain": "propertyChainAxiom",
            "equivalent_to_chain": "propertyChainAxiom", "transitive_over": "propertyChainAxiom",
            "domain": "domain", "range": "range", "inverse_of": "inverseOf"}  # fmt: skip


class OboFile:
    """One pass over one file; `read` fills ``collected``."""

    def __init__(
        self, path: Path, name: str, collected: Collected, limit: int, projection: Projection,
        *, file: int = 0, xrefs: bool = False,
    ) -> None:  # fmt: skip
        self.path, self.name, self.collected, self.limit = path, name, collected, limit
        self._projection, self._file, self._xrefs = projection, file, xrefs
        self._sub_class_of = collected.number(v.SUB_CLASS_OF)
        self._disjoint: list[tuple[int, int, int]] = []
        self.line = 0
        self._lines: Iterator[str] = iter(())
        self.stanza = ""
        self.current = -1
        self.named = self.before_named = True
        self.header: dict[str, str] = {
            "file": name,
            "iri": "",
            "version": "",
            "licence": "",
            "title": "",
        }
        self._ranks: dict[str, int] = {}
        self._spaces: dict[str, str] = {}
        self._bases: dict[str, str] = {}
        """What canonical identifiers of a prefix begin with, as `iri` found it."""
        self._says: dict[str, bool] = {}
        """Whether a property joins two terms whatever the stanza, as `_property_value` found it."""
        self._ontology = ""
        self._interned: dict[str, int] = {}
        self._relations: dict[str, str] = {}
        self._pending: list[tuple[int, str, str, int]] = []
        """(head, relation id, tail id, axiom): relations are known once all Typedefs are read"""
        self._abbreviations: set[str] = set()
        self._commented = False
        """Whether is_a lines of this file name their target in a comment."""
        self._term: dict[str, Callable[[str], None]] = {
            "id": self._id, "name": self._name, "synonym": self._synonym, "is_a": self._is_a,
            "def": self._definition, "is_obsolete": self._obsolete,
            "relationship": self._relationship, "intersection_of": self._intersection,
            "instance_of": self._instance_of, "property_value": self._property_value,
            "union_of": self._union, "disjoint_from": self._disjoint_from,
            "equivalent_to": self._equivalent, "replaced_by": self._replaced_by,
            "alt_id": self._alternative, "xref": self._xref, "comment": self._comment,
            **{tag: partial(self._old_synonym, scope) for tag, scope in _OLD_SYNONYMS.items()},
        }  # fmt: skip
        self._handlers: dict[str, Callable[[str], None]] = {}
        """Those of the stanza that is open."""

    def read(self, skip: int = 0) -> None:
        """Read the whole file, leaving out ``skip`` bytes at its start.

        Raises:
            OntologyError: malformed, truncated, or more than ``limit`` clauses.
            UnicodeDecodeError: not UTF-8.
        """
        clauses = 0
        line = ""
        with self.path.open(encoding="utf-8", newline="\n") as stream:
            stream.seek(skip)
            self._lines = iter(stream)
            for line in self._lines:
                self.line += 1
                tag, _, value = line.partition(":")
                value = value.strip()
                handler = self._handlers.get(tag)
                if handler is not None and value:
                    clauses += 1
                    handler(value)
                elif line != "\n":
                    clauses += self._other(line.strip())
            if clauses > self.limit:
                raise OntologyError(
                    f"{self.path}: {clauses:,} clauses, more than the limit of {self.limit:,}. "
                    "Raise max_triples in [graph] of kgml.toml."
                )
            self._finish(line)
        self.collected.statements += clauses

    def _other(self, text: str) -> int:
        """A line that is no clause with a handler of its own in this stanza; 1 if it is one."""
        if not text or text[0] == "!":
            return 0
        if text[0] == "[":
            self._open(text)
            return 0
        tag, _, value = text.partition(":")
        if not value:
            self._malformed(text)
        self._clause(tag, value.lstrip())
        return 1

    def _clause(self, tag: str, value: str) -> None:
        if self.stanza in ("Term", "Instance"):
            if self.current < 0 and tag != "is_anonymous":
                self._error(f"'{tag}:' before any 'id:'", "'id:' as the first line of the stanza")
            self.collected.dropped[_DROPPED.get(tag, "annotation")] += 1
        elif self.stanza == "Typedef":
            self._typedef(tag, value)
        elif self.stanza == "":
            self._header(tag, value)

    # Stanzas

    def _open(self, text: str) -> None:
        stanza = text.split("!", 1)[0].strip()
        if not stanza.endswith("]"):
            self._error(f"'{text}'", "a stanza such as [Term]")
        self._close()
        self.stanza, self.current, self.named = stanza[1:-1], -1, False
        self._handlers = self._term if self.stanza in ("Term", "Instance") else {}

    def _close(self) -> None:
        if self.stanza == "Term" and self.current >= 0 and not self.named:
            self.before_named = False
        if self.stanza in ("Term", "Instance", "Typedef") and self.current < 0:
            self._error(f"a [{self.stanza}] without 'id:' ends here", "an 'id:' line in it")

    def _finish(self, last: str) -> None:
        all_named = self.before_named
        self._close()
        text = last.strip()
        if self.stanza == "Term" and not self.named and all_named:
            self._truncated("the last [Term] has no 'name:'")
        if text and not last.endswith("\n") and self.line > 1:
            self._check_last(text)
        self._resolve()
        if not self.header["iri"] and self._ontology:
            self.header["iri"] = f"{v.OBO}{quote(self._ontology)}.owl"
        self.collected.ontologies.append(self.header)
        self.collected.namespaces.add(self._spaces)
        if self.header["iri"]:
            self.collected.names.append((self.header["iri"], self._file))

    def _check_last(self, text: str) -> None:
        """A last line without newline is a cut one, unless it is plainly complete.

        Complete are an identifier the file defines, named as the file names it or not at all; a
        quoted text with its closed list; true and false.
        """
        tag, _, value = text.partition(":")
        if tag in ("is_a", "relationship", "intersection_of", "instance_of"):
            *_, target = ["", *_strip(value).split()]
            number = self._interned.get(target, -1)
            if number not in self.collected.classes | self.collected.individuals:
                self._truncated(f"the last line, '{text}', names a term the file does not define")
            comment = self.collected.clean(value.partition(" !")[2])
            if comment and not any(
                entity == number and self.collected.clean(name) == comment
                for entity, _, _, name in self.collected.labels
            ):
                self._truncated(f"the last line, '{text}', names its term otherwise")
            if not comment and self._commented:
                self._truncated(f"the last line, '{text}', lacks the name the others have")
        elif not (
            (tag in ("def", "synonym", *_OLD_SYNONYMS) and text.endswith("]"))
            or value.strip() in ("true", "false")
        ):
            self._truncated(
                f"the last line, '{text[:60]}', has no newline at its end",
                "if the line is whole, end it with a newline",
            )

    # Header and typedefs

    def _header(self, tag: str, value: str) -> None:
        if tag == "ontology":
            self._ontology = value.strip().removesuffix(".obo").removesuffix(".owl")
        elif tag == "data-version":
            self.header["version"] = value.strip()
        elif tag == "idspace":
            prefix, _, base = value.partition(" ")
            self._spaces[prefix] = base.split(" ", 1)[0].strip()
            self._bases.clear()
        elif tag == "synonymtypedef":
            name, _, description = value.partition(" ")
            if is_abbreviation(name) or is_abbreviation(description):
                self._abbreviations.add(name)
        elif tag == "property_value":
            self._header_property(value)
        elif tag == "import":
            self.collected.imports.append((self.iri(_strip(value)), self._file))

    def _header_property(self, value: str) -> None:
        name, _, rest = value.partition(" ")
        iri = self.iri(name)
        quoted = _QUOTED.match(rest)
        text = _unescape(quoted[1]) if quoted else rest.split(" ", 1)[0]
        for field, table in (("licence", v.ONTOLOGY_LICENCE), ("title", v.ONTOLOGY_TITLE)):
            if table.get(iri, 9) < self._ranks.get(field, 9):
                self.header[field], self._ranks[field] = text, table[iri]

    def _typedef(self, tag: str, value: str) -> None:
        collected = self.collected
        if tag == "id":
            identifier = _strip(value)
            self._relations[identifier] = self.iri(identifier)
            self.current = collected.number(self._relations[identifier])
            self._typedef_id = identifier
        elif tag == "name":
            collected.labels.append((self.current, 1, "", _plain(value)))
        elif tag == "xref" and value.startswith(_RELATION_PREFIXES):
            # OBO 1.4 section 5.9.3: a relation with a short id is what its xref says it is.
            if ":" not in self._typedef_id:
                self._relations[self._typedef_id] = self.iri(_strip(value))
        else:
            collected.dropped[_DROPPED.get(tag, "annotation")] += 1

    # Term and instance clauses

    def _id(self, value: str) -> None:
        collected = self.collected
        identifier = _strip(value)
        self.current = self._number(identifier)
        (collected.classes if self.stanza == "Term" else collected.individuals).add(self.current)

    def _name(self, value: str) -> None:
        self.named = True
        self.collected.labels.append((self.current, 1, "", _plain(value)))

    def _definition(self, value: str) -> None:
        text, _ = self._quoted(value)
        if text:
            self.collected.definitions.append((self.current, 0, "", text))

    def _synonym(self, value: str) -> None:
        text, rest = self._quoted(value)
        words = rest.partition("[")[0].split()
        scope = v.Scope.RELATED
        if words and words[0] in _SCOPES:
            scope = _SCOPES[words.pop(0)]
        if words and (words[0] in self._abbreviations or is_abbreviation(words[0])):
            scope = v.Scope.ABBREVIATION
        if text:
            self.collected.synonyms.append((self.current, scope, "", text))

    def _old_synonym(self, scope: v.Scope, value: str) -> None:
        text, _ = self._quoted(value)
        if text:
            self.collected.synonyms.append((self.current, scope, "", text))

    def _edge(self, head: int, relation: int, tail: int, axiom: str) -> None:
        self.collected.edges += (head, relation, tail, CODES[axiom], self._file)

    def _is_a(self, value: str, axiom: str = "is_a") -> None:
        name, _, rest = value.partition(" ")
        tail = self._interned.get(name)
        if tail is None or rest[:1] not in "!":
            tail = self._number(_strip(value))
        self._commented |= " !" in value
        self._edge(self.current, self._sub_class_of, tail, axiom)

    def _instance_of(self, value: str) -> None:
        kind = self.collected.number(v.TYPE)
        self._edge(self.current, kind, self._number(_strip(value)), "instance_of")

    def _union(self, value: str) -> None:
        self._edge(self._number(_strip(value)), self._sub_class_of, self.current, "union_of")

    def _equivalent(self, value: str) -> None:
        other, is_a = self._number(_strip(value)), self._sub_class_of
        if self._projection.liberal:
            self._edge(self.current, is_a, other, "equivalent_to")
            self._edge(other, is_a, self.current, "equivalent_to")
        elif self._projection.relations:
            same = self.collected.number(v.EQUIVALENT_CLASS)
            self._edge(self.current, same, other, "equivalent_to")
        else:
            self.collected.dropped["equivalentClass"] += 1

    def _disjoint_from(self, value: str) -> None:
        self._disjoint.append((self.current, self._number(_strip(value)), self._file))
        self.collected.dropped["disjointWith"] += 1

    def _replaced_by(self, value: str) -> None:
        self.collected.replaced[self.current] = self._number(_strip(value))

    def _alternative(self, value: str) -> None:
        self.collected.replaced.setdefault(self._number(_strip(value)), self.current)

    def _xref(self, value: str) -> None:
        identifier = value
        if " " in value or "{" in value or "\\" in value:  # most often none of them
            identifier = _strip(value).partition(" ")[0]
        self.collected.xref_texts.append((self.current, 0, "", identifier))
        if self._xrefs and ":" in identifier:
            self.collected.xrefs.append((self.current, self._number(identifier)))

    def _comment(self, value: str) -> None:
        self.collected.comments.append((self.current, 0, "", _plain(value)))

    def _obsolete(self, value: str) -> None:
        if value.startswith("true"):
            self.collected.obsolete.add(self.current)

    def _relationship(self, value: str) -> None:
        words = _strip(value).split()
        if len(words) != 2:
            self._error(f"'relationship: {value}'", "'relationship: RELATION TERM'")
        self._pending.append((self.current, words[0], words[1], CODES["relationship"]))

    def _intersection(self, value: str) -> None:
        words = _strip(value).split()
        if len(words) == 2:
            axiom = CODES["intersection_of some"]
            self._pending.append((self.current, words[0], words[1], axiom))
        else:
            self._is_a(" ".join(words), "intersection_of")

    def _property_value(self, value: str) -> None:
        words = value.split(None, 2)
        mapping = self._says.get(words[0])
        if mapping is None:
            iri = self.iri(words[0])
            mapping = iri in v.MAPPINGS or iri in (v.BROADER, v.SKOS + "related")
            self._says[words[0]] = mapping
        if len(words) > 1 and words[1][:1] != '"' and (mapping or self.stanza == "Instance"):
            axiom = CODES["property_value"]
            self._pending.append((self.current, words[0], _strip(words[1]), axiom))
        else:
            self.collected.dropped["annotation"] += 1

    def _resolve(self) -> None:
        collected = self.collected
        for head, relation, tail, axiom in self._pending:
            iri = self._relations.get(relation) or self.iri(relation)
            number = collected.number(iri)
            collected.ids.setdefault(number, relation)
            target = self._number(tail)
            if iri == v.EXACT_MATCH:
                collected.matches.append((head, target))
            elif iri == v.SAME_AS:
                collected.same.append((head, target))
            if self._projection.relations or iri == v.BROADER:
                collected.edges += (head, number, target, axiom, self._file)
            else:
                collected.dropped["assertion"] += 1
        collected.disjoint.append(np.array(self._disjoint, dtype=np.int32).reshape(-1, 3))
        for identifier, iri in self._relations.items():
            named = collected.numbers.get(self.iri(identifier))
            number = collected.number(iri)
            collected.others.add(number)
            if named is not None and named != number:
                collected.labels += [
                    (number, rank, language, text)
                    for entity, rank, language, text in collected.labels
                    if entity == named
                ]

    # Values

    def _number(self, identifier: str) -> int:
        number = self._interned.get(identifier)
        if number is None:
            if not identifier:
                self._error("an empty identifier", "an identifier such as HP:0001250")
            number = self._interned[identifier] = self.collected.number(self.iri(identifier))
            if not identifier.startswith(("http://", "https://", "urn:")):
                self.collected.ids.setdefault(number, identifier)
        return number

    def iri(self, identifier: str) -> str:
        """The IRI of an OBO identifier."""
        prefix, _, local = identifier.partition(":")
        known = self._bases.get(prefix)
        if known and local.isalnum() and local.isascii():
            return known + local
        canonical = _CANONICAL.match(identifier)
        if canonical:
            prefix, local = canonical.groups()
            base = self._spaces.get(prefix) or v.PREFIXES.get(prefix) or f"{v.OBO}{prefix}_"
            self._bases[prefix] = base
            return base + local
        if identifier.startswith(("http://", "https://", "urn:")):
            return identifier
        prefix, colon, local = identifier.partition(":")
        if colon:
            known = self._spaces.get(prefix) or v.PREFIXES.get(prefix)
            return (known or f"{v.OBO}{quote(prefix)}#_") + quote(local, safe="/:~-._")
        return f"{v.OBO}{quote(self._ontology or self.name)}#{quote(identifier)}"

    def _quoted(self, value: str) -> tuple[str, str]:
        if "\\" not in value and value[0] == '"':  # most often: no escape to look out for
            text, closed, rest = value[1:].partition('"')
            if closed and ("[" not in rest or "]" in rest):
                return text, rest
        match = _QUOTED.match(value)
        if match is None:
            self._error(f"{value[:60]!r}", "a text in double quotes, closed on the same line")
        text, rest = match[1], value[match.end() :]
        if "[" in rest and "]" not in rest:
            self._error(f"{rest.strip()[:60]!r}", "the list in square brackets closed")
        return _unescape(text) if "\\" in text else text, rest

    def _malformed(self, text: str) -> NoReturn:
        tag = text.rstrip(":")
        found = f"'{text[:60]}'" + (" without a value" if _TAG.match(tag) and tag != text else "")
        self._error(found, "'tag: value'")

    def _truncated(self, found: str, otherwise: str = "") -> NoReturn:
        raise OntologyError(
            f"{self.path}, line {self.line}: {found}; the file looks truncated. "
            f"Download or export it again{'; ' * bool(otherwise)}{otherwise}."
        )

    def _error(self, found: str, wanted: str) -> NoReturn:
        step = "Correct the line, or export the file again."
        if next(self._lines, None) is None:
            step = "The file looks truncated: download or export it again."
        raise OntologyError(
            f"{self.path}, line {self.line}: found {found}, wanted {wanted}. {step}"
        )


def _unescape(text: str) -> str:
    return _ESCAPE.sub(lambda match: _ESCAPES.get(match[1], match[1]), text)


def _strip(value: str) -> str:
    """An identifier or two without trailing modifiers, comment and escapes."""
    if "{" in value:
        value = _unmodified(_COMMENT.sub("", value))
    elif " !" in value:
        value = value.partition(" !")[0]
    return _unescape(value.strip()) if "\\" in value else value.strip()


def _plain(value: str) -> str:
    """An unquoted text without trailing comment and modifiers."""
    if "!" in value:
        value = _COMMENT.sub("", value)
    if "{" in value:
        value = _unmodified(value)
    return _unescape(value) if "\\" in value else value


def _unmodified(value: str) -> str:
    """``value`` without the ``{name="value", ...}`` at its end; in one pass, however many blanks.

    >>> _unmodified('HP:1 {source="X"} '), _unmodified("a {b}"), _unmodified("a \\\\{b=c}")
    ('HP:1', 'a {b}', 'a \\\\{b=c}')
    """
    text = value.rstrip()
    start = text.rfind("{") if text.endswith("}") else -1
    inner = text[start + 1 : -1]
    name, equals, _ = inner.partition("=")
    if start < 0 or not equals or "}" in inner or "\\" in name or text[:start].endswith("\\"):
        return value
    head = text[:start].rstrip()
    return text[: len(head) + 1] if head.endswith("\\") else head
