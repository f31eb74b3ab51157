"""``static``: a table of word vectors distilled from a transformer, once, into the cache folder.

Every word piece is encoded alone, projected on the principal axes and weighted the more the rarer
it is (Model2Vec; Tulkens and van Dongen 2024, after SIF; Arora, Liang and Ma, ICLR 2017). A text is
the mean of its pieces. The folder is a sentence-transformers model.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from kgml.artifacts import read_manifest, to_json, writing
from kgml.encoders.kept import kept, unwritable
from kgml.encoders.rows import Floats
from kgml.encoders.static import TABLE, WEIGHTS
from kgml.errors import ArtifactError
from kgml.progress import note, track

if TYPE_CHECKING:
    from kgml.encoders.checkpoint import Checkpoint

NAME = "static"
KIND = "static"
MODULES = [
    {
        "idx": number,
        "name": str(number),
        "path": path,
        "type": f"sentence_transformers.models.{kind}",
    }
    for number, (path, kind) in enumerate((("", "StaticEmbedding"), ("1_Normalize", "Normalize")))
]
TOKENS_AT_ONCE = 256
DIMENSION = 256
SIF = 1e-4
"""The paper's a: how fast the weight of a word falls with its frequency."""
NO_SPREAD = 1e-6
"""Share of the largest variance below which an axis is rounding."""
_VERSION = "kgml static 1"
"""Change it when the same model would be distilled otherwise."""


def distilled(base: Checkpoint, cache: Path) -> Path:
    """The folder of the static model distilled from ``base``; made if it is not there.

    Args:
        cache: the cache folder; within its part ``static``.

    Raises:
        ArtifactError: ``base`` cannot be distilled, or the folder not be written.
    """
    key = hashlib.sha256(f"{_VERSION}\n{base.fingerprint}".encode()).hexdigest()
    path = cache / NAME / key[:32]

    def read(path: Path) -> Path:
        read_manifest(path, KIND)
        return path

    def build() -> Path:
        note("distilling a static text encoder, once: about half a minute")
        from safetensors.numpy import save_file

        table, tokenizer = distil(base)
        try:
            with writing(path, KIND, made_from={"encoder": base.fingerprint}) as folder:
                save_file({TABLE: table}, folder / WEIGHTS)
                tokenizer.save(str(folder / "tokenizer.json"))
                (folder / "modules.json").write_text(to_json(MODULES), encoding="utf-8")
                (folder / "1_Normalize").mkdir()
        except ArtifactError as error:
            raise unwritable(path, error) from error
        return path

    return kept(path, read, build)


def distil(base: Checkpoint) -> tuple[Floats, Any]:
    """The table (v, `DIMENSION`) float32, and the tokenizer that numbers its rows.

    Raises:
        ArtifactError: ``base`` has no transformer, or a tokenizer that numbers no vocabulary.
    """
    from kgml.encoders.loading import load_model

    model = load_model(base.folder, "cpu")
    tokenizer: Any = model.tokenizer
    backend = getattr(tokenizer, "_tokenizer", None)
    if backend is None or "attention_mask" not in model.preprocess(["a"]):
        raise ArtifactError(
            f"{base.folder}: no transformer with a fast tokenizer, so nothing can be distilled "
            "from it. Use it as it is."
        )
    vectors = _encoded_alone(model, len(tokenizer))
    vectors -= vectors.mean(axis=0)
    table = vectors @ _axes(vectors) * _weights(len(vectors))[:, None]
    table[tokenizer.all_special_ids] = 0
    backend.no_truncation()
    backend.no_padding()
    return table.astype(np.float32), backend


def _encoded_alone(model: Any, size: int) -> Any:
    """What the model makes of every word piece alone, (v, d) float64."""
    import torch

    found = model.tokenizer("a", return_special_tokens_mask=True)
    place = found["special_tokens_mask"].index(0)
    before, after = found["input_ids"][:place], found["input_ids"][place + 1 :]
    parts = []
    starts = range(0, size, TOKENS_AT_ONCE)
    with torch.inference_mode():
        for start in track(starts, "Distilling", total=len(starts)):
            pieces = range(start, min(size, start + TOKENS_AT_ONCE))
            ids = torch.tensor([[*before, piece, *after] for piece in pieces])
            features = {"input_ids": ids, "attention_mask": torch.ones_like(ids)}
            if "token_type_ids" in found:
                features["token_type_ids"] = torch.zeros_like(ids)
            for module in model:
                features = module(features)
            parts.append(features["sentence_embedding"].double().numpy())
    return np.concatenate(parts)


def _axes(vectors: Any) -> Any:
    """The first `DIMENSION` principal axes of ``vectors`` (v, d), columns (d, k).

    Each is divided by the root of the deviation along it: half of whitening. On HPO it brings
    synonyms nearer to their labels (mean reciprocal rank .625 for .607 without).
    """
    squares, axes = np.linalg.eigh(vectors.T @ vectors / len(vectors))
    squares, axes = squares[::-1][:DIMENSION], axes[:, ::-1][:, :DIMENSION]
    axes = axes[:, squares > NO_SPREAD * squares[0]]
    # of the two directions of an axis, always the same
    axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
    return axes / squares[: axes.shape[1]] ** 0.25


def _weights(size: int) -> Any:
    """SIF weights (v,) of a vocabulary sorted by frequency, which falls as Zipf's law says."""
    share = 1 / np.arange(2, size + 2)
    share /= share.sum()
    return SIF / (SIF + share)
