"""Feasible, under which conditions, by which of three ways: from what was measured, with reasons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kgml.data.quality.finding import SERIOUS, Finding
from kgml.models.assess.scale import USEFUL
from kgml.models.evidence import Evidence

FEASIBLE, CONDITIONS, NOT = "feasible", "feasible with conditions", "not with this data"
FINE_TUNE, SCRATCH, EMBEDDINGS = "fine-tune", "from-scratch", "embeddings"
COMMANDS = {
    FINE_TUNE: "kgml train --head transformer", SCRATCH: "kgml pretrain", EMBEDDINGS: "kgml train",
}  # fmt: skip
PER_CLASS, ROWS = 50, 200
"""Training rows of a class, and in all, from which on fine-tuning beats the light stack
(`benchmarks/fine_tune.py`)."""
FAR, CHANCE = 10, 0.1
"""A target that takes so many times the labels at hand is no plan; one that so few of the curves that fit
ever reach is out of reach."""
ABOVE = 0.05
"""A score must be so much above guessing."""


@dataclass(frozen=True)
class Measured:
    """What a verdict rests on. ``curve``: as `Curve.to_json` · ``guess``: the metric of guessing the
    largest class · ``broken``: whether the encoder breaks words up too much · ``pilot``: as of
    `kgml.models.assess.run.assess` · ``refused``: why the options do not let a model be fine-tuned."""

    curve: Mapping[str, Any]
    guess: float
    rows: int
    classes: int
    findings: Sequence[Finding]
    costs: Mapping[str, Any]
    language_model: Mapping[str, Any]
    evidence: Evidence | None
    broken: bool
    budget_hours: float | None
    pilot: Mapping[str, Any] | None = None
    refused: str | None = None

    @property
    def tried(self) -> Mapping[str, Any] | None:
        """The pilot, if fine-tuning was tried."""
        return None if self.pilot is None or "left_out" in self.pilot else self.pilot


def verdict(of: Measured) -> dict[str, Any]:
    """``verdict, reason, conditions, regime, reasons, regimes, expected, minutes, memory_mib, command``."""
    regimes = _regimes(of)
    regime = next(name for name in (SCRATCH, FINE_TUNE, EMBEDDINGS) if regimes[name]["fits"])
    curve, of_what = of.curve, EMBEDDINGS
    if regime == FINE_TUNE and of.tried is not None:
        curve, of_what = of.tried["curve"], FINE_TUNE
    answer, reason, conditions = _feasible(of, curve, unknown=regime == FINE_TUNE != of_what)
    conditions += [
        f"{f.name}: {f.what}. {f.step}" for f in of.findings if f.weight == SERIOUS and f.step
    ]  # fmt: skip
    if answer == FEASIBLE and conditions:
        answer = CONDITIONS
    cost = of.costs.get(regime) or {}
    return {
        "verdict": answer, "reason": reason, "conditions": conditions, "regime": regime,
        "reasons": [regimes[name]["reason"] for name in (FINE_TUNE, SCRATCH, EMBEDDINGS)],
        "regimes": regimes, "expected": {"metric": curve["metric"], "of": of_what, **curve["now"]},
        "minutes": cost.get("minutes"), "memory_mib": cost.get("memory_mib"),
        "command": COMMANDS[regime],
    }  # fmt: skip


def _feasible(
    of: Measured, curve: Mapping[str, Any], *, unknown: bool
) -> tuple[str, str, list[str]]:
    """The answer, why, and what it takes, or would take.

    Args:
        unknown: ``curve`` is of the light stack, and fine-tuning was chosen, which may reach more.
    """
    now, target, title = curve["now"], curve["target"], curve["title"]
    low, high = now["interval"]
    said = f"{title} {now['value']:.2f} [{low:.2f}, {high:.2f}] is expected of {now['labels']:,} labels"
    said += " and the light stack" if unknown else ""
    if target is None:
        if high < of.guess + ABOVE:
            return NOT, f"{said}, no better than guessing ({of.guess:.2f})", [
                "Labels that follow from the texts: look at the likely label errors, or label by another rule.",
                "Or more rows, if there are few.",
            ]  # fmt: skip
        return FEASIBLE, f"{said}; guessing gives {of.guess:.2f}", []
    wanted = f"{target['score']:.2f} is wanted"
    if low >= target["score"]:
        return FEASIBLE, f"{said}; {wanted}", []
    labels, ends = target["value"], target["interval"]
    if now["value"] >= target["score"]:
        return CONDITIONS, f"{said}; {wanted}, which is within reach but not sure", [
            "Hold out a test part and measure before you rely on it, or label more rows."
        ]  # fmt: skip
    if unknown:
        return CONDITIONS, f"{said}; {wanted}, and what fine-tuning reaches is not known", [
            "Let it be tried on a part of the rows: --pilot MINUTES."
        ]  # fmt: skip
    if target["reached"] < CHANCE:
        return NOT, f"{said}; {wanted}, where the curve does not lead", [
            f"Ask for no more than {now['value']:.2f}, or name an --encoder or a --graph of this domain."
        ]  # fmt: skip
    least = ends[0]
    if least is not None and least > FAR * of.rows:
        return NOT, f"{said}; {wanted}, which takes {least:,.0f} labels at least", [
            f"Label {least:,.0f} rows, {of.rows:,} are there, or ask for no more than {now['value']:.2f}."
        ]  # fmt: skip
    many = "an unknown number of" if labels is None else f"about {labels:,.0f}"
    return CONDITIONS, f"{said}; {wanted}", [
        f"Label more: {many} rows in all ({_span(ends)}), {of.rows:,} are there."
    ]  # fmt: skip


def _span(ends: Sequence[float | None]) -> str:
    low, high = ("never" if end is None else f"{end:,.0f}" for end in ends)
    return f"95%: {low} to {high}"


def _regimes(of: Measured) -> dict[str, dict[str, Any]]:
    """Of each way whether it fits, and why."""
    per_class = of.rows / of.classes
    tune, minutes = (
        of.costs.get(FINE_TUNE),
        None if of.budget_hours is None else 60 * of.budget_hours,
    )
    enough = per_class >= PER_CLASS and of.rows >= ROWS
    tried = of.tried
    affordable = tune is not None and (minutes is None or tune["minutes"] <= minutes)
    reason = f"{per_class:.0f} rows a class, {of.rows:,} in all; fine-tuning pays from {PER_CLASS} and {ROWS} on"
    if tried is not None:
        enough, reason = tried["difference"]["value"] > 0, _pilot(tried)
    if of.refused is not None:
        reason = of.refused.rstrip(".")
    elif enough and tune is not None and not affordable:
        reason += f", but takes {tune['minutes']:.0f} minutes here"
    return {
        FINE_TUNE: {
            "fits": enough and affordable,
            "reason": f"Fine-tune a pretrained model: {reason}.",
        },
        SCRATCH: _scratch(of, minutes),
        EMBEDDINGS: {"fits": True, "reason": f"Embeddings + knowledge: {_knowledge(of.evidence)}."},
    }


def _pilot(found: Mapping[str, Any]) -> str:
    low, high = (100 * end for end in found["difference"]["interval"])
    return (
        f"tried on {found['labels']:,} rows, {100 * found['difference']['value']:+.1f} points [{low:+.1f}, "
        f"{high:+.1f}] over the light stack on {found['held_out']:,} held-out rows"
    )


def _scratch(of: Measured, minutes: float | None) -> dict[str, Any]:
    """Only where text is there for a model that is worth fine-tuning, or no model knows the words."""
    plan, largest = of.language_model, of.language_model["largest"]
    needed = plan["needed_for_use"]
    reason = (
        f"{plan['tokens']:,} tokens, worth {plan['worth']:,} when read {plan['readings']} times; a model of "
        f"{USEFUL / 1e6:.0f}M parameters needs {needed / 1e9:.0f} billion"
    )
    size = 0 if largest is None else largest["parameters"]
    fits = plan["worth"] >= needed or (of.broken and size >= USEFUL / 10)
    if fits and minutes is not None and largest["minutes_here"] > minutes:
        fits, reason = (
            False,
            f"{reason}, and it takes {largest['minutes_here'] / 60:,.0f} hours here",
        )
    return {"fits": bool(fits), "reason": f"From scratch: {reason}."}


def _knowledge(evidence: Evidence | None) -> str:
    if evidence is None:
        return "light and quick; no ontology was given (--graph)"
    if evidence.difference is None:
        return f"light and quick; knowledge has no part, {evidence.reason}"
    low, high = (100 * end for end in evidence.difference.interval)
    gain = f"{100 * evidence.difference.value:+.1f} points [{low:+.1f}, {high:+.1f}] out of fold"
    end = "the ontology is used" if evidence.ship else "too little to use the ontology"
    return f"light and quick; the ontology adds {gain}, {end}"
