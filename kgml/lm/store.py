"""A language model on disk: what transformers loads, with a manifest and the losses of its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kgml import artifacts
from kgml.errors import ArtifactError
from kgml.lm.tokenizer import FILE, Tokenizer

KIND = "language-model"
CARD = """\
---
library_name: transformers
tags:
- kgml
---

# A language model from scratch

{architecture}, {parameters:,} parameters, objective {objective}, made by `kgml pretrain` of {documents:,}
documents{told}: weights of step {best:,} of {steps:,}. It knows its corpus and nothing else, and may say
what is false. The corpus' terms hold.

```sh
{use}
```
"""
USE = {
    "causal": 'kgml generate DIR "The patient"',
    "masked": "kgml train --encoder DIR --data table.csv --graph graph.kg",
}


@dataclass(frozen=True)
class LanguageModel:
    """A loaded model: ``network`` by transformers, in float32."""

    folder: Path
    network: Any
    tokenizer: Tokenizer
    objective: str
    context: int


def write(
    folder: Path, network: Any, tokenizer: Tokenizer, context: int, *, log: Path, seed: int,
    made_from: Mapping[str, str], config: Mapping[str, Any], command: str, summary: dict[str, Any],
) -> str:  # fmt: skip
    """Save a model and return its fingerprint.

    Args:
        summary: what the card tells, and the manifest.
    """
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    with artifacts.writing(
        folder, KIND, made_from=made_from, seed=seed, config=config, command=command,
        summary=summary,
    ) as out:  # fmt: skip
        network.save_pretrained(out)
        tokenizer.for_transformers(context).save_pretrained(out)
        told = summary["corpus"]["knowledge"]["documents"]
        (out / "README.md").write_text(
            CARD.format(
                architecture=summary["architecture"], parameters=summary["parameters"],
                objective=summary["objective"],
                documents=summary["corpus"]["train"]["documents"],
                told=f" and {told:,} entities of an ontology" if told else "",
                best=summary["steps"]["best"], steps=summary["steps"]["planned"],
                use=USE[summary["objective"]],
            ),
            encoding="utf-8",
        )  # fmt: skip
        (out / log.name).write_bytes(log.read_bytes())
        for file in out.rglob("*"):  # safetensors makes its file readable by its owner only
            file.chmod(0o755 if file.is_dir() else 0o644)
    return artifacts.read_manifest(folder, KIND, verify=False).fingerprint


def load(folder: Path, device: str = "cpu") -> LanguageModel:
    """Read what `write` wrote.

    Raises:
        ArtifactError: no language model, or damaged.
    """
    manifest = artifacts.read_manifest(folder, KIND)
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoModelForMaskedLM
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    objective = str(manifest.summary["objective"])
    kind = AutoModelForCausalLM if objective == "causal" else AutoModelForMaskedLM
    try:
        network: Any = kind.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise ArtifactError(f"{folder}: transformers cannot load it ({error}).") from None
    tokenizer = Tokenizer.load(folder / FILE, objective)
    context = int(manifest.summary["shape"]["context"])
    return LanguageModel(folder, network.float().to(device).eval(), tokenizer, objective, context)
