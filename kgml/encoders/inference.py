"""The loop that a sentence-transformers model is run in: batches of like length and token budget."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from kgml.encoders.chunks import pieces, pooled
from kgml.encoders.device import ON_GPU
from kgml.encoders.loading import prompt_of
from kgml.encoders.rows import Floats, Integers, batches_by_length, finite_rows, unit_rows
from kgml.progress import track

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

TOKENIZED_AT_ONCE = 1_000
LONG_AT_ONCE = 64
"""Long texts read in pieces between two savings."""
Layers = Callable[[dict[str, Any]], dict[str, Any]]


class Inference:
    """One loaded model at work.

    On the processor as many batches are computed at once as torch has threads, one thread each: two
    threads within a batch wait for each other (on two cores some 15% of the time).

    Args:
        model: of sentence-transformers.
        max_length: tokens it reads of a text; None: all.
        batch_tokens: tokens per batch, padding included; `ON_GPU` times as many there.
        chunks: whether longer texts are read in pieces.
        name: for messages.
        layers: what runs in place of the model's first module, features to features.
    """

    def __init__(
        self, model: SentenceTransformer, max_length: int | None, *, batch_tokens: int,
        chunks: bool, layers: Layers | None = None, name: str = "the text encoder",
    ) -> None:  # fmt: skip
        self.model, self.max_length, self.chunks, self.name = model, max_length, chunks, name
        self.batch_tokens = batch_tokens * (1 if model.device.type == "cpu" else ON_GPU)
        self.at_once = 1 if model.device.type != "cpu" else _threads()
        first, *others = model
        self._modules: list[Any] = [layers or first, *others]
        self._prompt = prompt_of(model)

    def encode(
        self, texts: list[str], description: str
    ) -> Iterator[tuple[Integers, Floats, Integers]]:
        """Yield (row numbers (b,), unit vectors (b, d), token counts (b,)), longest texts first."""
        counts = self.count_tokens(texts)
        limit = self.max_length
        lengths = counts if limit is None else np.minimum(counts, limit)
        whole = np.arange(len(texts))
        if limit is not None and self.chunks:
            long, whole = np.flatnonzero(counts > limit), np.flatnonzero(counts <= limit)
            parts = [long[i : i + LONG_AT_ONCE] for i in range(0, len(long), LONG_AT_ONCE)]
            for part in track(parts, f"{description}: long ones", total=len(parts)):
                yield part, self._in_pieces([texts[i] for i in part], limit), counts[part]
        batches = [whole[batch] for batch in batches_by_length(lengths[whole], self.batch_tokens)]
        found = self._each(texts, batches)
        for batch, rows in zip(track(batches, description, total=len(batches)), found, strict=True):
            yield batch, rows, counts[batch]

    def forward(self, texts: list[str]) -> Floats:
        """Unit vectors (b, d) of one batch."""
        return self._compute(self._tokens(texts))

    def _each(self, texts: list[str], batches: list[Integers]) -> Iterator[Floats]:
        """Unit vectors (b, d) of each batch, in their order."""
        parts = ([texts[i] for i in batch] for batch in batches)
        if min(self.at_once, len(batches)) < 2:
            yield from map(self.forward, parts)
            return
        waiting: deque[Future[Floats]] = deque()
        with _workers(self.at_once) as pool:
            for part in parts:  # tokenised here: a tokenizer is of one thread
                waiting.append(pool.submit(self._compute, self._tokens(part)))
                if len(waiting) > self.at_once:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()

    def _tokens(self, texts: list[str]) -> dict[str, Any]:
        """What the model reads, on its device."""
        import torch

        return {
            name: value.to(self.model.device) if isinstance(value, torch.Tensor) else value
            for name, value in self.model.preprocess(texts, prompt=self._prompt).items()
        }

    def _compute(self, features: dict[str, Any]) -> Floats:
        import torch

        with torch.inference_mode():
            for module in self._modules:
                features = module(features)
                for name in ("token_embeddings", "sentence_embedding"):
                    if name in features:  # pooling in bfloat16 loses a digit
                        features[name] = features[name].float()
            vectors = features["sentence_embedding"].cpu().numpy()
        return unit_rows(finite_rows(vectors, self.name))

    def count_tokens(self, texts: list[str]) -> Integers:
        """Tokens of each text as the model would read it if nothing were cut off: (n,) int64."""
        tokenizer: Any = self.model.tokenizer
        prompt = self._prompt or ""
        counts: list[int] = []
        for start in range(0, len(texts), TOKENIZED_AT_ONCE):
            part = [prompt + text for text in texts[start : start + TOKENIZED_AT_ONCE]]
            if callable(tokenizer):
                ids = tokenizer(part, truncation=False, padding=False, verbose=False)["input_ids"]
            else:
                ids = [e.ids for e in tokenizer.encode_batch(part, add_special_tokens=False)]
            counts.extend(map(len, ids))
        return np.asarray(counts, dtype=np.int64)

    def _in_pieces(self, texts: list[str], limit: int) -> Floats:
        """Unit vectors (m, d) of texts longer than ``limit`` tokens."""
        own = int(self.count_tokens([""])[0])  # what the prompt and the marks at both ends take
        found, owners, sizes = pieces(texts, self.model.tokenizer, max(1, limit - own))
        batches = batches_by_length(sizes + own, self.batch_tokens)
        parts = list(self._each(found, batches))
        vectors = np.empty((len(found), parts[0].shape[1]), dtype=np.float32)
        for batch, rows in zip(batches, parts, strict=True):
            vectors[batch] = rows
        return unit_rows(pooled(vectors, owners, sizes, len(texts)))


def _threads() -> int:
    import torch

    return torch.get_num_threads()


@contextmanager
def _workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """``count`` threads in which torch computes with one thread each."""
    import torch

    before = torch.get_num_threads()
    pool = ThreadPoolExecutor(count, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)  # of threads that are still to come
