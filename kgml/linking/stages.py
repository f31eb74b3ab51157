"""What finds the entities of one vocabulary in a text, one stage after the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from kgml.config import EncoderConfig, LinkingConfig
from kgml.kg.vocabulary import Scope
from kgml.linking.abbreviations import Abbreviated
from kgml.linking.choose import IsKind, Span, choose
from kgml.linking.coherence import Coherence
from kgml.linking.dictionary import Dictionary
from kgml.linking.entries import folded_forms
from kgml.linking.fold import Folded, lower
from kgml.linking.information import Information
from kgml.linking.rank import variant_spans
from kgml.linking.variants import VariantIndex

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph
    from kgml.linking.dense import Dense

Form = tuple[str, int, int]
"""Text, entity, scope."""


class Stages:
    """Dictionary, variants, abbreviations, information, dense search and coherence.

    Args:
        dictionary: forms found as they are written.
        variants: the same forms found by their stems; None: the dictionary alone.
        information: what single words are worth; None: all alike.
        coherence: which homonym the document supports; None: the best scope.
        is_kind: which mentions are kept inside a longer one; None: none of them.
        dense: forms near in meaning, where nothing else was found; None: none.
    """

    def __init__(
        self,
        dictionary: Dictionary,
        variants: VariantIndex | None = None,
        information: Information | None = None,
        coherence: Coherence | None = None,
        is_kind: IsKind | None = None,
        dense: Dense | None = None,
    ) -> None:
        self.dictionary, self.variants = dictionary, variants
        self.information, self.coherence = information, coherence
        self.is_kind, self.dense = is_kind, dense

    @classmethod
    def of(
        cls, forms: Sequence[Form], graph: KnowledgeGraph, config: LinkingConfig,
        encoder: EncoderConfig,
    ) -> Stages:  # fmt: skip
        """The stages that ``config`` asks for, for some forms of ``graph``.

        Args:
            encoder: its precision and device are those of the encoder that ``config`` names.
        """
        scopes = [scope for _, _, scope in forms]
        dictionary = Dictionary(
            [text for text, _, _ in forms], [entity for _, entity, _ in forms], scopes, config
        )
        is_kind = _hierarchy(graph) if config.nested else None
        dense = _dense(dictionary, forms, encoder) if config.encoder else None
        if not config.variants:
            return cls(dictionary, is_kind=is_kind, dense=dense)
        keys = list(folded_forms(dictionary.entries, forms))
        exact = {Scope.LABEL, Scope.EXACT}
        if Scope.EXACT not in set(scopes):  # an ontology that does not grade its synonyms
            exact.add(Scope.RELATED)
        index = VariantIndex(keys, lambda scope: scope in exact)
        return cls(dictionary, index, Information(keys), Coherence(graph), is_kind, dense)

    def find(self, folded: Folded) -> list[Span]:
        """Spans in folded offsets, sorted by start, then end."""
        config = self.dictionary.config
        threshold = config.threshold
        spans = self.dictionary.find(folded)
        if self.variants is not None:
            spans += variant_spans(self.variants, folded, threshold, spans)
        if self.information is not None:
            spans = self.information.weigh(folded, spans)
        spans = _likely(folded, spans, threshold)
        if self.variants is not None or self.is_kind is not None:
            spans = choose(folded.lower, spans, self.is_kind)
        if self.variants is not None:
            spans = Abbreviated(folded.plain, spans).apply(folded.plain, spans)
        if self.dense is not None:
            spans = sorted([*spans, *self.dense.find(folded, spans)], key=lambda s: s[:2])
        if self.coherence is not None:
            spans = self.coherence.rank(folded, spans)
        return _likely(folded, spans, threshold)


def _dense(dictionary: Dictionary, forms: Sequence[Form], options: EncoderConfig) -> Dense:
    """Of the forms that are meant in any case: "CAST" is no plaster."""
    from kgml.encoders.text import TextEncoder
    from kgml.linking.dense import Dense, Nearest

    config, as_written = dictionary.config, dictionary.entries.as_written
    kept = [form for form in forms if not as_written(form[0].strip(), lower(form[0].strip()))]
    encoder = TextEncoder(config.encoder, precision=options.precision, device=options.device)
    if encoder.is_static:  # the precision is meant for the other encoder
        encoder = TextEncoder(config.encoder)
    return Dense(Nearest(kept, encoder), config.similar)


def _hierarchy(graph: KnowledgeGraph) -> IsKind:
    above = lru_cache(maxsize=50_000)(lambda entity: frozenset(graph.ancestors_of(entity)))
    return lambda one, other: other in above(one)


def _likely(folded: Folded, spans: Iterable[Span], threshold: float) -> list[Span]:
    """``spans`` with the candidates that reach the threshold, but for "won" in "won't"."""
    kept = []
    for span in spans:
        candidates = span.candidates
        if any(candidate.score < threshold for candidate in candidates):
            candidates = tuple(c for c in candidates if c.score >= threshold)
            span = span._replace(candidates=candidates)
        if candidates and not folded.lower.startswith("'t", span.end):
            kept.append(span)
    return kept
