"""Forms found by their stems: inflected, reordered, coordinated, or with an equivalent word.

A form is a bag of stems without its function words. A segment of text may mean it when it holds
all of them near each other, be it through an equivalent (`equivalents`) or a misspelt word
(`fuzzy`). Bags are looked up by their two rarest stems, so the work does not grow with the
number of forms.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from kgml.linking.equivalents import Bag, learn
from kgml.linking.fuzzy import Misspellings
from kgml.linking.general import GENERAL, HEAD, HOW, TRUST
from kgml.linking.order import phrase_order
from kgml.linking.place import Choice, Reading, place
from kgml.linking.stem import LONGEST
from kgml.linking.tokens import WORD, Token, content

_WORDS = 7
"""Stems in a bag, at most: longer forms are found as they stand or not at all."""


class Form(NamedTuple):
    """One owner of a bag.

    ``words``: its words in the order of a noun phrase, each with its stem; ``linked``: it holds a
    preposition other than "of".
    """

    entity: int
    scope: int
    words: tuple[tuple[str, str], ...]
    linked: bool
    exchanged: float
    """1, or how sure a pair of stems was exchanged for one of the bag."""


class Found(NamedTuple):
    """A form and the tokens that stand for its words."""

    form: Form
    choice: Choice


class VariantIndex:
    """Forms by their two rarest stems.

    Args:
        forms: entity, scope and folded lower-case text of every form.
        exchanges: whether a scope says that its form means the entity itself, so that words may
            be learned from it.
    """

    def __init__(
        self, forms: Iterable[tuple[int, int, str]], exchanges: Callable[[int], bool]
    ) -> None:
        bags: dict[Bag, dict[int, Form]] = {}
        by_entity: dict[int, list[tuple[str, ...]]] = defaultdict(list)
        for entity, scope, text in forms:
            words, linked = phrase_order(text)
            bag = frozenset(stem for _, stem in words)
            if not 0 < len(bag) <= _WORDS:
                continue
            if exchanges(scope):
                by_entity[entity].append(tuple(dict.fromkeys(stem for _, stem in words)))
            bags.setdefault(bag, {}).setdefault(entity, Form(entity, scope, words, linked, 1.0))
        self.equivalents = learn(by_entity.values())
        self.misspellings = Misspellings({w for owned in bags.values() for f in owned.values()
                                          for w, _ in f.words})  # fmt: skip
        self._single: dict[str, list[Form]] = {}
        self._anchors: dict[str, dict[str, list[tuple[Bag, list[Form]]]]] = {}
        self._index(bags)
        self._readings: dict[str, tuple[Reading, ...]] = {}

    def find(self, segment: Sequence[Token]) -> Iterator[Found]:
        """Every form that ``segment`` may mean, each at its best place; overlapping ones too."""
        where: dict[str, list[tuple[int, Reading]]] = {}
        for position, token in enumerate(segment):
            for reading in self._read(token):
                where.setdefault(reading.stem, []).append((position, reading))
        for stem, places in where.items():
            for form in self._single.get(stem, ()):
                for position, reading in places:
                    yield Found(form, Choice((position,), (reading,), 0, False, False))
            seconds = self._anchors.get(stem)
            if not seconds:
                continue
            for second in where.keys() & seconds.keys():
                for bag, forms in seconds[second]:
                    if bag <= where.keys():
                        for choice in place(segment, bag, stem, where):
                            for form in forms:
                                yield Found(form, choice)

    def _read(self, token: Token) -> tuple[Reading, ...]:
        """The stems a token may stand for; only those that some form has."""
        if token.kind != WORD:
            return (Reading(token.stem, 1.0, ""),) if token.stem in self._known else ()
        if len(token.word) > LONGEST:
            return ()
        readings = self._readings.get(token.word)
        if readings is None:
            if len(self._readings) > 200_000:
                self._readings.clear()
            readings = self._readings[token.word] = tuple(self._all_readings(token))
        return readings

    def _all_readings(self, token: Token) -> Iterator[Reading]:
        learned = self.equivalents.words.get(token.stem, {})
        exchanged = [
            Reading(other, _trust(share), "equivalent word")
            for other, share in learned.items()
            if other in self._known
        ]
        if (general := GENERAL.get(token.word)) is not None:
            how = HEAD if general.head else HOW
            exchanged += [
                Reading(other, TRUST, how)
                for other in general.stems
                if other in self._known and other not in learned
            ]
        if token.stem in self._known:
            yield Reading(token.stem, 1.0, "")
        elif not exchanged and (other := self.misspellings.correct(token.word)) is not None:
            ((_, stem),) = content(other) or [("", "")]
            yield Reading(stem, 0.85, "misspelt")
        yield from exchanged

    def _index(self, bags: dict[Bag, dict[int, Form]]) -> None:
        frequency = Counter(stem for bag in bags for stem in bag)
        self._known = frozenset(frequency)
        for bag, owned in (*bags.items(), *self._shortened(bags)):
            forms = list(owned.values())
            if len(bag) == 1:
                (stem,) = bag
                self._single.setdefault(stem, []).extend(forms)
                continue
            first, second = sorted(bag, key=lambda stem: (frequency[stem], stem))[:2]
            self._anchors.setdefault(first, {}).setdefault(second, []).append((bag, forms))

    def _shortened(self, bags: dict[Bag, dict[int, Form]]) -> Iterator[tuple[Bag, dict[int, Form]]]:
        """Bags with two stems exchanged for one: "abnormal … morphology" for "anomaly"."""
        phrases = self.equivalents.phrases
        made: dict[Bag, dict[int, Form]] = {}
        for bag, owned in bags.items():
            if len(bag) < 3:
                continue
            stems = sorted(bag)
            for i, one in enumerate(stems):
                for other in stems[i + 1 :]:
                    pair = frozenset((one, other))
                    for to, share in phrases.get(pair, {}).items():
                        shorter = bag - pair | {to}
                        if shorter in bags or len(shorter) < 2:
                            continue
                        for entity, form in owned.items():
                            made.setdefault(shorter, {}).setdefault(
                                entity, _shorter(form, pair, to, _trust(share))
                            )
        yield from made.items()


def _shorter(form: Form, pair: Bag, to: str, trust: float) -> Form:
    """``form`` with ``to``, which has no word of its own, in the place of the later of ``pair``."""
    words = [word for word in form.words if word[1] not in pair]
    last = max(i for i, (_, stem) in enumerate(form.words) if stem in pair)
    place = sum(stem not in pair for _, stem in form.words[:last])
    words.insert(place, ("", to))
    return form._replace(words=tuple(words), exchanged=trust)


def _trust(share: float) -> float:
    """The factor for an exchange that ``share`` of the entities show: .8 to .95."""
    return round(0.8 + 0.15 * min(1.0, share / 0.5), 3)
