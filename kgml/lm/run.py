"""``kgml pretrain``: corpus and ontology to tokens, tokens to a model."""

from __future__ import annotations

import math
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from kgml import artifacts
from kgml.config import PretrainConfig
from kgml.encoders.device import choose_device
from kgml.errors import UsageError
from kgml.lm import store
from kgml.lm.corpus import Prepared, prepare
from kgml.lm.generate import go_on
from kgml.lm.network import layers_of, make_network
from kgml.lm.sizes import Shape, count_parameters, flops_per_token, shape_of
from kgml.lm.speed import peak
from kgml.lm.task import Causal, Masked, Pretraining
from kgml.lm.tokenizer import END
from kgml.lm.watch import LOG, Watch, bits_of
from kgml.lm.world import check_world, leads
from kgml.progress import note
from kgml.training.budget import steps_within
from kgml.training.checkpoints import Checkpoints
from kgml.training.loop import Outcome, train
from kgml.training.machine import Machine
from kgml.training.plan import Plan
from kgml.training.shards import gathered, own, whole

if TYPE_CHECKING:
    from kgml.kg.graph import KnowledgeGraph

UNFINISHED = ".unfinished"
"""Beside the folder to write: tokens, checkpoints and losses of a run, until it is done."""
A_PARAMETER = 20
"""Tokens (Hoffmann et al. 2022, "Chinchilla")."""
ROUNDS = 4
"""Times that a corpus is as good as new (Muennighoff et al. 2023)."""
ALL = 2_000_000
"""Held-out tokens that the finished model is scored on, at most."""
ANY = 10**9
"""Steps where only time is a limit."""
FREE = ("max_tokens", "max_steps", "keep", "save_every", "device", "shard")
"""Options that a run may be gone on with others of; how many steps it has is compared by itself."""
BETAS = (0.9, 0.95)
"""AdamW's, as of GPT-3 and Llama."""
PROMPT, SAMPLE = 12, 40
"""Tokens of held-out text that a sample begins with, and of what the model adds."""


def pretrain(
    paths: Sequence[Path], output: Path, options: PretrainConfig, *,
    graphs: Sequence[KnowledgeGraph] = (), seed: int = 0, processes: int | None = None,
    board: Path | None = None, command: str = "",
) -> dict[str, Any] | None:  # fmt: skip
    """Train a language model from scratch; gone on with where an earlier call was stopped.

    Args:
        processes: how many there have to be; None: as many as the launcher started.
        board: folder for TensorBoard.

    Returns:
        What was trained, on what, how well and how fast; None in all processes but the first.

    Raises:
        CorpusError: a file that cannot be read, or fewer tokens than one context.
        UsageError: contradictions, a time that holds no step, other processes than asked for, or an
            unfinished run of other options.
        InputError: the loss is no number any more.
    """
    options.check()
    clock, output = time.perf_counter(), Path(output)
    artifacts.check_target(output, store.KIND)
    shape = shape_of(options)
    machine = Machine(choose_device(options.device), options.precision, unused=False)
    check_world(machine, processes, shard=options.shard)
    work = output.with_name(output.name + UNFINISHED)
    prepared = prepare(
        paths, graphs, options, shape.vocabulary, work / "tokens", seed=seed, leads=leads()
    )
    # a small corpus has fewer tokens than were asked for
    shape = shape_of(options, vocabulary=len(prepared.tokenizer))
    run = Run(prepared, shape, options, machine, seed)
    checkpoints = Checkpoints(work, run.key(), options.keep)
    plan = run.plan(checkpoints)
    watch = run.watch(plan, work / LOG if machine.rank == 0 else None, board)
    outcome = train(
        run.task, plan, machine, seed=seed, checkpoints=checkpoints, watch=watch,
        description="Pretraining",
    )  # fmt: skip
    watch.close()
    # of a model that is dealt out all processes have a part, so all score and hand over
    summary = run.summary(plan, outcome) if run.together else {}
    network = run.network() if run.together else None
    machine.close()
    if machine.rank:
        return None
    result = run.write(output, work / LOG, network, summary, command)
    shutil.rmtree(work, ignore_errors=True)
    return {
        **result, "speed": watch.result(), "processes": machine.count, "seed": seed,
        "seconds": time.perf_counter() - clock,
    }  # fmt: skip


