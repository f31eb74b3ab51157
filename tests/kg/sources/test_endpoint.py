"""Downloads from a real SPARQL endpoint: an HTTP server on this machine over a pyoxigraph store."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs, urlsplit

import pyoxigraph as ox
import pytest

from kgml.config import GraphConfig
from kgml.errors import ArtifactError, OntologyError, UsageError
from kgml.kg.sources import answers, paging
from kgml.kg.sources.endpoint import download
from kgml.progress import KGMLWarning

CONFIG = GraphConfig(allow_network=True, timeout=20.0)
E = "http://e.org/"
GRAPH = ox.NamedNode(E + "graph")


class Endpoint:
    """``before`` may answer a request itself, by returning True; ``most`` caps the rows given."""

    def __init__(self) -> None:
        self.store = ox.Store()
        self.queries: list[str] = []
        self.methods: list[str] = []
        self.before: Callable[[BaseHTTPRequestHandler, int], bool] = lambda handler, number: False
        self.most = 10_000
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                endpoint.answer(self, urlsplit(self.path).query)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                endpoint.answer(self, body.decode("ascii"))

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server.server_address[1]}/sparql"

    def answer(self, handler: BaseHTTPRequestHandler, encoded: str) -> None:
        fields = parse_qs(encoded)
        (query,) = fields["query"]
        self.methods.append(handler.command)
        self.queries.append(query)
        graph = [ox.NamedNode(iri) for iri in fields.get("default-graph-uri", [])]
        with suppress(OSError):  # the client may have gone
            if self.before(handler, len(self.queries)):
                return
            found = self.store.query(query, default_graph=graph or None)
            if isinstance(found, ox.QueryTriples):
                content = found.serialize(format=ox.RdfFormat.N_TRIPLES)
                send(handler, content, "application/n-triples")
                return
            content = found.serialize(format=ox.QueryResultsFormat.JSON)
            result = json.loads(content)
            if "results" in result:
                del result["results"]["bindings"][self.most :]
            send(handler, json.dumps(result).encode(), "application/sparql-results+json")


def send(
    handler: BaseHTTPRequestHandler, content: bytes, kind: str, status: int = 200, **more: str
) -> bool:
    handler.send_response(status)
    given = {"Content-Type": kind, "Content-Length": str(len(content)), **more}
    for name, value in given.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)
    return True


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    """25 triples in the default graph and 3 in a named one."""
    monkeypatch.setattr(answers, "BACKOFF", 0.01)
    made = Endpoint()
    for number in range(25):
        subject = ox.NamedNode(f"{E}s{number:02}")
        label = ox.Literal(f'"{number}"\n', language="en")
        made.store.add(ox.Quad(subject, ox.NamedNode(E + "p"), label))
    for number in range(3):
        made.store.add(ox.Quad(GRAPH, ox.NamedNode(E + "q"), ox.Literal(number), GRAPH))
    threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


def read(path: Path) -> set[str]:
    return {
        f"{t.subject} {t.predicate} {t.object}" for t in ox.parse(path=path, format=ox.RdfFormat.N_TRIPLES)
    }  # fmt: skip


def held(endpoint: Endpoint) -> set[str]:
    return {
        f"{q.subject} {q.predicate} {q.object}"
        for q in endpoint.store.quads_for_pattern(None, None, None, ox.DefaultGraph())
    }


def refused(endpoint: Endpoint, output: Path, config: GraphConfig = CONFIG, **more) -> str:
    with pytest.raises(OntologyError) as caught:
        download(endpoint.url, output, config, **more)
    assert not output.exists()
    return str(caught.value)


def test_every_triple_arrives_page_by_page(endpoint, tmp_path) -> None:
    output = tmp_path / "new" / "all.nt"
    done = download(endpoint.url, output, CONFIG, page=10)
    assert read(output) == held(endpoint)
    assert done == {
        "file": str(output), "sha256": hashlib.sha256(output.read_bytes()).hexdigest(),
        "bytes": output.stat().st_size, "triples": 25, "pages": 3, "before": 0,
        "blank_nodes": 0, "left_out": 0,
    }  # fmt: skip
    assert [query.splitlines()[-1] for query in endpoint.queries] == [
        "LIMIT 10 OFFSET 0", "LIMIT 10 OFFSET 10", "LIMIT 10 OFFSET 20", "LIMIT 10 OFFSET 25",
    ]  # fmt: skip
    assert list(output.parent.iterdir()) == [output]  # the pages are gone


def test_without_leave_the_network_is_not_used(endpoint, tmp_path) -> None:
    with pytest.raises(UsageError, match=r"only where you allow it\. Add --allow-network"):
        download(endpoint.url, tmp_path / "x.nt", GraphConfig())
    assert endpoint.queries == []
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_gives_fewer_rows_than_asked_for_loses_none(endpoint, tmp_path) -> None:
    endpoint.most = 4
    done = download(endpoint.url, tmp_path / "x.nt", CONFIG, page=10)
    assert (done["triples"], done["pages"]) == (25, 7)
    assert read(tmp_path / "x.nt") == held(endpoint)


def test_a_download_that_fails_half_way_resumes_to_the_same_bytes(endpoint, tmp_path) -> None:
    download(endpoint.url, tmp_path / "whole.nt", CONFIG, page=4)
    whole = len(endpoint.queries)
    endpoint.queries.clear()
    endpoint.before = lambda handler, number: (
        number > 3 and send(handler, b"out of memory", "text/plain", 500)
    )
    message = refused(endpoint, tmp_path / "x.nt", page=4)
    assert "answered 500 Internal Server Error" in message
    assert "It says: out of memory 3 pages kept; the same command goes on from there." in message
    endpoint.before = lambda handler, number: False
    endpoint.queries.clear()
    done = download(endpoint.url, tmp_path / "x.nt", CONFIG, page=4)
    assert done["before"] == 3
    assert len(endpoint.queries) == whole - 3
    assert endpoint.queries[0].endswith("OFFSET 12")
    assert (tmp_path / "x.nt").read_bytes() == (tmp_path / "whole.nt").read_bytes()
    assert done["sha256"] == hashlib.sha256((tmp_path / "whole.nt").read_bytes()).hexdigest()


def test_a_kill_between_page_and_state_costs_that_page_only(endpoint, tmp_path) -> None:
    endpoint.before = lambda handler, number: number > 2 and send(handler, b"", "text/plain", 500)
    refused(endpoint, tmp_path / "x.nt", page=5)
    pages = tmp_path / ".x.nt.pages"
    (pages / "000002.nt").write_bytes(b"<half a page")  # written, but not in the state
    endpoint.before = lambda handler, number: False
    download(endpoint.url, tmp_path / "x.nt", CONFIG, page=5)
    assert read(tmp_path / "x.nt") == held(endpoint)


def test_a_kept_page_that_was_changed_is_fetched_again(endpoint, tmp_path) -> None:
    endpoint.before = lambda handler, number: number > 3 and send(handler, b"", "text/plain", 500)
    refused(endpoint, tmp_path / "x.nt", page=5)
    (tmp_path / ".x.nt.pages" / "000001.nt").write_bytes(b"")
    endpoint.before = lambda handler, number: False
    with pytest.warns(KGMLWarning, match="000001.nt: missing or changed; fetched again"):
        done = download(endpoint.url, tmp_path / "x.nt", CONFIG, page=5)
    assert done["before"] == 1
    assert read(tmp_path / "x.nt") == held(endpoint)


def test_another_download_is_not_mixed_into_an_interrupted_one(endpoint, tmp_path) -> None:
    endpoint.before = lambda handler, number: number > 2 and send(handler, b"", "text/plain", 500)
    refused(endpoint, tmp_path / "x.nt", page=5)
    endpoint.before = lambda handler, number: False
    with pytest.raises(UsageError, match=r"another one \(other graph, page\).*--no-resume"):
        download(endpoint.url, tmp_path / "x.nt", CONFIG, page=6, graph=E)
    done = download(endpoint.url, tmp_path / "x.nt", CONFIG, page=6, resume=False)
    assert (done["before"], done["triples"]) == (0, 25)
    (tmp_path / ".y.nt.pages").mkdir()
    (tmp_path / ".y.nt.pages" / "state.json").write_text('{"what": 1')
    with pytest.raises(ArtifactError, match=r"damaged .*--no-resume"):
        download(endpoint.url, tmp_path / "y.nt", CONFIG)


def test_a_server_that_limits_the_rate_is_waited_for(endpoint, tmp_path, monkeypatch) -> None:
    waited: list[float] = []  # of this thread alone: the server's own may sleep too
    clock = SimpleNamespace(sleep=waited.append, time=time.time)
    monkeypatch.setattr(answers, "time", clock)
    said = {2: ("429", "7"), 3: ("503", formatdate(time.time() + 200)), 5: ("503", "soon")}

    def busy(handler, number: int) -> bool:
        if number not in said:
            return False
        status, after = said[number]
        return send(handler, b"busy", "text/plain", int(status), Retry_After=after)

    endpoint.before = busy
    done = download(endpoint.url, tmp_path / "x.nt", CONFIG, page=20)
    assert (done["triples"], done["pages"]) == (25, 2)
    seconds, until, backoff = waited
    assert (seconds, backoff) == (7.0, 0.01)
    assert 100 < until <= 200


def test_a_server_that_stays_busy_or_asks_too_much_is_given_up(endpoint, tmp_path) -> None:
    endpoint.before = lambda handler, number: send(handler, b"", "text/plain", 503)
    message = refused(endpoint, tmp_path / "x.nt")
    assert "answered 503 Service Unavailable. Check the address. Gave up after 5 tries" in message
    assert len(endpoint.queries) == 5
    endpoint.before = lambda *_: send(_[0], b"", "text/plain", 429, Retry_After="3600")
    message = refused(endpoint, tmp_path / "x.nt")
    assert "It asks to wait 3,600 s. Gave up after 1 try." in message
    assert list(tmp_path.iterdir()) == []


def test_a_connection_that_breaks_is_tried_again_but_not_the_first(endpoint, tmp_path) -> None:
    def broken(handler, number: int) -> bool:
        if number != 2:
            return False
        handler.connection.close()
        return True

    endpoint.before = broken
    done = download(endpoint.url, tmp_path / "x.nt", CONFIG, page=20)
    assert (done["triples"], len(endpoint.queries)) == (25, 4)
    endpoint.before = lambda handler, number: handler.connection.close() or True
    endpoint.queries.clear()
    assert "the connection failed" in refused(endpoint, tmp_path / "y.nt")
    assert len(endpoint.queries) == 1


def test_a_named_graph_is_asked_alone(endpoint, tmp_path) -> None:
    done = download(endpoint.url, tmp_path / "x.nt", CONFIG, graph=GRAPH.value)
    assert done["triples"] == 3
    assert all(line.startswith(f"<{GRAPH.value}> <{E}q> ") for line in read(tmp_path / "x.nt"))


def test_a_select_of_other_names_and_expressions_makes_triples(endpoint, tmp_path) -> None:
    query = f"""PREFIX e: <{E}> # a comment with LIMIT 3 and }}
        SELECT ?thing (e:label AS ?how) (STR(?x) AS ?text) WHERE {{
          {{ SELECT * WHERE {{ ?thing e:p ?x }} ORDER BY ?thing LIMIT 7 }} }} # the end"""
    done = download(endpoint.url, tmp_path / "x.nt", CONFIG, query=query, page=3)
    assert (done["triples"], done["pages"]) == (7, 3)
    first = (tmp_path / "x.nt").read_text().splitlines()[0]
    assert first == f'<{E}s00> <{E}label> "\\"0\\"\\n" .'


