"""What clinical sentences say of their mentions: * denied, + a relative's, *+ both."""

from __future__ import annotations

import re

import pytest

from kgml.linking.fold import fold
from kgml.linking.negation import contexts

_MARKED = re.compile(r"\[([^\]]+)\]([*+]*)")


def parsed(marked: str) -> tuple[str, list[tuple[int, int]], list[tuple[str, str]]]:
    """The text, its mentions and what it says of each, of "no [fever]*, [cough]"."""
    text, spans, expected, done = "", [], [], 0
    for found in _MARKED.finditer(marked):
        text += marked[done : found.start()]
        spans.append((len(text), len(text) + len(found[1])))
        expected.append((found[1], found[2]))
        text += found[1]
        done = found.end()
    return text + marked[done:], spans, expected


def said(text: str, spans: list[tuple[int, int]]) -> list[tuple[str, str]]:
    return [
        (text[start:end], "*" * context.negated + "+" * context.family)
        for (start, end), context in zip(spans, contexts(fold(text), spans), strict=True)
    ]


DENIED_LISTS = [
    "No [fever]*, [chills]*, [night sweats]*, [weight loss]*, [headache]*, [vomiting]*, or "
    "[abdominal pain]*.",
    "The patient denies [chest pain]*, [shortness of breath]*, [nausea]*, [vomiting]*, or "
    "[diarrhea]*.",
    "ROS: negative for [fever]*, [chills]*, [night sweats]*, [weight loss]*, [cough]*, "
    "[shortness of breath]*, [chest pain]*, [abdominal pain]*, [rash]*.",
    "She denied [headache]*/[vertigo]*/[double vision]*/[difficulty swallowing]*/[seizures]*.",
    "[Fever]*, [night sweats]*, [weight loss]*, [shortness of breath]*, and [chest pain]* were "
    "denied.",
    "No [fever]*, [shortness of breath]*, severe [headache]*, new [rash]*, or [weight loss]*.",
    "No [fever]*, [shortness of breath]*, [night sweats]*, she was treated at home for many years "
    "for [asthma].",
]
MISSED = [
    "[Seizures]* have not been observed.",
    "[Ataxia]* has not been detected.",
    "A [mutation]* could not be detected.",
    "The [tumour]* was not clearly seen.",
    "[Cysts]* have not yet been observed.",
    "[Cysts]* were never clearly demonstrated.",
    "[Nystagmus]* couldn't be elicited.",
    "[Seizures]* never developed.",
    "She never developed [seizures]*.",
    "[Edema] improved and he did not develop [ascites]*.",
    "We have not observed [seizures]* in this patient.",
    "CT has not demonstrated [tumour]*.",
    "He did not present with [fever]*.",
    "[Pain], not associated with [vomiting]*",
]
OVERREACH = [
    "Negative for [fever]* and positive for [headache]",
    "No [microcephaly]* (OFC 50th centile), [hypotonia] present",
    "free of [seizures]* on levetiracetam and has [ataxia]",
    "did not tolerate valproate and developed [ataxia]",
    "[Fever]* (denied), [headache]",
    "[Cough], [fever]* (denied), [headache]",
    "[Fever] (no [chills]*), [headache]",
    "[Headache], [fever]* (not seen), [rash]",
    "A gene not previously associated with [ataxia]",
    "[Ataxia] has not been reported before.",
    "[Ataxia] was not previously described in this syndrome.",
    "[Seizures] are not always present.",
    "[Malaria] could not be completely excluded.",
    "[Malaria] has not been formally ruled out.",
    "[Malaria] wasn't ruled out, [fever] persists",
    "No [edema]* or [rash]* present.",
    "No [fever]* was present.",
    "No [edema]*, [rash]*, or [cyanosis]* was noted.",
    "No [dysmorphism]*, [short stature]* and [hypotonia]* were noted.",
    "No [cyanosis]*, [clubbing]*, [edema]* present.",
    "Not all patients had [seizures].",
    "No [fever]* when seen, [rash] on day 3.",
    "Denies [cough]*, reports [fever].",
    "Without [ataxia]*, but [dysarthria] is present.",
    "She has no [diabetes]* and she takes aspirin for [stroke].",
    "There was no [hepatomegaly]*; [splenomegaly] was noted.",
]
FAMILY = [
    "[Family history] of [diabetes mellitus]+ and [hypertension]+.",
    "Family history of [diabetes mellitus]+, [chronic kidney disease]+, [hypertension]+, "
    "[coronary heart disease]+, [breast cancer]+ and [stroke]+.",
    "No [family history]* of [epilepsy]*+.",
    "Family history is negative for [epilepsy]*+.",
    "Family history: [epilepsy]+.",
    "Family history is significant for [breast cancer]+ in a maternal aunt.",
    "[Breast cancer]+ in a maternal aunt.",
    "His mother has [epilepsy]+ and the patient has [ataxia].",
    "His mother had [epilepsy]+ and developed [ataxia]+.",
    "Her father died of [myocardial infarction]+ at 52.",
    "Mother: [hypertension]+. Father: [diabetes]+.",
    "His brother's [seizures]+ began at 2 years; he has [hypotonia].",
    "[Migraine]+ runs in the family.",
    "Her sister does not have [ataxia]*+.",
    "Neither parent has [ataxia]*+.",
    "Two brothers were diagnosed with [retinitis pigmentosa]+.",
    "The mother is healthy. The boy has [seizures].",
    "His mother has no [seizures]*+, but he has [ataxia].",
]


@pytest.mark.parametrize("marked", [*DENIED_LISTS, *MISSED, *OVERREACH, *FAMILY])
def test_a_clinical_sentence_says_this_of_its_mentions(marked: str) -> None:
    text, spans, expected = parsed(marked)
    assert said(text, spans) == expected
