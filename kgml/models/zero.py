"""A first model without one labelled text: what the classes are called, and where the graph has them.

A class has a vector, made of its texts or of the names of its entities. A document is scored by
cosines with it: of its text, of the mean vector of its linked entities, and of each of its concepts
and their ancestors (in the sparse view, so by idf); and by the share of that view which lies below
the class's own entities. All of that is linear in the columns of `Assembly.features`, so the
result is a `logistic` head whose coefficients were written down and not learned, and a model like
any other.

With unlabelled texts the ontology is left out where `agreement` finds that it says nothing of
them. The surest of each class are then taken for labelled, and an ordinary stack,
words and leads included, learns from these: self-training, one round (Yarowsky 1995; with class
names, Meng et al. 2018).

No label weighs anything here. The constants below were chosen once, on Ohsumed's training part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from kgml.data.classes import DescribedClass, check_described
from kgml.data.corpus import check_texts
from kgml.encoders.node import entity_sentences
from kgml.encoders.rows import Floats, unit_rows
from kgml.errors import CorpusError, InputError, UsageError
from kgml.kg.graph import KnowledgeGraph
from kgml.models.agreement import agreement
from kgml.models.assembly import Assembly, make_head
from kgml.models.classifier import KGTextClassifier
from kgml.models.concepts import ConceptView
from kgml.models.features import Documents, EntityVectors, Featurizer
from kgml.models.light import Decisions
from kgml.models.targets.single import SingleTarget
from kgml.progress import note
from kgml.registry import resolve

ENTITIES, CONCEPTS, BELOW = 1.0, 1.0, 0.3
"""What counts beside the cosine of the text: that of the mean of a document's entities, those of
its concepts, and the share of its concepts below the class."""
SHARPNESS, SELF_TRAINED = 0.3, 1.5
"""Temperatures: of sums of cosines, and of the head that learned from the surest texts, whose labels
are often wrong."""
SUREST, AT_LEAST, ENOUGH = 0.5, 12, 5
"""Share of the texts nearest to a class that are taken for labelled, at least so many of them;
where a class has fewer than `ENOUGH`, nothing is learned. DOID's ids, macro-F1 on the training part:
.481 before, .471 of a tenth, .486 of three, .494 of half."""
SAMPLE = 200
"""Names below a class that describe it, at most."""
HEAD, FUSIONS, NODES = "logistic", ("concat", "none"), ("text", "propagate")


@dataclass(frozen=True)
class Meanings:
    """What is known of c classes, in the order of their labels: vectors (c, d_text) of length 1, the
    entities of each, and which of the graph's are below them, themselves included, (e, c)."""

    labels: list[str]
    vectors: Floats
    entities: list[list[int]]
    below: NDArray[np.bool_]


def fit_without_labels(
    model: KGTextClassifier,
    classes: Sequence[DescribedClass],
    texts: Sequence[str] | None = None,
) -> KGTextClassifier:
    """Make ``model`` know ``classes`` (c) without a labelled text.

    Args:
        model: fusion concat or none, node encoder text or propagate, one label per text.
        texts: unlabelled ones (n,), like those to be predicted: for idf, and to learn from.

    Raises:
        CorpusError: fewer than two classes, or two of one meaning; empty texts.
        InputError: an id that the graph does not have.
        UsageError: options that cannot do without labels.

    >>> from kgml import load_graph
    >>> graph = load_graph("ontologies/fin.ttl")
    >>> classes = [DescribedClass("bonds", ("bonds and yields",)),
    ...            DescribedClass("raw", ("oil, gold and other commodities",))]
    >>> model = fit_without_labels(KGTextClassifier(graph), classes)
    >>> [str(name) for name in model.predict(["Ten-year gilts fell.", "Brent rose again."])]
    ['bonds', 'raw']
    """
    check_able(model)
    classes = check_described(classes)
    maker = model.featurizer()
    documents = None if texts is None else maker.documents(check_texts(texts), model.lead)
    return fit_described(model, describe(maker, classes, model.random_state), documents)


def fit_described(
    model: KGTextClassifier, meanings: Meanings, documents: Documents | None = None
) -> KGTextClassifier:
    """`fit_without_labels` on texts already turned into numbers, and classes into meanings."""
    graph = model.featurizer().graph
    model.meanings_ = meanings
    model.target_ = SingleTarget()
    model.classes_ = model.target_.classes_ = np.array(meanings.labels)
    model.vectors_ = model.entity_vectors()
    model.recipe_ = replace(model.recipe(0), head=HEAD)
    knows = model.fusion != "none" and len(graph) > 0
    model.strength_ = float(knows and (documents is None or documents.own.nnz > 0))
    stack = told(meanings, model, documents)
    model.agreement_ = None
    if model.strength_ and documents is not None:
        model.agreement_ = agreement(stack, documents, graph, model.random_state)
        if model.agreement_ is not None and not model.agreement_.ship:
            model.strength_ = 0.0
            stack = told(meanings, model, documents)
    model.backoff_, model.learned_from_ = None, 0
    if documents is not None:
        stack = taught(stack, model, documents) or stack
    model.assembly_ = stack
    return model


