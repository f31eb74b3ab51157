"""The defaults as a trial: what each option is where nothing is said, and which can be searched."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kgml.config import Config
from kgml.errors import UsageError
from kgml.models.heads.blend import BlendHead
from kgml.models.light import AUTO, LogisticHead, SVMHead
from kgml.models.train import make_classifier
from kgml.models.tune.space import Choice, Range, Space
from kgml.registry import resolve


def usual(
    space: Space, config: Config, rows_per_class: float
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What ``kgml train`` takes with ``config``: by name, of all options; by label, of those searched
    and in force.

    A head's own regularisation and class weights are written out, so that the search learns from
    them; of a regularisation that the head chooses by itself a value in the middle stands for it.
    """
    recipe = make_classifier(None, config).recipe(rows_per_class)
    head = resolve("head", recipe.head)
    strength = recipe.regularization
    by_name: dict[str, Any] = {
        "fusion": recipe.fusion,
        "head": recipe.head,
        "regularization": head.C if strength is None or strength == AUTO else float(strength),
        "class_weight": recipe.class_weight or head.WEIGHT,
    }
    params: dict[str, Any] = {}
    for option in space.options:
        own = getattr(getattr(config, option.section), option.key)
        by_name.setdefault(option.name, own)
        if option.applies(by_name):
            params[option.label] = by_name[option.name]
    return by_name, params


def settled(space: Space, config: Config, rows_per_class: float, given: bool) -> Space:
    """``space`` as it can be searched: heads that learn the target, the defaults in every option.

    Args:
        given: whether its values are a user's, of which none is left out without a word.

    Raises:
        UsageError: a value that goes with none of the others, or nothing is left to search.
    """
    if config.train.kind == "regression":
        space = space.without("class_weight", "numbers have no classes")
    named = {option.name for option in space.options}
    if not given:
        fixed = {
            name for name in ("regularization", "class_weight")
            if name not in named and getattr(config.train, name) is not None
        }  # fmt: skip
        heads = [head for head in _values(space, "head") if _learns(head, config.train.kind, fixed)]
        space = space.restricted("head", heads)
    by_name, params = usual(space, config, rows_per_class)
    space = space.with_defaults(params)
    heads = _values(space, "head") or [by_name["head"]]
    if "head" not in named and config.train.head == AUTO and config.train.kind != "regression":
        heads = [LogisticHead.name, SVMHead.name, BlendHead.name]  # fewer rows may get another one
    possible = [o for o in space.options if o.when is None or {*o.when[1]} & {*heads}]
    space = replace(space, options=tuple(possible))
    for option in space.options:
        if isinstance(option.values, Choice) and len(option.values.values) == 1:
            space = space.without(option.name, "has one value only")
    if not space.options:
        raise UsageError("there is nothing to search: every option named has one value only.")
    _check(space, config, params)
    return space


def _values(space: Space, name: str) -> list[Any]:
    """The values of an option that is one of a list; none where it is not searched."""
    return [v for o in space.options if o.name == name and isinstance(o.values, Choice)
            for v in o.values.values]  # fmt: skip


def _learns(head: str, target: str, fixed: set[str]) -> bool:
    """Whether ``head`` is for the target, and takes the options that are ``fixed``."""
    of = resolve("head", head)
    return target in of.targets and fixed <= of.options


def _check(space: Space, config: Config, params: dict[str, Any]) -> None:
    """Raise `UsageError` where a value cannot stand in its option."""
    for option in space.options:
        values = option.values
        ends = (values.low, values.high) if isinstance(values, Range) else values.values
        for value in ends:
            tried = {**params, option.label: value}
            if option.when is not None:
                tried[option.when[0]] = option.when[1][0]
            make_classifier(None, space.apply(config, _in_force(space, tried))).check_options()


def _in_force(space: Space, params: dict[str, Any]) -> dict[str, Any]:
    """Of ``params`` those that apply beside the others."""
    return {o.label: params[o.label] for o in space.options
            if o.label in params and o.applies(params)}  # fmt: skip
