"""The results of a comparison in one plain sentence per question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

ALPHA, WORTH = 0.05, 0.01
"""A difference is told from none below this corrected p-value; one below that many is not worth it."""
TEXT, PLAIN, SHIPPED = "text", "text_tfidf", "shipped"
PERMUTED, REWIRED = "permuted", "rewired"
FULL = "full"
"""The size at which all training rows are used."""
NAMES = {
    TEXT: "text", PLAIN: "text + TF-IDF", SHIPPED: "kgml as shipped",
    PERMUTED: "placebo: entities permuted", REWIRED: "placebo: is-a rewired",
}  # fmt: skip
Table = Mapping[str, Any]


def answers(results: Table) -> dict[str, dict[str, Any]]:
    """``{help, knowledge, worth, source}``, each ``{verdict, sizes, sentence}``.

    Verdicts follow macro-F1: ``yes`` and ``harms`` where Holm's corrected p-value is below .05,
    ``no`` where even the upper end of the interval is under one point, else ``unclear``; over all
    sizes also ``mixed``, and ``partly`` where only one placebo is beaten.

    Args:
        results: what `kgml.models.compare.tally.Tally.results` gives.
    """
    found = {"help": _help(results), "knowledge": {}, "worth": {}, "source": {}}
    helped = [size for size, verdict in found["help"]["sizes"].items() if verdict == "yes"]
    found["knowledge"] = _knowledge(results, helped)
    found["worth"] = _worth(results, helped)
    found["source"] = _source(results, helped)
    return found


def verdict(compared: Table) -> str:
    """yes, harms, no or unclear, of ``{difference, interval, p_holm}``.

    >>> verdict({"difference": 0.03, "interval": [0.01, 0.05], "p_holm": 0.02})
    'yes'
    >>> verdict({"difference": 0.001, "interval": [-0.006, 0.008], "p_holm": 1.0})
    'no'
    """
    if compared["p_holm"] < ALPHA:
        return "yes" if compared["difference"] > 0 else "harms"
    return "no" if compared["interval"][1] < WORTH else "unclear"


def points(compared: Table) -> str:
    """A difference and its interval, in points.

    >>> points({"difference": 0.0312, "interval": [0.01, 0.05]})
    '+3.1 points [+1.0, +5.0]'
    """
    low, high = (100 * value for value in compared["interval"])
    return f"{100 * compared['difference']:+.1f} points [{low:+.1f}, {high:+.1f}]"


def at(size: str) -> str:
    """Where along the labels.

    >>> at("8"), at("full")
    ('at 8 labels per class', 'with all labels')
    """
    return "with all labels" if size == FULL else f"at {size} labels per class"


def pair(size: Table, system: str, against: str) -> Table:
    """One comparison of one size."""
    found: Table = next(
        p for p in size["comparisons"] if (p["system"], p["against"]) == (system, against)
    )
    return found


def _help(results: Table) -> dict[str, Any]:
    main = results["fusion"]
    sizes = {s["per_class"]: verdict(pair(s, main, PLAIN)["macro_f1"]) for s in results["sizes"]}
    overall = _overall(set(sizes.values()))
    said = {
        "yes": "Yes", "harms": "No, it harms", "mixed": "It depends on how many labels there are",
        "no": "No", "unclear": "That cannot be told",
    }[overall]  # fmt: skip
    each = "; ".join(
        f"{at(s['per_class'])} {points(pair(s, main, PLAIN)['macro_f1'])} "
        f"({_WORDS[sizes[s['per_class']]]})"
        for s in results["sizes"]
    )
    shipped = "; ".join(
        f"{100 * pair(s, SHIPPED, PLAIN)['macro_f1']['difference']:+.1f} (uses it in "
        f"{s['systems'][SHIPPED]['used']} of {s['draws']})"
        for s in results["sizes"]
    )
    sentence = (
        f"{said}: macro-F1 of {main} over text + TF-IDF is {each}; kgml as shipped, which decides "
        f"from the training rows alone whether to use knowledge: {shipped}."
    )
    return {"verdict": overall, "sizes": sizes, "sentence": sentence}


def _overall(kinds: set[str]) -> str:
    if {"yes", "harms"} <= kinds:
        return "mixed"
    for kind in ("yes", "harms"):
        if kind in kinds:
            return kind
    return "no" if kinds == {"no"} else "unclear"


_WORDS = {"yes": "a gain", "harms": "a loss", "no": "no gain worth a point", "unclear": "unclear"}


def _knowledge(results: Table, helped: list[str]) -> dict[str, Any]:
    main = results["fusion"]
    sizes, told = {}, []
    for size in results["sizes"]:
        if helped and size["per_class"] not in helped:
            continue
        permuted, rewired = (pair(size, main, p)["macro_f1"] for p in (PERMUTED, REWIRED))
        one = {verdict(permuted), verdict(rewired)}
        kind = "yes" if one == {"yes"} else "partly" if "yes" in one else (
            "no" if one <= {"no", "harms"} else "unclear"
        )  # fmt: skip
        sizes[size["per_class"]] = kind
        told.append(
            f"{at(size['per_class'])} {points(permuted)} over permuted entities and "
            f"{points(rewired)} over rewired is-a edges"
        )
    each = "; ".join(told)
    if not helped:
        sentence = f"There is no sure gain to ask this of; {main} has {each}."
        return {"verdict": "unclear", "sizes": sizes, "sentence": sentence}
    kinds = set(sizes.values())
    overall = (
        kinds.pop() if len(kinds) == 1 else "partly" if kinds & {"yes", "partly"} else "unclear"
    )
    said = {
        "yes": "Yes, it is what the ontology says",
        "partly": "In part: not every placebo is beaten wherever there is a gain",
        "no": "No, the ontology works as a list of words: a placebo gains as much",
        "unclear": "That cannot be told from a placebo",
    }[overall]
    return {"verdict": overall, "sizes": sizes, "sentence": f"{said}: {main} has {each}."}


def _worth(results: Table, helped: list[str]) -> dict[str, Any]:
    main, sizes, told = results["fusion"], {}, []
    for saved in results["saved"]:
        if helped and saved["per_class"] not in helped:
            continue
        sizes[saved["per_class"]] = saved["labels"]
        told.append(f"{at(saved['per_class'])} ({saved['rows']:,}) {_labels(saved)}")
    cost = _cost(results)
    if not helped:
        return {
            "verdict": "no", "sizes": sizes,
            "sentence": f"No: without a sure gain it saves no labels that one could count on{cost}.",
        }  # fmt: skip
    if not told:
        sentence = (
            "Labels saved cannot be read off: that takes a gain at a size below the largest one"
            f"{cost}."
        )
        return {"verdict": "unclear", "sizes": sizes, "sentence": sentence}
    sentence = (
        f"Yes: to reach {main} by labels alone, text + TF-IDF would need {'; '.join(told)}{cost}."
    )
    return {"verdict": "yes", "sizes": sizes, "sentence": sentence}


def _labels(saved: Table) -> str:
    """``about 203 more labels [141, 260]``."""
    most = f"more than the {saved['most']:,}"
    if saved["labels"] is None:
        return f"{most} further labels there are"
    interval = between(saved["interval"], f"over {saved['most']:,}")
    return f"about {saved['labels']:,} more labels{interval}"


def between(interval: Sequence[int | None] | None, beyond: str = "no end") -> str:
    """An interval of labels, None within it being ``beyond``; nothing where there is none.

    >>> between([1204, None]), between(None)
    (' [1,204, no end]', '')
    """
    if not interval:
        return ""
    return f" [{', '.join(beyond if n is None else f'{n:,}' for n in interval)}]"


def _cost(results: Table) -> str:
    """What one point costs in labels, by the fitted curve, or why that is not said."""
    curve = results["curves"].get(PLAIN)
    if curve is None:
        return ""
    if curve["doubts"]:
        return f" (the fitted learning curve is not to be believed: {curve['doubts'][0]})"
    if curve["labels_for_a_point"] is None:
        return " (by the fitted learning curve of text + TF-IDF no number of labels buys a point)"
    many = f"{curve['labels_for_a_point']:,} more{between(curve['interval'])}"
    return f" (after {curve['points'][-1][0]:,.0f} labels about {many} buy text + TF-IDF one point)"


def _source(results: Table, helped: list[str]) -> dict[str, Any]:
    """Which part is missed most, at the largest size with a gain."""
    sized = [s for s in results["sizes"] if s["per_class"] in helped] or results["sizes"]
    size = sized[-1]
    parts = size["without"]
    if not parts:
        sentence = "There is nothing to leave out: no concept below a root is linked in the texts."
        return {"verdict": "unclear", "sizes": {}, "sentence": sentence}
    told, sure = [], False
    for kind, article in (("ontology", "ontology"), ("branch", "branch")):
        of = [part for part in parts if part["kind"] == kind]
        if not of:
            continue
        best = max(of, key=lambda part: part["difference"])
        if best["interval"][0] > 0:
            sure = True
            told.append(f"the {article} '{best['label']}' carries most, {points(best)}")
        else:
            told.append(
                f"no single {article} is sure to be missed, '{best['label']}' most with "
                f"{points(best)}"
            )
    sentence = f"Left out {at(size['per_class'])}, {'; '.join(told)} of macro-F1."
    return {
        "verdict": "yes" if sure else "unclear",
        "sizes": {size["per_class"]: [p["id"] for p in parts if p["interval"][0] > 0]},
        "sentence": sentence,
    }
