"""Which processor the text encoder runs on."""

from __future__ import annotations

from kgml.errors import UsageError

ON_GPU = 16
"""How many times the tokens of a batch: a GPU has no cache to stay in and waits between batches."""


def choose_device(name: str) -> str:
    """What torch calls the device ``name``; ``auto`` is the GPU if there is one.

    Raises:
        UsageError: torch does not find that device here.
    """
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return "cuda" if cuda else "mps" if mps else "cpu"
    kind, _, number = name.partition(":")
    count = {"cpu": 1, "cuda": torch.cuda.device_count() if cuda else 0, "mps": int(mps)}[kind]
    if int(number or 0) >= count:
        found = ", ".join(["cpu", *(f"cuda:{i}" for i in range(torch.cuda.device_count())),
                           *(["mps"] if mps else [])])  # fmt: skip
        raise UsageError(
            f"no device '{name}' here: torch {torch.__version__} finds {found}. "
            "Choose one of them, or auto."
        )
    return name
