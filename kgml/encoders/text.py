"""Texts to unit vectors: nothing is encoded twice, and one short query needs no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from kgml.config import LONG_TEXTS, PRECISIONS, EncoderConfig
from kgml.encoders.cache import VectorCache, default_folder, text_key
from kgml.encoders.checked import check_texts, without_surrogates
from kgml.encoders.checkpoint import Checkpoint, open_checkpoint
from kgml.encoders.distil import NAME as STATIC
from kgml.encoders.fill import fill
from kgml.encoders.find import PACKAGED
from kgml.encoders.rows import Floats, Integers, finite_rows, unit_rows
from kgml.encoders.small import MOST_TOKENS, SmallBERT
from kgml.encoders.static import StaticModel
from kgml.errors import UsageError
from kgml.progress import warn

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

    from kgml.encoders.inference import Inference


class TextEncoder:
    """A sentence-transformers model with its own inference loop.

    Nothing heavy is imported and no model is loaded before a text that is not in the cache has to
    be encoded.

    Args:
        model: ``all-MiniLM-L6-v2`` (comes with kgml), a folder, ``org/name`` on the model hub, or
            ``static``: a table of word vectors distilled from the first, ``static:MODEL`` from
            another (see `kgml.encoders.distil`).
        cache: True for ``$KGML_CACHE`` or the user's cache folder, False for none, or a folder.
        batch_tokens: tokens per batch, padding included. Small batches stay in the processor's
            cache.
        precision: ``fp32``; ``bf16`` for the transformer alone, or ``int8`` (the extra
            ``openvino``; on the processor): pooling stays in float32.
        long_texts: ``cut`` after what the model reads, or ``chunks``: the mean of the vectors of
            pieces of that length, weighted by their tokens. Vectors of each are kept apart.
        device: ``auto`` (the GPU if torch finds one), ``cpu``, ``cuda``, ``cuda:1``, ``mps``.

    Raises:
        UsageError: no such precision, device, or way with long texts, two that exclude each
            other, or no tokens per batch.
    """

    def __init__(
        self,
        model: str = PACKAGED[0],
        *,
        cache: bool | Path = True,
        batch_tokens: int = 1024,
        precision: str = PRECISIONS[0],
        long_texts: str = LONG_TEXTS[0],
        device: str = "auto",
    ) -> None:
        EncoderConfig(precision=precision, long_texts=long_texts, device=device).check()
        if batch_tokens < 1:
            raise UsageError(f"batch_tokens = {batch_tokens}: wanted at least 1, such as 1024.")
        self.model = model
        self.cache = cache
        self.batch_tokens = batch_tokens
        self.precision = precision
        self.long_texts = long_texts
        self.device = device

    @classmethod
    def of(cls, config: EncoderConfig) -> TextEncoder:
        """The encoder that ``config`` names, with the user's cache."""
        return cls(
            config.model, precision=config.precision, long_texts=config.long_texts,
            device=config.device,
        )  # fmt: skip

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """The model's files, checked.

        Raises:
            ArtifactError: not found, offline, damaged, or pickled weights.
        """
        return open_checkpoint(self.model, self._folder)

    @cached_property
    def fingerprint(self) -> str:
        """sha256 (hex) of weights, tokenizer, configuration and options: what vectors depend on.

        Raises:
            MissingExtraError: int8, and the extra ``openvino`` is not installed.
        """
        own = self.checkpoint.fingerprint
        options = (self.precision, self.long_texts)
        if options == (PRECISIONS[0], LONG_TEXTS[0]) or self._static is not None:
            return own
        if self.precision == "int8":
            from kgml.encoders.int8 import int8_fingerprint

            own = int8_fingerprint(own)
        return hashlib.sha256(" ".join([own, *options]).encode()).hexdigest()

    @property
    def dimension(self) -> int:
        """d, the length of a vector; read from the configuration where that says it."""
        if self._static is not None:
            return self._static.dimension
        known = self.checkpoint.dimension
        return int(self._loaded.get_embedding_dimension() or 0) if known is None else known

    @property
    def is_static(self) -> bool:
        """Whether it is a table of word vectors, which knows one precision and no device; one that is
        not distilled yet is known by its name."""
        if self.model.partition(":")[0] == STATIC and not Path(self.model).is_dir():
            return True
        return StaticModel.fits(self.checkpoint.folder)

    def encode(
        self, texts: Sequence[str], *, description: str = "Encoding texts", keep: bool = True
    ) -> Floats:
        """Vectors of ``texts``: (n, d) float32, rows of length 1; no texts give (0, d).

        A text that occurs twice is encoded once. What was encoded before an interruption (Ctrl-C)
        stays in the cache. Texts longer than the model reads are counted in a warning.

        Args:
            keep: False: the cache is left alone, for texts that would drive others from it.

        Raises:
            CorpusError: something in ``texts`` is not a string.
            ArtifactError: the model cannot be used.
            UsageError: the device is not there, needed or not.
        """
        check_texts(texts)
        self._check_device()
        number = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        distinct = list(number)
        vectors = np.zeros((len(distinct), self.dimension), dtype=np.float32)
        tokens = np.zeros(len(distinct), dtype=np.int64)
        if distinct:
            with self._open_cache() if keep else nullcontext() as cache:
                fill(cache, distinct, lambda part: self._encode(part, description), vectors, tokens)
        rows = np.fromiter((number[text] for text in texts), dtype=np.int64, count=len(texts))
        self._say_what_was_cut(tokens[rows])
        return vectors if len(distinct) == len(rows) else vectors[rows]

    @property
    def limit(self) -> int | None:
        """Tokens that are read of a text; None: all of them."""
        return None if self.long_texts == "chunks" else self.checkpoint.max_length

    def count_tokens(self, texts: Sequence[str]) -> Integers:
        """Tokens of each of ``texts`` (n,), marks at both ends included, cut off or not. Those of a
        text in the cache are known; for the others the model is loaded, and encodes nothing.

        Raises:
            CorpusError: something in ``texts`` is not a string.
            ArtifactError: the model cannot be used.
        """
        check_texts(texts)
        number = {text: row for row, text in enumerate(dict.fromkeys(texts))}
        distinct, tokens = list(number), np.zeros(len(number), dtype=np.int64)
        known = np.zeros(len(distinct), dtype=bool)
        with self._open_cache() as cache:
            if cache is not None:
                unused = np.zeros((len(distinct), self.dimension), dtype=np.float32)
                known = cache.get([text_key(text) for text in distinct], unused, tokens)
        missing = np.flatnonzero(~known)
        if len(missing):
            working = self._static or self._inference
            part = [without_surrogates(distinct[i]) for i in missing]
            tokens[missing] = working.count_tokens(part)
        rows = np.fromiter((number[text] for text in texts), dtype=np.int64, count=len(texts))
        counts: Integers = tokens[rows]
        return counts

    def encode_query(self, text: str) -> Floats:
        """The vector (d,) of one text, as `encode` gives it to six decimals.

        A short text goes through numpy where the model allows that and torch is not at work
        already: that saves the seconds of importing it. What numpy gives is not kept.

        Raises:
            ArtifactError: the model cannot be used.
            UsageError: the device is not there, needed or not.
        """
        self._check_device()
        if "_loaded" not in vars(self) and self.precision == "fp32" and self._static is None:
            vectors = np.zeros((1, self.dimension), dtype=np.float32)
            with self._open_cache() as cache:
                tokens = np.zeros(1, dtype=np.int64)
                known = cache is not None and cache.get([text_key(text)], vectors, tokens).all()
            found = vectors if known else self._through_numpy(text)
            if found is not None:
                return found.reshape(-1)
        return self.encode([text]).reshape(-1)

    def _check_device(self) -> None:
        """What was asked for by name is there, whether torch is needed this time or not."""
        if self.device not in ("auto", "cpu") and self._static is None:
            from kgml.encoders.device import choose_device

            choose_device(self.device)

    def _through_numpy(self, text: str) -> Floats | None:
        small = self._small
        found = None if small is None else small.encode(without_surrogates(text))
        return None if found is None else unit_rows(finite_rows(found[None], self.model))

    @cached_property
    def _small(self) -> SmallBERT | None:
        known = self.checkpoint
        enough = (known.max_length or MOST_TOKENS) >= MOST_TOKENS
        return SmallBERT.of(known.folder) if enough else None

    def _encode(
        self, texts: list[str], description: str
    ) -> Iterator[tuple[Integers, Floats, Integers]]:
        """Yield (row numbers (b,), unit vectors (b, d), token counts (b,))."""
        working = self._static or self._inference
        yield from working.encode([without_surrogates(text) for text in texts], description)

    @cached_property
    def _static(self) -> StaticModel | None:
        if not self.is_static:
            return None
        if self.precision != PRECISIONS[0]:
            raise UsageError(
                f"encoder {self.model} and precision {self.precision} exclude each other: a table "
                f"of word vectors is not computed with. Leave the precision at {PRECISIONS[0]}."
            )
        return StaticModel(self.checkpoint.folder)

    @cached_property
    def _inference(self) -> Inference:
        from kgml.encoders.inference import Inference

        layers = None
        if self.precision == "int8":
            from kgml.encoders.int8 import int8_fingerprint, int8_layers

            cache = None if self.cache is False else self._folder
            layers = int8_layers(self._loaded, int8_fingerprint(self.checkpoint.fingerprint), cache)
        return Inference(
            self._loaded, self.checkpoint.max_length, batch_tokens=self.batch_tokens,
            chunks=self.long_texts == "chunks", layers=layers, name=self.model,
        )  # fmt: skip

    def _say_what_was_cut(self, tokens: Integers) -> None:
        limit = self.limit
        if limit is None:
            return
        cut = int((tokens > limit).sum())
        if cut:
            warn(
                f"{cut:,} of {len(tokens):,} texts are longer than {limit} tokens; "
                "the rest of each is not read"
            )

    @property
    def _folder(self) -> Path:
        return Path(self.cache) if isinstance(self.cache, Path | str) else default_folder()

    def _open_cache(self) -> AbstractContextManager[VectorCache | None]:
        if self.cache is False or self._static is not None:  # reading one takes as long
            return nullcontext()
        return VectorCache(self._folder, self.fingerprint, self.dimension)

    @cached_property
    def _loaded(self) -> SentenceTransformer:
        model = self.load()
        if self.precision == "bf16":
            model[0].bfloat16()
        return model

    def with_weights(self, model: SentenceTransformer) -> TextEncoder:
        """An encoder of the same files and options that reads with a copy of ``model``, tuned from
        them, and puts nothing into the cache. What asks for no gradient is as in the files, and shared."""
        one = TextEncoder(
            self.model, cache=False, batch_tokens=self.batch_tokens, precision=self.precision,
            long_texts=self.long_texts, device=self.device,
        )  # fmt: skip
        still = {id(p): p for p in model.parameters() if not p.requires_grad}
        copied = deepcopy(model, still if self.precision == "fp32" else {}).eval()
        digest = hashlib.sha256(self.fingerprint.encode())
        for parameter in copied.parameters():
            if parameter.requires_grad:
                digest.update(parameter.detach().cpu().numpy().tobytes())
        vars(one).update(
            _loaded=copied, checkpoint=self.checkpoint, fingerprint=digest.hexdigest()
        )  # fmt: skip
        if self.precision == "bf16":
            copied[0].bfloat16()
        return one

    def load(self) -> SentenceTransformer:
        """A new copy of the model in float32, not shared with this encoder: for training.

        Raises:
            ArtifactError: the model cannot be used.
            UsageError: the device is not there.
        """
        folder = self.checkpoint.folder
        from kgml.encoders.device import choose_device
        from kgml.encoders.loading import load_model

        return load_model(folder, "cpu" if self.precision == "int8" else choose_device(self.device))
