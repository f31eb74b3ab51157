"""OWL 2 functional-style syntax (https://www.w3.org/TR/owl2-syntax/) into forms, one at a time."""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pyoxigraph as ox

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse.emit import Nodes, base_iri, resolve
from kgml.kg.parse.nesting import CEILING, too_deep
from kgml.kg.parse.owlmapping import Form, Term
from kgml.kg.vocabulary import OWL, RDF, RDFS, XSD

_TOKEN = re.compile(
    rb"(?:\s++|#[^\n]*+)*+(?:"
    rb"(?P<open>\()|(?P<close>\))|<(?P<iri>[^<>\n]*+)>|"
    rb'(?P<text>"((?:[^"\\]|\\.)*+)"(?:@([A-Za-z0-9-]++)|\s*+\^\^\s*+(<[^<>\n]*+>|[^\s()"<>]++))?+)|'
    rb"(?P<equals>=)|(?P<word>[^\s()\"<>=#@^]++)|(?P<odd>.)|\Z)",
    re.S,
)
_ESCAPE = re.compile(r"\\([\"\\])")
_PLAIN = re.compile(r"(.*)@([A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*)?\Z", re.S)
_STANDARD = {"owl": OWL, "rdf": RDF, "rdfs": RDFS, "xsd": XSD}
"""Prefixes that need no declaration."""
CARDINAL = ox.NamedNode(XSD + "nonNegativeInteger")
PLAIN_LITERAL = RDF + "PlainLiteral"


