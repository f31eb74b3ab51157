"""A transformer fitted, and whether knowledge enters it.

Knowledge has to pass twice. First in the light stack on the frozen encoder, out of fold, where it costs
seconds (`kgml.models.evidence`). Then the transformer is trained with it and without it on the same rows,
and has to be surer of the held-out rows' own classes with it: a fine-tuned text encoder may know what
knowledge says. Without evidence there is one training, without knowledge.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kgml.config import TransformerConfig
from kgml.encoders.rows import Integers
from kgml.encoders.text import TextEncoder
from kgml.evaluation.metrics import Difference, called
from kgml.models.assembly import Recipe
from kgml.models.evidence import Evidence
from kgml.models.features import Documents, EntityVectors
from kgml.models.finetuned.run import FineTuned, Material, better, fine_tune, split
from kgml.models.targets.base import Codes, Target
from kgml.progress import warn
from kgml.training.checkpoints import Checkpoints

NAMES = {True: "knowledge", False: "text"}
"""Of the trainings, with knowledge and without."""
VETO = "it helps the frozen text encoder, not the fine-tuned one"


@dataclass(frozen=True)
class FineTuningReport:
    """How the transformer was trained, as JSON says it.

    ``over_light``: how much better than the light stack it is on the rows held out, which chose its
    step too; the light stacks are those of the folds.
    """

    options: TransformerConfig
    kept: FineTuned
    rows: dict[str, int]
    over_light: Difference

    def to_json(self) -> dict[str, Any]:
        """Options, steps, history, rows and the difference to the light stack."""
        over = self.over_light
        return {
            **asdict(self.options), "learning_rate": self.options.rate,
            "steps": {"planned": self.kept.steps, "done": self.kept.outcome.step,
                      "best": self.kept.outcome.best},
            "trained": self.kept.trained,
            "history": self.kept.outcome.history,
            "rows": self.rows,
            "over_light": {"metric": over.metric, "difference": over.value,
                           "interval": list(over.interval)},
        }  # fmt: skip


@dataclass(frozen=True)
class Fitted:
    """What is kept, with knowledge or without, and why; ``outside``: the rows held out."""

    kept: FineTuned
    knowledge: bool
    evidence: Evidence
    outside: Integers
    fine_tuning: FineTuningReport


def fit_transformer(
    base: TextEncoder, vectors: EntityVectors, documents: Documents, codes: Codes, target: Target,
    recipe: Recipe, evidence: Evidence, options: TransformerConfig, box: Path, *, always: bool,
    checkpoint: Path | None,
) -> Fitted:  # fmt: skip
    """Fine-tune ``base`` on n training rows.

    Args:
        documents: read by ``base``, which stays as it is.
        recipe: of the light stack that ``evidence`` is of.
        box: a folder for the trained encoder.
        always: knowledge is shipped whatever the evidence says.
        checkpoint: a folder where training is saved, and gone on with; it stays.
    """
    inside, outside = split(target, codes, options, recipe.seed, documents.near)
    material = Material(base, vectors, documents, codes, target, recipe, inside, outside)

    def run(name: str, strength: float) -> FineTuned:
        at = None if checkpoint is None else checkpoint / name
        return fine_tune(material, options, box / name, strength=strength, checkpoint=at)

    wanted = always or evidence.ship
    known = run(NAMES[True], 1.0) if wanted else None
    plain = None if always else run(NAMES[False], 0.0)
    if known is not None and (plain is None or better(known, plain, material)):
        kept, knowledge = known, True
        if evidence.ship:  # the light stack may count it half
            evidence = replace(evidence, strength=1.0)
    else:
        assert plain is not None  # there is one where knowledge is not always wanted
        kept, knowledge = plain, False
        if wanted:
            evidence = replace(evidence, strength=0.0, helps=None, reason=VETO)
    over = _over_light(evidence, kept, material, knowledge)
    rows = {"learned_from": len(inside), "held_out": len(outside)}
    told = FineTuningReport(options, kept, rows, over)
    return Fitted(kept, knowledge, replace(evidence, frozen=True), outside, told)


def forget(checkpoint: Path) -> None:
    """Remove what trainings saved in the folder, and it too where nothing else is in it."""
    for name in (*NAMES.values(), ""):
        Checkpoints(checkpoint / name, {}).remove()


def _over_light(
    evidence: Evidence, kept: FineTuned, material: Material, knowledge: bool
) -> Difference:
    light = evidence.held.get("knowledge" if knowledge else "plain", evidence.held["plain"])
    held = light[material.outside]
    codes, target = material.codes[material.outside], material.target
    found = target.weigh(codes, [held], [kept.held], material.recipe.seed)
    if found.value < 0:
        warn(
            f"on the {len(codes):,} training rows held out the fine-tuned transformer has "
            f"{-100 * found.value:.1f} points of {called(found.metric)} less than the light stack; "
            "compare with a run without --head transformer."
        )
    return found
