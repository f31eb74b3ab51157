"""One page, nothing in it that is not ours."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from kgml.models.classifier import KGTextClassifier
from kgml.models.explain import explain, standing
from kgml.models.explaining.page import render

EVIL = "<script>alert(1)</script>&\\\"'\\u202e"
BODY = """\
:m a owl:Class ; rdfs:label "metal"@en .
:b a owl:Class ; rdfs:label "bird"@en .
:m1 a owl:Class ; rdfs:label "%s"@en , "glimra"@en ; rdfs:subClassOf :m ;
    <http://www.w3.org/2004/02/skos/core#altLabel> "glimra"@en .
:b1 a owl:Class ; rdfs:label "pluvi"@en ; rdfs:subClassOf :b .
"""


class Tags(HTMLParser):
    """Counts what is opened and what has an address."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.opened: list[str] = []
        self.addresses: list[str] = []
        self.shown: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.opened.append(tag)
        self.addresses += [name for name, _ in attrs if name in ("src", "href", "onclick")]

    def handle_data(self, data: str) -> None:
        self.shown.append(data)


@pytest.fixture(scope="module")
def model(graph) -> KGTextClassifier:
    texts = ["a glimra", "the glimra there", "a pluvi", "the pluvi there"] * 2
    labels = [f"<b>{name}</b>" for name in ("metal", "metal", "bird", "bird")] * 2
    made = graph(BODY % EVIL)
    return KGTextClassifier(made, folds=2, knowledge="always").fit(texts, labels)


def test_labels_texts_and_ids_are_escaped_and_nothing_is_fetched(model) -> None:
    text = "<i>glimra</i> & \u202e pluvi \x00 <img src=x onerror=alert(1)>"
    told = [explain(model, [text])[0].to_json(model.graph)]
    told[0]["like"] = [{"row": 1, "label": "<b>", "similarity": 0.5, "text": "<svg onload=x>"}]
    page = render(told, "<em>a sentence</em>")
    tags = Tags(page)
    assert set(tags.opened) == {
        "html", "head", "meta", "title", "style", "body", "p", "section", "h2", "bdi", "mark",
        "table", "tr", "th", "td",
    }  # fmt: skip
    assert tags.addresses == []
    assert not re.search(r"[\u202e\x00]|https?://(?!example)|@import|url\(", page)
    assert "<em>a sentence</em>" in "".join(tags.shown)
    assert "<script>alert(1)</script>" in "".join(tags.shown)
    assert page == render(told, "<em>a sentence</em>")


def test_a_mark_is_green_for_the_label_and_red_against_it_and_has_the_slice(model) -> None:
    text = "glimra, glimra and pluvi"
    one = explain(model, [text])[0].to_json(model.graph)
    page = render([one])
    marks = re.findall(r'<mark style="background: hsl\((\d+) [^"]*" title="[^"]*">([^<]*)', page)
    assert [shown for _, shown in marks] == ["glimra", "glimra", "pluvi"]
    colours = ["140" if m["log_odds"] >= 0 else "0" for m in one["mentions"]]
    assert [colour for colour, _ in marks] == colours
    assert len(set(colours)) == 2


def test_without_mentions_words_and_knowledge_there_is_a_page(model, words) -> None:
    plain = KGTextClassifier(None, folds=2).fit(words.texts, words.labels)
    one = explain(plain, ["..."])[0].to_json(plain.featurizer().graph)
    page = render([one], standing(plain))
    assert "no ontology" in page
    assert "<table>" not in page
