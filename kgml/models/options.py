"""Which options of `KGTextClassifier` are refused, before anything is computed."""

from __future__ import annotations

from numbers import Integral, Real
from typing import TYPE_CHECKING, Any

from kgml.config import EncoderConfig, FewShotConfig, TransformerConfig
from kgml.encoders.making import check_training
from kgml.errors import UsageError, one_of
from kgml.kg.graph import KnowledgeGraph
from kgml.models.fewshot.tuning import check_tunable
from kgml.models.finetuned.checks import NAME as TRANSFORMER
from kgml.models.finetuned.checks import check_options as check_transformer
from kgml.models.light import AUTO, WEIGHTS
from kgml.registry import check, names, resolve

if TYPE_CHECKING:
    from kgml.models.classifier import KGTextClassifier

KNOWLEDGE = ("auto", "always")


def check_options(model: KGTextClassifier) -> None:
    """Raise `UsageError` where an option's name or value is not known."""
    check("fusion", model.fusion)
    check("node_encoder", model.node_encoder)
    check("objective", model.objective)
    if not model.vectors:
        check_training(model.node_encoder, model.node_training)
    _check_head(model)
    EncoderConfig(
        precision=model.precision, long_texts=model.long_texts, device=model.device
    ).check()
    if model.knowledge not in KNOWLEDGE:
        hint = one_of(KNOWLEDGE, str(model.knowledge))
        raise UsageError(f"no knowledge option '{model.knowledge}'; {hint}")
    if not isinstance(model.tune, bool | FewShotConfig):
        raise UsageError(f"tune={model.tune!r}: wanted True, False or a FewShotConfig.")
    if model.head == TRANSFORMER:
        if not isinstance(model.transformer, TransformerConfig):
            raise UsageError(f"transformer={model.transformer!r}: wanted a TransformerConfig.")
        check_transformer(model.transformer, model.base_encoder, bool(model.tune))
    elif model.tune:
        check_tunable(model.featurizer().encoder, model.target)
    if model.folds < 2:
        raise UsageError(f"folds = {model.folds}: wanted at least 2, such as 5.")
    if not isinstance(model.random_state, Integral) or not 0 <= model.random_state < 2**32:
        raise UsageError(f"seed {model.random_state}: wanted a number from 0 to 4294967295.")
    if not isinstance(model.graph, KnowledgeGraph | None):
        raise UsageError(
            f"graph={model.graph!r}: wanted a KnowledgeGraph; use kgml.load_graph(path)."
        )


def _check_head(model: KGTextClassifier) -> None:
    """Raise `UsageError` where the head, its options and the target do not go together."""
    check("target", model.target)
    check_head_options(model.regularization, model.class_weight)
    if isinstance(model.order, str):
        raise UsageError(f"order={model.order!r}: wanted a list of classes, lowest first.")
    if len(model.order) and model.target != "ordinal":
        raise UsageError(f"order is for target ordinal, not {model.target}. Leave it out.")
    made = resolve("head", model.head)
    if model.target not in made.targets:
        able = sorted(n for n in names("head") if model.target in resolve("head", n).targets)
        raise UsageError(
            f"head '{model.head}' does not learn target {model.target}; {one_of(able, model.head)}"
        )
    options = made.options
    if model.target == "regression":  # which has no classes
        options = frozenset({"regularization"})
    for name in ("regularization", "class_weight"):
        if getattr(model, name) is not None and name not in options:
            able = sorted(n for n in names("head") if name in resolve("head", n).options)
            raise UsageError(
                f"{name} is for {', '.join(n for n in able if n != AUTO)}; '{model.head}' takes "
                f"none{' with target ' + model.target if model.head == AUTO else ''}. Leave it out."
            )


def check_head_options(regularization: Any, class_weight: Any) -> None:
    """Raise `UsageError` for a value that no head takes."""
    number = isinstance(regularization, Real) and not isinstance(regularization, bool)
    if not (regularization is None or regularization == AUTO or number):
        raise UsageError(f"regularization {regularization!r}: wanted a number above 0, or auto.")
    if number and not 0 < float(regularization) < float("inf"):
        raise UsageError(f"regularization {regularization}: wanted a number above 0, or auto.")
    if class_weight is not None and class_weight not in WEIGHTS:
        raise UsageError(f"no class weight '{class_weight}'; {one_of(WEIGHTS, str(class_weight))}")
