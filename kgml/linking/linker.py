"""Texts become mentions, each with its candidates, homonyms kept, negation marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kgml.config import EncoderConfig, LinkingConfig
from kgml.errors import InputError
from kgml.linking.choose import Span, together
from kgml.linking.dictionary import DEFAULT
from kgml.linking.fold import Folded, fold
from kgml.linking.mentions import Mention
from kgml.linking.negation import contexts
from kgml.linking.stages import Form, Stages
from kgml.progress import track

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

_BIG = 1000
"""Texts from which on a batch shows a progress bar."""


class EntityLinker:
    """Links texts; a text gets the same mentions alone and in a batch.

    Args:
        stages: those of each vocabulary. They do not see each other: the longest form of one does
            not hide a shorter one of another, which says something else about the text.
    """

    def __init__(self, stages: Sequence[Stages]) -> None:
        self.stages = list(stages)

    @classmethod
    def from_graph(
        cls,
        graph: KnowledgeGraph,
        config: LinkingConfig = DEFAULT,
        entities: Iterable[int] | None = None,
        encoder: EncoderConfig = EncoderConfig(),  # noqa: B008 - frozen
    ) -> EntityLinker:
        """A linker for the labels and synonyms of ``graph``; an empty graph links nothing.

        Args:
            entities: numbers of those to link to; None for all.
            encoder: how the encoder that ``config`` names is run: ``precision`` and ``device``.
        """
        forms = graph.forms
        wanted = None if entities is None else frozenset(entities)
        of = graph.vocabularies.tolist()
        columns: dict[int, list[Form]] = {}
        for text, entity, scope in zip(
            forms.text, forms.entity.tolist(), forms.scope.tolist(), strict=True
        ):
            if wanted is None or entity in wanted:
                columns.setdefault(of[entity], []).append((text, entity, scope))
        return cls(
            [Stages.of(columns[number], graph, config, encoder) for number in sorted(columns)]
        )

    def link(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text, sorted by start, then end.

        Those of one vocabulary overlap in coordinations only, unless ``nested`` says otherwise.

        Raises:
            InputError: ``texts`` is one string, or one of its items is not a string.
        """
        if isinstance(texts, str):
            raise InputError("texts: found one string, wanted a list of them. Use link_one(text).")
        if len(texts) < _BIG:
            return [self._link(text, row) for row, text in enumerate(texts)]
        rows = track(enumerate(texts), "linking", total=len(texts))
        return [self._link(text, row) for row, text in rows]

    def link_one(self, text: str) -> list[Mention]:
        """The mentions of one text, as ``link([text])[0]``."""
        return self._link(text, 0)

    def _link(self, text: str, row: int) -> list[Mention]:
        if not isinstance(text, str):
            raise InputError(
                f"texts, row {row}: found {type(text).__name__}, wanted a string. "
                "Drop the row or put an empty string there."
            )
        folded = fold(text)
        spans = together([stages.find(folded) for stages in self.stages])
        places = [(folded.original(span.start), folded.original(span.end)) for span in spans]
        said = contexts(folded, places)
        return [
            Mention(start, end, text[start:end], span.candidates, *context, _pieces(folded, span))
            for (start, end), span, context in zip(places, spans, said, strict=True)
        ]


def _pieces(folded: Folded, span: Span) -> tuple[tuple[int, int], ...]:
    if len(span.used) == 1:
        return ()
    return tuple((folded.original(start), folded.original(end)) for start, end in span.used)


def mention_to_json(mention: Mention, graph: KnowledgeGraph) -> dict[str, Any]:
    """A mention with the ids and labels of its candidates in place of entity numbers.

    ``pieces`` only where it is in several.
    """
    pieces = {"pieces": [list(piece) for piece in mention.pieces]} if mention.pieces else {}
    return {
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "negated": mention.negated,
        "family": mention.family,
        **pieces,
        "candidates": [
            {
                "id": graph.ids[candidate.entity],
                "label": graph.labels[candidate.entity],
                "score": candidate.score,
                "method": candidate.method,
            }
            for candidate in mention.candidates
        ],
    }


def link_texts(
    graph: KnowledgeGraph, texts: Sequence[str], config: LinkingConfig = DEFAULT
) -> list[dict[str, Any]]:
    """What ``kgml link`` prints: ``{"mentions": [...]}`` for each text, in the order given."""
    linked = EntityLinker.from_graph(graph, config).link(texts)
    return [{"mentions": [mention_to_json(m, graph) for m in mentions]} for mentions in linked]