def test_a_construct_is_paged_by_its_rows(endpoint, tmp_path) -> None:
    query = f"CONSTRUCT {{ ?s a <{E}C> ; <{E}says> ?o }} WHERE {{ ?s ?p ?o }} ORDER BY DESC(?s)"
    done = download(endpoint.url, tmp_path / "x.nt", CONFIG, query=query, page=10)
    assert (done["triples"], done["pages"]) == (50, 3)
    assert len(read(tmp_path / "x.nt")) == 50
    assert endpoint.queries[0].endswith("ORDER BY DESC(?s)\n?s ?o\nLIMIT 10 OFFSET 0")


def test_a_long_query_is_posted(endpoint, tmp_path) -> None:
    query = paging.EVERYTHING + "\n#" + "x" * 3_000
    assert download(endpoint.url, tmp_path / "x.nt", CONFIG, query=query)["triples"] == 25
    assert set(endpoint.methods) == {"POST"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("ASK { ?s ?p ?o }", "wanted SELECT .* found ASK"),
        ("DESCRIBE <http://e.org/a>", "found DESCRIBE"),
        ("", "found nothing"),
        ("SELECT * WHERE { ?s ?p ?o }", r"found SELECT \*; wanted three variables"),
        ("SELECT ?s ?p WHERE { ?s ?p ?o }", r"found SELECT \?s, \?p; wanted three"),
        ("SELECT ?s ?s ?p { ?s ?p ?o }", "wanted three variables"),
        ("SELECT ?s ?p ?o { ?s ?p ?o } LIMIT 10", "LIMIT after the WHERE part .*--page"),
        ("SELECT ?s ?p ?o { ?s ?p ?o } OFFSET 10", "OFFSET after"),
        ("SELECT ?s ?p ?o { ?s ?p ?o } VALUES ?s { <urn:a> }", "VALUES after .*Move it into WHERE"),
        ("SELECT ?s ?p ?o { ?s ?p ?o", "braces or brackets do not match"),
        ("SELECT ?s ?p ?o { ?s ?p ?o }}", "found|match"),
    ],
)
def test_a_query_that_cannot_be_paged_is_refused_unasked(endpoint, tmp_path, query, words) -> None:
    with pytest.raises(UsageError, match=words):
        download(endpoint.url, tmp_path / "x.nt", CONFIG, query=query)
    assert endpoint.queries == []


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("BASE <http://e/> PREFIX : <#> SELECT DISTINCT ?a $b ?c FROM :g { ?a $b ?c }", "a b c"),
        ("SELECT (IF(?x > 1, ?y, '}') AS ?a) ?b (?z AS ?c) { ?x ?y ?z }", "a b c"),
        ('CONSTRUCT { ?s :p "?no" ; :q [ :r ?t ] } WHERE { ?s ?p ?o . ?o :x ?t }', "s t"),
        ("CONSTRUCT WHERE { ?s :p ?o }", "s o"),
        ("CONSTRUCT { :a :b :c } WHERE { ?s ?p ?o }", ""),
        ("SELECT ?a ?b ?c { ?a ?b ?c FILTER(?a<?b && ?c>?b) FILTER(STRLEN('''it's }''') > 1) }", "a b c"),
    ],
)  # fmt: skip
def test_the_variables_that_order_pages_are_found(query: str, variables: str) -> None:
    assert " ".join(paging.parse(query).variables) == variables


