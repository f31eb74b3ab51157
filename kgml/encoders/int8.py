"""The transformer of a text encoder in 8-bit integers: OpenVINO, from the extra ``openvino``.

It is quantised once (`kgml.encoders.quantize`) and kept in the cache folder, with checksums.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kgml.artifacts import read_manifest, writing
from kgml.encoders.kept import kept
from kgml.errors import ArtifactError, MissingExtraError
from kgml.progress import note

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

KIND = "int8"
MODEL = "model.xml"
EXTRA = ("openvino", "nncf")
_VERSION = "kgml int8 1"
"""Change it when the same model would be quantised otherwise."""


def int8_fingerprint(own: str) -> str:
    """sha256 (hex) of what quantised weights depend on: the model's ``own`` and the tools.

    Raises:
        MissingExtraError: they are not installed.
    """
    try:
        tools = [f"{name} {version(name)}" for name in EXTRA]
    except PackageNotFoundError:
        raise MissingExtraError("openvino", "precision int8") from None
    return hashlib.sha256("\n".join([_VERSION, own, *tools]).encode()).hexdigest()


class Int8Transformer:
    """What runs in place of a sentence-transformers model's first module, on the processor.

    Args:
        model: an OpenVINO model with the transformer's inputs; its output is (b, t, h).
        threads: how many; each computes a batch of its own. 0: as OpenVINO likes.
    """

    def __init__(self, model: Any, threads: int = 0) -> None:
        with without_telemetry():
            import openvino

        options: dict[str, Any] = {
            "PERFORMANCE_HINT": "THROUGHPUT", "NUM_STREAMS": max(1, threads), "ENABLE_CPU_PINNING": False,
            # what is not quantised stays as exact as it was, so that vectors are alike everywhere
            "INFERENCE_PRECISION_HINT": "f32",
        }  # fmt: skip
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        self._compiled = openvino.Core().compile_model(model, "CPU", options)
        self._names = [one.get_any_name() for one in self._compiled.inputs]

    def __call__(self, features: dict[str, Any]) -> dict[str, Any]:
        """``features`` with ``token_embeddings`` (b, t, h) float32."""
        import torch

        request = self._compiled.create_infer_request()  # its own: threads may encode at once
        found = request.infer({name: features[name].numpy() for name in self._names})
        return {**features, "token_embeddings": torch.from_numpy(found[0])}


def int8_layers(
    model: SentenceTransformer, fingerprint: str, cache: Path | None
) -> Int8Transformer:
    """The quantised transformer of ``model``: from the cache folder, or made now.

    Args:
        fingerprint: from `int8_fingerprint`.
        cache: None: it is not kept.

    Raises:
        ArtifactError: ``model`` has no transformer, or its vectors change too much.
    """
    import torch

    def read(path: Path) -> Any:
        manifest = read_manifest(path, KIND)
        if manifest.made_from.get("model") != fingerprint:
            raise ArtifactError(f"{path}: made from another model.")
        try:
            return openvino.Core().read_model(path / MODEL)
        except RuntimeError as error:
            raise ArtifactError(f"{path / MODEL}: cannot be read ({error}).") from error

    def build() -> Any:
        from kgml.encoders.quantize import quantize

        note("quantising the text encoder to int8, once: some 20 seconds")
        return quantize(model)

    def save(made: Any, path: Path) -> None:
        with writing(path, KIND, made_from={"model": fingerprint}) as folder:
            openvino.save_model(made, folder / MODEL, compress_to_fp16=False)

    with without_telemetry():
        import openvino
    path = None if cache is None else cache / "int8" / fingerprint[:32]
    found = build() if path is None else kept(path, read, build, save)
    return Int8Transformer(found, torch.get_num_threads())


@contextmanager
def without_telemetry() -> Iterator[None]:
    """Keep openvino and nncf, which are imported here, from reporting to their makers.

    Both send what they were asked to do over the network where ``openvino_telemetry`` can be
    imported, and do without where it cannot. What imported it before us has decided for itself.
    """
    name = "openvino_telemetry"
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[name]
