"""A checkpoint becomes a sentence-transformers model in memory, with every weight that it uses."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from kgml.encoders.find import PACKAGED, without_side_requests
from kgml.errors import ArtifactError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

NAMED = 3
"""How many of the weights that are missing a message names."""
_patching = Lock()


def load_model(folder: Path, device: str) -> SentenceTransformer:
    """The model in ``folder``, in float32, for encoding.

    Args:
        device: as torch calls it.

    Raises:
        ArtifactError: sentence-transformers cannot load it, or weights that it computes with are
            missing or of another shape.
    """
    without_side_requests()
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    try:
        with _not_loaded() as found:
            model = SentenceTransformer(
                str(folder),
                device=device,
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
    bad = {name: why for part, names in found for name, why in _used(model, part, names).items()}
    if bad:
        more = f" and {len(bad) - NAMED:,} more" if len(bad) > NAMED else ""
        raise ArtifactError(
            f"{folder}: {len(bad):,} weights that the model needs are not there: "
            f"{', '.join(name + bad[name] for name in sorted(bad)[:NAMED])}{more}; its vectors "
            f"would be random. Download the model again, or use the packaged {PACKAGED[0]}."
        )
    return model


def prompt_of(model: SentenceTransformer) -> str | None:
    """What the model wants before every text."""
    name = model.default_prompt_name
    return None if name is None else model.prompts.get(name)


@contextmanager
def _not_loaded() -> Iterator[list[tuple[Any, dict[str, str]]]]:
    """Each transformer that is loaded meanwhile, and of its weights those that were not: name, why.

    transformers draws those at random and logs a table (as it logs, of a model on one device, which
    layers are not spread over several). It hands out the list of them on request
    (``output_loading_info``), which sentence-transformers does not make.
    """
    from transformers import PreTrainedModel

    found: list[tuple[Any, dict[str, str]]] = []
    original = PreTrainedModel.__dict__["from_pretrained"]

    def noted(cls: Any, *args: Any, **options: Any) -> Any:
        ours = {"output_loading_info": True, "ignore_mismatched_sizes": True}
        loaded, info = original.__func__(cls, *args, **{**options, **ours})
        shapes = {
            name: f" ({_shape(there)}, wanted {_shape(wanted)})"
            for name, there, wanted in info["mismatched_keys"]
        }
        found.append((loaded, {**dict.fromkeys(info["missing_keys"], ""), **shapes}))
        return (loaded, info) if options.get("output_loading_info") else loaded

    report = logging.getLogger("transformers")
    with _patching:
        level = report.level
        PreTrainedModel.from_pretrained = classmethod(noted)
        report.setLevel(logging.ERROR)
        try:
            yield found
        finally:
            PreTrainedModel.from_pretrained = original
            report.setLevel(level)


def _shape(sizes: Any) -> str:
    return "x".join(map(str, sizes))


def _used(model: SentenceTransformer, part: Any, names: dict[str, str]) -> dict[str, str]:
    """``names`` of weights of ``part`` if a vector depends on them: with NaN there it is NaN.

    BERT's pooler is often missing and never used; only a run tells.
    """
    import torch

    weights = [part.get_parameter_or_buffer(name) for name in names]
    weights = [one for one in weights if one.is_floating_point()]
    if not weights:
        return {}
    with torch.no_grad():
        before = [one.detach().clone() for one in weights]
        for one in weights:
            one.fill_(torch.nan)
        vectors = model.encode(["a b"], show_progress_bar=False, convert_to_numpy=True)
        for one, values in zip(weights, before, strict=True):
            one.copy_(values)
    return {} if np.isfinite(vectors).all() else names
