"""OWL/XML (https://www.w3.org/TR/owl2-xml-serialization/) into forms, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

import pyoxigraph as ox

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import safety
from kgml.kg.parse.emit import Nodes, base_iri, resolve
from kgml.kg.parse.nesting import CEILING, too_deep
from kgml.kg.parse.owlfunctional import CARDINAL, PLAIN_LITERAL
from kgml.kg.parse.owlmapping import Form, Term
from kgml.kg.vocabulary import OWL, RDF, RDFS, XSD

PIECE = 1 << 18
"""Bytes given to the parser at a time."""
_XML = "http://www.w3.org/XML/1998/namespace "
_TEXTS = frozenset({"IRI", "AbbreviatedIRI", "Literal", "Import"})
"""Elements whose text counts."""


@dataclass(slots=True)
class _Frame:
    """An open element."""

    form: Form
    base: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)


def forms(path: Path, name: str, config: GraphConfig, nodes: Nodes) -> Iterator[tuple[Form, int]]:
    """``Ontology(IRI, version)`` without what is in it, then that, one by one, with its line.

    The file must have passed `kgml.kg.parse.safety.check_xml`.

    Raises:
        OntologyError: malformed, truncated or nested deeper than ``config.max_depth``.
    """
    reader = _Reader(path, name, min(config.max_depth, CEILING), nodes)
    with path.open("rb") as stream:
        while piece := stream.read(PIECE):
            yield from reader.feed(piece)
        yield from reader.feed(b"", last=True)


class _Reader:
    """The handlers of one expat parser, which resolves entities and checks well-formedness."""

    def __init__(self, path: Path, name: str, most: int, nodes: Nodes) -> None:
        self._path, self._most, self._nodes = path, most, nodes
        self._base = base_iri(name)
        self._prefixes = {"owl": OWL, "rdf": RDF, "rdfs": RDFS, "xsd": XSD}
        self._stack: list[_Frame] = []
        self._ready: list[tuple[Form, int]] = []
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text

    def feed(self, piece: bytes, last: bool = False) -> list[tuple[Form, int]]:
        """The forms that end within the next ``piece`` of the file."""
        self._ready = []
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as error:
            offset = safety.invalid_utf8(self._path)
            if offset is not None:
                raise safety.not_utf8(self._path, offset) from None
            message = expat.ErrorString(error.code)
            step = "Correct the line, or export the file again."
            if last:
                step = "The file looks truncated: download or export it again."
            raise OntologyError(
                f"{self._path}, line {error.lineno:,}: not well-formed XML ({message}). {step}"
            ) from None
        return self._ready

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        namespace, _, name = tag.rpartition(" ")
        if namespace + "#" != OWL and namespace != OWL:
            self._fail(f"<{name}> of the namespace '{namespace}'", f"elements of '{OWL}'")
        if len(self._stack) >= self._most:
            raise too_deep(self._path, f"line {self._parser.CurrentLineNumber:,}", self._most)
        base = self._stack[-1].base if self._stack else self._base
        if _XML + "base" in attributes:
            base = resolve(base, attributes[_XML + "base"])
        elif not self._stack and attributes.get("ontologyIRI"):
            base = resolve(base, attributes["ontologyIRI"])
        self._stack.append(_Frame(Form(name, []), base, attributes))
        if len(self._stack) == 1:
            self._root(name, attributes)
        if "cardinality" in attributes:
            self._add(ox.Literal(attributes["cardinality"], datatype=CARDINAL))

    def _root(self, name: str, attributes: dict[str, str]) -> None:
        if name != "Ontology":
            self._fail(f"the root <{name}>", "<Ontology>")
        about: list[Form | Term] = [
            self._named(attributes[key])
            for key in ("ontologyIRI", "versionIRI")
            if attributes.get(key)
        ]
        self._ready.append((Form(name, about), self._parser.CurrentLineNumber))

    def _end(self, _: str) -> None:
        frame = self._stack[-1]
        form, attributes = frame.form, frame.attributes
        name = form.name
        term = self._leaf(name, frame)
        self._stack.pop()
        if not self._stack:
            return
        if len(self._stack) == 1:
            if name == "Prefix":
                prefix = attributes.get("name", "")
                self._prefixes[prefix] = self._nodes.prefixes[prefix] = attributes.get("IRI", "")
            elif name == "Import":
                self._ready.append((Form(name, [term] if term else []), self._here()))
            else:
                self._ready.append((form, self._here()))
        elif name == "FacetRestriction":
            facet = self._named(attributes.get("facet", ""))
            self._stack[-1].form.arguments += [facet, *form.arguments]
        elif term is None:
            self._add(form)
        elif self._stack[-1].form.name == "Declaration":
            self._add(Form(name, [term]))
        else:
            self._add(term)

    def _leaf(self, name: str, frame: _Frame) -> Term | None:
        """What an element without elements in it stands for, None for every other."""
        attributes, text = frame.attributes, "".join(frame.texts)
        if name == "Literal":
            return self._literal(text, attributes)
        if name == "AbbreviatedIRI":
            return self._abbreviated(text.strip())
        if name in ("IRI", "Import"):
            if not text.strip():
                self._fail(f"<{name}> without text", "an IRI")
            return self._named(text.strip())
        if text.strip():
            self._fail(f"the text '{text.strip()[:40]}' in <{name}>", "elements")
        if len(self._stack) == 2 and name == "Prefix":
            return None
        if "abbreviatedIRI" in attributes:
            return self._abbreviated(attributes["abbreviatedIRI"])
        if "IRI" in attributes:
            return self._named(attributes["IRI"])
        if "nodeID" in attributes:
            return self._nodes.blank(attributes["nodeID"])
        return None

    def _literal(self, text: str, attributes: dict[str, str]) -> ox.Literal:
        language, datatype = attributes.get(_XML + "lang"), attributes.get("datatypeIRI")
        try:
            if language:
                return ox.Literal(text, language=language)
            node = self._named(datatype) if datatype else None
            if node is None or node.value == PLAIN_LITERAL:
                return ox.Literal(text)
            return ox.Literal(text, datatype=node)
        except ValueError as error:
            self._fail(f"the text '{text[:40]}'", f"a language or datatype with it ({error})")

    def _abbreviated(self, written: str) -> ox.NamedNode:
        prefix, _, local = written.partition(":")
        namespace = self._prefixes.get(prefix)
        if namespace is None:
            raise OntologyError(
                f"{self._path}, line {self._here():,}: '{written[:60]}' uses prefix '{prefix}', "
                f'which is not declared. Add \'<Prefix name="{prefix}" IRI="..."/>\' above it.'
            )
        return self._named(namespace + local)

    def _named(self, iri: str) -> ox.NamedNode:
        try:
            return self._nodes.named(resolve(self._stack[-1].base, iri))
        except ValueError as error:
            self._fail(f"'{iri[:80]}'", f"an IRI ({error})")

    def _text(self, text: str) -> None:
        if self._stack and (self._stack[-1].form.name in _TEXTS or not text.isspace()):
            self._stack[-1].texts.append(text)

    def _add(self, given: Form | Term) -> None:
        self._stack[-1].form.arguments.append(given)

    def _here(self) -> int:
        return self._parser.CurrentLineNumber

    def _fail(self, found: str, wanted: str) -> NoReturn:
        raise OntologyError(
            f"{self._path}, line {self._here():,}: found {found}, wanted {wanted}. "
            "Correct the line, or export the file again."
        )
