"""Texts to unit vectors: length-sorted batches of equal token count, and a cache on disk."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kgml.config import LONG_TEXTS, PRECISIONS, EncoderConfig
from kgml.encoders.cache import VectorCache, default_folder, text_key
from kgml.encoders.checkpoint import PACKAGED, Checkpoint, open_checkpoint
from kgml.encoders.chunks import pieces, pooled
from kgml.encoders.small import MOST_TOKENS, SmallBERT
from kgml.errors import ArtifactError, CorpusError
from kgml.progress import track, warn

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]
SAVE_SECONDS = 2.0
"""How often finished batches go to the cache: at most this much work is lost by an interruption."""
TOKENIZED_AT_ONCE = 1_000
LONG_AT_ONCE = 64
"""Long texts read in pieces between two savings."""


class TextEncoder:
    """A sentence-transformers model with its own inference loop.

    Nothing heavy is imported and no model is loaded before a text that is not in the cache has to
    be encoded.

    Args:
        model: ``all-MiniLM-L6-v2`` (comes with kgml), a sentence-transformers name, or a folder.
        cache: True for ``$KGML_CACHE`` or the user's cache folder, False for none, or a folder.
        batch_tokens: tokens per batch, padding included. Small batches stay in the processor's
            cache.
        precision: ``fp32``, or ``bf16`` for the transformer alone: pooling stays in float32.
        long_texts: ``cut`` after what the model reads, or ``chunks``: the mean of the vectors of
            pieces of that length, weighted by their tokens. Vectors of each are kept apart.

    Raises:
        UsageError: no such precision, or no such way with long texts.
    """

    def __init__(
        self,
        model: str = PACKAGED[0],
        *,
        cache: bool | Path = True,
        batch_tokens: int = 1024,
        precision: str = PRECISIONS[0],
        long_texts: str = LONG_TEXTS[0],
    ) -> None:
        EncoderConfig(precision=precision, long_texts=long_texts).check()
        self.model = model
        self.cache = cache
        self.batch_tokens = batch_tokens
        self.precision = precision
        self.long_texts = long_texts

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The model's files, checked.

        Raises:
            ArtifactError: not found, offline, damaged, or pickled weights.
        """
        return open_checkpoint(self.model)

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) of weights, tokenizer, configuration and options: what vectors depend on."""
        own = self.checkpoint.fingerprint
        options = (self.precision, self.long_texts)
        if options == (PRECISIONS[0], LONG_TEXTS[0]):
            return own
        return hashlib.sha256(" ".join([own, *options]).encode()).hexdigest()

    @property
    def dimension(self) -> int:
        """d, the length of a vector; read from the configuration where that says it."""
        known = self.checkpoint.dimension
        return int(self._loaded.get_embedding_dimension() or 0) if known is None else known

    def encode(self, texts: Sequence[str], *, description: str = "Encoding texts") -> Floats:
        """Vectors of ``texts``: (n, d) float32, rows of length 1; no texts give (0, d).

        A text that occurs twice is encoded once. What was encoded before an interruption (Ctrl-C)
        stays in the cache. Texts longer than the model reads are counted in a warning.

        Raises:
            CorpusError: something in ``texts`` is not a string.
            ArtifactError: the model cannot be used.
        """
        _check(texts)
        number = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        distinct = list(number)
        vectors = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        tokens = np.zeros(len(distinct), dtype=np.int64)
        if distinct:
            self._fill(distinct, vectors, tokens, description)
        rows = np.fromiter((number[text] for text in texts), dtype=np.int64, count=len(texts))
        self._say_what_was_cut(tokens[rows])
        return vectors if len(distinct) == len(rows) else vectors[rows]

    def encode_query(self, text: str) -> Floats:
        """The vector (d,) of one text, as `encode` gives it to six decimals.

        A short text goes through numpy where the model allows that and torch is not at work
        already: that saves the seconds of importing it. What numpy gives is not kept.
        """
        if "_loaded" not in vars(self) and self.precision == "fp32":
            vectors = np.zeros((1, self.dimension), dtype=np.float32)
            with self._open_cache() as cache:
                tokens = np.zeros(1, dtype=np.int64)
                known = cache is not None and cache.get([text_key(text)], vectors, tokens).all()
            found = vectors if known else self._through_numpy(text)
            if found is not None:
                return found.reshape(-1)
        return self.encode([text]).reshape(-1)

    def _through_numpy(self, text: str) -> Floats | None:
        small = self._small
        return None if small is None else small.encode(_without_surrogates(text))

    @cached_property
    def _small(self) -> SmallBERT | None:
        known = self.checkpoint
        fits = SmallBERT.fits(known.folder) and (known.max_length or MOST_TOKENS) >= MOST_TOKENS
        return SmallBERT(known.folder) if fits else None

    def _fill(self, texts: list[str], vectors: Floats, tokens: Integers, description: str) -> None:
        """Fill ``vectors`` (n, d) and ``tokens`` (n,): from the cache, then from the model."""
        keys = [text_key(text) for text in texts]
        with self._open_cache() as cache:
            known = cache.get(keys, vectors, tokens) if cache else np.zeros(len(texts), bool)
            missing = np.flatnonzero(~known)
            if not len(missing):
                return
            waiting: list[int] = []

            def save() -> None:
                if cache:
                    cache.put([keys[i] for i in waiting], vectors[waiting], tokens[waiting])
                waiting.clear()

            saved = time.monotonic()
            try:
                for batch, rows, counts in self._encode([texts[i] for i in missing], description):
                    numbers = missing[batch]
                    vectors[numbers], tokens[numbers] = rows, counts
                    waiting.extend(numbers.tolist())
                    if time.monotonic() - saved > SAVE_SECONDS:
                        save()
                        saved = time.monotonic()
            finally:
                save()

    def _encode(
        self, texts: list[str], description: str
    ) -> Iterator[tuple[Integers, Floats, Integers]]:
        """Yield (row numbers (b,), unit vectors (b, d), token counts (b,)), longest texts first."""
        texts = [_without_surrogates(text) for text in texts]
        counts = self._count_tokens(texts)
        limit = self.checkpoint.max_length
        lengths = counts if limit is None else np.minimum(counts, limit)
        whole = np.arange(len(texts))
        if limit is not None and self.long_texts == "chunks":
            long, whole = np.flatnonzero(counts > limit), np.flatnonzero(counts <= limit)
            parts = [long[i : i + LONG_AT_ONCE] for i in range(0, len(long), LONG_AT_ONCE)]
            for part in track(parts, f"{description}: long ones", total=len(parts)):
                yield part, self._in_pieces([texts[i] for i in part], limit), counts[part]
        batches = [whole[batch] for batch in batches_by_length(lengths[whole], self.batch_tokens)]
        for batch in track(batches, description, total=len(batches)):
            yield batch, self._forward([texts[i] for i in batch]), counts[batch]

    def _in_pieces(self, texts: list[str], limit: int) -> Floats:
        """Unit vectors (m, d) of texts longer than ``limit`` tokens."""
        own = int(self._count_tokens([""])[0])  # what the prompt and the marks at both ends take
        found, owners, sizes = pieces(texts, self._loaded.tokenizer, max(1, limit - own))
        vectors = np.empty((len(found), self.dimension), dtype=np.float32)
        for batch in batches_by_length(sizes + own, self.batch_tokens):
            vectors[batch] = self._forward([found[i] for i in batch])
        return unit_rows(pooled(vectors, owners, sizes, len(texts)))

    def _forward(self, texts: list[str]) -> Floats:
        import torch

        model = self._loaded
        with torch.inference_mode():
            features = {
                name: value.to(model.device) if isinstance(value, torch.Tensor) else value
                for name, value in model.preprocess(texts, prompt=self._prompt).items()
            }
            for module in model:
                features = module(features)
                for name in ("token_embeddings", "sentence_embedding"):
                    if name in features:  # pooling in bfloat16 loses a digit
                        features[name] = features[name].float()
            vectors = features["sentence_embedding"].cpu().numpy()
        return unit_rows(vectors)

    def _count_tokens(self, texts: list[str]) -> Integers:
        """Tokens of each text as the model would read it if nothing were cut off: (n,) int64."""
        tokenizer: Any = self._loaded.tokenizer
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

    def _say_what_was_cut(self, tokens: Integers) -> None:
        limit = self.checkpoint.max_length
        if limit is None or self.long_texts == "chunks":
            return
        cut = int((tokens > limit).sum())
        if cut:
            warn(
                f"{cut:,} of {len(tokens):,} texts are longer than {limit} tokens; "
                "the rest of each is not read"
            )

    def _open_cache(self) -> AbstractContextManager[VectorCache | None]:
        if self.cache is False:
            return nullcontext()
        folder = default_folder() if self.cache is True else Path(self.cache)
        return VectorCache(folder, self.fingerprint, self.dimension)

    @cached_property
    def _loaded(self) -> SentenceTransformer:
        return self.load()

    def load(self) -> SentenceTransformer:
        """A new copy of the model in float32, not shared with this encoder: for training.

        Raises:
            ArtifactError: the model cannot be used.
        """
        folder = self.checkpoint.folder
        from safetensors import SafetensorError
        from sentence_transformers import SentenceTransformer
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call]
        try:
            model = SentenceTransformer(
                str(folder),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
        except (
            OSError,
            ValueError,
            RuntimeError,
            LookupError,
            TypeError,
            ImportError,
            SafetensorError,
        ) as error:
            raise ArtifactError(
                f"{folder}: sentence-transformers cannot load it ({error}). Download the model "
                f"again, or use the packaged {PACKAGED[0]}."
            ) from error
        model = model.float().eval()
        if self.precision == "bf16":
            model[0].bfloat16()
        return model

    @property
    def _prompt(self) -> str | None:
        name = self._loaded.default_prompt_name
        return None if name is None else self._loaded.prompts.get(name)


def batches_by_length(lengths: Integers, budget: int) -> list[Integers]:
    """Cut rows, longest first, into batches of at most ``budget`` tokens after padding.

    >>> [batch.tolist() for batch in batches_by_length(np.array([2, 5, 1, 9]), 10)]
    [[3], [1, 0], [2]]
    """
    order = np.argsort(-lengths, kind="stable")
    batches = []
    start = 0
    while start < len(order):
        size = max(1, budget // max(1, int(lengths[order[start]])))
        batches.append(order[start : start + size])
        start += size
    return batches


def unit_rows(vectors: NDArray[Any]) -> Floats:
    """Rows divided by their length, as float32; zero rows stay zero."""
    vectors = np.asarray(vectors, dtype=np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))[:, None]
    units: Floats = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return units


def _without_surrogates(text: str) -> str:
    # A lone surrogate (half of an emoji cut in two) cannot be given to the tokenizer.
    return text.encode("utf-8", "replace").decode() if not text.isascii() else text


def _check(texts: Sequence[object]) -> None:
    if isinstance(texts, str):
        raise CorpusError("encode wants a list of texts, found one string. Put it into a list.")
    bad = [(row, text) for row, text in enumerate(texts) if not isinstance(text, str)]
    if bad:
        rows = ", ".join(str(row) for row, _ in bad[:10]) + (", ..." if len(bad) > 10 else "")
        raise CorpusError(
            f"{len(bad):,} of {len(texts):,} texts are not text: rows {rows} (counted from 0; row "
            f"{bad[0][0]} is {bad[0][1]!r}, a {type(bad[0][1]).__name__}). Fill or drop them."
        )
