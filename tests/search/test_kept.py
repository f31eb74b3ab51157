"""What a search keeps: found again, refused when damaged, bounded."""

from __future__ import annotations

import os

import numpy as np
import pytest

from kgml import artifacts
from kgml.encoders import text as text_module
from kgml.encoders import unchanged
from kgml.encoders.text import TextEncoder
from kgml.errors import UsageError
from kgml.progress import KGMLWarning, set_notes
from kgml.search import kept
from kgml.search.engine import GraphSearch
from kgml.search.kept import open_search

from .conftest import HEARTS


@pytest.fixture
def built(hearts, encoder, tmp_path):
    open_search(hearts, encoder, cache=tmp_path)
    return tmp_path / "search"


def test_a_second_search_neither_counts_nor_encodes(
    hearts, encoder, tmp_path, built, monkeypatch
) -> None:
    monkeypatch.setattr(kept, "documents", None)
    monkeypatch.setattr(kept, "index_names", None)
    hits = open_search(hearts, encoder, cache=tmp_path).search("heart attack", 1)
    assert hits[0].form == "heart attack"


@pytest.mark.parametrize("which", ["words", "flat"])
@pytest.mark.parametrize("how", ["bit", "missing"])
def test_a_damaged_folder_is_built_again_with_a_warning(
    hearts, encoder, tmp_path, built, which, how
) -> None:
    (folder,) = (f for f in built.iterdir() if which in f.name)
    file = max(folder.iterdir(), key=lambda f: f.stat().st_size)
    if how == "missing":
        file.unlink()
    else:
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
    with pytest.warns(KGMLWarning, match="It is built again") as caught:
        hits = open_search(hearts, encoder, cache=tmp_path).search("heart attack", 1)
    assert len(caught) == 1
    assert hits[0].form == "heart attack"
    open_search(hearts, encoder, cache=tmp_path)


def test_a_folder_of_another_graph_is_not_taken(
    hearts, make_graph, encoder, tmp_path, built
) -> None:
    other = make_graph("[Term]\nid: X:1\nname: Zebra\n")
    for folder in list(built.iterdir()):
        folder.rename(built / folder.name.replace(hearts.fingerprint[:16], other.fingerprint[:16]))
    with pytest.warns(KGMLWarning, match="another graph"):
        assert open_search(other, encoder, cache=tmp_path).search("zebra", 1)[0].spelled


