"""How fast a run is, as a share of what the processor can (MFU: Chowdhery et al. 2022)."""

from __future__ import annotations

import time

import torch

GPUS = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L40S": 362e12, "L4": 121e12, "A10": 125e12,
        "V100": 125e12, "T4": 65e12, "RTX 4090": 165e12, "B200": 2250e12}  # fmt: skip
"""Dense 16-bit operations a second, by the makers' data sheets."""
SIDE, TIMES = 1_024, 4


def peak(device: str, precision: str) -> tuple[float, str]:
    """Operations a second of one device, and where the number is from.

    That of a GPU that is known, else what multiplying matrices reaches here and now.
    """
    if device.startswith("cuda") and precision != "no":
        name = torch.cuda.get_device_name(device)
        for known, operations in GPUS.items():
            if known in name:
                return operations, f"{name}'s data sheet"
    return _measured(device, precision), "matrix products timed here"


def _measured(device: str, precision: str) -> float:
    kind = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(precision, torch.float32)
    one = torch.ones(SIDE, SIDE, dtype=kind, device=device)
    best = float("inf")
    for _ in range(TIMES):
        start = time.perf_counter()
        found = one @ one
        float(found[0, 0])  # waits for a GPU
        best = min(best, time.perf_counter() - start)
    return 2.0 * SIDE**3 / best
