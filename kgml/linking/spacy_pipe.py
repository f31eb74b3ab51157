"""The linker as a component of a spaCy pipeline (extra ``spacy``).

    nlp.add_pipe("kgml_linker", config={"graph": "hp.kg"})

spaCy finds it by its entry point (``spacy_factories`` in ``pyproject.toml``). Annotations here are
no strings, because spaCy checks a component's configuration by them.
"""

from importlib.util import find_spec
from typing import Any

from kgml.errors import MissingExtraError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.kg.load import open_graph
from kgml.linking.formats.base import vocabulary
from kgml.linking.gold import branches
from kgml.linking.linker import EntityLinker, mention_to_json

FACTORY = "kgml_linker"
DEFAULTS: dict[str, Any] = {"graph": "", "roots": [], "spans_key": "kgml"}


class LinkerPipe:
    """Links each document and puts what is found where spaCy's users look for it.

    - ``doc.spans["kgml"]``: all mentions with an entity, as spans whose ``kb_id_`` is the id of
      the first candidate and whose ``label_`` is its vocabulary (``HP``; ``Entity`` without one);
    - ``doc.ents``: the same without overlaps, the longest first; entities that were there stay
      where they overlap none of these;
    - ``doc._.kgml``: the mentions as ``kgml link --json`` gives them, offsets of the text, all
      candidates. A span covers whole tokens, so it may be longer than its mention.

    Args:
        graph: to whose entities the documents are linked.
        roots: link only to these entities and what is below; empty for all.
        spans_key: the key in ``doc.spans``.

    Raises:
        MissingExtraError: spaCy is not installed.
    """

    def __init__(
        self, graph: KnowledgeGraph, roots: list[str] | None = None, spans_key: str = "kgml"
    ) -> None:
        if find_spec("spacy") is None:
            raise MissingExtraError("spacy", "linking in a spaCy pipeline")
        from spacy.tokens import Doc

        if not Doc.has_extension("kgml"):
            Doc.set_extension("kgml", default=None)
        self.graph, self.spans_key = graph, spans_key
        wanted = branches(graph, roots) if roots else None
        self.linker = EntityLinker.from_graph(graph, entities=wanted)

    def __call__(self, doc: Any) -> Any:
        """Link ``doc`` and return it."""
        from spacy.util import filter_spans

        found = [mention_to_json(mention, self.graph) for mention in self.linker.link_one(doc.text)]
        spans = [self._span(doc, mention) for mention in found if mention["candidates"]]
        own = filter_spans(spans)
        taken = {token.i for span in own for token in span}
        others = [span for span in doc.ents if taken.isdisjoint(token.i for token in span)]
        doc.ents = [*own, *others]
        doc.spans[self.spans_key] = spans
        doc._.kgml = found
        return doc

    def _span(self, doc: Any, mention: dict[str, Any]) -> Any:
        return doc.char_span(
            mention["start"], mention["end"], alignment_mode="expand",
            label=vocabulary(mention, self.graph), kb_id=mention["candidates"][0]["id"],
        )  # fmt: skip


def make(nlp: Any, name: str, graph: str, roots: list[str], spans_key: str) -> LinkerPipe:
    """What ``nlp.add_pipe`` calls; ``graph`` is a folder that ``kgml build-graph`` wrote,
    or an ontology file.

    Raises:
        UsageError: no graph was named.
        ArtifactError: there is none.
    """
    if not graph:
        raise UsageError(
            f"{FACTORY}: no graph; wanted config={{'graph': 'FOLDER'}}, a folder that "
            "kgml build-graph wrote."
        )
    return LinkerPipe(open_graph(graph), roots, spans_key)


if find_spec("spacy") is not None:
    from spacy.language import Language

    Language.factory(
        FACTORY, default_config=DEFAULTS, assigns=["doc.ents", "doc.spans", "doc._.kgml"], func=make
    )
