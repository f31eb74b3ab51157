"""Which ontology a file says it is, told by its first bytes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from kgml.kg.parse import formats, packing

MAX_FILES = 50_000
"""Files of a folder that are looked at."""
MAX_TRIPLES = 5_000
"""Triples of a head that are looked at."""
MAX_ENTITY = 2_000
"""Characters of an XML entity that is put in; namespaces are shorter."""
OWL = "http://www.w3.org/2002/07/owl#"
OBO = "http://purl.obolibrary.org/obo/"
_OTHER_ENDINGS = frozenset({".owx", ".ofn", ".fss", ".trig", ".nq"})
_START = re.compile(r"<(?:[\w.-]{1,200}:)?Ontology\b")
_REST = re.compile(r"(?:[^<>\"']|\"[^\"]*\"|'[^']*')*>")
_ABOUT = re.compile(r"(?:\brdf:about|\bontologyIRI|\bversionIRI)\s*=\s*(\"[^\"]*\"|'[^']*')")
_VERSION = re.compile(r"<owl:versionIRI\s+rdf:resource\s*=\s*(\"[^\"]*\"|'[^']*')")
_BASE = re.compile(r"\bxml:base\s*=\s*(\"[^\"]*\"|'[^']*')")
_ENTITY = re.compile(r"<!ENTITY\s+([\w.-]+)\s+(?:\"([^\"&%]*)\"|'([^'&%]*)')\s*>")
_JSON = [
    re.compile(r'"@id"\s*:\s*"([^"]+)"[^{}]{0,2000}?"@type"\s*:\s*\[?\s*"(?:owl:|[^"]*owl#)Ontology"'),
    re.compile(r'"@type"\s*:\s*\[?\s*"(?:owl:|[^"]*owl#)Ontology"\s*\]?[^{}]{0,2000}?"@id"\s*:\s*"([^"]+)"'),
    re.compile(r'"graphs"\s*:\s*\[\s*\{\s*"id"\s*:\s*"([^"]+)"'),
]  # fmt: skip
_FUNCTIONAL = re.compile(r"^[ \t]*Ontology\(\s*<([^>]*)>(?:\s*<([^>]*)>)?", re.M)
_OBO = re.compile(r"^(ontology|data-version)\s*:\s*(\S+)", re.M)


def declared(path: Path) -> list[str]:
    """The ontology IRIs and version IRIs in the first `kgml.kg.parse.formats.HEAD` bytes of a file.

    A hint only: nothing is refused here, and a file that cannot be read declares nothing. XML
    entities are put in once, without those inside them, so none can grow.
    """
    try:
        data = _head(path)
    except OSError:
        return []
    text = data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", errors="replace")
    start = text.lstrip()[:1]
    if start == "<" and re.match(r"\s*<(?:[?!]|[\w.:-]{1,200}\s+[\w.:-]{1,200}\s*=)", text):
        return _in_xml(text)
    if start == "{" or re.match(r"\s*\[\s*[{\]]", text):
        return [found for pattern in _JSON for found in pattern.findall(text)]
    functional = _FUNCTIONAL.search(text)
    if functional:
        return [iri for iri in functional.groups() if iri]
    header = text.partition("\n[")[0]
    if re.match(r"(?:\s*!.*\n)*\s*[\w-]+[ \t]*:[ \t]", header) and _OBO.search(header):
        return _in_obo(header)
    return _in_turtle(data, ".nq" in path.suffixes)


def candidates(folder: Path, recursive: bool) -> Iterator[Path]:
    """The files of ``folder`` that may be ontologies, sorted; hidden ones are passed over."""
    found: list[Path] = []
    for where, folders, names in os.walk(folder):
        folders[:] = sorted(f for f in folders if f[0] != ".") if recursive else []
        found += [Path(where, name) for name in names if name[0] != "." and _may_be(name)]
        if len(found) > MAX_FILES:
            break
    yield from sorted(found)[:MAX_FILES]


def _may_be(name: str) -> bool:
    path = Path(name)
    if path.suffix.lower() in packing.ENDINGS:
        path = path.with_suffix("")
    ending = path.suffix.lower()
    return ending in formats.ENDINGS or ending in formats.MAYBE or ending in _OTHER_ENDINGS


def _head(path: Path) -> bytes:
    """The first bytes, unpacked; none of a file that is damaged."""
    try:
        return packing.read_head(path, formats.HEAD)[1]
    except packing.DamagedError:
        return b""


def _in_xml(text: str) -> list[str]:
    entities = {name: double or single for name, double, single in _ENTITY.findall(text)}

    def plain(quoted: str) -> str:
        return re.sub(
            r"&([\w.-]+);",
            lambda name: entities.get(name[1], name[0])[:MAX_ENTITY],
            quoted[1:-1].replace("&amp;", "&"),
        )

    text = _without_comments(text)
    start = _START.search(text)
    rest = _REST.match(text, start.end()) if start else None
    if rest is None:
        return []
    base = _BASE.search(text[: rest.end()])
    names = [plain(quoted) for quoted in _ABOUT.findall(rest[0])]
    found = [name or (plain(base[1]) if base else "") for name in names]
    return [iri for iri in [*found, *map(plain, _VERSION.findall(text))] if iri]


def _without_comments(text: str) -> str:
    kept = []
    before, comment, rest = text.partition("<!--")
    while comment:
        kept.append(before)
        before, comment, rest = rest.partition("-->")[2].partition("<!--")
    return "".join([*kept, before])


def _in_obo(header: str) -> list[str]:
    """``ontology: hp`` is ``http://purl.obolibrary.org/obo/hp.owl``, as OBO 1.4 maps it to OWL."""
    found = []
    for tag, value in _OBO.findall(header):
        if "://" in value:
            found.append(value)
        elif tag == "ontology":
            name = re.sub(r"\.(owl|obo)$", "", value)
            found += [f"{OBO}{name}.owl", f"{OBO}{name}.obo"]
        else:
            found.append(OBO + value)
    return found


def _in_turtle(data: bytes, quads: bool) -> list[str]:
    """Turtle, TriG, N-Triples and N-Quads: what the parser gives up to where the head is cut."""
    import pyoxigraph as ox

    ontology, version, named = ox.NamedNode(OWL + "Ontology"), OWL + "versionIRI", ox.NamedNode
    kind = ox.RdfFormat.N_QUADS if quads else ox.RdfFormat.TRIG
    found: list[str] = []
    parser = ox.parse(data, format=kind, lenient=True, base_iri=None if quads else "urn:kgml:/")
    try:
        for subject, predicate, value, _ in islice(parser, MAX_TRIPLES):
            if value == ontology and type(subject) is named:
                found.append(subject.value)
            elif predicate.value == version and type(value) is named:
                found.append(value.value)
    except SyntaxError:
        pass  # most heads end within a statement
    return found
