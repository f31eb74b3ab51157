"""A SPARQL query becomes a series of queries, each for one page of its answer.

``LIMIT`` and ``OFFSET`` make pages only of rows in a fixed order, so each page orders by every
variable that reaches the triples: rows that are equal there give equal triples, whatever their
order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kgml.errors import UsageError

EVERYTHING = "SELECT ?s ?p ?o WHERE { ?s ?p ?o }"
_TOKEN = re.compile(
    r"""(?P<iri><[^<>"{}|^`\\\s]*>) | (?P<comment>\#[^\n]*)
    | (?P<text>\"\"\"(?:[^\\]|\\.)*?\"\"\" | '''(?:[^\\]|\\.)*?'''
        | "(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*')
    | (?P<variable>[?$]\w+) | (?P<word>[\w.-]*:[\w.:%\\-]* | @?\w[\w-]*) | (?P<mark>[^\s\w])""",
    re.X | re.S,
)


@dataclass(frozen=True)
class Query:
    """A query without ``LIMIT`` and ``OFFSET``.

    ``variables`` are the three of a SELECT, in the order subject, predicate, object, or all in the
    template of a CONSTRUCT.
    """

    text: str
    form: str
    variables: tuple[str, ...]
    ordered: bool = False

    def page(self, size: int, offset: int) -> str:
        """The query for ``size`` rows after the first ``offset``.

        >>> print(parse(EVERYTHING).page(100, 200))
        SELECT ?s ?p ?o WHERE { ?s ?p ?o }
        ORDER BY ?s ?p ?o
        LIMIT 100 OFFSET 200
        """
        keys = " ".join(f"?{name}" for name in self.variables)
        order = f"{'' if self.ordered else 'ORDER BY '}{keys}\n" if keys else ""
        return f"{self.text}\n{order}LIMIT {size} OFFSET {offset}"


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    braces: int
    brackets: int

    @property
    def name(self) -> str:
        return self.text.upper() if self.kind in ("word", "mark") else ""


def parse(text: str, where: str = "the query") -> Query:
    """Read as much of a query as paging needs to know.

    Raises:
        UsageError: neither SELECT of three variables nor CONSTRUCT, or with a LIMIT of its own.
    """
    tokens = _tokens(text, where)
    start = 0
    while start < len(tokens) and tokens[start].name in ("PREFIX", "BASE"):
        start += 3 if tokens[start].name == "PREFIX" else 2
    form = tokens[start].name if start < len(tokens) else "nothing"
    outer = {token.name for token in tokens[start:] if not token.braces and not token.brackets}
    for word in ("LIMIT", "OFFSET", "VALUES"):
        if word in outer:
            raise UsageError(
                f"{where}: {word} after the WHERE part leaves no room for pages. "
                f"{'Move it into WHERE {...}.' if word == 'VALUES' else 'Remove it; see --page.'}"
            )
    if form == "SELECT":
        variables = _selected(tokens[start + 1 :], where)
    elif form == "CONSTRUCT":
        variables = _template(tokens[start + 1 :])
    else:
        raise UsageError(
            f"{where}: wanted SELECT ?s ?p ?o WHERE {{...}} or CONSTRUCT {{...}} WHERE {{...}}, "
            f"found {form[:40] or tokens[start].text[:40]}."
        )
    return Query(text.rstrip(), form, variables, ordered="ORDER" in outer)


def _tokens(text: str, where: str) -> list[_Token]:
    found = []
    braces = brackets = 0
    for match in _TOKEN.finditer(text):
        kind, token = str(match.lastgroup), match[0]
        if kind == "comment":
            continue
        braces -= token == "}"
        brackets -= token == ")"
        if braces < 0 or brackets < 0:
            break
        found.append(_Token(kind, token, braces, brackets))
        braces += token == "{"
        brackets += token == "("
    if braces or brackets:
        raise UsageError(f"{where}: its braces or brackets do not match. Check the query.")
    return found


def _selected(tokens: list[_Token], where: str) -> tuple[str, ...]:
    """``SELECT ?a (str(?x) AS ?b) ?c``: a, b, c."""
    names: list[str] = []
    before = ""
    for token in tokens:
        if token.name in ("WHERE", "FROM", "{"):
            break
        if token.kind == "variable" and (not token.brackets or before == "AS"):
            names.append(token.text[1:])
        before = token.name
    if len(names) != 3 or len(set(names)) != 3:
        found = ", ".join(f"?{name}" for name in names) or "*"
        raise UsageError(
            f"{where}: found SELECT {found}; wanted three variables, for the subject, predicate "
            "and object of each triple."
        )
    return tuple(names)


def _template(tokens: list[_Token]) -> tuple[str, ...]:
    """The variables of ``CONSTRUCT {...}``, or of the pattern in ``CONSTRUCT WHERE {...}``."""
    names: dict[str, None] = {}
    for token in tokens:
        if token.kind == "variable":
            names[token.text[1:]] = None
        elif token.name == "}" and not token.braces:
            break
    return tuple(names)
