"""One short text through a BERT without torch: what a search of an index that is there needs.

Importing torch and sentence-transformers costs several seconds of processor time, a query of ten
words through six layers of numpy some fifty milliseconds.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Floats = NDArray[np.float32]
Shapes = dict[str, tuple[int, ...]]
MOST_TOKENS = 64
"""Longer texts are left to torch, which is faster there."""
WEIGHTS = "model.safetensors"
WORDS = "embeddings.word_embeddings.weight"
PREFIX = "bert."
"""Before every name where BERT was saved with something on top of it."""
EXACT = {"F32": (None, "float32"), "F16": (None, "float16", "float32")}
"""Stored numbers that float32 holds, with the types into which torch may read them without loss."""
_erf = np.frompyfunc(math.erf, 1, 1)


class SmallBERT:
    """BERT (Devlin et al., NAACL 2019) with mean pooling, in float32.

    Args:
        folder: a sentence-transformers model that `fits`.

    Raises:
        ValueError: its tokenizer cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors import safe_open

        self.config = _json(folder / "config.json")
        self._tokenizer = _tokenizer(folder / "tokenizer.json")
        with safe_open(folder / WEIGHTS, framework="numpy") as stored:
            prefix = _prefix(stored.keys())
            self._weights: dict[str, Floats] = {
                name: stored.get_tensor(prefix + name).astype(np.float32, copy=False)
                for name in _needed(self.config)
            }

    @classmethod
    def of(cls, folder: Path) -> SmallBERT | None:
        """The model in ``folder``; None where it is left to torch, which says what is damaged."""
        try:
            return cls(folder) if cls.fits(folder) else None
        except ValueError:
            return None

    @staticmethod
    def fits(folder: Path) -> bool:
        """Whether the model in ``folder`` is one that this computes as torch does."""
        try:
            modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
            pooling = _json(folder / "1_Pooling" / "config.json")
            about = _json(folder / "config_sentence_transformers.json")
            config = _json(folder / "config.json")
            kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        except (OSError, ValueError, LookupError, TypeError):
            return False
        modes = {name for name, value in pooling.items() if value is True}
        return (
            kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
            and [modules[0]["path"], modules[1]["path"]] == ["", "1_Pooling"]
            and (modes == {"pooling_mode_mean_tokens"} or pooling.get("pooling_mode") == "mean")
            and not about.get("prompts")
            and config.get("model_type") == "bert"
            and config.get("hidden_act") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
            and not config.get("is_decoder")
            and (folder / "tokenizer.json").is_file()
            and _whole(folder, config)
        )

    def encode(self, text: str) -> Floats | None:
        """The vector of ``text`` (d,), of length 1; None where it is longer than `MOST_TOKENS`."""
        ids = self._tokenizer.encode(text).ids
        if len(ids) > MOST_TOKENS:
            return None
        states = self._embed(ids)
        for layer in range(self.config["num_hidden_layers"]):
            states = self._layer(f"encoder.layer.{layer}.", states)
        mean = states.mean(axis=0)
        length = float(np.linalg.norm(mean))
        vector: Floats = mean / np.float32(length or 1.0)
        return vector

    def _embed(self, ids: list[int]) -> Floats:
        """Words, positions and the first segment: (t, h)."""
        w = self._weights
        summed = (
            w[WORDS][ids]
            + w["embeddings.position_embeddings.weight"][: len(ids)]
            + w["embeddings.token_type_embeddings.weight"][0]
        )
        return self._normed("embeddings.LayerNorm", summed)

    def _layer(self, at: str, states: Floats) -> Floats:
        """Attention and the two dense layers, each with its residual: (t, h)."""
        heads = self.config["num_attention_heads"]
        query, key, value = (
            self._dense(f"{at}attention.self.{name}", states)
            .reshape(len(states), heads, -1)
            .swapaxes(0, 1)
            for name in ("query", "key", "value")
        )  # (heads, t, h / heads) each
        scores = query @ key.swapaxes(1, 2) / np.float32(math.sqrt(query.shape[-1]))
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights /= weights.sum(axis=-1, keepdims=True)
        mixed = (weights @ value).swapaxes(0, 1).reshape(states.shape)
        states = self._normed(
            f"{at}attention.output.LayerNorm",
            states + self._dense(f"{at}attention.output.dense", mixed),
        )
        wide = self._dense(f"{at}intermediate.dense", states)
        wide *= 0.5 * (1 + _erf(wide / math.sqrt(2)).astype(np.float32))  # GELU
        return self._normed(
            f"{at}output.LayerNorm", states + self._dense(f"{at}output.dense", wide)
        )

    def _dense(self, name: str, states: Floats) -> Floats:
        found: Floats = states @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return found

    def _normed(self, name: str, states: Floats) -> Floats:
        centred = states - states.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + self._epsilon)
        found: Floats = centred / scale * self._weights[f"{name}.weight"]
        return found + self._weights[f"{name}.bias"]

    @cached_property
    def _epsilon(self) -> np.float32:
        return np.float32(self.config.get("layer_norm_eps", 1e-12))