def base_rate(width: int) -> float:
    """The usual learning rate: the wider, the smaller (Yang et al. 2022).

    >>> round(base_rate(128), 4), round(base_rate(768), 4)
    (0.003, 0.0005)
    """
    return min(4e-3, 3e-3 * 128 / width)


def _checkpoint(network: Any) -> None:
    """transformers renames it: the old name warns in version 5, the new one is not in 4."""
    new = getattr(network, "activation_checkpointing_enable", None)
    (new or network.gradient_checkpointing_enable)({"use_reentrant": False})


@dataclass
class Run:
    """Options and tokens become a task, a plan and what is told of them."""

    prepared: Prepared
    shape: Shape
    options: PretrainConfig
    machine: Machine
    seed: int

    def __post_init__(self) -> None:
        options, machine = self.options, self.machine
        parts = math.ceil(options.global_batch / options.micro_batch)
        if parts < machine.count:
            raise UsageError(
                f"a global batch of {options.global_batch} in parts of {options.micro_batch} is "
                f"{parts} part{'s' if parts > 1 else ''}, and {machine.count} processes want one "
                "each. Give a smaller --batch or a larger --global-batch."
            )
        self.task = self._task()
        if options.shard:
            machine.shard(self.task.module, layers_of(self.task.network))
            held = sum(own(p).numel() for p in self.task.module.parameters())
            note(f"shared by {machine.count} processes; this one holds {held:,} parameters")
        self.parameters = count_parameters(self.shape, options.network)

    def _task(self) -> Pretraining:
        options, prepared, shape = self.options, self.prepared, self.shape
        mixture = prepared.mixture(shape, options, self.seed)
        held_out = prepared.held_out(shape)
        network = make_network(shape, options.network, prepared.tokenizer, self.seed)
        if options.gradient_checkpointing:
            _checkpoint(network)
        given: dict[str, Any] = {
            "rows_a_step": options.global_batch, "seed": self.seed, "rate": self.rate,
            "rows_a_part": min(options.micro_batch, options.global_batch),
        }  # fmt: skip
        if options.objective == "causal":
            return Causal(network, mixture, held_out, **given)
        return Masked(
            network, mixture, held_out, **given, tokenizer=prepared.tokenizer,
            masking=options.masking, vocabulary=shape.vocabulary,
        )  # fmt: skip

    @property
    def together(self) -> bool:
        """Whether this process has a part in what the first does alone otherwise."""
        return self.machine.sharded or self.machine.rank == 0

    @property
    def rate(self) -> float:
        """The highest learning rate."""
        return self.options.learning_rate or base_rate(self.shape.width)

    @property
    def tokens_a_step(self) -> int:
        return self.options.global_batch * self.shape.context

    def key(self) -> Mapping[str, Any]:
        """All that decides how the run goes."""
        given = {k: v for k, v in asdict(self.options).items() if k not in FREE}
        steps = None if self.options.max_minutes else self._limit()
        return {"tokens": self.prepared.fingerprint, "seed": self.seed, "steps": steps, **given}

    def plan(self, checkpoints: Checkpoints | None) -> Plan:
        """How the run goes; the number of steps is that of the run that is gone on with."""
        options = self.options
        plan = Plan(
            steps=self._limit(), warm_up=options.warm_up, shape="cosine", floor=options.floor,
            decay=options.decay, betas=BETAS, fused=True, longest=options.clip,
            precision=options.precision, save_every=options.save_every, keep=options.keep,
        )  # fmt: skip
        if options.max_minutes is not None:
            found = checkpoints.read() if checkpoints is not None else None
            steps = (
                found[0].steps if found is not None
                else steps_within(
                    options.max_minutes, self.task, plan, self.machine, options.checks + 1
                )
            )  # fmt: skip
            plan = replace(plan, steps=steps)
            note(f"{steps:,} steps fit into {options.max_minutes:g} minutes")
        return replace(plan, check_every=max(1, plan.steps // options.checks))

    def _limit(self) -> int:
        options = self.options
        limits = [options.max_steps] if options.max_steps is not None else []
        if options.max_tokens is not None:
            limits.append(math.ceil(options.max_tokens / self.tokens_a_step))
        if not limits and options.max_minutes is None:
            corpus = self.prepared.counts["train"]["tokens"] / (1 - self.task.mixture.share)
            tokens = min(A_PARAMETER * self.parameters, ROUNDS * int(corpus))
            limits.append(max(1, math.ceil(tokens / self.tokens_a_step)))
        return min(limits, default=ANY)

    def watch(self, plan: Plan, log: Path | None, board: Path | None) -> Watch:
        """Tells of the run, and first of the model."""
        options, machine, shape = self.options, self.machine, self.shape
        note(
            f"{options.network}, {self.parameters:,} parameters: {shape.depth} layers of "
            f"{shape.width}, {shape.vocabulary:,} tokens, context {shape.context:,}; "
            f"{plan.steps:,} steps of {self.tokens_a_step:,} tokens, learning rate {self.rate:g}"
        )
        operations, source = peak(str(machine.device), options.precision)
        note(f"MFU is a share of {operations / 1e9:,.0f} GFLOP/s ({source})")
        valid = self.prepared.counts["valid"]
        bits = bits_of(valid["tokens"] - 1, valid["bytes"])
        return Watch(
            log, steps=plan.steps, tokens=self.tokens_a_step, rate=self.rate, board=board,
            flops=flops_per_token(shape, options.network), peak=operations * machine.count,
            bits=bits if options.objective == "causal" else None, samples=self._samples,
        )  # fmt: skip

    def _samples(self) -> list[str]:
        if self.options.objective != "causal" or not self.together:
            return []
        tokenizer = self.prepared.tokenizer
        start = self.task.held_out.window(0)[:PROMPT].tolist()
        with gathered(self.task.module):
            drawn = go_on(
                self.task.network, start, tokens=SAMPLE, context=self.shape.context,
                temperature=0.8, top_p=0.95, seed=self.seed, end=tokenizer.number(END),
            )  # fmt: skip
        return [tokenizer.decode(start) + "|" + tokenizer.decode(drawn)]

    def summary(self, plan: Plan, outcome: Outcome) -> dict[str, Any]:
        """What the manifest says: no times."""
        counts, share = self.prepared.counts, self.task.mixture.share
        tokens = outcome.step * self.tokens_a_step
        told = counts["knowledge"]["tokens"]
        return {
            "objective": self.options.objective, "architecture": self.options.network,
            "parameters": self.parameters, "shape": asdict(self.shape), "corpus": dict(counts),
            "steps": {"planned": plan.steps, "done": outcome.step, "best": outcome.best},
            "tokens": tokens, "learning_rate": self.rate,
            "rounds": {
                "corpus": tokens * (1 - share) / counts["train"]["tokens"],
                "ontology": tokens * share / told if told else 0.0,
            },
            "held_out": self._held_out(),
            "history": outcome.history,
        }  # fmt: skip

    def network(self) -> Any:
        """The trained network, whole, in the first process."""
        if not self.machine.sharded:
            return self.task.network
        network = make_network(self.shape, self.options.network, self.prepared.tokenizer, self.seed)
        weights = dict(self.task.losing(network).named_parameters())
        with torch.no_grad():
            for name, part in self.task.module.named_parameters():
                weights[name].copy_(whole(part.detach()))
        return network

    def write(
        self, output: Path, log: Path, network: Any, summary: dict[str, Any], command: str
    ) -> dict[str, Any]:
        """Save ``network``; ``summary`` with where it is."""
        prepared = self.prepared
        fingerprint = store.write(
            output, network, prepared.tokenizer, self.shape.context, log=log,
            made_from={"tokens": prepared.fingerprint}, config={"pretrain": asdict(self.options)},
            seed=self.seed, command=command, summary=dict(summary),
        )  # fmt: skip
        return {"path": str(output), "fingerprint": fingerprint, **summary}

    def _held_out(self) -> dict[str, float]:
        self.task.network.eval()
        loss, valid = self.task.held_out_loss(ALL), self.prepared.counts["valid"]
        found = {"loss": loss, "perplexity": math.exp(min(loss, 700))}
        if self.options.objective == "causal":
            found["bits_per_byte"] = loss * bits_of(valid["tokens"] - 1, valid["bytes"])
        return found
