"""What a search keeps: found again, refused when damaged, bounded."""

from __future__ import annotations

import os

import pytest

from kgml.encoders import text as text_module
from kgml.progress import KGMLWarning
from kgml.search import kept
from kgml.search.kept import open_search


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
