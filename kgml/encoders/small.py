"""One short text through a BERT without torch: what a search of an index that is there needs.

Importing torch and sentence-transformers costs several seconds of processor time, a query of ten
words through six layers of numpy some fifty milliseconds.
"""

from __future__ import annotations

import json
import math
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MOST_TOKENS = 64
"""Longer texts are left to torch, which is faster there."""
_erf = np.frompyfunc(math.erf, 1, 1)


class SmallBERT:
    """BERT (Devlin et al., NAACL 2019) with mean pooling, in float32.

    Args:
        folder: a sentence-transformers model that `fits`.
    """

    def __init__(self, folder: Path) -> None:
        from safetensors.numpy import load_file
        from tokenizers import Tokenizer

        self.config = _json(folder / "config.json")
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._weights: dict[str, Floats] = load_file(folder / "model.safetensors")

    @staticmethod
    def fits(folder: Path) -> bool:
        """Whether the model in ``folder`` is one that this computes as torch does."""
        try:
            modules = json.loads((folder / "modules.json").read_text(encoding="utf-8"))
            pooling = _json(folder / "1_Pooling" / "config.json")
            about = _json(folder / "config_sentence_transformers.json")
            config = _json(folder / "config.json")
        except (OSError, ValueError):
            return False
        kinds = [module["type"].rsplit(".", 1)[-1] for module in modules]
        modes = {name for name, value in pooling.items() if value is True}
        return (
            kinds in (["Transformer", "Pooling"], ["Transformer", "Pooling", "Normalize"])
            and [modules[0]["path"], modules[1]["path"]] == ["", "1_Pooling"]
            and (modes == {"pooling_mode_mean_tokens"} or pooling.get("pooling_mode") == "mean")
            and not about.get("prompts")
            and config.get("model_type") == "bert"
            and config.get("hidden_act") == "gelu"
            and config.get("position_embedding_type", "absolute") == "absolute"
            and (folder / "model.safetensors").is_file()
            and (folder / "tokenizer.json").is_file()
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
            w["embeddings.word_embeddings.weight"][ids]
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


def _json(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_text(encoding="utf-8")))
