"""One step of tuning: contrast the pairs of a batch, keep general texts where they were."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, normalize

from kgml.config import AdaptConfig
from kgml.encoders.rows import Floats, batches_by_length
from kgml.encoders.tuning.pairs import Batch, PairStream
from kgml.errors import ArtifactError, InputError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LENGTH = 64
"""Tokens read of a text in training: names have 9 on average, and steps must be short."""
BATCH_TOKENS = 512
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; it falls to 0 in the others."""
DECAY = 0.01
LONGEST_GRADIENT = 1.0
_STREAM = 1_000_005
"""Keeps the draws of general texts apart from those of the pairs."""


class Tuner:
    """The model being tuned, the frozen original, and the optimiser.

    No dropout: a step depends on weights, moments and its number only. Embedding tables (words,
    places) stay as they are: they are half of MiniLM's parameters, and the words that the graph
    does not use keep their meaning.

    Args:
        model: is changed.
        frozen: the same model again; is not changed.
        general: texts whose vectors are to stay; none are needed.
        steps: the last step, for the learning rate; may be set later.
    """

    def __init__(
        self, model: SentenceTransformer, frozen: SentenceTransformer, pairs: PairStream,
        general: Sequence[str], config: AdaptConfig, *, seed: int, steps: int = 1,
    ) -> None:  # fmt: skip
        if "attention_mask" not in model.preprocess(["a"]):
            raise ArtifactError(
                "the text encoder is no transformer (a table of word vectors?); there are no "
                "layers to tune. Choose another --encoder."
            )
        self.model, self.frozen = model.eval(), frozen.eval().requires_grad_(False)
        self.model.max_seq_length = min(self.model.max_seq_length or LENGTH, LENGTH)
        self.pairs, self.general, self.config = pairs, general, config
        self.seed, self.steps = seed, steps
        tables = {id(p) for m in model.modules() if isinstance(m, nn.Embedding)
                  for p in m.parameters()}  # fmt: skip
        for parameter in model.parameters():
            parameter.requires_grad_(id(parameter) not in tables)
        self.parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=config.learning_rate, weight_decay=DECAY
        )

    def step(self, number: int) -> float:
        """Do step ``number`` (from 1) and return its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.config.learning_rate * schedule(number, self.steps)
        self.optimizer.zero_grad()
        loss = self.loss(number)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), LONGEST_GRADIENT)
        self.optimizer.step()
        return float(loss.detach())

    def loss(self, number: int) -> Tensor:
        """Of step ``number``: `contrast`, and how far its general texts went."""
        batch = self.pairs.batch(number, self.config.batch_size)
        rng = np.random.default_rng([self.seed, number, _STREAM])
        size = min(self.config.general_size, len(self.general))
        drawn = [self.general[i] for i in rng.integers(max(1, len(self.general)), size=size)]
        vectors, kept = self._vectors([*batch.left, *batch.right], drawn)
        left, right = vectors[: len(batch.left)], vectors[len(batch.left) :]
        loss = contrast(left, right, batch, self.config.temperature)
        return loss if kept is None else loss + self.config.general_weight * kept

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, d) by the weights as they are.

        Raises:
            InputError: they hold NaN or infinity.
        """
        with torch.no_grad():
            rows: Floats = self._rows(self.model, texts).numpy()
        if not np.isfinite(rows).all():
            raise InputError(
                "the vectors of the text encoder are no numbers any more (NaN or infinity). Use a "
                "smaller --learning-rate, or another --encoder if this is the first step."
            )
        return rows

    def encode_frozen(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, d) by the original."""
        with torch.no_grad():
            rows: Floats = self._rows(self.frozen, texts).numpy()
        return rows

    def _vectors(self, texts: list[str], general: list[str]) -> tuple[Tensor, Tensor | None]:
        """Vectors of ``texts`` (n, d); the mean of 1 - cosine to the original of ``general``."""
        rows = self._rows(self.model, [*texts, *general])
        if not general:
            return rows, None
        with torch.no_grad():
            before = self._rows(self.frozen, general)
        moved = 1 - (rows[len(texts) :] * before).sum(dim=1)
        return rows[: len(texts)], moved.mean()

    def _rows(self, model: SentenceTransformer, texts: Sequence[str]) -> Tensor:
        """(n, d) rows of length 1, in batches of texts of about the same length."""
        # Only the tuned model cuts off and tokenizes: the original is saved as it was loaded.
        prompt = self.model.prompts.get(self.model.default_prompt_name or "")
        texts = [text.encode("utf-8", "replace").decode() for text in texts]
        features: dict[str, Any] = self.model.preprocess(texts, prompt=prompt)
        read = features["attention_mask"].bool()
        batches = batches_by_length(read.sum(dim=1).numpy(), BATCH_TOKENS)
        parts = [self._forward(model, features, torch.from_numpy(rows)) for rows in batches]
        order = np.argsort(np.concatenate(batches), kind="stable")
        return normalize(torch.cat(parts), dim=1).index_select(0, torch.from_numpy(order))

    def _forward(
        self, model: SentenceTransformer, features: dict[str, Any], rows: Tensor
    ) -> Tensor:
        """Vectors (b, d) of some ``rows`` of tokenized texts, the padding of the others cut off."""
        read = features["attention_mask"].index_select(0, rows)
        columns = read.any(dim=0).nonzero()[:, 0]
        batch = {
            name: value.index_select(0, rows).index_select(1, columns).to(model.device)
            if isinstance(value, Tensor)
            else value
            for name, value in features.items()
        }
        vectors: Tensor = model(batch)["sentence_embedding"].float().cpu()
        return vectors

    def weights(self) -> dict[str, Tensor]:
        """A copy of what is tuned."""
        return {name: p.detach().cpu().clone() for name, p in self.parameters.items()}

    def state(self) -> dict[str, Tensor]:
        """Weights and the optimiser's moments, by name."""
        found = {f"weight/{name}": p.detach().cpu() for name, p in self.parameters.items()}
        for name, p in self.parameters.items():
            if p in self.optimizer.state:
                moments = self.optimizer.state[p]
                found[f"mean/{name}"] = moments["exp_avg"].cpu()
                found[f"square/{name}"] = moments["exp_avg_sq"].cpu()
        return found

    def restore(self, state: Mapping[str, Tensor], step: int) -> None:
        """Go back to what `state` gave after ``step``."""
        load_weights(self.model, {n: state[f"weight/{n}"] for n in self.parameters})
        for name, p in self.parameters.items():
            if f"mean/{name}" in state:
                self.optimizer.state[p] = {
                    "step": torch.tensor(float(step)),
                    "exp_avg": state[f"mean/{name}"].to(p.device).clone(),
                    "exp_avg_sq": state[f"square/{name}"].to(p.device).clone(),
                }