def check_able(model: KGTextClassifier) -> None:
    """Refuse options whose parameters only labels could set."""
    model.check_options()
    for what, given, able in (
        ("target", model.target, ("single",)),
        ("fusion", model.fusion, FUSIONS),
        ("node_encoder", model.node_encoder, NODES),
        ("head", model.head, ("auto", HEAD)),
        ("tune", bool(model.tune), (False,)),
    ):
        if given not in able:
            raise UsageError(
                f"{what} '{given}' cannot be had without labels; wanted {' or '.join(map(str, able))}. "
                "Leave it out, or give labelled texts."
            )
    if model.vectors:
        raise UsageError(
            "vectors of `kgml encode` may not be in the space of the class names. Leave them out, "
            "or give labelled texts."
        )


def describe(maker: Featurizer, classes: Sequence[DescribedClass], seed: int = 0) -> Meanings:
    """What texts and the graph say of ``classes``.

    A class's vector is the sum of three of length 1, as far as it has them: the mean of its texts
    (of its entities' labels where it has none, else of its own label); the mean of its entities'
    sentences, which hold synonyms and definition; the mean of the labels below them, at most
    `SAMPLE` of them, drawn by ``seed``.
    """
    graph, encode = maker.graph, maker.encoder.encode
    entities = class_entities_of(maker, classes)
    texts = [list(one.texts) or [graph.labels[i] for i in own] or [one.label]
             for one, own in zip(classes, entities, strict=True)]  # fmt: skip
    _check_different(classes, texts, entities)
    below = np.zeros((len(graph), len(classes)), dtype=bool)
    for k, own in enumerate(entities):
        if own:
            below[:, k] = np.asarray(graph.ancestors[:, own].sum(axis=1)).ravel() > 0
    rng = np.random.default_rng(seed)
    samples = [_some_labels(graph, below[:, k], own, rng) for k, own in enumerate(entities)]
    sentences = entity_sentences(graph) if any(entities) else []
    said = [[sentences[i] for i in own] for own in entities]
    vectors = _means(encode, texts) + _means(encode, said) + _means(encode, samples)
    return Meanings([one.label for one in classes], unit_rows(vectors), entities, below)


def class_entities_of(maker: Featurizer, classes: Sequence[DescribedClass]) -> list[list[int]]:
    """The entities of each class: those of its ids, else the one whose id is its label, else those
    that its texts are names of from end to end.

    Names count where they give half of the classes an entity, or the few that have one would draw
    everything to themselves (Ohsumed with DOID: 3 of 23).

    Raises:
        InputError: the graph has no entity of an id.
    """
    by_id = [_by_id(maker.graph, one) for one in classes]
    by_name = [own or _by_name(maker, one) for own, one in zip(by_id, classes, strict=True)]
    return by_name if 2 * sum(map(bool, by_name)) >= len(classes) else by_id


def _by_id(graph: KnowledgeGraph, one: DescribedClass) -> list[int]:
    keys = one.ids or ((one.label,) if one.label in graph else ())
    try:
        return list(dict.fromkeys(graph.number(key) for key in keys))
    except InputError as error:
        raise InputError(f"class '{one.label}': {error}") from None


def _by_name(maker: Featurizer, one: DescribedClass) -> list[int]:
    texts = list(one.texts or (one.label,))
    named = [
        mention.candidates[0].entity
        for text, mentions in zip(texts, maker.linker.link(texts), strict=True)
        for mention in mentions
        if mention.candidates and mention.end - mention.start == len(text)
    ]
    return list(dict.fromkeys(named))


def told(
    meanings: Meanings, model: KGTextClassifier, documents: Documents | None = None
) -> Assembly:
    """The stack whose coefficients are the meanings of the classes.

    Args:
        documents: for idf; None: each entity of the graph stands for a document that names it.
    """
    vectors, c = model.vectors_, len(meanings.labels)
    recipe = replace(model.recipe_, lexical=False, lead=False)
    stack = Assembly(recipe, vectors, c, model.target_)
    stack.fusion_ = resolve("fusion", recipe.fusion)(vectors.encoder.dimension, vectors.d_node)
    stack.fusion_.strength.fill_(model.strength_)
    stack.fusion_.requires_grad_(False)
    counts = vectors.graph.ancestors if documents is None else documents.counts
    if not model.strength_:
        counts = sparse.csr_matrix(np.zeros((1, len(vectors.graph)), dtype=np.float32))
    stack.view_ = ConceptView().fit(sparse.csr_matrix(counts), vectors.graph.vocabularies)
    head = make_head(HEAD, recipe.seed)
    written = {
        "coef": _coefficients(meanings, vectors, stack),
        "intercept": np.zeros(c),
        "seen": np.arange(c),
    }
    stack.head_ = head.restore(written, c, SHARPNESS)
    return stack


