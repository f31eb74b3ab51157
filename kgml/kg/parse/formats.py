"""Which format a file is in, told by its first bytes; the ending only breaks ties."""

from __future__ import annotations

import re
from pathlib import Path

from kgml.kg.parse import edgecolumns

HEAD = 65_536
"""Bytes looked at."""

TURTLE, NTRIPLES, RDFXML, JSONLD, OBO = "Turtle", "N-Triples", "RDF/XML", "JSON-LD", "OBO"
TRIG, NQUADS = "TriG", "N-Quads"
OWLFUNCTIONAL, OWLXML, OBOGRAPHS = "OWL functional syntax", "OWL/XML", "OBO Graphs JSON"
EDGELIST, PARQUET = "CSV or TSV", "Parquet"
KINDS = (TURTLE, TRIG, NTRIPLES, NQUADS, RDFXML, JSONLD, OBO, OBOGRAPHS, OWLFUNCTIONAL, OWLXML,
         EDGELIST, PARQUET)  # fmt: skip
ENDINGS = {
    ".ttl": TURTLE, ".turtle": TURTLE, ".n3": TURTLE, ".nt": NTRIPLES, ".ntriples": NTRIPLES,
    ".rdf": RDFXML, ".owl": RDFXML, ".rdfs": RDFXML, ".jsonld": JSONLD, ".obo": OBO,
    ".trig": TRIG, ".nq": NQUADS, ".nquads": NQUADS, ".ofn": OWLFUNCTIONAL, ".fss": OWLFUNCTIONAL,
    ".owx": OWLXML, ".owlx": OWLXML,
}  # fmt: skip
TABLES = {".csv": EDGELIST, ".tsv": EDGELIST, ".parquet": PARQUET, ".pq": PARQUET}
MAYBE = frozenset({"", ".xml", ".json", ".txt", ".skos", ".ont", *TABLES})
"""In a folder these are opened to see; other endings are left alone."""

