"""owl:imports to files: maps, catalogs, declarations, downloads, and what none of them provides."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path

import pytest

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.sources import catalog
from kgml.kg.sources.declared import declared
from kgml.kg.sources.imports import Imports
from kgml.progress import KGMLWarning

FIBO = Path(__file__).parents[3].parent / "shared" / "data" / "ontologies" / "fibo"
SPEC = "https://spec.edmcouncil.org/fibo/ontology/"
CONFIG = GraphConfig()
TURTLE = "@prefix owl: <http://www.w3.org/2002/07/owl#> .\n<{}> a owl:Ontology .\n"
CATALOG = '<?xml version="1.0"?>\n<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">{}</catalog>'


@pytest.fixture
def root(write) -> Path:
    """A folder with ``main.ttl``, which is ``http://e.org/main``."""
    return write("given/main.ttl", TURTLE.format("http://e.org/main")).parent


def found(imports: Imports, iri: str, importer: Path) -> str | None:
    path = imports.resolve(iri, importer)
    return None if path is None else path.name


def reason(imports: Imports) -> str:
    ((_, _, why),) = imports.unresolved
    return why


def test_a_file_beside_that_declares_the_iri_is_found_whatever_it_is_called(write, root) -> None:
    write("given/x1.ttl", TURTLE.format("http://e.org/parts"))
    write("given/deep/x2.ttl", TURTLE.format("http://e.org/deep"))
    imports = Imports(CONFIG, [root])
    assert found(imports, "http://e.org/parts", root / "main.ttl") == "x1.ttl"
    assert found(imports, "http://e.org/deep", root / "main.ttl") == "x2.ttl"
    assert imports.unresolved == []
    alone = Imports(CONFIG, [root / "main.ttl"])  # a file given: its own folder and no deeper
    assert found(alone, "http://e.org/parts", root / "main.ttl") == "x1.ttl"
    assert found(alone, "http://e.org/deep", root / "main.ttl") is None


def test_a_file_is_handed_out_once(write, root) -> None:
    write("given/parts.ttl", TURTLE.format("http://e.org/parts"))
    imports = Imports(CONFIG, [root])
    assert found(imports, "http://e.org/parts", root / "main.ttl") == "parts.ttl"
    assert found(imports, "http://e.org/parts", root / "main.ttl") is None
    known = Imports(CONFIG, [root, root / "main.ttl", root / "parts.ttl"])
    assert found(known, "http://e.org/parts", root / "main.ttl") is None
    assert imports.unresolved == known.unresolved == []


def test_an_ontology_that_is_loaded_is_not_looked_for(root) -> None:
    imports = Imports(CONFIG, [root])
    imports.loaded_ontology("http://e.org/a", "http://e.org/a/2026", root / "main.ttl")
    for iri in ("http://e.org/a", "https://e.org/a#", "http://E.org/a/2026/"):
        assert imports.seen(iri)
        assert found(imports, iri, root / "main.ttl") is None
    assert imports.unresolved == []
    assert not imports.seen("http://e.org/A")


def test_an_ontology_that_imports_itself_is_no_news(root) -> None:
    imports = Imports(CONFIG, [root])
    assert found(imports, "http://e.org/main", root / "main.ttl") is None
    assert imports.unresolved == []


@pytest.mark.parametrize("asked", ["https://e.org/parts", "http://e.org/parts#", "http://e.org/parts/"])  # fmt: skip
def test_http_or_https_and_what_ends_an_iri_make_no_difference(write, root, asked: str) -> None:
    write("given/parts.ttl", TURTLE.format("http://e.org/parts"))
    assert found(Imports(CONFIG, [root]), asked, root / "main.ttl") == "parts.ttl"
    mapped = replace(CONFIG, import_map={"http://e.org/parts": str(root / "parts.ttl")})
    assert found(Imports(mapped, [root]), asked, root / "main.ttl") == "parts.ttl"
    write("given/catalog-v001.xml",
          CATALOG.format('<uri name="http://e.org/parts" uri="parts.ttl"/>'))  # fmt: skip
    assert found(Imports(CONFIG, [root / "main.ttl"]), asked, root / "main.ttl") == "parts.ttl"


