"""What ``kgml build`` calls: an assessment, the command its verdict names, and that carried out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kgml.artifacts import check_target
from kgml.errors import ArtifactError, InputError
from kgml.lm.store import KIND as LANGUAGE_MODEL
from kgml.models.assess.kept import Kept
from kgml.models.assess.order import Wanted, order_of
from kgml.models.assess.run import assess
from kgml.models.assess.verdict import NOT
from kgml.models.store import KIND
from kgml.progress import note


def build(wanted: Wanted, *, auto: bool = False, anyway: bool = False) -> dict[str, Any]:
    """Assess, and with ``auto`` train what the verdict names.

    The assessment is kept beside ``wanted.output`` until the model is written: the same call after a
    stop, or with ``auto`` after one without, does not assess again.

    Args:
        anyway: train although the verdict is that these data do not carry it.

    Returns:
        ``assessment, command, next, result``: ``next`` is what a language model needs to become a
        classifier, else None; ``result`` is that of the command, None without ``auto``.

    Raises:
        InputError: a verdict of "not with this data", with what would change it.
        KGMLError: what `assess`, `kgml train` and `kgml pretrain` refuse.
    """
    _check_output(wanted)
    kept = _kept(wanted)
    assessment = kept.get(lambda: _assess(wanted))
    found = assessment["verdict"]
    order = order_of(assessment, wanted)
    told = {
        "assessment": assessment, "command": order.command, "next": order.then, "result": None,
    }  # fmt: skip
    note(f"{found['verdict']}: {found['reason']}")
    if not auto:
        return told
    if found["verdict"] == NOT and not anyway:
        raise InputError(refusal(wanted, found))
    note(f"running {order.command}")
    told["result"] = order.run(wanted)
    kept.forget()
    return told


def refusal(wanted: Wanted, verdict: dict[str, Any]) -> str:
    """Why nothing is trained, and what would change that."""
    change = " ".join(verdict["conditions"])
    return (
        f"{wanted.data}: {verdict['verdict']}: {verdict['reason']}. What would change it: {change} "
        "Nothing was trained; --anyway trains all the same."
    )


def _assess(wanted: Wanted) -> dict[str, Any]:
    return assess(
        wanted.data, graph=wanted.graph, target=wanted.target, budget_hours=wanted.budget_hours,
        corpus=wanted.corpus, pilot_minutes=wanted.pilot_minutes, config=wanted.config,
    )  # fmt: skip


def _kept(wanted: Wanted) -> Kept:
    named = wanted.config.encoder.model
    graph = [] if wanted.graph is None else [wanted.graph]
    # an encoder that is no folder is told by its name
    inputs = [wanted.data, *graph, *wanted.corpus, *([Path(named)] if Path(named).is_dir() else [])]
    options = {
        "target": wanted.target, "budget_hours": wanted.budget_hours,
        "pilot": wanted.pilot_minutes, "config": wanted.config.to_dict(),
    }  # fmt: skip
    return Kept.beside(wanted.output, inputs, options)


def _check_output(wanted: Wanted) -> None:
    """Raise `ArtifactError` where neither a model nor a language model could be written."""
    try:
        check_target(wanted.output, KIND)
    except ArtifactError as refused:
        try:
            check_target(wanted.output, LANGUAGE_MODEL)
        except ArtifactError:
            raise refused from None