_MAGIC = {
    b"\x1f\x8b": "gzip data within the packed file; unpack it with 'gunzip' first",
    b"BZh": "bzip2 data within the packed file; unpack it with 'bunzip2' first",
    b"\xfd7zXZ": "xz data within the packed file; unpack it with 'unxz' first",
    b"\x28\xb5\x2f\xfd": "zstd data within the packed file; unpack it with 'unzstd' first",
    b"PK\x03\x04": "a zip archive; unpack it with 'unzip' first",
    b"7z\xbc\xaf\x27\x1c": "a 7-Zip archive; unpack it with '7z x' first",
    b"%PDF": "a PDF document, not an ontology",
    b"SQLite format 3\0": "an SQLite database, not an ontology file",
}
_MARKS = {
    b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
}  # fmt: skip
_OBO = re.compile(
    r"(format-version|data-version|version|date|saved-by|auto-generated-by|import|subsetdef|"
    r"synonymtypedef|default-namespace|namespace-id-rule|idspace|treat-xrefs-as-[\w-]+|remark|"
    r"ontology|property_value|owl-axioms|id-mapping|default-relationship-id-prefix)\s*:"
    r"|\[(Term|Typedef|Instance)\]"
)
_NTRIPLE = re.compile(
    r"(<[^>]*>|_:\S+)\s*<[^>]*>\s*"
    r"(<[^>]*>|_:\S+|\"(?:[^\"\\]|\\.)*\"(?:@[\w-]+|\^\^<[^>]*>)?|<<\(.*\)>>)"
    r"(?P<graph>\s*(?:<[^>]*>|_:[^\s.]+))?\s*\.\s*(#.*)?$"
)
_TURTLE = re.compile(
    r"@(prefix|base|version)\b|(prefix|base)\s+[^:\s]*:?\s*<|version\s+[\"']|"
    r"[\w.-]*:[\w.%-]*\s+\S|\(|\{|graph\b", re.I
)  # fmt: skip
_OUTSIDE = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*+(?:"""|\Z)|\'\'\'(?:[^\'\\]|\\.|\'(?!\'\'))*+(?:\'\'\'|\Z)|'
    r"\\.|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|<[^<>\s]*+>|#[^\n]*+|(?P<block>\{(?!\|))",
    re.S,
)
"""Texts, IRIs and comments of Turtle, and the brace that only TriG has outside them."""
_SPARQL = re.compile(r"^\s*(select|construct|ask|describe|insert|delete)\b", re.I | re.M)
_XML = re.compile(r"<[?!]|<[\w.-]{1,200}[\s>]|<[\w.-]{1,200}:[\w.-]{1,200}\s")
"""A tag. ``<urn:a>`` is an IRI: an element with a prefix must say in itself what the prefix is."""
_ROOT = re.compile(r"<(?![?!])([^\s/>]+)")
_ENCODING = re.compile(r"<\?xml[^>]*encoding\s*=\s*[\"']([^\"']+)")
_OBOGRAPHS = re.compile(r'"graphs"\s*:\s*\[\s*[{\]]')
_OBOGRAPHS_PARTS = re.compile(r'"(nodes|edges|lbl|synonymTypes|equivalentNodesSets)"\s*:')


EDGE_COLUMNS = edgecolumns.WANTED


class UnknownFormatError(ValueError):
    """Not an ontology in a format that is read; the text says what it is instead."""


def detect(head: bytes, path: Path) -> tuple[str, int]:
    """The format and the length of the byte order mark of a file that starts with ``head``.

    Args:
        head: the first `HEAD` bytes, of a packed file those it holds.
        path: only its ending is looked at.

    Raises:
        UnknownFormatError: empty, binary, another encoding or another language.
    """
    if head.startswith(b"PAR1"):
        return PARQUET, 0
    for magic, found in _MAGIC.items():
        if head.startswith(magic):
            raise UnknownFormatError(found)
    if head[257:262] == b"ustar":
        raise UnknownFormatError("a tar archive; unpack it with 'tar -xf' first")
    _check_encoding(head)
    mark = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    text = head[mark:].decode("utf-8", errors="replace")
    body = text.lstrip()
    if not body:
        raise UnknownFormatError("an empty file" if len(head) < HEAD else "nothing but blanks")
    ending = ENDINGS.get(path.suffix.lower())
    if body[0] == "<" and _XML.match(body):
        return _xml(body), mark
    if re.match(r'\{\s*(["}]|\Z)', body) or (
        re.match(r"\[\s*[{\]]", body) and ending not in (TURTLE, TRIG)
    ):
        return _json(text, ending), mark
    return _lines(text, path, ending), mark


def _check_encoding(head: bytes) -> None:
    for mark, encoding in _MARKS.items():
        if head.startswith(mark):
            raise UnknownFormatError(
                _recode(f"{encoding} text (byte order mark at byte 0)", encoding)
            )
    zero = head.find(b"\0")
    if zero < 0:
        return
    start = head[:400]
    for encoding, width, at in (("UTF-32LE", 4, 0), ("UTF-32BE", 4, 3), ("UTF-16LE", 2, 0),
                                ("UTF-16BE", 2, 1)):  # fmt: skip
        rest = b"".join(start[i::width] for i in range(width) if i != at)
        if not rest.strip(b"\0") and start[at::width].isascii() and len(start) > width:
            raise UnknownFormatError(
                _recode(
                    f"{encoding} text without byte order mark (a zero at byte {zero})", encoding
                )
            )
    raise UnknownFormatError(
        f"binary data or UTF-16 text (a zero at byte {zero}), wanted UTF-8 text"
    )


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
    if name.rpartition(":")[2] == "Ontology" and _is_owl_xml(bare, name):
        return OWLXML
    if root and name.rpartition(":")[2] != "RDF" and "22-rdf-syntax-ns#" not in body:
        raise UnknownFormatError(f"XML with the root <{name[:60]}>, wanted <rdf:RDF> or <Ontology>")
    return RDFXML


def _is_owl_xml(bare: str, name: str) -> bool:
    """RDF/XML may have ``owl:Ontology`` as its only element; it then names it by ``rdf:about``."""
    start = bare[bare.index(f"<{name}") :].partition(">")[0]
    return not re.search(r"[\w.-]:(about|ID|nodeID|resource)\s*=", start)


def _json(text: str, ending: str | None) -> str:
    """An address as a value proves nothing: reports and manifests hold those too."""
    if _OBOGRAPHS.search(text) and (
        _OBOGRAPHS_PARTS.search(text) or re.match(r'\s*\{\s*"graphs"\s*:', text)
    ):
        return OBOGRAPHS
    whole = len(text) < HEAD or ending != JSONLD
    if whole and not re.search(r'"@(context|id|graph|type)"', text):
        raise UnknownFormatError(
            'JSON without "@context", "@id" or "@graph", so it is not JSON-LD, and without "graphs" '
            "of nodes and edges, so it is no OBO Graphs JSON"
        )
    return JSONLD


def _lines(text: str, path: Path, ending: str | None) -> str:
    """A format of lines or statements, by the first line that is no comment."""
    lines = [line.strip() for line in text.split("\n")]
    plain = [line for line in lines if line and line[0] not in "#!"]
    if not plain:
        if len(text) < HEAD:
            raise UnknownFormatError("nothing but comments")
        return ending or TURTLE
    first = plain[0]
    if _OBO.match(first):
        return OBO
    if re.match(r"(Prefix|Ontology)\s*\(", first):
        return OWLFUNCTIONAL
    if re.match(r"(Prefix|Ontology):\s", first):
        raise UnknownFormatError("Manchester syntax, which is not read; convert it to Turtle, for instance "
                      "with 'robot convert'")  # fmt: skip
    if re.match(r"(prefix|base)\b", first, re.I) and _SPARQL.search(text) and ending is None:
        raise UnknownFormatError("a SPARQL query, not an ontology")
    if ending is None and edgecolumns.layout(text, path.suffix.lower()):
        return EDGELIST
    found = _statements(text, plain, ending)
    if found is None:
        raise _unknown(text, first)
    return found


def _unknown(text: str, first: str) -> UnknownFormatError:
    columns = edgecolumns.names(text)
    if columns:
        named = ", ".join(f"'{name[:40]}'" for name in columns[:8])
        return UnknownFormatError(
            f"a table that starts with {named}, which are not the columns of a list of edges: "
            f"{EDGE_COLUMNS}"
        )
    return UnknownFormatError(f"text that starts with '{first[:40]}'")


def _statements(text: str, plain: list[str], ending: str | None) -> str | None:
    """Turtle, TriG, N-Triples or N-Quads, None if it is none of these."""
    if ending not in (TURTLE, TRIG):
        matches = [_NTRIPLE.match(line) for line in plain[:200]]
        if all(matches[: len(plain) - 1 or 1]):  # the last one may be cut
            quads = any(match and match["graph"] for match in matches)
            return NQUADS if quads or ending == NQUADS else NTRIPLES
    if plain[0][0] in "<_[({" or _TURTLE.match(plain[0]):
        if ending in (NTRIPLES, NQUADS):
            return ending
        blocks = any(match["block"] for match in _OUTSIDE.finditer(text))
        return TRIG if blocks or ending == TRIG else TURTLE
    return ending if ending in (TURTLE, TRIG, NTRIPLES, NQUADS, OBO, OWLFUNCTIONAL) else None
