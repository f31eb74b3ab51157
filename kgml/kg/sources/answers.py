"""What a SPARQL endpoint is asked over HTTP, and its answers as lines of N-Triples."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.sources.paging import Query
from kgml.kg.sources.transport import (
    Answer,
    ConnectionFailedError,
    Rules,
    limited,
    refused,
    request,
)
from kgml.progress import note

TRIES = 5
BACKOFF = 1.0
"""Seconds before the second try; doubled before each further one."""
LONGEST_WAIT = 300.0
"""A server that asks for more is not waited for."""
LONGEST_GET = 2_000
"""Characters of a URL; a longer query is posted, as servers and proxies cut URLs."""
BUSY = (429, 502, 503, 504)
ACCEPT = {
    "SELECT": "application/sparql-results+json",
    "CONSTRUCT": "application/n-triples, application/n-quads;q=0.9, text/turtle;q=0.8",
}


class Client:
    """Asks one endpoint; waits and tries again where it is busy or the connection fails."""

    def __init__(self, url: str, graph: str | None, config: GraphConfig, rules: Rules) -> None:
        self.url = url
        self._graph = graph
        self._config = config
        self._rules = rules
        self._answered = False

    def ask(self, query: str, form: str) -> tuple[bytes, str]:
        """The body of the answer and its media type.

        Raises:
            OntologyError: an answer other than 200, too large, too slow, or busy to the end.
        """
        for number in range(1, TRIES + 1):
            wait = BACKOFF * 2 ** (number - 1)
            try:
                with self._request(query, form) as answer:
                    self._answered = True
                    if answer.status == 200:
                        _check_whole(answer)
                        body = b"".join(limited(answer, self._config.max_download))
                        return body, answer.content_type
                    problem: OntologyError = refused(answer)
                    if answer.status not in BUSY:
                        raise problem
                    wait = max(wait if number > 1 else 0.0, _asked_to_wait(answer, wait))
            except ConnectionFailedError as error:
                if not self._answered:  # more likely a wrong address than a bad moment
                    raise
                problem = error
            if number == TRIES or wait > LONGEST_WAIT:
                tries = f"{number} {'try' if number == 1 else 'tries'}"
                asked = f" It asks to wait {wait:,.0f} s." if wait > LONGEST_WAIT else ""
                raise OntologyError(f"{problem}{asked} Gave up after {tries}.")
            note(f"{self.url}: busy or not there; asking again in {wait:g} s")
            time.sleep(wait)
        raise AssertionError("the last try returns or raises")

    def _request(self, query: str, form: str) -> Any:
        fields = {"query": query} | ({"default-graph-uri": self._graph} if self._graph else {})
        encoded = urlencode(fields)
        url = f"{self.url}{'&' if '?' in self.url else '?'}{encoded}"
        headers = {"Accept": ACCEPT[form]}
        if len(url) <= LONGEST_GET:
            return request(url, self._rules, self._config.timeout, headers)
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        return request(
            self.url, self._rules, self._config.timeout, headers, encoded.encode("ascii")
        )


def _asked_to_wait(answer: Answer, otherwise: float) -> float:
    """Seconds in ``Retry-After``, which may be a number or a date."""
    said = answer.headers.get("retry-after", "").strip()
    if said.isascii() and said.isdigit():
        return float(said[:9])
    try:
        return max(0.0, parsedate_to_datetime(said).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return otherwise


def _check_whole(answer: Answer) -> None:
    """Virtuoso gives what it found in time, says 200, and hides that it is not all."""
    state = answer.headers.get("x-sql-state")
    if state:
        raise OntologyError(
            f"{answer.url}: the server gave only a part of the answer (X-SQL-State {state}). "
            "Try a smaller --page or a simpler --query."
        )


@dataclass(frozen=True)
class Found:
    """One page: sorted lines of N-Triples, each once, and what they were made from."""

    lines: bytes
    rows: int
    triples: int
    blank_nodes: int
    left_out: int
    repeats: str
    """Equal for two answers of equal bytes."""


def read(answer: tuple[bytes, str], query: Query, number: int, url: str) -> Found:
    """The triples of page ``number``; its blank nodes get names no other page has.

    Raises:
        OntologyError: not the format that was asked for, or not whole.
    """
    import pyoxigraph as ox

    body, kind = answer
    try:
        rows = list(_rows(body, query) if query.form == "SELECT" else _statements(body, kind))
    except (SyntaxError, ValueError, KeyError, TypeError, RecursionError) as error:
        start = " ".join(body[:200].decode("utf-8", "replace").split())
        raise OntologyError(
            f"{url}: page {number + 1} is no answer that can be read ({error}); it is "
            f"{kind or 'of no media type'} and begins '{start[:80]}'. Check that the address is "
            "that of a SPARQL endpoint."
        ) from None
    blank: dict[Any, Any] = {}

    def renamed(term: Any) -> Any:
        if type(term) is not ox.BlankNode:
            return term
        return blank.setdefault(term, ox.BlankNode(f"p{number}b{len(blank)}"))

    allowed = [(ox.NamedNode, ox.BlankNode), (ox.NamedNode,), (ox.NamedNode, ox.BlankNode, ox.Literal)]  # fmt: skip
    triples = [
        ox.Triple(*map(renamed, row)) for row in rows if row and all(map(isinstance, row, allowed))
    ]
    text = ox.serialize(triples, format=ox.RdfFormat.N_TRIPLES) if triples else b""
    lines = sorted(set((text or b"").splitlines(keepends=True)))
    return Found(b"".join(lines), len(rows), len(lines), len(blank), len(rows) - len(triples),
                 hashlib.sha256(body).hexdigest())  # fmt: skip


def _rows(body: bytes, query: Query) -> Iterator[Any]:
    """Subject, predicate and object of each row of SPARQL JSON; None where one is no RDF."""
    import pyoxigraph as ox

    try:
        rows = _solutions(body, query, ox)
    except SyntaxError:
        # One address that is no IRI must not cost the page: such rows are left out and counted.
        rows = list(_one_by_one(json.loads(body), query, ox))
        if not any(rows):
            raise
    yield from rows


def _solutions(body: bytes, query: Query, ox: Any) -> list[Any]:
    wrong = ""
    try:
        found = ox.parse_query_results(body, ox.QueryResultsFormat.JSON)
        if isinstance(found, ox.QueryBoolean):
            raise ValueError("yes or no where rows were asked for")
        missing = set(query.variables) - {variable.value for variable in found.variables}
        rows = [tuple(solution[name] for name in query.variables) for solution in found]
    except SyntaxError as error:
        # Raised anew below: a traceback would keep what pyoxigraph lets only this thread release.
        wrong = error.msg
    if wrong:
        raise SyntaxError(wrong)
    if rows and missing:
        raise ValueError(f"no column {', '.join(sorted(missing))}")
    return rows


def _one_by_one(document: Any, query: Query, ox: Any) -> Iterable[Any]:
    for binding in document["results"]["bindings"]:
        row = {"head": document["head"], "results": {"bindings": [binding]}}
        try:
            yield from _solutions(json.dumps(row).encode(), query, ox)
        except SyntaxError:
            yield None


def _statements(body: bytes, kind: str) -> Iterator[Any]:
    import pyoxigraph as ox

    known = {
        "application/n-triples": ox.RdfFormat.N_TRIPLES, "text/plain": ox.RdfFormat.N_TRIPLES,
        "application/n-quads": ox.RdfFormat.N_QUADS, "text/turtle": ox.RdfFormat.TURTLE,
        "application/x-turtle": ox.RdfFormat.TURTLE,
    }  # fmt: skip
    if kind not in known:
        raise ValueError(f"wanted {ACCEPT['CONSTRUCT'].partition(',')[0]}")
    for quad in ox.parse(body, format=known[kind], lenient=True):
        yield quad.subject, quad.predicate, quad.object