def test_the_map_of_the_user_wins_and_may_lead_anywhere(write, root) -> None:
    write("given/parts.ttl", TURTLE.format("http://e.org/parts"))
    other = write("elsewhere/mine.ttl", TURTLE.format("http://e.org/parts"))
    config = replace(CONFIG, import_map={"http://e.org/parts": str(other)})
    assert found(Imports(config, [root]), "http://e.org/parts", root / "main.ttl") == "mine.ttl"


def test_a_map_to_no_file_is_listed(root) -> None:
    imports = Imports(replace(CONFIG, import_map={"http://e.org/a": "no.ttl"}), [root])
    assert found(imports, "http://e.org/a", root / "main.ttl") is None
    assert "import_map gives no.ttl, which is no file; correct it" in reason(imports)


def test_what_nobody_has_is_listed_once_with_the_next_step(root) -> None:
    imports = Imports(CONFIG, [root])
    for iri in ("http://e.org/gone", "https://e.org/gone#"):
        assert imports.resolve(iri, root / "main.ttl") is None
    ((iri, importer, why),) = imports.unresolved
    assert (iri, importer) == ("http://e.org/gone", "main.ttl")
    assert "[graph.import_map] of kgml.toml, or --allow-network" in why
    imports.loaded_ontology("http://e.org/gone", "", root / "main.ttl")
    assert imports.unresolved == []  # it turned up in a file read later


def test_each_kind_of_catalog_entry_resolves(write, root) -> None:
    for name in ("uri", "sub/rewritten", "suffix", "base/based", "next/next", "delegated"):
        write(f"given/{name}.ttl", "# nothing declared\n")
    write("given/next/more.xml", CATALOG.format('<uri name="http://e.org/next" uri="next.ttl"/>'))
    write("given/d.xml", CATALOG.format('<uri name="urn:d:1" uri="delegated.ttl"/>'))
    write("given/catalog-v001.xml", CATALOG.format("""
        <uri id="x" name="http://e.org/uri" uri="./uri.ttl"/>
        <uri name="http://e.org/uri" uri="never.ttl"/>
        <rewriteURI uriStartString="http://e.org/" rewritePrefix="never/"/>
        <rewriteURI uriStartString="http://e.org/sub/" rewritePrefix="sub/"/>
        <uriSuffix uriSuffix="fix" uri="never.ttl"/>
        <uriSuffix uriSuffix="some/suffix" uri="suffix.ttl"/>
        <group xml:base="base/"><uri name="urn:based" uri="based.ttl"/></group>
        <group id="Folder Repository" prefer="public" xml:base=""/>
        <delegateURI uriStartString="urn:d:" catalog="d.xml"/>
        <other xmlns="urn:other" uri="?"/>"""))  # fmt: skip
    write("given/inner/catalog-v001.xml",
          CATALOG.format('<nextCatalog catalog="../next/more.xml"/>'))  # fmt: skip
    write("given/inner/importer.ttl", "# nothing declared\n")
    imports = Imports(CONFIG, [root])
    for iri, name in [
        ("http://e.org/uri", "uri.ttl"), ("https://e.org/sub/rewritten.ttl", "rewritten.ttl"),
        ("urn:some/suffix", "suffix.ttl"), ("urn:based", "based.ttl"), ("urn:d:1", "delegated.ttl"),
    ]:  # fmt: skip
        assert found(imports, iri, root / "main.ttl") == name
    inner = root / "inner" / "importer.ttl"
    assert found(imports, "http://e.org/next", inner) == "next.ttl"
    assert found(imports, "urn:d:2", inner) is None
    assert imports.unresolved[0][:2] == ("urn:d:2", "inner/importer.ttl")