def test_blank_nodes_are_kept_apart_by_page_and_counted(endpoint, tmp_path) -> None:
    shared = ox.BlankNode("shared")
    for number in range(4):
        endpoint.store.add(ox.Quad(ox.NamedNode(f"{E}b{number}"), ox.NamedNode(E + "p"), shared))
    query = "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(ISBLANK(?o)) }"
    with pytest.warns(KGMLWarning, match="2 blank nodes on 2 pages: one that is on two pages"):
        done = download(endpoint.url, tmp_path / "x.nt", CONFIG, query=query, page=2)
    assert (done["triples"], done["blank_nodes"]) == (4, 2)
    objects = [line.split()[2] for line in (tmp_path / "x.nt").read_text().splitlines()]
    assert objects == ["_:p0b0", "_:p0b0", "_:p1b0", "_:p1b0"]


def rows(*bindings: dict[str, tuple[str, str]]) -> bytes:
    made = [{k: {"type": t, "value": v} for k, (t, v) in row.items()} for row in bindings]
    return json.dumps({"head": {"vars": ["s", "p", "o"]}, "results": {"bindings": made}}).encode()


IRI = ("uri", E + "a")
JSON = "application/sparql-results+json"


def test_rows_that_make_no_triple_are_left_out_and_counted(endpoint, tmp_path) -> None:
    page = rows(
        {"s": IRI, "p": IRI, "o": ("uri", "http://e.org/not an iri")},
        {"s": IRI, "p": IRI, "o": ("literal", "kept")},
        {"s": ("literal", "x"), "p": IRI, "o": IRI},
        {"s": IRI, "p": ("bnode", "x"), "o": IRI},
        {"s": IRI, "p": IRI},
    )
    endpoint.before = lambda handler, number: send(handler, page if number == 1 else rows(), JSON)
    with pytest.warns(KGMLWarning, match="4 rows left out: they make no triple"):
        done = download(endpoint.url, tmp_path / "x.nt", CONFIG)
    assert (done["triples"], done["left_out"]) == (1, 4)
    assert (tmp_path / "x.nt").read_text() == f'<{E}a> <{E}a> "kept" .\n'


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"<html><h1>Welcome</h1></html>", "text/html"),
        (b"", ""),
        (b'{"head": {}, "boolean": true}', JSON),
        (rows({"s": IRI, "p": IRI, "o": IRI})[:-9], JSON),
        (rows({"s": ("uri", "not an iri"), "p": IRI, "o": IRI}), JSON),
        (b'{"head": {"vars": ["x"]}, "results": {"bindings": [{}]}}', JSON),
        (b"[" * 100_000, JSON),
    ],
)
def test_an_answer_that_is_no_result_is_named(endpoint, tmp_path, content, kind) -> None:
    endpoint.before = lambda handler, number: send(handler, content, kind)
    message = refused(endpoint, tmp_path / "x.nt")
    assert f"{endpoint.url}: page 1 is no answer that can be read" in message
    assert "Check that the address is that of a SPARQL endpoint" in message


