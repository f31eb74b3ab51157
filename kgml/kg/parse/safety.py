"""What must hold before and after a parser runs: depth, encoding, whole XML, harmless entities."""

from __future__ import annotations

import codecs
import mmap
import re
from pathlib import Path

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import formats, nesting

MAX_ENTITIES = 1_000
MAX_ENTITY_LENGTH = 2_000
"""Characters of one XML entity; namespaces are shorter."""
MAX_EXPANSION = 200_000_000
"""Bytes all entity references of a file may grow to."""

_PARSED = (formats.TURTLE, formats.TRIG, formats.NQUADS, formats.RDFXML, formats.JSONLD)
"""Formats a parser sees all of; of N-Triples only what `kgml.kg.parse.lines` cannot read."""
_COMMENT = re.compile(rb"<!--.*?-->", re.S)
_ENTITY = re.compile(rb"<!ENTITY\s+(%\s+)?([^\s>]+)\s+(?:(SYSTEM|PUBLIC)\b|\"([^\"]*)\"|'([^']*)')")
_REFERENCE = re.compile(rb"&(?!#|amp;|lt;|gt;|quot;|apos;)[^;\s]+;|%[\w.-]+;")
_SUBSET = re.compile(
    rb"\[(?:<!--.*?-->|<\?.*?\?>|\"[^\"]*\"|'[^']*'|[^\]\"'<]|<(?!!--|\?))*\]\s*>", re.S
)
"""An internal subset to its end; a bracket within a comment or a quotation does not end it."""
_ROOT = re.compile(rb"<(?![?!])([^\s/>]+)")
_TAIL = re.compile(rb"(?:\s|<!--(?:(?!-->).)*-->|<\?(?:(?!\?>).)*\?>)*\Z", re.S)


def check(path: Path, kind: str, config: GraphConfig) -> None:
    """What pyoxigraph needs checked before it parses a file; the other readers check for themselves.

    Args:
        path: a plain file, not empty.
        kind: its format, one of `kgml.kg.parse.formats.KINDS`.

    Raises:
        OntologyError: nested too deep; XML that is truncated or has entities that could grow.
    """
    if kind == formats.RDFXML:
        check_xml(path)
    if kind in _PARSED:
        nesting.check(path, kind, config.max_depth)


def check_xml(path: Path, kind: str = formats.RDFXML) -> None:
    """Refuse entity bombs and files that stop before their root element is closed.

    pyoxigraph takes a truncated RDF/XML file for a complete one, and dies of a large expansion.

    Raises:
        OntologyError: with the reason and the next step.
    """
    with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as data:
        start = _check_doctype(path, data, kind)
        root = _ROOT.match(data, _skip_comments(data, start))
        if root is None:
            raise _truncated(path, kind, "no root element where one must be")
        end = data.find(b">", root.end())
        if end > 0 and data[end - 1 : end] == b"/":
            return
        tail = data[max(0, len(data) - 65_536) :]
        closing = re.compile(rb"</" + re.escape(root[1]) + rb"\s*>")
        ends = [match.end() for match in closing.finditer(tail)]
        if not ends or not _TAIL.match(tail, ends[-1]):
            raise _truncated(path, kind, f"<{root[1].decode(errors='replace')}> is never closed")


def _skip_comments(data: mmap.mmap, start: int) -> int:
    """Where the first tag after comments and processing instructions may be."""
    blank = re.compile(rb"(?:\s|\xef\xbb\xbf|<!--.*?-->|<\?.*?\?>)*", re.S)
    match = blank.match(data, start)
    return match.end() if match else start


def _check_doctype(path: Path, data: mmap.mmap, kind: str) -> int:
    """Check the entity declarations, if any; return where the document type ends."""
    start = _skip_comments(data, 0)
    if data[start : start + 9].upper() != b"<!DOCTYPE":
        return start
    bracket, close = data.find(b"[", start), data.find(b">", start)
    if close < 0:
        raise _truncated(path, kind, "the document type is never closed")
    if bracket < 0 or bracket > close:
        return close + 1
    end = _SUBSET.match(data, bracket)
    if end is None:
        raise _truncated(path, kind, "the document type is never closed")
    _check_entities(path, data, _COMMENT.sub(b"", end[0]))
    return end.end()


