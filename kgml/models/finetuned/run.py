"""One fine-tuning, or two: with knowledge and without, held-out rows saying which is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from kgml.config import TransformerConfig
from kgml.encoders.device import choose_device
from kgml.encoders.rows import Integers
from kgml.encoders.text import TextEncoder
from kgml.encoders.tuning.trainee import write_model
from kgml.models.assembly import Assembly, Recipe
from kgml.models.features import Documents, EntityVectors
from kgml.models.fewshot.tuning import reader
from kgml.models.finetuned.layers import choose_layers, merge_lora
from kgml.models.finetuned.task import FineTuning, held_out, row_weights
from kgml.models.light import Decisions
from kgml.models.targets.base import Codes, Target
from kgml.progress import note
from kgml.training.budget import steps_within
from kgml.training.checkpoints import Checkpoints
from kgml.training.loop import Outcome, train
from kgml.training.machine import Machine
from kgml.training.plan import Plan

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

START = {"softmax": "logistic", "logistic": "logistic", "identity": "ridge"}
"""The head of the stack that training begins with."""
SAVE_SECONDS = 60.0
"""What an interruption costs at most."""
CARD = """\
---
library_name: sentence-transformers
tags:
- sentence-transformers
- kgml
---

# A text encoder fine-tuned with its classifier