def test_a_construct_answered_in_rdf_xml_is_refused(endpoint, tmp_path) -> None:
    """Its entities may grow without end, and it was not asked for."""
    endpoint.before = lambda handler, number: send(handler, b"<rdf:RDF/>", "application/rdf+xml")
    message = refused(endpoint, tmp_path / "x.nt", query="CONSTRUCT WHERE { ?s ?p ?o }")
    assert "wanted application/n-triples" in message


def test_half_an_answer_of_virtuoso_is_refused(endpoint, tmp_path) -> None:
    endpoint.before = lambda *_: send(_[0], rows(), JSON, X_SQL_State="S1TAT")
    assert "only a part of the answer (X-SQL-State S1TAT)" in refused(endpoint, tmp_path / "x.nt")


def test_a_server_that_ignores_the_offset_does_not_go_on_for_ever(endpoint, tmp_path) -> None:
    page = rows({"s": IRI, "p": IRI, "o": IRI})
    endpoint.before = lambda handler, number: send(handler, page, JSON)
    message = refused(endpoint, tmp_path / "x.nt")
    assert "pages 1 and 2 are the same; the server seems to ignore OFFSET" in message


def test_each_limit_ends_the_download_and_names_its_option(endpoint, tmp_path) -> None:
    for option, most in [("max_triples", 9), ("max_bytes", 500), ("max_download", 300)]:
        config = replace(CONFIG, **{option: most})
        message = refused(endpoint, tmp_path / f"{option}.nt", config, page=5)
        assert f"more than {most:,} " in message
        assert f"Raise {option} in [graph]" in message