def contrast(left: Tensor, right: Tensor, batch: Batch, temperature: float) -> Tensor:
    """InfoNCE (van den Oord et al. 2018) from left to right and back, by the weights of the pairs.

    ``left`` and ``right`` are (b, d) unit rows; what ``batch.masked`` names is no negative.
    """
    logits = left @ right.T / temperature
    logits = logits.masked_fill(torch.from_numpy(batch.masked), float("-inf"))
    target = torch.arange(len(logits))
    forth = cross_entropy(logits, target, reduction="none")
    back = cross_entropy(logits.T, target, reduction="none")
    weights = torch.from_numpy(batch.weights)
    return ((forth + back) / 2 * weights).sum() / weights.sum()


def schedule(step: int, steps: int) -> float:
    """What the learning rate is multiplied by: rises to 1, then falls towards 0.

    >>> [round(schedule(step, 20), 2) for step in (1, 2, 11, 20)]
    [0.5, 1.0, 0.53, 0.05]
    """
    rising = max(1, round(WARM_UP * steps))
    return min(step / rising, (steps + 1 - step) / (steps + 1 - rising))


def load_weights(model: SentenceTransformer, weights: Mapping[str, Tensor]) -> None:
    """Put ``weights`` into the parameters of these names."""
    parameters = dict(model.named_parameters())
    with torch.no_grad():
        for name, value in weights.items():
            parameters[name].copy_(value)
