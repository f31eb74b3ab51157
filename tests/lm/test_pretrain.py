"""A run of twelve steps: killed and gone on with, in parts and whole, causal and masked."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from kgml import artifacts
from kgml.config import PretrainConfig
from kgml.data.stream import Source
from kgml.errors import UsageError
from kgml.kg.load import load_graph
from kgml.lm.evaluate import evaluate, score
from kgml.lm.generate import generate
from kgml.lm.loss import IGNORED
from kgml.lm.run import pretrain
from kgml.lm.store import KIND, load
from kgml.lm.task import Masked
from kgml.lm.tokenizer import Tokenizer
from kgml.training.checkpoints import Checkpoints

ROOT = Path(__file__).resolve().parents[2]
KILLED_AT = 8


def run(paths: list[Path], output: Path, options: PretrainConfig, **more: Any) -> dict[str, Any]:
    found = pretrain(paths, output, options, seed=1, **more)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def whole(lines: Path, tiny: PretrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model whose run was not stopped."""
    folder = tmp_path_factory.mktemp("whole") / "model"
    run([lines], folder, tiny)
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_a_killed_run_goes_on_to_the_same_losses_and_weights_to_the_bit(
    whole: Path, lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    code = (
        "import os, signal\nfrom pathlib import Path\n"
        "from kgml.config import PretrainConfig\nfrom kgml.lm import run\n"
        "from kgml.lm.watch import Watch\n"
        "told = Watch.step\n"
        "def step(self, number, *given):\n"
        "    told(self, number, *given)\n"
        f"    if number == {KILLED_AT}: os.kill(os.getpid(), signal.SIGKILL)\n"
        "Watch.step = step\n"
        f"run.pretrain([Path({str(lines)!r})], Path('model'), PretrainConfig(**{tiny.__dict__!r}),"
        " seed=1)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT)},
        check=False,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    work = tmp_path / "model.unfinished"
    assert Checkpoints(work, {}).steps() == [KILLED_AT - 2, KILLED_AT - 1]
    log = (work / "steps.jsonl").read_text()
    assert log.count("\n") == KILLED_AT  # one step more than was saved: it is done again
    (work / "steps.jsonl").write_text(log + '{"step": 9, "lo')  # as if killed amid a line
    run([lines], tmp_path / "model", tiny)
    for name in ("steps.jsonl", "model.safetensors", "tokenizer.json", "manifest.json"):
        assert (tmp_path / "model" / name).read_bytes() == (whole / name).read_bytes(), name
    assert not work.exists()


def test_the_log_has_each_step_and_losses_fall(whole: Path) -> None:
    rows = [json.loads(line) for line in (whole / "steps.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(1, 13))
    assert rows[-1]["tokens"] == 12 * 8 * 32
    assert rows[0]["loss"] == pytest.approx(np.log(300), abs=0.5)  # a model that knows nothing
    assert rows[-1]["loss"] < rows[0]["loss"] - 0.5
    assert max(row["rate"] for row in rows) == pytest.approx(4e-3)


def test_micro_batches_add_up_to_the_global_batch(
    whole: Path, lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    """1e-5 is rounding: sums are taken in another order."""
    for size in (3, 8):
        run([lines], tmp_path / f"{size}", replace(tiny, micro_batch=size))
        for name, value in weights(tmp_path / f"{size}").items():
            torch.testing.assert_close(value, weights(whole)[name], atol=1e-5, rtol=1e-4)


def test_gradient_checkpointing_changes_nothing_and_bf16_little(
    whole: Path, lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    run([lines], tmp_path / "again", replace(tiny, gradient_checkpointing=True))
    for name, value in weights(tmp_path / "again").items():
        torch.testing.assert_close(value, weights(whole)[name], atol=1e-5, rtol=1e-4)
    found = run([lines], tmp_path / "half", replace(tiny, precision="bf16"))
    exact = artifacts.read_manifest(whole, KIND).summary["held_out"]["loss"]
    assert found["held_out"]["loss"] == pytest.approx(exact, abs=0.05)
    assert weights(tmp_path / "half")["model.norm.weight"].dtype == (torch.float32)


def test_a_saved_model_scores_as_it_did_and_transformers_loads_it(whole: Path, lines: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    summary = artifacts.read_manifest(whole, KIND).summary
    tokenizer = AutoTokenizer.from_pretrained(whole)
    network = AutoModelForCausalLM.from_pretrained(whole)
    numbers = tokenizer("the heart shows", return_tensors="pt")
    assert tokenizer.decode(numbers["input_ids"][0]) == "the heart shows"
    assert network(**numbers).logits.shape[-1] == summary["shape"]["vocabulary"] == 300
    found = evaluate(load(whole), Source((lines,)))
    assert found["documents"] == 300
    assert found["bytes"] == len(lines.read_bytes()) - 300  # without the ends of lines
    assert found["bits_per_byte"] == pytest.approx(summary["held_out"]["bits_per_byte"], rel=0.1)


def test_perplexity_is_that_of_each_token_after_those_before_it(whole: Path) -> None:
    """Of a text within one context: by the definition, token by token."""
    model = load(whole)
    text = "the heart has the fever."
    numbers = [model.tokenizer.end, *model.tokenizer.encode([text])[0], model.tokenizer.end]
    with torch.no_grad():
        likely = model.network(torch.tensor([numbers])).logits[0].log_softmax(-1)
    nats = -sum(float(likely[i, number]) for i, number in enumerate(numbers[1:]))
    found = score(model, [text])
    assert found["nats"] == pytest.approx(nats, rel=1e-5)
    assert found["bits_per_byte"] == pytest.approx(nats / np.log(2) / len(text), rel=1e-5)
    assert found["perplexity"] == pytest.approx(np.exp(nats / (len(numbers) - 1)), rel=1e-5)


def test_long_text_is_foretold_from_half_a_context_at_least(whole: Path) -> None:
    model = load(whole)
    numbers = np.array([5, 7, *range(20, 150)])
    from kgml.lm.evaluate import _overlapping

    starts = [0, *range(16, len(numbers) - 1 - 16, 16)]
    _, wanted = _overlapping(numbers, starts, model.context, 16)  # type: ignore[arg-type]
    assert wanted[wanted != IGNORED].tolist() == numbers[1:].tolist()  # each once, in order
    assert all((row[:16] == IGNORED).all() for row in wanted[1:])


def test_generating_is_by_seed_and_goes_on_beyond_the_context(whole: Path) -> None:
    model = load(whole)
    texts = [generate(model, "the heart", tokens=80, seed=seed) for seed in (0, 0, 1)]
    assert texts[0] == texts[1] != texts[2]
    assert len(model.tokenizer.encode(texts)[0]) > 32  # its context
    likeliest = {generate(model, "the", tokens=5, temperature=0, seed=seed) for seed in (0, 1)}
    assert len(likeliest) == 1


def test_an_ontology_is_mixed_in_and_told_of(
    lines: Path, named_obo: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    graph = load_graph(named_obo)
    found = run([lines], tmp_path / "told", replace(tiny, knowledge_share=0.5), graphs=[graph])
    assert found["corpus"]["knowledge"]["documents"] == 46
    ontology = found["corpus"]["knowledge"]["tokens"]
    assert found["rounds"]["ontology"] == pytest.approx(found["tokens"] / 2 / ontology)
    without = run([lines], tmp_path / "not", replace(tiny, knowledge_share=0.0), graphs=[graph])
    assert without["rounds"]["ontology"] == 0
    assert without["tokens"] == found["tokens"]
    names = [(tmp_path / name / "tokenizer.json").read_bytes() for name in ("told", "not")]
    assert names[0] == names[1]  # so that what differs is what was read


def test_a_masked_model_is_a_text_encoder(
    lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    from kgml.encoders.text import TextEncoder

    found = run([lines], tmp_path / "bert", replace(tiny, objective="masked"))
    assert (found["architecture"], "bits_per_byte" in found["held_out"]) == ("bert", False)
    vectors = TextEncoder(str(tmp_path / "bert"), cache=tmp_path / "cache").encode(
        ["a", "the heart"]
    )
    assert vectors.shape == (2, 32)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-5)
    scores = evaluate(load(tmp_path / "bert"), Source((lines,)))
    assert 0 <= scores["accuracy"] <= 1
    assert scores["hidden"] == pytest.approx(0.15 * scores["tokens"], rel=0.05)
    with pytest.raises(UsageError, match="a masked model, which fills gaps and cannot go on"):
        generate(load(tmp_path / "bert"), "the")


def test_masking_hides_what_it_says_and_nothing_special(lines: Path) -> None:
    tokenizer = Tokenizer.learn(lines.read_text().splitlines(), 300, "masked")
    task = Masked(
        torch.nn.Linear(1, 1), None, None, rows_a_step=1, rows_a_part=1, rate=0.0, seed=0,  # type: ignore[arg-type]
        tokenizer=tokenizer, masking=0.15, vocabulary=300,
    )  # fmt: skip
    windows = np.random.default_rng(0).integers(4, 300, (500, 62))
    rows = task.made(windows, 7)
    chosen = rows.wanted != IGNORED
    assert chosen.mean() == pytest.approx(0.15 * 62 / 64, abs=0.005)
    assert (rows.wanted[chosen] == np.pad(windows, ((0, 0), (1, 1)))[chosen]).all()
    assert not chosen[:, [0, -1]].any()
    assert (rows.tokens[~chosen][:1] == tokenizer.number("[CLS]")).all()
    hidden = (rows.tokens[chosen] == tokenizer.number("[MASK]")).mean()
    left = (rows.tokens[chosen] == rows.wanted[chosen]).mean()
    assert (hidden, left) == (pytest.approx(0.8, abs=0.02), pytest.approx(0.1, abs=0.02))
    assert (task.made(windows, 7).tokens == rows.tokens).all()
    assert not (task.made(windows, 8).tokens == rows.tokens).all()


def test_time_that_holds_no_step_and_a_run_of_other_options_are_refused(
    lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    timed = replace(tiny, max_steps=None, max_minutes=1e-6)
    with pytest.raises(UsageError, match=r"1e-06 minutes do not hold one step: a step takes"):
        pretrain([lines], tmp_path / "model", timed)
    few = replace(tiny, max_steps=None, max_minutes=1 / 60, checks=1)
    assert run([lines], tmp_path / "few", few)["steps"]["done"] >= 1
    Checkpoints(tmp_path / "other.unfinished", {"seed": 1}).path.mkdir()
    from kgml.training.checkpoints import Progress, Tensors

    Checkpoints(tmp_path / "other.unfinished", {"seed": 5}).write(
        Progress(3, 1), Tensors({"a": torch.zeros(1)}, {}, {})
    )
    with pytest.raises(UsageError, match="holds an unfinished run with other options"):
        run([lines], tmp_path / "other", tiny)
    with pytest.raises(UsageError, match="no objective named 'casual'"):
        pretrain([lines], tmp_path / "model", replace(tiny, objective="casual"))


def test_without_a_limit_a_run_is_as_long_as_the_corpus_allows(
    lines: Path, tiny: PretrainConfig, tmp_path: Path
) -> None:
    few = tmp_path / "few.txt"
    few.write_text("\n".join(lines.read_text().splitlines()[:60]) + "\n")
    found = run([few], tmp_path / "model", replace(tiny, max_steps=None, checks=1, save_every=None))
    assert found["rounds"]["corpus"] == pytest.approx(4, abs=0.2)
