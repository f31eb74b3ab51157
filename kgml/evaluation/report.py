"""A comparison as a table of numbers (CSV) and as a page to read (Markdown)."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kgml.evaluation.answers import FULL, NAMES, PLAIN, SHIPPED, at, between, points

COLUMNS = ("per_class", "rows", "what", "system", "against", "metric", "value", "sd", "low", "high",
           "p", "p_holm")  # fmt: skip
QUESTIONS = {
    "help": "Does it help?", "knowledge": "Is it the knowledge?", "worth": "Is it worth it?",
    "source": "Where does it come from?",
}  # fmt: skip
SHOWN = 30
"""Most classes on the page; all are in the other files."""
Table = Mapping[str, Any]
Row = dict[str, Any]


def as_csv(results: Table) -> str:
    """One number a row under `COLUMNS`; scores and differences lie between 0 and 1.

    ``what`` is score, difference, calibration, reliability (of each bin), class, without (what a
    part left out carries), saved or curve.
    """
    stream = io.StringIO()
    writer = csv.DictWriter(stream, COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    for size in results["sizes"]:
        for row in _rows(size, results["fusion"]):
            writer.writerow({"per_class": size["per_class"], "rows": size["rows"], **row})
    for saved in results["saved"]:
        low, high = saved["interval"] or (None, None)
        writer.writerow({
            "per_class": saved["per_class"], "rows": saved["rows"], "what": "saved",
            "system": results["fusion"], "against": PLAIN, "metric": "labels",
            "value": saved["labels"], "low": low, "high": high,
        })  # fmt: skip
    for system, curve in results["curves"].items():
        low, high = curve["interval"] or (None, None)
        for metric in ("c", "a", "b", "worst", "labels_for_a_point"):
            row = {"what": "curve", "system": system, "metric": metric, "value": curve[metric]}
            ends = {"low": low, "high": high} if metric == "labels_for_a_point" else {}
            writer.writerow({**row, **ends})
    return stream.getvalue()


def _rows(size: Table, main: str) -> Iterator[Row]:
    for system, found in size["systems"].items():
        for metric in ("accuracy", "macro_f1"):
            low, high = found[metric]["interval"]
            yield {"what": "score", "system": system, "metric": metric, "low": low, "high": high,
                   "value": found[metric]["mean"], "sd": found[metric]["sd"]}  # fmt: skip
        if "calibration" in found:
            yield from _calibration(system, found["calibration"])
    for pair in size["comparisons"]:
        names = {"what": "difference", "system": pair["system"], "against": pair["against"]}
        for metric in ("accuracy", "macro_f1"):
            yield {**names, "metric": metric, **_difference(pair[metric]), "p": pair[metric]["p"],
                   "p_holm": pair[metric]["p_holm"]}  # fmt: skip
        yield {**names, "metric": "mcnemar", "p": pair["mcnemar"]["p"],
               "p_holm": pair["mcnemar"]["p_holm"]}  # fmt: skip
    for found in size["per_class_f1"]:
        yield {"what": "class", "system": main, "against": PLAIN,
               "metric": found["label"], **_difference(found)}  # fmt: skip
    for found in size["without"]:
        yield {"what": "without", "system": main, "against": found["id"], "metric": "macro_f1",
               **_difference(found)}  # fmt: skip


def _calibration(system: str, found: Table) -> Iterator[Row]:
    for metric in ("ece", "brier"):
        yield {"what": "calibration", "system": system, "metric": metric,
               "value": found[metric]["mean"], "sd": found[metric]["sd"]}  # fmt: skip
    for number, values in enumerate(found["curve"], start=1):
        for metric, value in zip(("confidence", "accuracy", "rows"), values, strict=True):
            yield {"what": "reliability", "system": system, "metric": f"{metric} {number}",
                   "value": value}  # fmt: skip


def _difference(found: Table) -> Row:
    low, high = found["interval"]
    return {"value": found["difference"], "low": low, "high": high}


def as_markdown(results: Table) -> str:
    """Answers, then the tables behind them."""
    rows, last = results["rows"], results["sizes"][-1]
    parts = [
        "# Does the ontology help?",
        "\n\n".join(
            f"**{asked}** {_inline(results['answers'][name]['sentence'])}"
            for name, asked in QUESTIONS.items()
        ),
        f"{rows['train']:,} training rows, {rows['test']:,} test rows, {results['classes']} classes; "
        f"{_inline(', '.join(results['graphs']))}; {results['coverage']:.0%} of the texts have a linked "
        f"concept. Draws of training rows from seed {results['seed']}: {results['seeds']}"
        f"{' (one where all rows are used)' if last['per_class'] == FULL else ''}. ± is their "
        "standard deviation; brackets are 95% bootstrap "
        "intervals over test rows and draws.",
    ]
    for size in results["sizes"]:
        parts += [f"## {at(size['per_class']).capitalize()} ({size['rows']:,} training rows)",
                  _scores(size), _comparisons(size)]  # fmt: skip
    if results["curves"]:
        parts += ["## What labels are worth", _curves(results)]
    if any(size["without"] for size in results["sizes"]):
        parts += ["## What is left out", _without(results)]
    parts += [f"## Classes, {at(last['per_class'])}", _classes(last, results["fusion"])]
    parts += [f"## Reliability, {at(last['per_class'])}", _reliability(last, results)]
    return "\n\n".join(parts) + "\n"


def name(system: str) -> str:
    """What a system is called in tables."""
    return NAMES.get(system, system)


def _scores(size: Table) -> str:
    table = [["", "macro-F1", "accuracy", "calibration error", "Brier", "knowledge used"]]
    for system, found in size["systems"].items():
        calibration = found.get("calibration")
        asked = found["used"] or system == SHIPPED  # which decides, and may have said no each time
        used = f"{found['used']} of {len(found['macro_f1']['draws'])}" if asked else "-"
        table.append([
            name(system), _score(found["macro_f1"]), _score(found["accuracy"]),
            *([_plain(calibration["ece"]), _plain(calibration["brier"])] if calibration
              else ["-", "-"]), used,
        ])  # fmt: skip
    return _table(table)


def _comparisons(size: Table) -> str:
    table = [["", "beside", "macro-F1", "p, Holm", "accuracy", "McNemar p, Holm"]]
    for pair in size["comparisons"]:
        table.append([
            name(pair["system"]), name(pair["against"]),
            points(pair["macro_f1"]), _p(pair["macro_f1"]["p_holm"]),
            points(pair["accuracy"]), _p(pair["mcnemar"]["p_holm"]),
        ])  # fmt: skip
    return _table(table)


def _curves(results: Table) -> str:
    table = [["macro-F1 = c - a n^-b", "c", "a", "b", "one more point takes", "doubts"]]
    for system, curve in results["curves"].items():
        more = "no number of labels"
        if curve["labels_for_a_point"] is not None:
            more = f"about {curve['labels_for_a_point']:,} more labels{between(curve['interval'])}"
        table.append([name(system), f"{curve['c']:.3f}", f"{curve['a']:.3g}", f"{curve['b']:.2f}",
                      more if not curve["doubts"] else "-", "; ".join(curve["doubts"])])  # fmt: skip
    return _table(table)


def _without(results: Table) -> str:
    sizes = [size for size in results["sizes"] if size["without"]]
    table = [["without", "training texts", *(at(size["per_class"]) for size in sizes)]]
    for i, part in enumerate(sizes[0]["without"]):
        lost = [points(size["without"][i]) for size in sizes]
        table.append([f"{part['kind']} {part['label']} ({part['id']})" if part["kind"] == "branch"
                      else f"ontology {part['label']}", f"{part['documents']:,}", *lost])  # fmt: skip
    return (
        f"Macro-F1 that {results['fusion']} has with all knowledge and loses without a part, "
        "uncorrected. A concept below two branches goes with each of them.\n\n" + _table(table)
    )


def _classes(size: Table, main: str) -> str:
    found = sorted(size["per_class_f1"], key=lambda row: (-row["difference"], row["label"]))
    table = [["class", "test rows", f"F1, {main}", "over text + TF-IDF"]]
    table += [[row["label"], f"{row['rows']:,}", f"{row['f1']:.3f}", points(row)]
              for row in found[:SHOWN]]  # fmt: skip
    left = len(found) - SHOWN
    return _table(table) + (f"\n\n{left} more in the other files." if left > 0 else "")


def _reliability(size: Table, results: Table) -> str:
    shown = [PLAIN, results["fusion"], SHIPPED]
    table = [["bin", *(f"{name(s)}: confidence, accuracy" for s in shown)]]
    curves = [size["systems"][s]["calibration"]["curve"] for s in shown]
    for i in range(max(map(len, curves))):
        table.append([str(i + 1), *(
            f"{curve[i][0]:.3f}, {curve[i][1]:.3f}" if i < len(curve) else "" for curve in curves
        )])  # fmt: skip
    return f"{results['bins']} bins of equal mass.\n\n{_table(table)}"


def _score(found: Table) -> str:
    low, high = found["interval"]
    return f"{_plain(found)} [{low:.3f}, {high:.3f}]"


def _plain(found: Table) -> str:
    return f"{found['mean']:.3f}" + ("" if found["sd"] is None else f" ± {found['sd']:.3f}")


def _p(value: float) -> str:
    return "< .001" if value < 0.001 else f"{value:.3f}".lstrip("0")


def _table(rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; what would end a cell or a row, or be read as HTML, is escaped."""
    lines = ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def _cell(text: str) -> str:
    return _inline(text.replace("\\", "\\\\").replace("|", "\\|"))


def _inline(text: str) -> str:
    """On one line, and no tag in it: labels are other people's."""
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", " ".join(text.split()))