def _whole(folder: Path, config: dict[str, Any]) -> bool:
    """Whether all weights are stored, in their shapes, in numbers that float32 holds."""
    from safetensors import SafetensorError, safe_open

    try:
        needed = _needed(config)
        with safe_open(folder / WEIGHTS, framework="numpy") as stored:
            slices = {name: stored.get_slice(name) for name in stored.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, LookupError, TypeError, ValueError):
        return False
    prefix = _prefix(slices)
    shapes = {
        name: tuple(slices[prefix + name].get_shape()) for name in needed if prefix + name in slices
    }
    kinds = {str(one.get_dtype()) for one in slices.values()} - {"I64"}  # numbers of positions
    said = config.get("dtype", config.get("torch_dtype"))
    return shapes == needed and len(kinds) == 1 and said in EXACT.get(kinds.pop(), ())


def _prefix(names: Iterable[str]) -> str:
    return PREFIX if PREFIX + WORDS in names else ""


def _tokenizer(file: Path) -> Tokenizer:
    """Raises ValueError where it is damaged."""
    from tokenizers import Tokenizer

    try:
        found = Tokenizer.from_file(str(file))
    except Exception as error:  # tokenizers raises nothing narrower
        raise ValueError(f"{file}: {error}") from error
    found.no_padding()
    found.no_truncation()
    return found


def _needed(config: dict[str, Any]) -> Shapes:
    """Every weight that `SmallBERT` computes with, and its shape.

    Raises:
        LookupError, TypeError, ValueError: the configuration does not say it.
    """
    size, wide = config["hidden_size"], config["intermediate_size"]
    if size % config["num_attention_heads"] or config["max_position_embeddings"] < MOST_TOKENS:
        raise ValueError("not a BERT for texts of MOST_TOKENS")
    rows = {"word": "vocab_size", "position": "max_position_embeddings",
            "token_type": "type_vocab_size"}  # fmt: skip
    found: Shapes = {
        f"embeddings.{name}_embeddings.weight": (config[key], size) for name, key in rows.items()
    }
    dense = {"attention.self.query": (size, size), "attention.self.key": (size, size),
             "attention.self.value": (size, size), "attention.output.dense": (size, size),
             "intermediate.dense": (wide, size), "output.dense": (size, wide)}  # fmt: skip
    norms = ["embeddings.LayerNorm"]
    for layer in range(config["num_hidden_layers"]):
        at = f"encoder.layer.{layer}."
        norms += [f"{at}attention.output.LayerNorm", f"{at}output.LayerNorm"]
        for name, shape in dense.items():
            found |= {f"{at}{name}.weight": shape, f"{at}{name}.bias": shape[:1]}
    for name in norms:
        found |= {f"{name}.weight": (size,), f"{name}.bias": (size,)}
    return found


def _json(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))