Part of a model of `kgml train --head transformer`, trained on {rows:,} labelled texts, weights of step
{best:,} of {steps:,}. It tells their classes apart; as an encoder for anything else take the one it was
made from. The texts' and the base model's terms hold.
"""


@dataclass(frozen=True)
class Material:
    """What fine-tuning is given: n training rows read by the frozen ``base``, their codes, and which
    of them are learned from (``inside``) and held out (``outside``)."""

    base: TextEncoder
    vectors: EntityVectors
    documents: Documents
    codes: Codes
    target: Target
    recipe: Recipe
    inside: Integers
    outside: Integers


@dataclass(frozen=True)
class FineTuned:
    """A trained stack and its text encoder; ``held``: decisions (len(outside), k) on the rows held
    out; ``trained``: how many numbers were."""

    stack: Assembly
    encoder: TextEncoder
    held: Decisions
    outcome: Outcome
    steps: int
    trained: int


def split(
    target: Target, codes: Codes, options: TransformerConfig, seed: int,
    near: Integers | None = None,
) -> tuple[Integers, Integers]:  # fmt: skip
    """Rows to learn from and rows held out."""
    return held_out(target.strata(codes), options.evaluation, seed, near)


def fine_tune(
    material: Material, options: TransformerConfig, folder: Path, *, strength: float,
    checkpoint: Path | None = None,
) -> FineTuned:  # fmt: skip
    """Train encoder, fusion and classifier; write the encoder to ``folder``.

    Args:
        strength: 0 leaves knowledge out.
        checkpoint: where the run is saved, and gone on with.

    Raises:
        InputError: the loss left the numbers.
        UsageError: layers that are not there, minutes that hold no step, or a checkpoint of another run.
    """
    seed = material.recipe.seed
    machine = Machine(choose_device(material.base.device), options.precision)
    stack, scale = _start(material, strength)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # low-rank changes begin at random
        model = _loaded(material.base, options)
        choose_layers(model, options)
    task = _task(material, model, stack, scale, options)
    plan = _plan(task, options)
    saved = (
        None if checkpoint is None else Checkpoints(checkpoint, _key(material, options, strength))
    )
    if options.minutes is not None:
        plan = _within(options.minutes, task, plan, machine, saved)
    outcome = train(
        task, plan, machine, seed=seed, checkpoints=saved,
        description="Fine-tuning" if not strength else "Fine-tuning with knowledge",
    )  # fmt: skip
    trained = sum(p.numel() for p in task.module.parameters() if p.requires_grad)
    task.module.cpu().eval()
    merge_lora(model)
    _write(material, model, folder, options, outcome, plan.steps)
    _finish(stack, task, scale)
    encoder = reader(material.base, folder)
    held = material.documents.take(material.outside).read_by(encoder)
    return FineTuned(stack, encoder, stack.decision(held), outcome, plan.steps, trained)


def _start(material: Material, strength: float) -> tuple[Assembly, tuple[float, float]]:
    """A stack fitted on the frozen encoder's vectors of the rows inside, its decisions in the unit
    that is trained; and mean and spread of that unit."""
    target, inside = material.target, material.inside
    codes, classes = material.codes[inside], target.width(material.codes)
    recipe = replace(material.recipe, head=START[target.link], lead=False)
    stack = Assembly(recipe, material.vectors, classes, target)
    stack.fit(material.documents.take(inside), codes, strength)
    if target.link != "identity":
        return stack, (0.0, 1.0)
    mean, spread = float(codes.mean()), float(codes.std()) or 1.0
    stack.head_.coef_ = stack.head_.coef_ / spread
    stack.head_.intercept_ = (stack.head_.intercept_ - mean) / spread
    return stack, (mean, spread)


def _loaded(base: TextEncoder, options: TransformerConfig) -> SentenceTransformer:
    model = base.load()
    if options.max_length is not None:
        model.max_seq_length = min(model.max_seq_length or options.max_length, options.max_length)
    return model


def _task(
    material: Material, model: SentenceTransformer, stack: Assembly, scale: tuple[float, float],
    options: TransformerConfig,
) -> FineTuning:  # fmt: skip
    target, codes = material.target, material.codes
    if options.gradient_checkpointing:
        first: Any = model[0]
        first.model.gradient_checkpointing_enable({"use_reentrant": False})
    hot: NDArray[np.float32]
    if target.link == "identity":
        hot = ((codes - scale[0]) / scale[1])[:, None].astype(np.float32)
    else:
        hot = target.hot(codes, target.width(codes))
    recipe = material.recipe
    return FineTuning(
        model, stack, material.documents, codes, material.inside, material.outside, target, options,
        hot=hot, seed=recipe.seed, scale=scale,
        weights=row_weights(target, codes, material.inside, recipe.class_weight),
    )  # fmt: skip


def _plan(task: FineTuning, options: TransformerConfig) -> Plan:
    steps = options.planned(task.steps_an_epoch)
    return Plan(
        steps=steps, least=steps // 2, warm_up=options.warm_up, shape=options.schedule,
        decay=options.decay, precision=options.precision, patience=options.patience,
        check_every=max(1, task.steps_an_epoch // options.checks), save_seconds=SAVE_SECONDS,
    )  # fmt: skip


def _within(
    minutes: float, task: FineTuning, plan: Plan, machine: Machine, saved: Checkpoints | None
) -> Plan:
    """``plan`` with the steps that fit; those of the run that is gone on with, if there is one."""
    found = None if saved is None else saved.read()
    checks = plan.steps // (plan.check_every or 1) + 1
    steps = found[0].steps if found else steps_within(minutes, task, plan, machine, checks)
    note(f"{steps:,} of {plan.steps:,} steps fit into {minutes:g} minutes")
    return replace(plan, steps=steps, least=steps // 2)


def _key(material: Material, options: TransformerConfig, strength: float) -> Mapping[str, Any]:
    """All that decides how the run goes."""
    digest = hashlib.sha256()
    for text in material.documents.texts:
        digest.update(text.encode("utf-8", "surrogatepass") + b"\0")
    codes = np.ascontiguousarray(material.codes)
    links = material.documents.counts
    return {
        "texts": digest.hexdigest(), "labels": hashlib.sha256(codes.tobytes()).hexdigest(),
        "encoder": material.base.fingerprint, "graph": material.vectors.graph.fingerprint,
        "links": hashlib.sha256(links.indices.tobytes() + links.data.tobytes()).hexdigest(),
        "strength": strength, "target": material.target.name, **asdict(material.recipe),
        **{f"transformer.{name}": value for name, value in asdict(options).items()},
    }  # fmt: skip


def _write(
    material: Material, model: SentenceTransformer, folder: Path, options: TransformerConfig,
    outcome: Outcome, steps: int,
) -> None:  # fmt: skip
    """The encoder as a folder; a fresh copy of the base takes the weights, as one that was used has
    settings of the run."""
    fresh = _loaded(material.base, options).cpu()
    fresh.load_state_dict(model.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    card = CARD.format(rows=len(material.inside), best=outcome.best, steps=steps)
    write_model(folder, fresh, card)


def _finish(stack: Assembly, task: FineTuning, scale: tuple[float, float]) -> None:
    """Give ``stack`` what was trained."""
    coef, intercept = task.module.coefficients()  # type: ignore[operator]
    mean, spread = scale
    stack.recipe = replace(stack.recipe, head="transformer")
    arrays = {"coef": coef * spread, "intercept": intercept * spread + mean,
              "seen": np.arange(len(coef))}  # fmt: skip
    stack.head_ = stack.recipe.make_head().restore(arrays, len(coef), 1.0)
    stack.fusion_.requires_grad_(False)


def better(one: FineTuned, other: FineTuned, material: Material) -> bool:
    """Whether ``one`` is surer of the held-out rows' own classes than ``other``."""
    codes = material.codes[material.outside]
    sure = [float(material.target.sure(of.held, codes).mean()) for of in (one, other)]
    return sure[0] > sure[1]