def _check_entities(path: Path, data: mmap.mmap, subset: bytes) -> None:
    declared = _ENTITY.findall(subset)
    if len(declared) > MAX_ENTITIES or subset.count(b"<!ENTITY") != len(declared):
        raise _unsafe(path, f"{subset.count(b'<!ENTITY'):,} XML entities, or some cannot be read")
    expansion = 0
    for parameter, name, external, double, single in declared:
        shown = name.decode(errors="replace")
        value = double or single
        if parameter or external:
            raise _unsafe(path, f"the XML entity '{shown}' refers to something outside the file")
        if _REFERENCE.search(value):
            raise _unsafe(path, f"the XML entity '{shown}' contains other entities")
        if len(value) > MAX_ENTITY_LENGTH:
            raise _unsafe(path, f"the XML entity '{shown}' is {len(value):,} bytes long")
        if len(data) * len(value) > MAX_EXPANSION:
            expansion += len(value) * len(re.findall(rb"&" + re.escape(name) + b";", data))
    if expansion > MAX_EXPANSION:
        raise _unsafe(path, f"its XML entities would grow to {expansion:,} bytes")


def _unsafe(path: Path, found: str) -> OntologyError:
    return OntologyError(
        f"{path}: {found}; only short entities that stand for plain text, such as "
        '<!ENTITY owl "http://www.w3.org/2002/07/owl#">, are read. Write the names out instead.'
    )


def _truncated(path: Path, kind: str, found: str) -> OntologyError:
    return OntologyError(
        f"{path}: {found}; the {kind} looks truncated. Download or export it again."
    )


def explain(path: Path, kind: str, error: SyntaxError, skip: int = 0) -> OntologyError:
    """Word a parser's error: file, line, what was found, the next step."""
    offset = invalid_utf8(path)
    if offset is not None:
        return not_utf8(path, offset)
    where = f"{path}, line {error.lineno}" if error.lineno else str(path)
    message = re.sub(r"^Parser error at line .*?(?=: |column \d+ )", "", error.msg)
    message = re.sub(r"^Parser error (?:at|between) [^A-Z:<'\"]*", "", error.msg).strip(" :")
    if "LoadDocumentCallback" in message:
        return OntologyError(
            f"{where}: its @context is an address; remote contexts are not fetched. "
            "Put the context into the file."
        )
    prefix = re.search(r"The prefix (\S*?):? has not been declared", message)
    if prefix:
        return OntologyError(
            f"{where}: uses prefix '{prefix[1]}', which is not declared. "
            f"Add '@prefix {prefix[1]}: <...> .' above it."
        )
    step = "Correct the line, or export the file again."
    if _at_end(path, error) or re.search(r"[Uu]nexpected end|end of (input|file)", message):
        step = "The file looks truncated: download or export it again."
    return OntologyError(f"{where}: not valid {kind} ({message.rstrip('.')}). {step}")


def _at_end(path: Path, error: SyntaxError) -> bool:
    """Whether the error is on the last line and that line does not end as a statement does."""
    if not error.lineno:
        return False
    with path.open("rb") as stream:
        lines, last = 0, b""
        for content in stream:
            lines += 1
            last = content.strip() or last
    return 1 < lines <= error.lineno and last[-1:] not in (b".", b"}", b"]", b">")


def invalid_utf8(path: Path) -> int | None:
    """Offset of the first byte that is not UTF-8, None if all are."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    position = 0
    with path.open("rb") as stream:
        while True:
            block = stream.read(1 << 20)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                return position - pending + error.start
            if not block:
                return None
            position += len(block)


def not_utf8(path: Path, offset: int) -> OntologyError:
    """The refusal of a file in another encoding; ``offset`` is the first byte that is wrong."""
    line, position = 1, 0
    with path.open("rb") as stream:
        while position < offset:
            block = stream.read(min(1 << 20, offset - position))
            if not block:
                break
            line += block.count(b"\n")
            position += len(block)
    return OntologyError(
        f"{path}, line {line:,}: byte {offset:,} is not UTF-8. If the file is Latin-1, convert it: "
        "iconv -f LATIN1 -t UTF-8."
    )