def test_the_nearest_catalog_wins_and_none_above_the_given_folder_is_asked(write, root) -> None:
    for name in ("near", "far", "outside"):
        write(f"given/{name}.ttl", "# nothing declared\n")
    entry = '<uri name="http://e.org/a" uri="{}"/>'
    write("given/sub/catalog-v001.xml", CATALOG.format(entry.format("../near.ttl")))
    write("given/catalog-v001.xml", CATALOG.format(entry.format("far.ttl")))
    imports = Imports(CONFIG, [root])
    assert found(imports, "http://e.org/a", root / "sub" / "x.ttl") == "near.ttl"
    assert found(imports, "http://e.org/a", root / "main.ttl") == "far.ttl"
    only = Imports(CONFIG, [write("given/sub/x.ttl", "# nothing declared\n")])
    assert found(only, "http://e.org/b", root / "sub" / "x.ttl") is None
    assert f"{root / 'catalog-v001.xml'} may know it" in reason(only)


@pytest.mark.parametrize(
    "uri",
    ["../secret.ttl", "/etc/passwd", "file:///etc/passwd", "a/../../secret.ttl", "%2e%2e/secret.ttl", "link.ttl"],
)  # fmt: skip
def test_a_catalog_may_not_point_outside(write, root, uri: str) -> None:
    write("secret.ttl", TURTLE.format("http://e.org/secret"))
    (root / "link.ttl").symlink_to(root.parent / "secret.ttl")
    write("given/catalog-v001.xml", CATALOG.format(f'<uri name="http://e.org/s" uri="{uri}"/>'))
    imports = Imports(CONFIG, [root])
    assert found(imports, "http://e.org/s", root / "main.ttl") is None
    assert f"the catalog catalog-v001.xml points outside {root}" in reason(imports)


def test_a_catalog_may_not_lead_to_catalogs_outside(write, root) -> None:
    write("outer.xml", CATALOG.format('<uri name="http://e.org/s" uri="given/main.ttl"/>'))
    write("given/catalog-v001.xml", CATALOG.format('<nextCatalog catalog="../outer.xml"/>'))
    with pytest.warns(KGMLWarning, match="points outside its folder; not read"):
        assert found(Imports(CONFIG, [root]), "http://e.org/s", root / "main.ttl") is None


def test_catalogs_that_name_each_other_end(write, root) -> None:
    names = [f"c{i}.xml" for i in range(12)]
    every = "".join(f'<nextCatalog catalog="{name}"/>' for name in names)
    for name in names:
        write(f"given/{name}", CATALOG.format(every))
    write("given/catalog-v001.xml", CATALOG.format(every))
    assert found(Imports(CONFIG, [root]), "http://e.org/s", root / "main.ttl") is None
    for i in range(12):  # a chain without a ring is followed ten catalogs deep
        write(f"given/c{i}.xml", CATALOG.format(
            f'<uri name="urn:at:{i}" uri="main.ttl"/><nextCatalog catalog="c{i + 1}.xml"/>'))  # fmt: skip
    write("given/catalog-v001.xml", CATALOG.format('<nextCatalog catalog="c0.xml"/>'))
    chain = catalog.Catalogs([root])
    assert chain.lookup("urn:at:8", root / catalog.NAME) == (root / "main.ttl").as_uri()
    assert chain.lookup("urn:at:9", root / catalog.NAME) is None


