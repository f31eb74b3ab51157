"""Post-training quantisation of a transformer to 8-bit integers: NNCF for OpenVINO.

Ranges of activations come from texts that ship with kgml, so equal models give equal bytes.
"""

from __future__ import annotations

import contextlib
import csv
import io
import warnings
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kgml import resources
from kgml.encoders.inference import Inference
from kgml.encoders.int8 import Int8Transformer, without_telemetry
from kgml.errors import ArtifactError
from kgml.kg.load import load_graph
from kgml.progress import note

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

LABELS, SENTENCES, ABSTRACTS = 64, 64, 32
"""Calibration texts of each length."""
ABSTRACT = 12
"""Sentences of a long one."""
ODD = ("", "-", "long " * 300, "1 2 3 " * 60, "a", "()()" * 40)
"""Without them the third of these had a cosine to float32 of .71, now of .98."""
LEAST_COSINE = 0.9
"""To float32, of every calibration text; below it the result is refused."""


def calibration_texts() -> list[str]:
    """160 texts of our own: labels and sentences of the shipped ontologies, and several of these."""
    rng = np.random.default_rng(0)
    labels: list[str] = []
    sentences: list[str] = []
    for name in resources.shipped():
        file, table = resources.ontology(name), resources.examples(name)
        labels += load_graph(file).labels if file else []
        if table is not None:
            with table.open(encoding="utf-8", newline="") as stream:
                sentences += [row["text"] for row in csv.DictReader(stream)]

    def draw(texts: Sequence[str], size: int) -> list[str]:
        return [texts[i] for i in rng.integers(len(texts), size=size)]

    return [
        *draw(labels, LABELS), *draw(sentences, SENTENCES),
        *(" ".join(draw(sentences, ABSTRACT)) for _ in range(ABSTRACTS)), *ODD,
    ]  # fmt: skip


def quantize(model: SentenceTransformer) -> Any:
    """The first module of ``model`` as an OpenVINO model in int8 (weights and activations).

    SmoothQuant (Xiao et al., ICML 2023) and bias correction, as NNCF does for transformers.

    Raises:
        ArtifactError: that module is no transformer, or a cosine to float32 is below
            `LEAST_COSINE`.
    """
    body = getattr(model[0], "auto_model", None)
    texts = calibration_texts()
    if body is None or model.device.type != "cpu":
        raise ArtifactError(
            "the text encoder has no transformer (a table of word vectors?), so there is nothing "
            "to put into int8. Choose --precision fp32."
        )
    with without_telemetry():
        import nncf
        import openvino
    data = nncf.Dataset(
        texts, lambda text: {n: t.numpy() for n, t in _inputs(model, [text]).items()}
    )
    example = _inputs(model, ["fever", "atrial fibrillation"])  # of two lengths: with padding
    try:
        with _silence(nncf):
            made = nncf.quantize(
                openvino.convert_model(_last_state(body), example_input=example), data,
                model_type=nncf.ModelType.TRANSFORMER, subset_size=len(texts),
            )  # fmt: skip
    except (RuntimeError, ValueError, TypeError, LookupError, NotImplementedError) as error:
        raise ArtifactError(
            f"the text encoder cannot be put into int8 ({str(error).strip().splitlines()[0]}). "
            "Choose --precision bf16 or fp32."
        ) from error
    made.set_friendly_name("text encoder")  # names are counted through the process
    for number, node in enumerate(made.get_ordered_ops()):
        node.set_friendly_name(f"{node.get_type_name()}{number}")
    _compare(model, made, texts)
    return made


def _inputs(model: SentenceTransformer, texts: list[str]) -> dict[str, Any]:
    """The tensors that the transformer takes."""
    features = model.preprocess(texts)
    names = ("input_ids", "attention_mask", "token_type_ids")
    return {name: features[name] for name in names if name in features}


def _last_state(body: Any) -> Any:
    """``body`` as a module from tensors to its last hidden state (b, t, h)."""
    import torch

    class LastState(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.body = body

        def forward(
            self, input_ids: torch.Tensor, attention_mask: torch.Tensor,
            token_type_ids: torch.Tensor | None = None,
        ) -> torch.Tensor:  # fmt: skip
            kinds = {} if token_type_ids is None else {"token_type_ids": token_type_ids}
            found = self.body(input_ids=input_ids, attention_mask=attention_mask, **kinds)
            state: torch.Tensor = found[0]
            return state

    return LastState().eval()


def _compare(model: SentenceTransformer, made: Any, texts: list[str]) -> None:
    """Say how near the vectors are to those of float32; refuse what is far."""
    plain, small = (
        Inference(model, None, batch_tokens=1024, chunks=False, layers=layers)
        for layers in (None, Int8Transformer(made))
    )
    cosines = np.concatenate(
        [np.einsum("ij,ij->i", small.forward([t]), plain.forward([t])) for t in texts]
    )
    if not cosines.min() >= LEAST_COSINE:
        raise ArtifactError(
            f"in int8 the text encoder gives other vectors (cosine to fp32 {cosines.min():.3f} at "
            f"least, wanted {LEAST_COSINE}). Choose --precision bf16 or fp32."
        )
    note(f"int8: cosine to fp32 {cosines.mean():.4f}, at least {cosines.min():.4f}")


@contextlib.contextmanager
def _silence(nncf: Any) -> Iterator[None]:
    """No bars, notes or warnings of the tools."""
    import logging

    from transformers.utils import logging as transformers

    level = transformers.get_verbosity()
    nncf.set_log_level(logging.ERROR)
    transformers.set_verbosity(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        transformers.set_verbosity(level)
