"""Texts become mentions, each with its candidates, homonyms kept, negation marked."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from kgml.config import LinkingConfig
from kgml.errors import InputError
from kgml.kg.vocabulary import Scope
from kgml.linking.abbreviations import Abbreviated
from kgml.linking.choose import Span, choose
from kgml.linking.coherence import Coherence
from kgml.linking.dictionary import DEFAULT, Dictionary, folded_forms
from kgml.linking.fold import Folded, fold
from kgml.linking.information import Information
from kgml.linking.mentions import Mention
from kgml.linking.negation import contexts
from kgml.linking.rank import variant_spans
from kgml.linking.variants import VariantIndex
from kgml.progress import track

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

_BIG = 1000
"""Texts from which on a batch shows a progress bar."""


class EntityLinker:
    """Links texts; a text gets the same mentions alone and in a batch.

    Args:
        dictionary: forms found as they are written.
        variants: the same forms found by their stems; None: the dictionary alone.
        information: what single words are worth; None: all alike.
        coherence: which homonym the document supports; None: the best scope.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        variants: VariantIndex | None = None,
        information: Information | None = None,
        coherence: Coherence | None = None,
    ) -> None:
        self.dictionary, self.variants = dictionary, variants
        self.information, self.coherence = information, coherence

    @classmethod
    def from_graph(
        cls,
        graph: KnowledgeGraph,
        config: LinkingConfig = DEFAULT,
        entities: Iterable[int] | None = None,
    ) -> EntityLinker:
        """A linker for the labels and synonyms of ``graph``; an empty graph links nothing.

        Args:
            entities: numbers of those to link to; None for all.
        """
        forms = graph.forms
        columns = list(zip(forms.text, forms.entity.tolist(), forms.scope.tolist(), strict=True))
        if entities is not None:
            wanted = frozenset(entities)
            columns = [row for row in columns if row[1] in wanted]
        scopes = [scope for _, _, scope in columns]
        dictionary = Dictionary(
            [text for text, _, _ in columns], [entity for _, entity, _ in columns], scopes, config
        )
        if not config.variants:
            return cls(dictionary)
        keys = list(folded_forms(dictionary, columns))
        exact = {Scope.LABEL, Scope.EXACT}
        if Scope.EXACT not in set(scopes):  # an ontology that does not grade its synonyms
            exact.add(Scope.RELATED)
        index = VariantIndex(keys, lambda scope: scope in exact)
        return cls(dictionary, index, Information(keys), Coherence(graph))

    def link(self, texts: Sequence[str]) -> list[list[Mention]]:
        """The mentions of each text, sorted by start; they overlap in coordinations only.

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
        spans = self._spans(folded)
        places = [(folded.original(span.start), folded.original(span.end)) for span in spans]
        said = contexts(folded, places)
        return [
            Mention(start, end, text[start:end], span.candidates, *context)
            for (start, end), span, context in zip(places, spans, said, strict=True)
        ]

    def _spans(self, folded: Folded) -> list[Span]:
        """What is found, one stage after the other."""
        config = self.dictionary.config
        threshold = config.threshold
        spans = self.dictionary.find(folded)
        found: Iterable[Span] = ()
        if self.variants is not None:
            found = variant_spans(self.variants, folded, threshold, spans)
        if self.variants is not None or config.nested:
            spans = choose([*spans, *found], config.nested)
        if self.variants is not None:
            spans = Abbreviated(folded.plain, spans).apply(folded.plain, spans)
        if self.information is not None:
            spans = self.information.weigh(folded, spans, threshold)
        return self.coherence.rank(spans) if self.coherence is not None else spans


def mention_to_json(mention: Mention, graph: KnowledgeGraph) -> dict[str, Any]:
    """A mention with the ids and labels of its candidates in place of entity numbers."""
    return {
        "start": mention.start,
        "end": mention.end,
        "text": mention.text,
        "negated": mention.negated,
        "family": mention.family,
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
