"""Which format a file is in, told by its first bytes; the ending only breaks ties."""

from __future__ import annotations

import re
from pathlib import Path

HEAD = 65_536
"""Bytes looked at."""

TURTLE, NTRIPLES, RDFXML, JSONLD, OBO = "Turtle", "N-Triples", "RDF/XML", "JSON-LD", "OBO"
ENDINGS = {
    ".ttl": TURTLE, ".turtle": TURTLE, ".n3": TURTLE, ".nt": NTRIPLES, ".ntriples": NTRIPLES,
    ".rdf": RDFXML, ".owl": RDFXML, ".rdfs": RDFXML, ".jsonld": JSONLD, ".obo": OBO,
}  # fmt: skip
MAYBE = frozenset({"", ".xml", ".json", ".txt", ".skos", ".ont"})
"""In a folder these are opened to see; other endings are left alone."""

_MAGIC = {
    b"\x1f\x8b": "gzip data; unpack it with 'gunzip' first",
    b"PK\x03\x04": "a zip archive; unpack it with 'unzip' first",
    b"BZh": "bzip2 data; unpack it with 'bunzip2' first",
    b"\xfd7zXZ": "xz data; unpack it with 'unxz' first",
    b"%PDF": "a PDF document, not an ontology",
}
_OBO = re.compile(
    r"(format-version|data-version|version|date|saved-by|auto-generated-by|import|subsetdef|"
    r"synonymtypedef|default-namespace|namespace-id-rule|idspace|treat-xrefs-as-[\w-]+|remark|"
    r"ontology|property_value|owl-axioms|id-mapping|default-relationship-id-prefix)\s*:"
    r"|\[(Term|Typedef|Instance)\]"
)
_NTRIPLE = re.compile(
    r"(<[^>]*>|_:\S+)\s*<[^>]*>\s*(<[^>]*>|_:\S+|\"(?:[^\"\\]|\\.)*\"(?:@[\w-]+|\^\^<[^>]*>)?)"
    r"\s*\.\s*(#.*)?$"
)
_TURTLE = re.compile(
    r"@(prefix|base)\b|(prefix|base)\s+[^:\s]*:?\s*<|[\w.-]*:[\w.%-]*\s+\S|\(", re.I
)
_SPARQL = re.compile(r"^\s*(select|construct|ask|describe|insert|delete)\b", re.I | re.M)
_ROOT = re.compile(r"<(?![?!])([^\s/>]+)")
_ENCODING = re.compile(r"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)")


class UnknownFormatError(ValueError):
    """Not an ontology in a format that is read; the text says what it is instead."""


def detect(head: bytes, path: Path) -> tuple[str, int]:
    """The format and the length of the byte order mark of a file that starts with ``head``.

    Raises:
        UnknownFormatError: empty, binary, another encoding or another language.
    """
    for magic, found in _MAGIC.items():
        if head.startswith(magic):
            raise UnknownFormatError(found)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnknownFormatError(_recode("UTF-16 text (byte order mark at byte 0)", "UTF-16"))
    zero = head.find(b"\0")
    if zero >= 0:
        raise UnknownFormatError(
            f"binary data or UTF-16 text (a zero at byte {zero}), wanted UTF-8 text"
        )
    mark = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    text = head[mark:].decode("utf-8", errors="replace")
    body = text.lstrip()
    if not body:
        raise UnknownFormatError("an empty file" if len(head) < HEAD else "nothing but blanks")
    ending = ENDINGS.get(path.suffix.lower())
    if body[0] == "<" and re.match(r"<[?!]|<[\w.-]+:?[\w.-]*[\s>]", body):
        return _xml(body), mark
    if body[0] == "{" or (re.match(r"\[\s*[{\]]", body) and ending != TURTLE):
        return _json(text, ending), mark
    return _lines(text, ending), mark


def _recode(found: str, encoding: str) -> str:
    return f"{found}, wanted UTF-8; convert it with 'iconv -f {encoding} -t UTF-8'"


def _xml(body: str) -> str:
    encoding = _ENCODING.match(body)
    if encoding and encoding[1].lower() not in ("utf-8", "utf8", "us-ascii", "ascii"):
        raise UnknownFormatError(_recode(f"XML in {encoding[1]}", encoding[1]))
    bare = re.sub(r"<!--.*?-->|<!DOCTYPE[^\[>]*(\[.*?\]\s*)?>", "", body, flags=re.S)
    root = _ROOT.search(bare)
    name = root[1] if root else ""
    if name.lower() == "html" or body[:14].lower() == "<!doctype html":
        raise UnknownFormatError("a web page (HTML), not an ontology; did the download fail?")
    if name.rpartition(":")[2] == "Ontology" and "rdf-syntax-ns" not in body:
        raise UnknownFormatError("OWL/XML, which is not read; convert it to Turtle or RDF/XML, for instance "
                      "with 'robot convert'")  # fmt: skip
    if root and name.rpartition(":")[2] != "RDF" and "22-rdf-syntax-ns#" not in body:
        raise UnknownFormatError(f"XML with the root <{name}>, wanted <rdf:RDF>")
    return RDFXML


def _json(text: str, ending: str | None) -> str:
    """An address as a value proves nothing: reports and manifests hold those too."""
    whole = len(text) < HEAD or ending != JSONLD
    if whole and not re.search(r'"@(context|id|graph|type)"', text):
        raise UnknownFormatError('JSON without "@context", "@id" or "@graph", so it is not JSON-LD')
    return JSONLD


def _lines(text: str, ending: str | None) -> str:
    """Turtle, N-Triples or OBO, by the first line that is no comment."""
    lines = [line.strip() for line in text.split("\n")]
    plain = [line for line in lines if line and line[0] not in "#!"]
    if not plain:
        if len(text) < HEAD:
            raise UnknownFormatError("nothing but comments")
        return ending or TURTLE
    first = plain[0]
    if _OBO.match(first):
        return OBO
    if re.match(r"(Prefix|Ontology)\(", first):
        raise UnknownFormatError("OWL functional syntax, which is not read; convert it to Turtle, for "
                      "instance with 'robot convert'")  # fmt: skip
    if re.match(r"(Prefix|Ontology):\s", first):
        raise UnknownFormatError("Manchester syntax, which is not read; convert it to Turtle, for instance "
                      "with 'robot convert'")  # fmt: skip
    if re.match(r"(prefix|base)\b", first, re.I) and _SPARQL.search(text) and ending is None:
        raise UnknownFormatError("a SPARQL query, not an ontology")
    if ending != TURTLE and all(_NTRIPLE.match(line) for line in plain[:20][: len(plain) - 1 or 1]):
        return NTRIPLES
    if first[0] in "<_[(" or _TURTLE.match(first):
        return NTRIPLES if ending == NTRIPLES else TURTLE
    if ending in (TURTLE, NTRIPLES, OBO):
        return ending
    raise UnknownFormatError(f"text that starts with '{first[:40]}'")
