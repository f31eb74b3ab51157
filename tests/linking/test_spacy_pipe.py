"""The linker in a spaCy pipeline, found by its entry point; without spaCy, what to install."""

from __future__ import annotations

import tomllib
from importlib.metadata import EntryPoint
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from kgml.errors import ArtifactError, InputError, MissingExtraError, UsageError
from kgml.kg.build import build_graph
from kgml.kg.graph import KnowledgeGraph
from kgml.linking import spacy_pipe

ROOT = Path(__file__).resolve().parents[2]
OBO = """format-version: 1.2
ontology: tiny

[Term]
id: T:1
name: Heart failure

[Term]
id: T:2
name: Fever

[Term]
id: T:3
name: Broad finger

[Term]
id: T:4
name: Short finger
"""
with_spacy = pytest.mark.skipif(
    find_spec("spacy") is None, reason="spaCy is not installed: pip install 'kgml[spacy]'"
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spacy")
    (folder / "tiny.obo").write_text(OBO, encoding="utf-8")
    build_graph(folder / "tiny.obo", folder / "tiny.kg")
    return folder / "tiny.kg"


@pytest.fixture
def nlp() -> Any:
    """A blank English pipeline, after the entry point of ``pyproject.toml`` was loaded."""
    import spacy

    about = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    (name, value), *more = about["project"]["entry-points"]["spacy_factories"].items()
    assert (name, more) == ("kgml_linker", [])
    EntryPoint(name, value, "spacy_factories").load()
    return spacy.blank("en")


@with_spacy
def test_entities_spans_and_mentions_are_set(nlp: Any, folder: Path) -> None:
    nlp.add_pipe("kgml_linker", config={"graph": str(folder)})
    doc = nlp("No fever, but Heart failure and broad fingers.")
    found = [(e.text, e.label_, e.kb_id_) for e in doc.ents]
    assert found == [("fever", "T", "T:2"), ("Heart failure", "T", "T:1"),
                     ("broad fingers", "T", "T:3")]  # fmt: skip
    assert [(s.text, s.label_, s.kb_id_) for s in doc.spans["kgml"]] == found
    assert [(m["text"], m["negated"]) for m in doc._.kgml] == [
        ("fever", True), ("Heart failure", False), ("broad fingers", False)
    ]  # fmt: skip
    assert all(doc.text[m["start"] : m["end"]] == m["text"] for m in doc._.kgml)


@with_spacy
def test_overlapping_mentions_are_spans_and_the_longest_is_an_entity(
    nlp: Any, folder: Path
) -> None:
    nlp.add_pipe("kgml_linker", config={"graph": str(folder)})
    doc = nlp("short and broad fingers")
    assert [s.kb_id_ for s in doc.spans["kgml"]] == ["T:4", "T:3"]
    assert [e.kb_id_ for e in doc.ents] == ["T:4"]


@with_spacy
def test_other_entities_stay_where_nothing_is_linked(nlp: Any, folder: Path) -> None:
    ruler = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "CITY", "pattern": "Rome"},
                        {"label": "BODY", "pattern": "Heart"}])  # fmt: skip
    nlp.add_pipe("kgml_linker", config={"graph": str(folder)})
    doc = nlp("Heart failure in Rome")
    assert [(e.text, e.label_) for e in doc.ents] == [("Heart failure", "T"), ("Rome", "CITY")]


@with_spacy
def test_a_mention_within_a_token_becomes_the_token(nlp: Any, folder: Path) -> None:
    nlp.tokenizer = nlp.tokenizer.__class__(nlp.vocab)  # splits at spaces only
    nlp.add_pipe("kgml_linker", config={"graph": str(folder)})
    doc = nlp("(fever)! \U0001f600")
    assert [e.text for e in doc.ents] == ["(fever)!"]
    assert doc._.kgml[0]["text"] == "fever"


@with_spacy
def test_a_saved_pipeline_and_a_batch_give_the_same(nlp: Any, folder: Path, tmp_path: Path) -> None:
    import spacy

    nlp.add_pipe("kgml_linker", config={"graph": str(folder), "roots": ["T:2"]})
    texts = ["Fever and heart failure", "", "fever"]
    nlp.to_disk(tmp_path / "nlp")
    for pipeline in (nlp, spacy.load(tmp_path / "nlp")):
        docs = list(pipeline.pipe(texts))
        assert [[e.text for e in doc.ents] for doc in docs] == [["Fever"], [], ["fever"]]
        assert spacy.tokens.Doc(nlp.vocab).from_bytes(docs[0].to_bytes())._.kgml == docs[0]._.kgml


@with_spacy
@pytest.mark.parametrize(
    ("config", "error", "message"),
    [
        ({}, UsageError, r"no graph; wanted config=\{'graph': 'FOLDER'\}"),
        ({"graph": "no.kg"}, ArtifactError, "no.kg: no such folder"),
        ({"roots": ["T:9"]}, InputError, "no entity 'T:9'"),
    ],
)
def test_a_wrong_configuration_says_what_was_wanted(
    nlp: Any, folder: Path, config: dict[str, Any], error: type[Exception], message: str
) -> None:
    if "roots" in config:
        config = {"graph": str(folder), **config}
    with pytest.raises(error, match=message):
        nlp.add_pipe("kgml_linker", config=config)


def test_without_spacy_the_line_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spacy_pipe, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'kgml\[spacy\]'"):
        spacy_pipe.LinkerPipe(KnowledgeGraph.empty())