def test_what_cannot_be_kept_is_one_warning_each(hearts, encoder, tmp_path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.warns(KGMLWarning, match="Set KGML_CACHE to .*built again next time") as caught:
        engine = open_search(hearts, encoder, cache=tmp_path / "file")
    assert len(caught) == 2
    assert engine.search("heart attack", 1)[0].spelled


def test_what_was_used_longest_ago_goes_first(
    hearts, make_graph, encoder, tmp_path, built, monkeypatch
) -> None:
    folders = sorted(built.iterdir())
    for age, folder in enumerate(folders):
        os.utime(folder / "manifest.json", (1000 - age, 1000 - age))
    open_search(hearts, cache=tmp_path)  # the words are in use again
    monkeypatch.setenv("KGML_CACHE_BYTES", "5000")
    open_search(make_graph("[Term]\nid: X:1\nname: Zebra\n"), cache=tmp_path)
    left = {folder.name.split("-")[-1] for folder in built.iterdir()}
    assert left == {"words1"}


def test_under_a_low_bound_words_and_index_do_not_drive_each_other_out(
    hearts, encoder, tmp_path, built, monkeypatch
) -> None:
    (words,) = (f for f in built.iterdir() if "words" in f.name)
    monkeypatch.setenv("KGML_CACHE_BYTES", str(sum(f.stat().st_size for f in words.iterdir()) + 99))
    for _ in range(2):
        with pytest.warns(KGMLWarning, match="flat: KGML_CACHE_BYTES allows") as caught:
            hits = open_search(hearts, encoder, cache=tmp_path).search("heart attack", 1)
        assert (len(caught), hits[0].form) == (1, "heart attack")
        assert [folder.name for folder in built.iterdir()] == [words.name]


def test_words_alone_never_ask_the_encoder(hearts, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(text_module.TextEncoder, "encode", None)
    assert open_search(hearts, cache=tmp_path).search("attack", 1, method="bm25")


NEXT = HEARTS.replace("name: Bone fracture", "name: Broken bone").replace(
    "[Term]\nid: X:0000003", "[Term]\nid: X:0000002\nname: Toothache\n\n[Term]\nid: X:0000003"
).replace('synonym: "MI" EXACT ABBREVIATION []\n', "")  # fmt: skip
"""Two names more, two fewer, and other numbers from the third entity on."""


@pytest.fixture
def release(make_graph):
    return make_graph(NEXT)


@pytest.fixture
def encoded(encoder, monkeypatch):
    """The texts that are encoded."""
    texts: list[str] = []
    real = encoder.encode

    def encode(given, **options):
        texts.extend(given)
        return real(given, **options)

    monkeypatch.setattr(encoder, "encode", encode)
    return texts


@pytest.mark.parametrize("kind", ["flat", "hnsw", "ivf-sq8"])
def test_the_index_of_another_release_is_brought_up_to_date_and_kept(
    hearts, release, encoder, tmp_path, kind, encoded
) -> None:
    open_search(hearts, encoder, kind, tmp_path)
    before = {folder.name for folder in (tmp_path / "search").iterdir()}
    encoded.clear()
    notes: list[str] = []
    set_notes(notes.append)
    try:
        made = open_search(release, encoder, kind, tmp_path)
    finally:
        set_notes(None)
    assert encoded == ["Broken bone", "Toothache"]
    assert notes == [
        f"{kind} index of 8 names, from that of another release: 2 added, 2 removed; recall@10 1.000"
    ]
    assert before < {folder.name for folder in (tmp_path / "search").iterdir()}
    kept_one = open_search(release, encoder, kind, tmp_path, mapped=True)
    assert len(encoded) == 2
    anew = GraphSearch.build(release, encoder, kind)
    for query in ("heart attack", "MI", "tooth", "fracture", "panic", "cardiac disease"):
        wanted = anew.search(query, 6)
        for found in (made.search(query, 6), kept_one.search(query, 6)):
            assert [(h.entity, h.form, h.spelled, h.bm25) for h in found] == [
                (h.entity, h.form, h.spelled, h.bm25) for h in wanted
            ]
            for one, other in zip(found, wanted, strict=True):
                assert one.cosine.score == pytest.approx(other.cosine.score, abs=1e-6)
    old = open_search(hearts, encoder, kind, tmp_path)  # the earlier one is as it was
    assert old.search("MI", 1)[0].spelled


def test_of_several_releases_the_one_with_most_names_is_taken(
    hearts, release, make_graph, encoder, tmp_path, encoded
) -> None:
    open_search(hearts, encoder, "flat", tmp_path)
    open_search(release, encoder, "flat", tmp_path)
    encoded.clear()
    open_search(make_graph(NEXT.replace("Toothache", "Earache")), encoder, "flat", tmp_path)
    assert encoded == ["Earache"]


def test_an_index_with_few_of_the_names_or_of_another_kind_or_encoder_is_not_taken(
    hearts, release, make_graph, encoder, cache, tmp_path, encoded
) -> None:
    open_search(hearts, encoder, "flat", tmp_path)
    open_search(release, TextEncoder(precision="bf16", cache=cache), "hnsw", tmp_path)
    encoded.clear()
    open_search(release, encoder, "hnsw", tmp_path)
    assert len(encoded) == 8
    encoded.clear()
    open_search(make_graph("[Term]\nid: X:1\nname: Heart disease\n"), encoder, "flat", tmp_path)
    assert encoded == ["Heart disease"]


@pytest.mark.parametrize("file", ["vectors.faiss", "rows.safetensors", "manifest.json"])
def test_a_damaged_index_of_another_release_is_not_taken(
    hearts, release, encoder, tmp_path, encoded, file
) -> None:
    open_search(hearts, encoder, "flat", tmp_path)
    (folder,) = (tmp_path / "search").glob("*-flat")
    (folder / file).write_bytes(b"\0" * 100)
    encoded.clear()
    engine = open_search(release, encoder, "flat", tmp_path)
    assert len(encoded) == 8
    assert engine.search("toothache", 1)[0].spelled


def test_a_kept_index_is_hashed_once_and_mapped(
    hearts, encoder, tmp_path, built, monkeypatch
) -> None:
    monkeypatch.setattr(unchanged, "SETTLED", 0)
    open_search(hearts, encoder, cache=tmp_path, mapped=True)
    monkeypatch.setattr(artifacts, "sha256", None)
    found = open_search(hearts, encoder, cache=tmp_path, mapped=True)
    assert found.search("heart attack", 1)[0].spelled
    with pytest.raises(UsageError, match="mapped from a file"):
        found.vectors.add(np.ones((1, 384)), [0])
