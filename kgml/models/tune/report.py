"""The results of a study as a sentence, a table and a page."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

from kgml.evaluation.metrics import called
from kgml.models.tune.metric import WORDS

SHOWN = 10
"""Trials in the table that people read."""
Table = Mapping[str, Any]


def sentence(results: Table, told: str | None) -> str:
    """What tuning is worth and what follows from it.

    Args:
        told: the difference over the outer folds in words; None without outer folds.
    """
    kept, best = results["kept"], results["best"]["number"]
    time = " Stopped by --minutes, so another run may end elsewhere." if results["stopped"] else ""
    if told is None:
        if not best:
            return f"No trial did better than the defaults, so they are kept.{time}"
        return (
            f"The best trial is kept: {title(results)} {results['best']['value']:.3f} for "
            f"{results['defaults']:.3f} of the defaults in the folds that chose it, which flatters it; "
            f"without outer folds nothing says what tuning is worth.{time}"
        )
    if kept == "tuned":
        sure = results["outer"]["worth"]
        end = "worth it; the tuned options are kept" if sure else (
            "not sure to be worth anything; the tuned options are kept as --always says"
        )  # fmt: skip
    elif not best:
        end = "on all training rows no trial did better than the defaults, so they are kept"
    else:
        end = "not sure to be worth anything; the defaults are kept"
    return f"Tuning adds {told} out of fold: {end}.{time}"


def title(results: Table) -> str:
    """The metric, as people read it."""
    return WORDS.get(results["metric"], called(results["metric"]))


def as_csv(results: Table) -> str:
    """Every trial of the search on all training rows, the best first, an option a column."""
    labels = [one["option"] for one in results["space"]]
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["trial", results["metric"], "pruned", *(f"fold {k + 1}" for k in
                     range(results["folds"])), *labels])  # fmt: skip
    for trial in results["trials"]:
        scores = [*trial["scores"], *[""] * (results["folds"] - len(trial["scores"]))]
        value = "" if trial["pruned"] else trial["value"]
        options = (trial["options"].get(label, "") for label in labels)
        writer.writerow([trial["number"], value, int(trial["pruned"]), *scores, *options])
    return lines.getvalue()


def best_trials(results: Table) -> list[list[str]]:
    """A head and the `SHOWN` best trials."""
    labels = [one["option"] for one in results["space"]]
    rows = [["trial", title(results), *labels]]
    for trial in results["trials"][:SHOWN]:
        name = f"{trial['number']}" if trial["number"] else "0 (defaults)"
        value = "pruned" if trial["pruned"] else f"{trial['value']:.3f}"
        rows.append([name, value, *(str(trial["options"].get(label, "")) for label in labels)])
    return rows


def scored(results: Table) -> list[list[str]]:
    """Defaults and tuned, out of fold and on the test rows."""
    rows = [["", "defaults", "tuned"]]
    for part, name in (("outer", "out of fold"), ("test", "test rows")):
        of = results[part]
        if of:
            cells = [_cell(of.get(which), results["metric"]) for which in ("defaults", "tuned")]
            rows.append([name, *cells])
    return rows


def _cell(scores: Table | None, metric: str) -> str:
    if scores is None or metric not in scores:
        return "-"
    low, high = scores["interval"][metric]
    return f"{scores[metric]:.3f} [{low:.3f}–{high:.3f}]"


def pruned(results: Table) -> str:
    """``12 of 50 trials were given up early, which saved 27 of 250 folds``."""
    count, saved, every = (
        results["pruned"]["trials"],
        results["pruned"]["folds"],
        len(results["trials"]),
    )
    if not count:
        return f"None of {every} trials was given up early"
    return (
        f"{count} of {every} trials were given up early, which saved {saved} of "
        f"{every * results['folds']} folds"
    )


def as_markdown(results: Table) -> str:
    """``report.md``."""
    parts = ["# Tuning", results["sentence"], _table([[f"{title(results)}", *scored(results)[0][1:]],
             *scored(results)[1:]])]  # fmt: skip
    parts += ["## Trials on all training rows", f"{pruned(results)}.", _table(best_trials(results))]
    if results["importances"]:
        shares = [[name, f"{share:.2f}"] for name, share in results["importances"].items()]
        parts += ["## What told good trials from others", _table([["option", "share"], *shares])]
    searched = [[one["option"], one["place"], one["values"]] for one in results["space"]]
    parts += ["## What was searched", _table([["option", "in kgml.toml", "values"], *searched])]
    left = [[name, why] for name, why in results["not_searched"].items()]
    if left:
        parts += ["## What was not", _table([["option", "why"], *left])]
    if results["outer"]:
        folds = [
            [
                str(k),
                str(one["rows"]),
                str(one["best"]["number"]),
                f"{one['defaults']:.3f}",
                f"{one['best']['value']:.3f}",
            ]
            for k, one in enumerate(results["outer"]["folds"])
        ]
        head = ["outer fold", "rows", "best trial", "defaults inside", "best inside"]
        parts += ["## Outer folds", _table([head, *folds])]
    return "\n\n".join(parts) + "\n"


def _table(rows: list[list[str]]) -> str:
    head, *body = ([cell.replace("|", "\\|") for cell in row] for row in rows)
    rule = ["---"] * len(head)
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *body))