BOMB = (
    '<!DOCTYPE catalog [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    '<catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog"><uri name="&b;" uri="x"/></catalog>'
)
EXTERNAL = BOMB.replace('<!ENTITY a "aaaaaaaaaa">', '<!ENTITY a SYSTEM "file:///etc/passwd">')


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (BOMB, "declares entities"),
        (EXTERNAL, "declares entities"),
        ("<catalog", "line 1: not well-formed XML"),
        ("", "not well-formed XML"),
        (CATALOG.format("<group>")[:-3], "not well-formed XML"),
        ("<html/>", "the root is <html>"),
        ('<catalog xmlns="urn:other"/>', "the root is <catalog>"),
        (CATALOG.format('<uri name="x"/>'), "<uri> without the attribute 'uri'"),
        (CATALOG.format("<group>" * 200 + "</group>" * 200), "more than 100 elements within"),
        (CATALOG.format('<uri name="x" uri="http://[::1/"/>'), "cannot be read as a catalog"),
        (
            '<?xml version="1.0" encoding="martian"?><catalog/>',
            "not well-formed XML|cannot be read",
        ),
    ],
)
def test_a_broken_catalog_named_by_the_user_is_refused(write, root, content, words) -> None:
    path = write("my.xml", content)
    with pytest.raises(OntologyError, match=words) as caught:
        Imports(replace(CONFIG, catalog=str(path)), [root])
    assert str(path) in str(caught.value)
    assert "Wanted an OASIS XML catalog" in str(caught.value)


def test_a_catalog_with_only_the_oasis_document_type_is_read(write, root) -> None:
    doctype = (
        '<!DOCTYPE catalog PUBLIC "-//OASIS//DTD Entity Resolution XML Catalog V1.0//EN" '
        '"http://www.oasis-open.org/committees/entity/release/1.0/catalog.dtd">'
    )
    body = CATALOG.format('<uri name="http://e.org/s" uri="main.ttl"/>').partition("\n")[2]
    read = catalog.read(write("given/c.xml", doctype + body))
    assert read.uris == {"http://e.org/s": (root / "main.ttl").as_uri()}


def test_a_missing_catalog_named_by_the_user_is_refused(root) -> None:
    with pytest.raises(OntologyError, match=r"the catalog cannot be read .*Check the path"):
        Imports(replace(CONFIG, catalog=str(root / "no.xml")), [root])


def test_a_broken_catalog_that_was_merely_found_is_a_warning(write, root) -> None:
    write("given/catalog-v001.xml", BOMB)
    write("given/parts.ttl", TURTLE.format("http://e.org/parts"))
    imports = Imports(CONFIG, [root])
    with pytest.warns(KGMLWarning, match="declares entities.*Going on without it"):
        assert found(imports, "http://e.org/parts", root / "main.ttl") == "parts.ttl"


def test_the_catalog_of_the_user_reaches_its_own_folder(write, root) -> None:
    write("library/parts.ttl", "# nothing declared\n")
    path = write("library/my.xml", CATALOG.format('<uri name="http://e.org/p" uri="parts.ttl"/>'))
    imports = Imports(replace(CONFIG, catalog=str(path)), [root])
    assert found(imports, "http://e.org/p", root / "main.ttl") == "parts.ttl"


@pytest.mark.parametrize(
    ("iri", "name"),
    [
        ("urn:kgml:/parts.ttl", "parts.ttl"),  # <parts.ttl> in a file whose base is urn:kgml:/name
        ("urn:kgml:/sub/more%20parts.ttl", "more parts.ttl"),
        ("parts.ttl", "parts.ttl"),  # as OBO writes it
        ("urn:kgml:/../secret.ttl", None),
        ("../secret.ttl", None),
        ("file:///etc/passwd", None),
        ("%00", None),
        ("http://[x", None),
        ("", None),
    ],
)
def test_an_import_written_as_a_path_stays_in_the_folder(write, root, iri, name) -> None:
    write("secret.ttl", TURTLE.format("http://e.org/secret"))
    write("given/parts.ttl", "# nothing declared\n")
    write("given/sub/more parts.ttl", "# nothing declared\n")
    imports = Imports(CONFIG, [root])
    assert found(imports, iri, root / "main.ttl") == name
    assert len(imports.unresolved) == (name is None)


def test_of_two_files_that_declare_an_iri_the_nearer_is_taken(write, root) -> None:
    write("given/a/x.ttl", TURTLE.format("http://e.org/x"))
    write("given/b/x.ttl", TURTLE.format("http://e.org/x"))
    importer = write("given/b/main.ttl", "# nothing declared\n")
    assert Imports(CONFIG, [root]).resolve("http://e.org/x", importer) == root / "b" / "x.ttl"


