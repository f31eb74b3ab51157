"""A text encoder and its optimiser: steps, vectors, state. What a step's loss is, subclasses say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from kgml.encoders.rows import Floats
from kgml.encoders.tuning.batches import forward, in_batches
from kgml.encoders.tuning.lower import above
from kgml.errors import ArtifactError, InputError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; it falls to 0 in the others."""
DECAY = 0.01
LONGEST_GRADIENT = 1.0


class Trainee:
    """The model being tuned, and the optimiser.

    No dropout, unless a subclass switches it on and seeds it: a step depends on weights, moments
    and its number only. Embedding tables (words, places) stay as they are: they are half of
    MiniLM's parameters, and the words that training does not use keep their meaning.

    Args:
        model: is changed.
        learning_rate: the highest.
        steps: the last step, for the learning rate; may be set later.
        length: tokens read of a text, at most what the model reads; None: all of these.
        top: blocks that are tuned, from the highest down; the others stay. 0: all are.

    Raises:
        ArtifactError: the model is a table of word vectors, without layers.
    """

    def __init__(
        self, model: SentenceTransformer, learning_rate: float, *, steps: int = 1,
        length: int | None = None, top: int = 0,
    ) -> None:  # fmt: skip
        if "attention_mask" not in model.preprocess(["a"]):
            raise ArtifactError(
                "the text encoder is no transformer (a table of word vectors?); there are no "
                "layers to tune. Choose another --encoder."
            )
        self.model, self.learning_rate, self.steps = model.eval(), learning_rate, steps
        if length is not None:
            self.model.max_seq_length = min(self.model.max_seq_length or length, length)
        tables = {id(p) for m in model.modules() if isinstance(m, nn.Embedding)
                  for p in m.parameters()}  # fmt: skip
        tuned = {id(p) for p in model.parameters()} if top == 0 else above(model, top)
        for parameter in model.parameters():
            parameter.requires_grad_(id(parameter) in tuned - tables)
        self.parameters = {n: p for n, p in model.named_parameters() if p.requires_grad}
        self.optimizer = torch.optim.AdamW(
            self.parameters.values(), lr=learning_rate, weight_decay=DECAY, fused=True
        )

    def loss(self, number: int) -> Tensor:
        """Of step ``number`` (from 1)."""
        raise NotImplementedError

    def step(self, number: int) -> float:
        """Do step ``number`` (from 1) and return its loss."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.learning_rate * schedule(number, self.steps)
        self.optimizer.zero_grad()
        loss = self.loss(number)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.parameters.values(), LONGEST_GRADIENT)
        self.optimizer.step()
        return float(loss.detach())

    def encode(self, texts: Sequence[str]) -> Floats:
        """Unit vectors (n, d) by the weights as they are.

        Raises:
            InputError: they hold NaN or infinity.
        """
        with torch.no_grad():
            rows: Floats = self.rows(self.model, texts).numpy()
        if not np.isfinite(rows).all():
            raise InputError(
                "the vectors of the text encoder are no numbers any more (NaN or infinity). Use a "
                "smaller --learning-rate, or another --encoder if this is the first step."
            )
        return rows

    def rows(self, model: SentenceTransformer, texts: Sequence[str]) -> Tensor:
        """(n, d) rows of length 1, in batches of texts of about the same length."""
        features = self.tokens(texts)
        return in_batches(features, lambda rows: forward(model, features, rows))

    def tokens(self, texts: Sequence[str]) -> dict[str, Any]:
        """What the tuned model reads; it alone cuts off and tokenizes: a copy of it that is saved
        later has no settings of this run."""
        prompt = self.model.prompts.get(self.model.default_prompt_name or "")
        texts = [text.encode("utf-8", "replace").decode() for text in texts]
        features: dict[str, Any] = self.model.preprocess(texts, prompt=prompt)
        return features

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
                    "step": torch.tensor(float(step), device=p.device),
                    "exp_avg": state[f"mean/{name}"].to(p.device).clone(),
                    "exp_avg_sq": state[f"square/{name}"].to(p.device).clone(),
                }


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


def write_model(folder: Path, model: SentenceTransformer, text: str) -> None:
    """A sentence-transformers folder with ``text`` as its card.

    Args:
        model: loaded and never used to encode: its tokenizer has no settings of a run.
    """
    model.save(str(folder), create_model_card=False)
    (folder / "README.md").write_text(text, encoding="utf-8")
    for file in folder.rglob("*"):  # safetensors makes its file readable by its owner only
        file.chmod(0o755 if file.is_dir() else 0o644)
