"""What is read off a SPARQL query before it runs: keywords that are refused, where it is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from kgml.errors import InputError, one_of

_TOKEN = re.compile(
    r'''"""(?:[^"\\]|\\.|"(?!""))*"""|\'\'\'(?:[^'\\]|\\.|'(?!''))*\'\'\''''
    r"""|"(?:[^"\\\n\r]|\\.)*"|'(?:[^'\\\n\r]|\\.)*\'"""
    r"""|<[^<>"{}|^`\x00-\x20]*>|\#[^\n\r]*|@[A-Za-z]+(?:-[A-Za-z0-9]+)*"""
    r"""|(?P<variable>[?$]\w+)|(?P<prefix>\w(?:[\w.-]*\w)?|):(?P<local>(?:[\w:][\w:-]*)?)"""
    r"""|(?P<word>[A-Za-z]\w*)|.""",
    re.DOTALL,
)
_SERVICE = re.compile("(?<=s)e(?=rvice)", re.IGNORECASE)
_ESCAPED = re.compile(r"(?<=s)\\u00[46]5(?=rvice)", re.IGNORECASE)
_CHOICE = re.compile(r"(?<!\|)\|(?!\|)|!\s*\(?\s*[a^]")
_UPDATES = frozenset({"INSERT", "DELETE", "LOAD", "CLEAR", "DROP", "CREATE", "ADD", "MOVE", "COPY",
                      "WITH"})  # fmt: skip
_FORMS = frozenset({"SELECT", "ASK", "CONSTRUCT", "DESCRIBE"})
_PLACE = re.compile(r"error at (\d+):(\d+): expected ([A-Z]*)")
_REFUSED = {"SERVICE": "asks another server", "FROM": "names graphs to load"}


def without_service(query: str) -> str:
    """``query`` with every keyword SERVICE made unreadable, and all else the same; see `run`.

    >>> without_service('ASK { ?s ex:service "service" SERVICEex:a {} }')
    'ASK { ?s ex:service "s\\\\u0065rvice" S\\\\u0045RVICEex:a {} }'
    """
    if not _SERVICE.search(query):
        return query
    parts = []
    for token in _TOKEN.finditer(query):
        kept = token["variable"] or token["local"] or ""
        text = token[0].removesuffix(kept)
        parts += [_SERVICE.sub(lambda e: f"\\u{ord(e[0]):04X}", text), kept]
    return "".join(parts)


def words(query: str) -> Iterator[str]:
    """The bare words of a query in capitals: keywords and functions, no names, no texts."""
    return (token["word"].upper() for token in _TOKEN.finditer(query) if token["word"])


def has_choices(query: str) -> bool:
    """Whether a property path says "or" (``ex:a|ex:b``) or "any but" (``!ex:a``).

    >>> has_choices("ASK { ?s ex:a|ex:b 'c|d' }"), has_choices("ASK { ?s !( ex:a ) ?o }")
    (True, True)
    >>> has_choices("ASK { ?s ?p ?o FILTER(?s != ?o || !BOUND(?p) || !(?s = ?p)) }")
    False
    """
    text = "".join(_sign(token) for token in _TOKEN.finditer(query))
    return _CHOICE.search(text) is not None


def _sign(token: re.Match[str]) -> str:
    """One letter for a name, the token itself where it is one character, else a blank."""
    if token["prefix"] is not None or (token[0][0] == "<" and len(token[0]) > 1):
        return "a"
    if token["word"] or token["variable"]:
        return "a" if token[0] == "a" else "?"
    return token[0] if len(token[0]) == 1 else " "


def refuse(query: str) -> None:
    """Raise `InputError` for updates and for what would reach the network."""
    used = list(words(query))
    first = next((word for word in used if word in _UPDATES | _FORMS), "")
    if first in _UPDATES:
        raise InputError(f"SPARQL query: {first} is an update; a graph never changes. Wanted SELECT, "
                         "ASK, CONSTRUCT or DESCRIBE.")  # fmt: skip
    for word, does in _REFUSED.items():
        if word in used:
            raise InputError(f"SPARQL query: {word} {does}; nothing is fetched. Load that graph "
                             "beside this one and query both.")  # fmt: skip


def malformed(query: str, known: Mapping[str, str], error: Exception) -> InputError:
    """Word what pyoxigraph found wrong, with line and column."""
    declared = {*known, "_", *re.findall(r"prefix\s+([\w.-]*)\s*:", query, re.IGNORECASE)}
    for token in _TOKEN.finditer(query):
        name = token["prefix"]
        if name is not None and name not in declared:
            before = query[: token.start()].split("\n")
            where = f"line {len(before)}, column {len(before[-1]) + 1}"
            choices = one_of(declared - {"_"}, name)
            return InputError(f"SPARQL query, {where}: prefix '{name}' is not declared; {choices}")
    place = _PLACE.match(str(error))
    if place is None:
        return InputError(f"SPARQL query: {error}.")
    line, column, keyword = int(place[1]), int(place[2]), place[3]
    column = max(1, column - len(keyword))  # it counts the keyword that it looked for
    read = [*without_service(query).split("\n"), ""][line - 1]
    column -= 5 * len(_ESCAPED.findall(read[: column - 1]))
    rest = [*query.split("\n"), ""][line - 1][column - 1 :].strip()
    found = f"'{rest[:30]}'" if rest else "the end of the line"
    return InputError(f"SPARQL query, line {line}, column {column}: not expected here: {found}. "
                      "Check it and what stands before it.")  # fmt: skip
