"""``kgml validate``: its verdict, its two streams and its exit code."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("pyshacl")

Run = Callable[..., subprocess.CompletedProcess[str]]
SHAPES = """\
@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix : <http://example.org/> .
:Aged a sh:NodeShape ; sh:targetSubjectsOf :age ;
    sh:property [ sh:path :age ; sh:maxInclusive 30 ; sh:message "is too old" ] .
"""


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    """People, one of them too old, and the shapes."""
    people, shapes = tmp_path / "people.ttl", tmp_path / "shapes.ttl"
    people.write_text("@prefix : <http://example.org/> . :tom :age 41 . :eve :age 7 .")
    shapes.write_text(SHAPES)
    return people, shapes


def test_what_conforms_ends_with_0(kgml: Run, files: tuple[Path, Path]) -> None:
    people, shapes = files
    people.write_text("@prefix : <http://example.org/> . :eve :age 7 .")
    done = kgml("validate", people, "--shapes", shapes)
    assert (done.returncode, done.stdout, done.stderr) == (0, "conforms: 1 file, 1 triples\n", "")


def test_what_does_not_conform_is_listed_and_ends_with_1(
    kgml: Run, files: tuple[Path, Path]
) -> None:
    done = kgml("validate", files[0], "--shapes", files[1])
    assert done.returncode == 1
    assert done.stderr == ""
    assert done.stdout.splitlines() == [
        "does not conform: 1 result in 1 file, 2 triples",
        "",
        "Violation: http://example.org/tom is too old",
        "  path    http://example.org/age",
        "  value   41",
        "  shape   http://example.org/Aged",
        "  source  people.ttl",
    ]


def test_json_is_one_document(kgml: Run, files: tuple[Path, Path]) -> None:
    done = kgml("validate", files[0], "--shapes", files[1], "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["conforms"], report["files"], report["triples"]) == (False, 1, 2)
    (result,) = report["results"]
    assert (result["focus"], result["constraint"]) == ("http://example.org/tom", "MaxInclusive")


def test_a_value_cannot_steer_the_terminal(kgml: Run, files: tuple[Path, Path]) -> None:
    files[0].write_text('@prefix : <http://example.org/> . :tom :age "a\\u001B[31mred\\nx" .')
    done = kgml("validate", files[0], "--shapes", files[1])
    assert done.returncode == 1
    assert "\x1b" not in done.stdout
    assert "a\\x1b[31mred\\x0ax" in done.stdout


def test_the_shipped_ontologies_conform_to_the_shipped_shapes(kgml: Run) -> None:
    done = kgml("validate", "fin", "bio", "--shapes", "kgml", "--json")
    assert (done.returncode, json.loads(done.stdout)["results"]) == (0, [])


def test_a_packed_file_is_read_and_one_cut_short_is_refused_in_one_line(
    kgml: Run, files: tuple[Path, Path], tmp_path: Path
) -> None:
    people, shapes = tmp_path / "people.ttl.gz", tmp_path / "shapes.ttl.gz"
    people.write_bytes(gzip.compress(files[0].read_bytes()))
    shapes.write_bytes(gzip.compress(files[1].read_bytes()))
    done = kgml("validate", people, "--shapes", shapes)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.splitlines()[-1] == "  source  people.ttl.gz"

    cut = tmp_path / "cut.rdf"
    cut.write_text(
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://e.org/">\n'
        '<rdf:Description rdf:about="http://e.org/tom"><age>41</age></rdf:Description>\n'
    )
    done = kgml("validate", cut, "--shapes", shapes)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: {cut}: <rdf:RDF> is never closed; the RDF/XML looks truncated. "
        "Download or export it again.\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "Missing argument 'PATH...'"),
        (["people.ttl"], 2, "Missing option '--shapes'"),
        (["none.ttl", "--shapes", "shapes.ttl"], 1, "none.ttl: no such file"),
        (["people.ttl", "--shapes", "people.ttl"], 1, "no SHACL shape found"),
        (["people.ttl", "--shapes", "shapes.ttl", "--reason", "rdsf"], 2, "Did you mean 'rdfs'?"),
    ],
)
def test_a_wrong_call_is_one_line(
    kgml: Run, files: tuple[Path, Path], arguments: list[str], code: int, words: str
) -> None:
    done = kgml("validate", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