XML = """<?xml version="1.0"?><!DOCTYPE rdf:RDF [<!ENTITY o "http://e.org/"><!ENTITY deep "&o;&o;">]>
<!-- <owl:Ontology rdf:about="http://e.org/comment"/> -->
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xml:base="http://e.org/base"
 xmlns:owl="http://www.w3.org/2002/07/owl#"><owl:Ontology {}>
 <owl:versionIRI rdf:resource='&o;2026'/></owl:Ontology>"""


@pytest.mark.parametrize(
    ("name", "content", "iris"),
    [
        ("a.owl", XML.format('rdf:about="&o;a"'), ["http://e.org/a", "http://e.org/2026"]),
        ("a.owl", XML.format('rdf:about=""'), ["http://e.org/base", "http://e.org/2026"]),
        ("a.owl", XML.format('rdf:about="&deep;"'), ["&deep;", "http://e.org/2026"]),
        ("a.owx", '<?xml version="1.0"?><Ontology xmlns="http://www.w3.org/2002/07/owl#"\n'
         'ontologyIRI="http://e.org/a" versionIRI="http://e.org/v">', ["http://e.org/a", "http://e.org/v"]),
        ("a.ttl", "PREFIX o: <http://www.w3.org/2002/07/owl#> PREFIX : <http://e.org/>\n"
         ':a a o:Ontology ; o:versionIRI :v ; :said "cut', ["http://e.org/a", "http://e.org/v"]),
        ("a.nt", "<urn:a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
         "<http://www.w3.org/2002/07/owl#Ontology> .\n", ["urn:a"]),
        ("a.nq", "<urn:a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "
         "<http://www.w3.org/2002/07/owl#Ontology> <urn:g> .\n", ["urn:a"]),
        ("a.obo", "format-version: 1.4\ndata-version: ex/2026/ex.obo\nontology: ex\n\n[Term]\nid: EX:1\n",
         ["http://purl.obolibrary.org/obo/ex/2026/ex.obo", "http://purl.obolibrary.org/obo/ex.owl",
          "http://purl.obolibrary.org/obo/ex.obo"]),
        ("a.ofn", "Prefix(:=<http://e.org/>)\nOntology(<http://e.org/a> <http://e.org/v>\nImport(<x>)\n",
         ["http://e.org/a", "http://e.org/v"]),
        ("a.jsonld", '{"@context": {}, "@id": "http://e.org/a", "@type": "owl:Ontology"}', ["http://e.org/a"]),
        ("a.json", '{"graphs" : [ {"id" : "http://e.org/a.json", "meta": {}', ["http://e.org/a.json"]),
        ("a.ttl", "", []),
        ("a.ttl", "@prefix : <http://e.org/> . :a :b :c .", []),
        ("a.ttl", "\0\1\2", []),
    ],
)  # fmt: skip
def test_the_head_of_a_file_says_which_ontology_it_is(write, name, content, iris) -> None:
    assert declared(write(name, content)) == iris
    assert declared(write(f"{name}.gz", gzip.compress(content.encode()))) == iris


def test_a_packed_head_that_is_damaged_declares_nothing(write) -> None:
    packed = gzip.compress(TURTLE.format("http://e.org/a").encode())
    assert declared(write("a.ttl.gz", packed[:12])) == []
    assert declared(write("b.ttl.gz", packed[:20] + b"\0" * 20)) == []
    assert declared(write("a.ttl.xz", b"\xfd7zXZ" + bytes(30))) == []


@pytest.mark.parametrize("start", ["<" + "a" * 65_000, "<Ontology '" * 6_000, "<!--" * 16_000,
                                   "[" * 65_000, '{"@id":"x" ' * 6_000, "\n" * 65_000])  # fmt: skip
def test_a_hostile_head_takes_no_time(write, start: str) -> None:
    import time

    path, began = write("a.owl", start), time.process_time()
    assert declared(path) == []
    assert time.process_time() - began < 1.0