def _coefficients(
    meanings: Meanings, vectors: EntityVectors, stack: Assembly
) -> NDArray[np.float64]:
    """(c, d) for the columns of `Assembly.features`: text, entities, concepts.

    What the fusion scales entities and concepts by is taken back, so that the weights hold as
    they are written.
    """
    fusion, columns = stack.fusion_, stack.view_.columns_
    gate = float(fusion.level.sigmoid()) if stack.fusion_.d_out > fusion.d_text else 1.0
    parts: list[NDArray[Any]] = [meanings.vectors]
    if fusion.d_out > fusion.d_text:
        parts.append(ENTITIES / (gate * float(fusion.dense.exp())) * meanings.vectors)
    near = (
        meanings.vectors @ vectors.keys(columns).T
        if len(columns)
        else np.zeros((len(meanings.labels), 0))
    )
    parts.append((CONCEPTS * near + BELOW * meanings.below[columns].T) / gate)
    return np.concatenate(parts, axis=1).astype(np.float64)


def taught(stack: Assembly, model: KGTextClassifier, documents: Documents) -> Assembly | None:
    """A stack that learned from the texts of which ``stack`` is surest; None, and a note why, where
    a class is nearest to too few."""
    rows, y = surest(stack.decision(documents))
    found = np.bincount(y, minlength=stack.classes)
    if found.min() < ENOUGH:
        few = [str(model.classes_[k]) for k in np.flatnonzero(found < ENOUGH)]
        note(
            f"{len(few)} of {stack.classes} classes are nearest to fewer than {ENOUGH} texts, such "
            f"as '{few[0]}': nothing is learned from the texts, the descriptions decide"
        )
        return None
    learned = Assembly(model.recipe_, model.vectors_, stack.classes, model.target_)
    model.vectors_.prepare(documents, fusion=model.fusion)
    learned.fit(documents.take(rows), y, model.strength_)
    learned.head_.temperature = SELF_TRAINED
    model.learned_from_ = len(rows)
    return learned


def surest(decisions: Decisions) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of n texts with ``decisions`` (n, c) those to learn from, ascending, and the classes taken for
    theirs: of the texts nearest to a class the half that is farthest from every other, and at
    least `AT_LEAST`.

    >>> rows, y = surest(np.array([[0.9, 0.1], [0.2, 0.3], [0.6, 0.5]]))
    >>> rows.tolist(), y.tolist()
    ([0, 1, 2], [0, 1, 0])
    """
    best = decisions.argmax(axis=1)
    two = np.sort(decisions, axis=1)[:, -2:]
    margin = two[:, 1] - two[:, 0]
    rows = []
    for k in range(decisions.shape[1]):
        nearest = np.flatnonzero(best == k)
        most = max(AT_LEAST, int(SUREST * len(nearest)))
        rows.append(nearest[np.argsort(-margin[nearest], kind="stable")[:most]])
    picked = np.sort(np.concatenate(rows))
    return picked, best[picked]


def _some_labels(
    graph: KnowledgeGraph, below: NDArray[np.bool_], own: list[int], rng: np.random.Generator
) -> list[str]:
    """Labels of entities below a class, its own left out."""
    found = np.setdiff1d(np.flatnonzero(below), own)
    if len(found) > SAMPLE:
        found = np.sort(rng.choice(found, SAMPLE, replace=False))
    return [graph.labels[i] for i in found.tolist()]


def _means(encode: Any, texts: Sequence[Sequence[str]]) -> Floats:
    """The mean vector of each class's texts, of length 1, or 0 where it has none: (c, d_text)."""
    every = [text for some in texts for text in some]
    if not every:
        return np.zeros((len(texts), 1), dtype=np.float32)
    row = np.repeat(np.arange(len(texts)), [len(some) for some in texts])
    member = sparse.csr_matrix(
        (np.ones(len(every), dtype=np.float32), (row, np.arange(len(every)))),
        shape=(len(texts), len(every)),
    )
    return unit_rows(np.asarray(member @ encode(every)))


def _check_different(
    classes: Sequence[DescribedClass], texts: Sequence[list[str]], entities: Sequence[list[int]]
) -> None:
    seen: dict[Any, str] = {}
    for one, said, own in zip(classes, texts, entities, strict=True):
        other = seen.setdefault((tuple(sorted(said)), tuple(sorted(own))), one.label)
        if other != one.label:
            raise CorpusError(
                f"classes '{other}' and '{one.label}' are described by the same; wanted something "
                "that tells them apart. Add a name, description or id."
            )
