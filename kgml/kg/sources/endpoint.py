"""A SPARQL endpoint as a source: its triples, page by page, into an N-Triples file.

Each page is a file in a folder beside the target, and a state file says how far it went, so what
was interrupted goes on at the next page and ends in the same bytes. Pages are taken until one is
empty: servers cap answers without saying so, and a short page is not the last one.

The endpoint must not change meanwhile; SPARQL has no way to ask for a fixed state of it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kgml.artifacts import sha256, to_json, write_file
from kgml.config import GraphConfig
from kgml.errors import ArtifactError, OntologyError, UsageError
from kgml.kg.sources import answers, paging
from kgml.kg.sources.transport import Rules
from kgml.progress import track, warn

PAGE = 10_000
"""Rows of a page; public endpoints often give no more at once."""
FORMAT = 1
GIVEN = Rules(schemes=("http", "https"), refuse=lambda address: "", same_host=True)
"""The user named the server, so it may be any; where it redirects to may not."""


@dataclass(frozen=True)
class Page:
    """What a page file holds; ``rows`` is what the server was asked to skip afterwards."""

    rows: int
    triples: int
    blank_nodes: int
    left_out: int
    sha256: str


def download(
    url: str,
    output: Path,
    config: GraphConfig,
    *,
    query: str | None = None,
    graph: str | None = None,
    page: int = PAGE,
    resume: bool = True,
    rules: Rules = GIVEN,
) -> dict[str, Any]:
    """Write the triples that ``query`` gives at the endpoint ``url`` to ``output``, as N-Triples.

    Args:
        query: a SELECT of three variables or a CONSTRUCT; None: every triple. Of a CONSTRUCT, a
            page must be smaller than what the server gives at most: its triples do not tell how
            many rows they come from.
        graph: the named graph to ask, by the parameter ``default-graph-uri``.
        page: rows asked for at once.
        resume: go on where an interrupted download of the same stopped.

    Returns:
        ``file``, ``sha256``, ``bytes``, ``triples``, ``pages``, how many of these were there
        ``before``, ``blank_nodes``, and rows ``left_out`` as they make no triple.

    Raises:
        UsageError: the network was not allowed, a query that cannot be paged, or what was
            interrupted was another download.
        OntologyError: no answer that can be used, or over one of the limits of ``config``. The
            pages so far are kept.
        ArtifactError: ``output`` cannot be written.
    """
    if not config.allow_network:
        raise UsageError(
            f"{url}: the network is used only where you allow it. Add --allow-network, or "
            "allow_network = true to [graph] of kgml.toml."
        )
    if page < 1:
        raise UsageError(f"page = {page}: wanted 1 or more rows.")
    asked = paging.parse(paging.EVERYTHING if query is None else query)
    output = Path(output)
    if output.is_dir():
        raise ArtifactError(f"{output}: is a folder; name the file to write. Choose another -o.")
    what = {"url": url, "query": asked.text, "graph": graph, "page": page, "format": FORMAT}
    kept = _Pages(output, what, resume)
    before = len(kept.pages)
    client = answers.Client(url.partition("#")[0], graph, config, rules)
    try:
        for _ in track(_fetch(kept, asked, page, client, config), "Fetching pages"):
            pass
    except OntologyError as error:
        if not kept.pages:
            shutil.rmtree(kept.folder, ignore_errors=True)
            raise
        count = f"{len(kept.pages):,} page{'s' * (len(kept.pages) != 1)}"
        raise OntologyError(f"{error} {count} kept; the same command goes on from there.") from None
    return _finish(kept, before)


def _fetch(
    kept: _Pages, asked: paging.Query, size: int, client: answers.Client, config: GraphConfig
) -> Iterator[None]:
    """Fetch page after page into ``kept`` until one is empty."""
    last = ""
    while not kept.complete:
        offset = sum(page.rows for page in kept.pages)
        number = len(kept.pages)
        answer = client.ask(asked.page(size, offset), asked.form)
        found = answers.read(answer, asked, number, client.url)
        if not found.rows:
            kept.close()
            return
        if found.repeats == last:
            raise OntologyError(
                f"{client.url}: pages {number} and {number + 1} are the same; the server seems to "
                "ignore OFFSET. Ask for all at once with a greater --page."
            )
        last = found.repeats
        # Triples do not tell how many rows a CONSTRUCT went through: as many as asked for.
        rows = size if asked.form == "CONSTRUCT" else found.rows
        kept.add(found, rows, config)
        yield


class _Pages:
    """The folder of pages beside the target, and its state file."""

    def __init__(self, output: Path, what: dict[str, Any], resume: bool) -> None:
        self.output = output
        self.folder = output.with_name(f".{output.name}.pages")
        self.pages: list[Page] = []
        self.complete = False
        self._what = what
        self._bytes = self._triples = 0
        if not resume:
            shutil.rmtree(self.folder, ignore_errors=True)
        self._load()

    def file(self, number: int) -> Path:
        """Where page ``number`` is kept."""
        return self.folder / f"{number:06}.nt"

    def _load(self) -> None:
        state = self.folder / "state.json"
        try:
            said = json.loads(state.read_text(encoding="utf-8"))
            what, complete = said["what"], bool(said["complete"])
            pages = [Page(**entry) for entry in said["pages"]]
        except (FileNotFoundError, NotADirectoryError):
            self._save()  # before the first question: -o may not be writable
            return
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtifactError(
                f"{state}: damaged ({error}). Begin anew with --no-resume."
            ) from None
        if what != self._what:
            changed = [name for name in self._what if what.get(name) != self._what[name]]
            raise UsageError(
                f"{self.folder}: the interrupted download there is another one (other "
                f"{', '.join(changed)}). Give the same options, or begin anew with --no-resume."
            )
        for number, page in enumerate(pages):
            if not self.file(number).is_file() or sha256(self.file(number)) != page.sha256:
                warn(f"{self.file(number)}: missing or changed; fetched again from there.")
                complete = False
                break
            self._count(page)
        self.complete = complete

    def _count(self, page: Page) -> None:
        self._bytes += self.file(len(self.pages)).stat().st_size
        self._triples += page.triples
        self.pages.append(page)

    def add(self, found: answers.Found, rows: int, config: GraphConfig) -> None:
        """Keep one page: the file, then the state that names it."""
        limits = [("bytes", self._bytes + len(found.lines), config.max_bytes, "max_bytes"),
                  ("triples", self._triples + found.triples, config.max_triples, "max_triples")]  # fmt: skip
        for name, count, most, option in limits:
            if count > most:
                raise OntologyError(
                    f"{self._what['url']}: more than {most:,} {name}. Raise {option} in [graph] of "
                    "kgml.toml, or take less with --query."
                )
        write_file(self.file(len(self.pages)), found.lines)
        digest = hashlib.sha256(found.lines).hexdigest()
        self._count(Page(rows, found.triples, found.blank_nodes, found.left_out, digest))
        self._save()

    def close(self) -> None:
        """Note that there is nothing after the last page."""
        self.complete = True
        self._save()

    def _save(self) -> None:
        pages = [asdict(page) for page in self.pages]
        state = {"what": self._what, "complete": self.complete, "pages": pages}
        write_file(self.folder / "state.json", to_json(state))

    def join(self) -> tuple[str, int]:
        """Write all pages to the target, beside it first; its sha256 (hex) and length."""
        temporary = self.output.with_name(f".{self.output.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as stream:
                for number in range(len(self.pages)):
                    with self.file(number).open("rb") as part:
                        shutil.copyfileobj(part, stream)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(self.output)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise ArtifactError(
                f"{self.output}: could not be written ({error.strerror}). Free some space; the "
                "same command joins the pages without fetching them again."
            ) from error
        return sha256(self.output), self.output.stat().st_size


def _finish(kept: _Pages, before: int) -> dict[str, Any]:
    digest, size = kept.join()
    shutil.rmtree(kept.folder, ignore_errors=True)
    blank = sum(page.blank_nodes for page in kept.pages)
    left_out = sum(page.left_out for page in kept.pages)
    holding = sum(page.blank_nodes > 0 for page in kept.pages)
    if not size:
        warn(f"{kept.output}: the endpoint gave no triples. Check --query and --graph.")
    if holding > 1:
        warn(
            f"{blank:,} blank nodes on {holding:,} pages: one that is on two pages has become two, "
            "as an endpoint names them anew in each answer. A greater --page keeps more together."
        )
    if left_out:
        warn(f"{left_out:,} rows left out: they make no triple that N-Triples can hold.")
    return {
        "file": str(kept.output), "sha256": digest, "bytes": size,
        "triples": sum(page.triples for page in kept.pages), "pages": len(kept.pages),
        "before": before, "blank_nodes": blank, "left_out": left_out,
    }  # fmt: skip