def forms(path: Path, name: str, config: GraphConfig, nodes: Nodes) -> Iterator[tuple[Form, int]]:
    """``Ontology(IRI, version)`` without what is in it, then that, one by one, with its line.

    Raises:
        OntologyError: malformed, truncated or nested deeper than ``config.max_depth``.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        yield from _Reader(path, name, data, min(config.max_depth, CEILING), nodes).read()


class _Reader:
    """One pass over one file; nested forms wait on a list, so that no depth exhausts a stack."""

    def __init__(
        self, path: Path, name: str, data: mmap.mmap, most: int, nodes: Nodes
    ) -> None:  # fmt: skip
        self._path, self._data, self._most, self._nodes = path, data, most, nodes
        self._base = base_iri(name)
        self._prefixes = dict(_STANDARD)
        self._stack: list[Form] = []
        self._keyword = ""
        """A word whose ``(`` must come next."""
        self._position = self._start = 0
        self._line, self._counted = 1, 0
        self._begun = self._ended = False
        self._terms: dict[bytes, Term] = {}

    def read(self) -> Iterator[tuple[Form, int]]:
        bom = 3 if self._data[:3] == b"\xef\xbb\xbf" else 0
        for token in _TOKEN.finditer(self._data, bom):
            kind = token.lastgroup
            if kind is None:
                break
            self._position = token.start(kind)
            if self._keyword and kind != "open":
                self._fail(f"'{self._keyword}'", f"'{self._keyword}('")
            if kind == "close":
                if not self._stack:
                    self._fail("')'", "nothing open to close")
                form = self._stack.pop()
                if len(self._stack) == 1:
                    yield from self._begin()
                    yield form, self._line_at(self._start)
                elif self._stack:
                    self._stack[-1].arguments.append(form)
                else:
                    yield from self._close(form)
            elif kind == "open":
                self._open()
            elif kind == "word":
                self._word(token["word"])
            else:
                self._other(kind, token)
        if self._stack or not self._ended:
            self._truncated()

    def _open(self) -> None:
        name, self._keyword = self._keyword, ""
        if not self._stack:
            if name not in ("Prefix", "Ontology") or self._ended:
                self._fail(
                    f"'{name}('", "'Prefix(' or 'Ontology('" if not self._ended else "the end"
                )
        elif len(self._stack) == 1:
            self._start = self._position
        if len(self._stack) >= self._most:
            raise too_deep(self._path, f"line {self._line_at(self._position):,}", self._most)
        self._stack.append(Form(name, []))

    def _begin(self) -> Iterator[tuple[Form, int]]:
        if not self._begun:
            self._begun = True
            yield Form("Ontology", list(self._stack[0].arguments)), self._line_at(self._start)

    def _close(self, form: Form) -> Iterator[tuple[Form, int]]:
        """A form outside all others has ended."""
        if form.name == "Ontology":
            self._ended = True
            if not self._begun:
                yield form, self._line_at(self._position)
        elif len(form.arguments) != 1:
            self._fail("this prefix declaration", "'Prefix(name:=<IRI>)'")

    def _word(self, word: bytes) -> None:
        if not self._stack:
            self._keyword = self._decoded(word)
        elif self._stack[0].name == "Prefix":
            name = self._decoded(word)
            if not name.endswith(":"):
                self._fail(f"'{name}'", "a prefix that ends in ':'")
            self._stack[0].name = name
        elif b":" in word:
            self._term(word)
        elif word.isdigit():
            self._add(ox.Literal(word.decode(), datatype=CARDINAL))
        else:
            self._keyword = self._decoded(word)

    def _other(self, kind: str, token: re.Match[bytes]) -> None:
        if kind == "iri" and self._stack and self._stack[0].name.endswith(":"):
            iri = self._decoded(token["iri"])
            prefix = self._stack[0].name[:-1]
            self._prefixes[prefix] = self._nodes.prefixes[prefix] = iri
            self._stack[0].arguments.append(self._named(resolve(self._base, iri)))
        elif kind == "equals" and self._stack and self._stack[0].name.endswith(":"):
            return
        elif kind == "iri" and self._stack:
            self._term(token[0].lstrip()[-len(token["iri"]) - 2 :])
        elif kind == "text" and self._stack:
            self._add(self._literal(token))
        elif token[kind] in (b'"', b"<"):
            what = "text" if token[kind] == b'"' else "IRI"
            self._fail(f"the start of {'an' if what == 'IRI' else 'a'} {what} that never ends",
                       f"'{'>' if what == 'IRI' else chr(34)}' after it", cut=True)  # fmt: skip
        else:
            shown = token[kind].decode("utf-8", errors="replace")[:60]
            cut = not self._data[token.end(kind) :].strip()
            self._fail(f"'{shown}'", "a form such as SubClassOf(...)", cut=cut)

    def _term(self, written: bytes) -> None:
        term = self._terms.get(written)
        if term is None:
            if len(self._terms) > 1_000_000:
                self._terms.clear()
            term = self._terms[written] = self._node(self._decoded(written))
        self._add(term)

    def _node(self, written: str) -> ox.NamedNode | ox.BlankNode:
        if written[0] == "<":
            return self._named(resolve(self._base, written[1:-1]))
        prefix, _, local = written.partition(":")
        if prefix == "_":
            return self._nodes.blank(local)
        namespace = self._prefixes.get(prefix)
        if namespace is None:
            raise OntologyError(
                f"{self._where()}: '{written[:60]}' uses prefix '{prefix}', which is not declared. "
                f"Add 'Prefix({prefix}:=<...>)' above 'Ontology('."
            )
        return self._named(resolve(self._base, namespace + local))

    def _named(self, iri: str) -> ox.NamedNode:
        try:
            return self._nodes.named(iri)
        except ValueError as error:
            self._fail(f"<{iri[:80]}>", f"an IRI ({error})")

    def _literal(self, token: re.Match[bytes]) -> ox.Literal:
        text, language, datatype = (self._decoded(part or b"") for part in token.group(5, 6, 7))
        text = _ESCAPE.sub(r"\1", text) if "\\" in text else text
        try:
            if language:
                return ox.Literal(text, language=language)
            if not datatype:
                return ox.Literal(text)
            node = self._node(datatype)
            if node.value != PLAIN_LITERAL or not isinstance(node, ox.NamedNode):
                return ox.Literal(text, datatype=node)  # type: ignore[arg-type]
            plain = _PLAIN.match(text)
            text, tag = (plain[1], plain[2]) if plain else (text, "")
            return ox.Literal(text, language=tag) if tag else ox.Literal(text)
        except (ValueError, TypeError) as error:
            self._fail(f"the text '{text[:40]}'", f"a language or datatype after it ({error})")

    def _add(self, term: Term) -> None:
        if len(self._stack) == 1 and (self._begun or len(self._stack[0].arguments) == 2):
            self._fail(f"'{str(term)[:60]}'", "an axiom")
        self._stack[-1].arguments.append(term)

    # Errors

    def _decoded(self, written: bytes) -> str:
        return written.decode("utf-8")

    def _line_at(self, position: int) -> int:
        """Counted on from the last place asked for."""
        if position < self._counted:
            return self._data[:position].count(b"\n") + 1
        self._line += self._data[self._counted : position].count(b"\n")
        self._counted = position
        return self._line

    def _where(self) -> str:
        return f"{self._path}, line {self._line_at(self._position):,}"

    def _fail(self, found: str, wanted: str, *, cut: bool = False) -> NoReturn:
        step = "Correct the line, or export the file again."
        if cut:
            step = "The file looks truncated: download or export it again."
        raise OntologyError(f"{self._where()}: found {found}, wanted {wanted}. {step}")

    def _truncated(self) -> NoReturn:
        self._position = len(self._data)
        form = next((f"'{f.name}('" for f in reversed(self._stack) if f.name), "")
        found = f"the file ends within {form}" if form else "the file ends before 'Ontology(...)'"
        raise OntologyError(
            f"{self._where()}: {found}; it looks truncated. Download or export it again."
        )
