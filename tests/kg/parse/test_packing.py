"""gzip, bzip2, xz and Zstandard: what comes out, what is refused, what is left behind."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from kgml.config import GraphConfig
from kgml.errors import OntologyError
from kgml.kg.parse import formats, packing
from kgml.kg.sources.find import Source, find

TEXT = b"@prefix : <http://e/> .\n" + b"".join(b":c%d a :C .\n" % i for i in range(20_000))
HPO = Path(__file__).parents[3].parent / "shared" / "data" / "ontologies" / "hpo" / "hp.obo"


def zstd(data: bytes) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress, ".bz2": bz2.compress, ".xz": lzma.compress, ".zst": zstd,
}  # fmt: skip
KINDS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}


def unpacked(path: Path, config: GraphConfig = GraphConfig()) -> bytes:  # noqa: B008
    """What `find` and `plain` make of a file."""
    (source,), _ = find([path], config.max_bytes)
    with packing.plain(source, config) as plain:
        return plain.read_bytes()


def refused(path: Path, *words: str, config: GraphConfig = GraphConfig()) -> None:  # noqa: B008
    with pytest.raises(OntologyError) as caught:
        unpacked(path, config)
    for word in (str(path), *words):
        assert word in str(caught.value)


@pytest.mark.parametrize("ending", PACKERS)
def test_a_packed_file_is_known_by_its_content_and_unpacked_for_a_while(write, ending) -> None:
    path = write(f"a.ttl{ending}", PACKERS[ending](TEXT))
    (source,), _ = find([path], 10**9)
    assert (source.kind, source.packing) == (formats.TURTLE, KINDS[ending])
    assert (source.name, source.plain_name) == (f"a.ttl{ending}", "a.ttl")
    with packing.plain(source, GraphConfig()) as plain:
        assert plain.read_bytes() == TEXT
        assert plain.name == "a.ttl"
    assert not plain.exists()
    assert unpacked(write("without-ending", PACKERS[ending](TEXT))) == TEXT


def test_a_plain_file_is_given_as_it_is(write) -> None:
    path = write("a.ttl", TEXT)
    (source,), _ = find([path], 10**9)
    with packing.plain(source, GraphConfig()) as plain:
        assert plain == path
    assert (source.packing, source.plain_name) == ("", "a.ttl")


@pytest.mark.parametrize("ending", PACKERS)
def test_several_members_one_after_another_are_one_file(write, ending) -> None:
    pack = PACKERS[ending]
    assert unpacked(write(f"a.ttl{ending}", pack(TEXT) + pack(b":x a :C .\n"))).endswith(
        b":x a :C .\n"
    )
    if ending != ".zst":
        assert unpacked(write(f"b.ttl{ending}", pack(TEXT) + b"\0" * 300)) == TEXT
    assert unpacked(write(f"c.ttl{ending}", pack(TEXT) + pack(b""))) == TEXT


@pytest.mark.parametrize("ending", PACKERS)
@pytest.mark.parametrize("share", [0.001, 0.1, 0.5, 0.9, 0.999])
def test_a_truncated_file_is_named_with_the_byte(write, ending, share) -> None:
    data = PACKERS[ending](TEXT)
    cut = max(int(len(data) * share), 6)
    path = write(f"a.ttl{ending}", data[:cut])
    refused(
        path, f"the {KINDS[ending]} data end early", "at byte", "truncated", "Download it again"
    )
    refused(write(f"b.ttl{ending}", data + data[:cut]), "end early", "truncated")


@pytest.mark.parametrize("ending", PACKERS)
def test_damage_and_what_follows_the_end_are_named(write, ending) -> None:
    data = PACKERS[ending](TEXT)
    if ending != ".zst":  # as Arrow writes it, zstd has no checksum
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        refused(write(f"a.ttl{ending}", flipped), f"damaged {KINDS[ending]} data before byte")
    refused(write(f"b.ttl{ending}", data + b"and more of it"), "before byte", "Download it again")


@pytest.mark.parametrize("ending", PACKERS)
def test_a_bomb_is_refused_by_its_ratio_and_by_its_size(write, ending) -> None:
    bomb = PACKERS[ending](b"# " + b"x" * 60_000_000)
    path = write(f"a.ttl{ending}", bomb)
    refused(path, "of more bytes than 200 for each packed one", "max_ratio")
    loose = GraphConfig(max_ratio=10**9, max_bytes=10_000_000)
    refused(path, "than the limit of 10,000,000", "max_bytes", config=loose)
    # what repeats itself within the first megabytes is no bomb
    small = PACKERS[ending](b"# " + b"x" * 3_000_000)
    assert len(unpacked(write(f"b.ttl{ending}", small))) == 3_000_002


def test_a_refused_file_leaves_nothing_behind(write, tmp_path, monkeypatch) -> None:
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    refused(write("a.ttl.gz", gzip.compress(TEXT)[:-9]), "truncated")
    assert list(folder.iterdir()) == []


def test_packed_twice_is_refused_with_advice(write) -> None:
    refused(write("a.gz", gzip.compress(bz2.compress(TEXT))), "bzip2 data within the packed file",
            "bunzip2")  # fmt: skip


def test_archives_are_refused_with_advice(write) -> None:
    refused(write("a.zip", b"PK\x03\x04...."), "a zip archive", "unzip")
    tar = b"a.ttl".ljust(257, b"\0") + b"ustar\x0000" + b"\0" * 200
    refused(write("a.tar", tar), "a tar archive", "tar -xf")
    refused(write("a.tar.gz", gzip.compress(tar)), "a tar archive", "tar -xf")


def test_what_is_packed_must_be_an_ontology(write) -> None:
    refused(write("a.ttl.gz", gzip.compress(b"")), "an empty file")
    refused(
        write("b.gz", gzip.compress(b"Hello world, this is a letter.")), "text that starts with"
    )
    refused(write("c.ttl.gz", b"\x1f\x8b"), "data end early, at byte 2")


def test_the_ending_below_the_packing_counts_in_a_folder(write) -> None:
    folder = write("f/a.obo.gz", gzip.compress(b"format-version: 1.2\n")).parent
    write("f/letter.txt.gz", gzip.compress(b"Dear reader,\n"))
    write("f/data.tar.gz", gzip.compress(b"\0" * 1000))
    write("f/edges.csv.xz", lzma.compress(b"head,relation,tail\na,b,c\n"))
    sources, skipped = find([folder], 10**9)
    assert [(s.name, s.kind) for s in sources] == [("a.obo.gz", formats.OBO)]
    assert skipped == 3
    assert find([folder / "edges.csv.xz"], 10**9)[0][0].kind == formats.EDGELIST


def test_an_error_inside_names_the_packed_file(write) -> None:
    path = write("a.ttl.gz", gzip.compress(TEXT))
    source = Source(path, path.name, formats.TURTLE, 0, "gzip")
    with (
        pytest.raises(OntologyError, match=r"a\.ttl\.gz, line 3: what") as caught,
        packing.plain(source, GraphConfig()) as plain,
    ):
        raise OntologyError(f"{plain}, line 3: what")
    assert str(caught.value) == f"{path}, line 3: what"


def test_the_limit_on_bytes_holds_for_the_packed_file_too(write) -> None:
    path = write("a.ttl.gz", gzip.compress(TEXT))
    refused(path, "more than the limit of 100", config=GraphConfig(max_bytes=100))


@pytest.mark.skipif(not HPO.is_file(), reason="hp.obo is not on this machine")
def test_hp_obo_is_unpacked_in_a_fraction_of_a_second(write) -> None:
    data = HPO.read_bytes()
    path = write("hp.obo.gz", gzip.compress(data))
    started = time.process_time()
    assert unpacked(path) == data
    assert time.process_time() - started < 1