def test_a_server_that_takes_too_long_is_cut_off(endpoint, tmp_path) -> None:
    waiting = threading.Event()
    endpoint.before = lambda handler, number: waiting.wait(5) or True
    message = refused(endpoint, tmp_path / "x.nt", replace(CONFIG, timeout=0.3))
    waiting.set()
    assert "no whole answer within 0.3 s. Raise timeout" in message


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("http://127.0.0.1:{port}/sparql", "another server"),
        ("http://localhost:1/sparql", "another server"),
        ("https://localhost:{port}/sparql", "another server"),
        ("http://169.254.169.254/", "another server"),
    ],
)
def test_a_redirect_to_another_server_is_refused(endpoint, tmp_path, target, words) -> None:
    target = target.format(port=urlsplit(endpoint.url).port)
    endpoint.before = lambda *_: send(_[0], b"", "text/plain", 307, Location=target)
    assert words in refused(endpoint, tmp_path / "x.nt")
    assert len(endpoint.queries) == 1


def test_a_redirect_on_the_same_server_is_followed(endpoint, tmp_path) -> None:
    def moved(handler: BaseHTTPRequestHandler, number: int) -> bool:
        return handler.path.startswith("/sparql") and send(
            handler, b"", "text/plain", 302, Location=handler.path.replace("sparql", "query")
        )

    endpoint.before = moved
    assert download(endpoint.url, tmp_path / "x.nt", CONFIG)["triples"] == 25
    query = paging.EVERYTHING + "\n#" + "x" * 3_000
    assert "Give that address" in refused(endpoint, tmp_path / "y.nt", query=query)


