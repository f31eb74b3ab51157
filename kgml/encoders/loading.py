"""A checkpoint becomes a sentence-transformers model in memory."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kgml.encoders.find import PACKAGED
from kgml.errors import ArtifactError

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer


def load_model(folder: Path, device: str) -> SentenceTransformer:
    """The model in ``folder``, in float32, for encoding.

    Args:
        device: as torch calls it.

    Raises:
        ArtifactError: sentence-transformers cannot load it.
    """
    from safetensors import SafetensorError
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
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
    return model.float().eval()


def prompt_of(model: SentenceTransformer) -> str | None:
    """What the model wants before every text."""
    name = model.default_prompt_name
    return None if name is None else model.prompts.get(name)