def test_the_network_is_used_only_when_allowed_and_then_by_https(
    site, rules, root, tmp_path
) -> None:
    site.put("/parts", TURTLE.format("http://e.org/parts").encode())
    iri = site.url("/parts#").replace("https:", "http:")  # most imports are written so
    offline = Imports(CONFIG, [root], folder=tmp_path / "cache", rules=rules)
    assert offline.resolve(iri, root / "main.ttl") is None
    assert site.asked == []
    config = replace(CONFIG, allow_network=True)
    online = Imports(config, [root], folder=tmp_path / "cache", rules=rules)
    path = online.resolve(iri, root / "main.ttl")
    assert path is not None
    assert path.read_text() == TURTLE.format("http://e.org/parts")
    assert online.downloaded == {path: site.url("/parts#")}
    assert len(site.asked) == 1


def test_a_download_that_fails_is_listed_and_not_tried_again(site, rules, root, tmp_path) -> None:
    config = replace(CONFIG, allow_network=True)
    imports = Imports(config, [root], folder=tmp_path / "cache", rules=rules)
    for _ in range(2):
        assert imports.resolve(site.url("/gone"), root / "main.ttl") is None
    assert "the server answered 404" in reason(imports)
    assert len(site.asked) == 1
    strict = Imports(config, [root], folder=tmp_path / "cache")
    assert strict.resolve(site.url("/gone"), root / "main.ttl") is None
    assert "a loopback address; only public addresses are asked" in reason(strict)
    assert len(site.asked) == 1


def test_a_downloaded_ontology_reaches_no_file_by_a_path(site, rules, root, tmp_path) -> None:
    site.put("/parts.ttl", TURTLE.format("http://e.org/parts").encode())
    config = replace(CONFIG, allow_network=True)
    imports = Imports(config, [root], folder=tmp_path / "cache", rules=rules)
    path = imports.resolve(site.url("/parts.ttl"), root / "main.ttl")
    assert path is not None
    for iri in (f"file://{root}/main.ttl", "main.ttl", "urn:kgml:/main.ttl", path.as_uri()):
        assert imports.resolve(iri, path) is None
    assert [entry[1] for entry in imports.unresolved] == [site.url("/parts.ttl")] * 4


@pytest.mark.skipif(not FIBO.is_dir(), reason="shared/data is not beside the checkout")
def test_every_entry_of_fibos_catalog_leads_to_the_file_that_declares_it() -> None:
    read = catalog.read(FIBO / catalog.NAME)
    imports = Imports(CONFIG, [FIBO / "AboutFIBOProd.rdf"])
    right = 0
    for iri in read.uris:
        path = imports.resolve(iri, FIBO / "AboutFIBOProd.rdf")
        right += path is not None and catalog.bare(iri) in map(catalog.bare, declared(path))
    assert (len(read.uris), right) == (290, 283)
    left_out = [why for _, _, why in imports.unresolved if "rdf, which is no file" in why]
    assert len(left_out) == 7  # files of individuals that the copy in shared/data leaves out


@pytest.mark.skipif(not FIBO.is_dir(), reason="shared/data is not beside the checkout")
@pytest.mark.parametrize("given", ["AboutFIBOProd.rdf", "."])
def test_fibo_is_closed_under_imports_but_for_what_it_does_not_ship(given: str) -> None:
    import pyoxigraph as ox

    top = FIBO / "AboutFIBOProd.rdf"
    imports, queue = Imports(CONFIG, [FIBO / given]), [top]
    for path in queue:
        for _, predicate, value, _ in ox.parse(
            path=path, format=ox.RdfFormat.RDF_XML, lenient=True
        ):
            if predicate.value.endswith("owl#imports"):
                queue += filter(None, [imports.resolve(value.value, path)])
    assert len(queue) == 153
    assert len(imports.unresolved) == 27
    elsewhere = [iri for iri, _, _ in imports.unresolved if "//www.omg.org/spec/" in iri]
    assert len(elsewhere) == 26  # and one of FIBO's files that the copy leaves out
