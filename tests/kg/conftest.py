"""One ontology of five live classes and an obsolete one, written by hand in OBO and in Turtle."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from kgml.kg.sources.transport import Rules, not_public

CERTIFICATE = Path(__file__).with_name("localhost.pem")
OBO = """\
format-version: 1.4
data-version: 2026-01-01
synonymtypedef: abbreviation "abbreviation"
ontology: ex
property_value: dcterms:title "Hearts" xsd:string
property_value: dcterms:license https://creativecommons.org/publicdomain/zero/1.0/

[Term]
id: EX:1
name: disease
def: "A \\"disorder\\" of structure or function." [PMID:1]
disjoint_from: EX:4 ! heart

[Term]
id: EX:2
name: heart disease
synonym: "cardiac disease" EXACT []
is_a: EX:1 {source="textbook"} ! disease
relationship: located_in EX:4 ! heart

[Term]
id: EX:3
name: atrial fibrillation
def: "An irregular, often rapid heart rhythm." []
comment: Seen on the ECG.
synonym: "AF" EXACT abbreviation [PMID:2]
synonym: "auricular fibrillation" RELATED []
synonym: "atrial fibrillation" EXACT []
xref: UMLS:C0004238
intersection_of: EX:2 ! heart disease
intersection_of: located_in EX:4 ! heart

[Term]
id: EX:4
name: heart
is_a: EX:5 ! organ

[Term]
id: EX:5
name: organ

[Term]
id: EX:9
name: obsolete dropsy
is_obsolete: true

[Typedef]
id: located_in
name: located in
xref: RO:0001025
"""

TURTLE = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix obo: <http://purl.obolibrary.org/obo/> .
@prefix oio: <http://www.geneontology.org/formats/oboInOwl#> .

obo:ex.owl a owl:Ontology ; dcterms:title "Hearts" ; owl:versionInfo "2026-01-01" ;
  dcterms:license <https://creativecommons.org/publicdomain/zero/1.0/> .

obo:RO_0001025 a owl:ObjectProperty ; rdfs:label "located in" .

obo:EX_1 a owl:Class ; rdfs:label "disease" ; owl:disjointWith obo:EX_4 ;
  obo:IAO_0000115 "A \\"disorder\\" of structure or function." .
obo:EX_2 a owl:Class ; rdfs:label "heart disease" ; oio:hasExactSynonym "cardiac disease" ;
  rdfs:subClassOf obo:EX_1 ,
    [ a owl:Restriction ; owl:onProperty obo:RO_0001025 ; owl:someValuesFrom obo:EX_4 ] .
obo:EX_3 a owl:Class ; rdfs:label "atrial fibrillation" ;
  obo:IAO_0000115 "An irregular, often rapid\\n heart rhythm." ; rdfs:comment "Seen on the ECG." ;
  oio:hasExactSynonym "AF" , "atrial fibrillation" ;
  oio:hasRelatedSynonym "auricular fibrillation" ; oio:hasDbXref "UMLS:C0004238" ;
  owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( obo:EX_2
    [ a owl:Restriction ; owl:onProperty obo:RO_0001025 ; owl:someValuesFrom obo:EX_4 ] ) ] .
[] a owl:Axiom ; owl:annotatedSource obo:EX_3 ; owl:annotatedProperty oio:hasExactSynonym ;
  owl:annotatedTarget "AF" ; oio:hasSynonymType <http://purl.obolibrary.org/obo/ex#abbreviation> .
obo:EX_4 a owl:Class ; rdfs:label "heart" ; rdfs:subClassOf obo:EX_5 .
obo:EX_5 a owl:Class ; rdfs:label "organ" .
obo:EX_9 a owl:Class ; rdfs:label "obsolete dropsy" ; owl:deprecated true .
"""

PREFIXES = """\
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
@prefix skosxl: <http://www.w3.org/2008/05/skos-xl#> .
@prefix schema: <https://schema.org/> .
@prefix dcterms: <http://purl.org/dc/terms/> .
@prefix : <https://example.org/> .
"""

Write = Callable[[str, "str | bytes"], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a file into the test's folder: ``write(name, text or bytes)`` gives its path."""

    def write_file(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    return write_file


@pytest.fixture
def turtle(write: Write) -> Callable[[str], Path]:
    """Write statements below the usual prefixes; ``:`` is ``https://example.org/``."""
    return lambda body: write("tiny.ttl", PREFIXES + body)


@pytest.fixture
def hearts_obo(write: Write) -> Path:
    return write("hearts.obo", OBO)


@pytest.fixture
def hearts_ttl(write: Write) -> Path:
    return write("hearts.ttl", TURTLE)


class Site:
    """An HTTPS server on 127.0.0.1; ``pages`` maps a path to what answers it."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[BaseHTTPRequestHandler], None]] = {}
        self.asked: list[tuple[str, str]] = []
        """(Host header, path) of each request."""
        site = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.headers["Host"], self.path))
                page = site.pages.get(self.path)
                with suppress(OSError):  # the client may have gone
                    if page:
                        page(self)
                    else:
                        self.send_error(404)

            def log_message(self, *_: object) -> None:
                pass

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.server.handle_error = lambda *_: None  # handshakes that clients break off
        self.port = self.server.server_address[1]

    def url(self, path: str, host: str = "localhost") -> str:
        return f"https://{host}:{self.port}{path}"

    def put(self, path: str, content: bytes, status: int = 200, **headers: str) -> None:
        def page(handler: BaseHTTPRequestHandler) -> None:
            handler.send_response(status)
            for name, value in {"Content-Length": str(len(content)), **headers}.items():
                handler.send_header(name.replace("_", "-"), value)
            handler.end_headers()
            handler.wfile.write(content)

        self.pages[path] = page


@pytest.fixture
def site() -> Iterator[Site]:
    """A running `Site`."""
    site = Site()
    thread = threading.Thread(target=site.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield site
    site.server.shutdown()
    site.server.server_close()


@pytest.fixture
def rules() -> Rules:
    """The rules for strangers' files, but for the certificate and the address of `Site`."""
    return Rules(
        refuse=lambda address: "" if address.is_loopback else not_public(address),
        context=ssl.create_default_context(cafile=str(CERTIFICATE)),
    )