def test_no_triples_at_all_is_a_warning(endpoint, tmp_path) -> None:
    with pytest.warns(KGMLWarning, match="the endpoint gave no triples"):
        done = download(endpoint.url, tmp_path / "x.nt", CONFIG, graph=E + "none")
    assert (done["triples"], done["pages"]) == (0, 0)


def test_a_target_that_cannot_be_written_is_refused_before_the_first_question(
    endpoint, tmp_path
) -> None:
    (tmp_path / "file").write_text("")
    for output in (tmp_path, tmp_path / "file" / "x.nt"):
        with pytest.raises(ArtifactError, match=r"[Cc]hoose another -o"):
            download(endpoint.url, output, CONFIG)
    with pytest.raises(UsageError, match="page = 0: wanted 1 or more rows"):
        download(endpoint.url, tmp_path / "x.nt", CONFIG, page=0)
    assert endpoint.queries == []


def command(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    return subprocess.run(
        [sys.executable, "-m", "kgml", "graph", "fetch", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_command_writes_a_file_and_says_so(endpoint, tmp_path) -> None:
    (tmp_path / "some.rq").write_text("SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(?o != '') }")
    done = command(tmp_path, endpoint.url, "-o", "x.nt", "--page", "9", "--query", "some.rq",
                   "--allow-network", "--json")  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["triples"] == 25
    assert read(tmp_path / "x.nt") == held(endpoint)
    again = command(tmp_path, endpoint.url, "-o", "x.nt", "--allow-network", "--graph", GRAPH.value)
    assert again.returncode == 0
    assert "triples        3" in again.stdout


def test_the_command_is_refused_without_leave_target_or_query(endpoint, tmp_path) -> None:
    for arguments, words in [
        (["-o", "x.nt"], "Add --allow-network"),
        (["--allow-network"], "no file to write; give -o FILE.nt"),
        (["--allow-network", "-o", "x.nt", "--query", "no.rq"], "no.rq: the query cannot be read"),
    ]:
        done = command(tmp_path, endpoint.url, *arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
    assert endpoint.queries == []
