"""How ``kgml explain`` shows its results in a terminal."""

from __future__ import annotations

from typing import Any

from kgml.cli.output import columns, one_line

WORDS, CLASSES, CARRIERS = 5, 5, 3
"""Most that are shown of a text, and of a concept; ``--json`` has all."""
ROWS = 20
"""Most rows of a what-if, those that flip first."""
SHOWN = 60
"""Characters of a neighbour or of a row that flips."""


def human(result: dict[str, Any]) -> str:
    """For each text its label, the text with its mentions marked, and what is lost without what."""
    sentence = result["knowledge"]["sentence"]
    told = [_one(one, result["knowledge"]["used"]) for one in result["explanations"]]
    return "\n\n".join([*([sentence] if sentence else []), *told])


def _one(one: dict[str, Any], used: bool) -> str:
    others = sorted(one["probabilities"].items(), key=lambda pair: -pair[1])[1:CLASSES]
    beside = ", ".join(f"{one_line(name)} {share:.3f}" for name, share in others)
    whole = [f"counted words {_loss(one['without_words'])}"]
    if used:
        whole.insert(0, f"knowledge {_loss(one['without_knowledge'])}")
    lines = [
        f"{one_line(one['label'])} {one['probability']:.3f} ({beside})",
        f"  {' '.join(marked(one['text'], one['mentions']).split())}",
        f"  lost without {', '.join(whole)}" + (f"; gate {one['gate']:.2f}" if used else ""),
        *_mentions(one["mentions"]),
        *(_concepts(one) if used else []),
        *_words(one["words"]),
        *_like(one.get("like", [])),
    ]
    return "\n".join(lines)


def marked(text: str, mentions: list[dict[str, Any]]) -> str:
    """``text`` with a bracket at both ends of each mention.

    >>> marked("New onset AF.", [{"start": 10, "end": 12}])
    'New onset ⟦AF⟧.'
    """
    signs = [(m["end"], 0, "⟧") for m in mentions] + [(m["start"], 1, "⟦") for m in mentions]
    parts, last = [], 0
    for place, _, sign in sorted(signs):
        parts += [text[last:place], sign]
        last = place
    return "".join([*parts, text[last:]])


def _loss(loss: dict[str, Any]) -> str:
    becomes = f" → {one_line(loss['becomes'])}" if loss["becomes"] else ""
    return f"{loss['lost']:+.3f}{becomes}"


def _mentions(mentions: list[dict[str, Any]]) -> list[str]:
    if not mentions:
        return ["  nothing linked"]
    table: list[list[object]] = [["lost", "at", "mention", "concept"]]
    for mention in mentions:
        said = [word for word in ("negated", "family") if mention[word]]
        name = mention["text"] + (f" ({', '.join(said)})" if said else "")
        concepts = " or ".join(f"{c['label']} ({c['id']})" for c in mention["candidates"])
        at = f"{mention['start']}–{mention['end']}"
        table.append([_loss(mention), at, name, concepts])
    return [columns(table, indent=2)]


def _concepts(one: dict[str, Any]) -> list[str]:
    """The way of each concept, and its weight where the fusion weighs concepts."""
    lines = []
    weighs = any(abs(concept["weight"] - 1) > 1e-6 for concept in one["concepts"])
    for concept in one["concepts"]:
        weight = f", weight {concept['weight']:.2f}" if weighs else ""
        carried = [
            f"{one_line(c['label'])} {c['lost']:+.3f}" for c in concept["carriers"][:CARRIERS]
        ]
        by = f": carried by {', '.join(carried)}" if carried else ": nothing of it was learned"
        lines.append(f"    {_loss(concept)} {one_line(concept['path'])}{weight}{by}")
    return ["  by concept, all its mentions together", *lines] if lines else []


def _words(words: list[dict[str, Any]]) -> list[str]:
    shown = [f"{one_line(word['word'])} {_loss(word)}" for word in words[:WORDS]]
    return [f"  by counted word: {', '.join(shown)}"] if shown else []


def _like(neighbours: list[dict[str, Any]]) -> list[str]:
    if not neighbours:
        return []
    table: list[list[object]] = [["like", "row", "label", "text"]]
    for one in neighbours:
        table.append([f"{one['similarity']:.3f}", one["row"], one["label"], _short(one["text"])])
    return [columns(table, indent=2)]


def _short(text: str) -> str:
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def human_what_if(result: dict[str, Any]) -> str:
    """What was changed, how many texts it reaches, and each of them."""
    changes = [f"+ '{one_line(s['synonym'])}' for {_named(s)}" for s in result["synonyms"]]
    changes += [f"- {_named(one)}" for one in result["dropped"]]
    sentence = result["knowledge"]["sentence"]
    lines = [*changes, *([sentence] if sentence else [])]
    lines.append(
        f"the concepts of {result['reached']} of {result['texts']} texts are others, "
        f"{result['flips']} get another label"
    )
    changed = [row for row in result["rows"] if row["reached"] or result["texts"] == 1]
    changed.sort(key=lambda row: (not row["flips"], -_moved(row), row["row"]))
    table: list[list[object]] = [["row", "before", "", "after", "", "text"]]
    for row in changed[:ROWS]:
        sides = [*_side(row["before"]), *_side(row["after"])]
        table.append([row["row"], *sides, _short(row["text"])])
    lines += [columns(table)] if changed else []
    lines += [f"and {len(changed) - ROWS} more; --json has all"] if len(changed) > ROWS else []
    return "\n".join(lines)


def _moved(row: dict[str, Any]) -> float:
    return abs(float(row["before"]["probability"]) - float(row["after"]["probability"]))


def _named(one: dict[str, Any]) -> str:
    return f"{one_line(one['label'])} ({one_line(one['id'])})"


def _side(side: dict[str, Any]) -> list[str]:
    return [side["label"], f"{side['probability']:.3f}"]


def human_faithfulness(result: dict[str, Any]) -> str:
    """Both measures beside chance, and over how many texts."""
    table: list[list[object]] = [["", "ranking", "random", "better by"]]
    for name in ("comprehensiveness", "sufficiency"):
        one = result[name]
        low, high = one["interval"]
        better = f"{one['difference']:+.4f} [{low:+.4f}, {high:+.4f}]"
        table.append([name, f"{one['ranking']:.4f}", f"{one['random']:.4f}", better])
    return "\n".join([
        columns(table),
        f"{result['counted']} of {result['texts']} texts have {result['enough']} mentions or more, "
        f"{result['mentions']:.1f} in the mean; without any of them {result['all_mentions']:.4f} of "
        "the label's probability is lost",
    ])  # fmt: skip
