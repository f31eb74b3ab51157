"""Words that deny a mention or say that it is a relative's; words that only look like it.

After NegEx (Chapman et al. 2001) and ConText (Harkema, Dowling, Thornblade and Chapman 2009), with
shorter tables. As there, "not associated with" denies: "pain not associated with vomiting".
"""

from __future__ import annotations

import re

NEGATORS = (
    "not", "never", "cannot", "can't", "couldn't", "doesn't", "didn't", "don't", "isn't", "wasn't",
    "aren't", "weren't", "hasn't", "haven't", "hadn't",
)  # fmt: skip
"""They deny what follows, unless ``CONTINUED`` says otherwise."""
BEFORE = (
    *NEGATORS, "no", "without", "denies", "denied", "denying", "deny", "no evidence of",
    "no evidence for", "no sign of", "no signs of", "no history of", "no complaints of",
    "no indication of", "no suspicion of", "no findings of", "without evidence of",
    "without any evidence of", "without sign of", "without signs of", "negative for",
    "was negative for", "were negative for", "is negative for", "are negative for", "absence of",
    "lack of", "lacked", "lacking", "free of", "free from", "never had", "neither", "nor",
    "ruled out", "rule out", "rules out", "ruling out", "excluded", "excludes", "fails to reveal",
    "failed to reveal", "does not have", "did not have", "not positive for", "none of",
    "instead of", "rather than", "unremarkable for", "resolved without", "test negative for",
)  # fmt: skip
AFTER = (
    "was ruled out", "were ruled out", "is ruled out", "are ruled out", "been ruled out",
    "be ruled out", "was excluded", "were excluded", "is excluded", "been excluded", "is absent",
    "are absent", "was absent", "were absent", "be absent", "been absent", "was negative",
    "were negative", "is negative", "are negative", "was denied", "were denied", "is unlikely",
    "was unlikely", "unlikely", "did not occur", "(denied)", "(absent)", "(negative)", "(no)",
    ": absent", ": negative",
)  # fmt: skip
EITHER = ("never developed", "did not develop", "didn't develop", "does not develop")
"""They deny what follows at once, else what stands before."""
PSEUDO = (
    "no increase", "no decrease", "no change", "no changes", "no significant change",
    "no significant changes", "no further", "no interval change", "not only", "not just",
    "not merely", "not simply", "not necessarily", "not certain if", "not certain whether",
    "not clear if", "not clear whether", "no doubt",
    "without doubt", "without difficulty", "without delay", "gram negative", "no more than",
    "not less than", "no less than", "not uncommon", "not unusual", "not infrequently",
    "no longer than", "with or without", "whether or not", "presence or absence of",
    "not found to be", "no wonder", "not surprisingly", "not to mention", "at present",
    "the present", "not all", "not every", "not both",
)  # fmt: skip

_HOW = (
    "clearly|definitely|definitively|yet|ever|actually|reliably|convincingly|readily|directly|"
    "completely|entirely|fully|formally|totally|absolutely|initially|otherwise|currently|so far|"
    "specifically|confidently|easily"
)
_BEFORE_NOW = "previously|hitherto|heretofore|formerly"
_SEEN = (
    "seen|present|found|observed|detected|detectable|identified|identifiable|noted|demonstrated|"
    "evident|apparent|visible|visuali[sz]ed|appreciated|documented|elicited|palpable|palpated|heard"
)
_TOLD = "reported|described|published|recogni[sz]ed|known|associated|linked|implicated|related"
CONTINUED = tuple(
    (re.compile(rf" (?:{pattern})\b"), kind)
    for pattern, kind in (
        (rf"(?:(?:{_HOW}) )?(?:been |be )?(?:(?:{_HOW}) )?(?:excluded?|ruled? out)", "pseudo"),
        ("(?:been )?(?:always|consistently|invariably|constantly|universally)", "pseudo"),
        (rf"(?:been )?(?:{_BEFORE_NOW}) (?:been )?(?:{_SEEN}|{_TOLD})", "pseudo"),
        (rf"(?:(?:{_HOW}) )?been (?:(?:{_HOW}) )?(?:reported|described|published)", "pseudo"),
        (rf"(?:(?:{_HOW}) )?(?:been|be) (?:(?:{_HOW}) )?(?:{_SEEN})(?! to have)", "after"),
        (rf"(?:(?:{_HOW}) )?(?:{_SEEN})(?! to have| with )", "after if passive"),
    )
)
"""What may follow a negator, and what both are then: "not clearly seen", "not been observed"."""
ACTIVE = re.compile(r"\b(?:has|have|had|did|do|does)(?: not| never|n't)$")
"""Then "not seen" denies what follows: "we have not seen tumours"."""

STOP = (
    "but", "however", "although", "though", "nevertheless", "nonetheless", "yet", "whereas",
    "while", "except", "except for", "apart from", "aside from", "other than", "besides",
    "secondary to", "due to", "because", "because of", "as a cause of", "as the cause of",
    "suggesting", "until", "which", "who", "and the patient", "and patient", ", the patient",
)  # fmt: skip
_VERBS = (
    "has", "have", "had", "developed", "develops", "showed", "shows", "presented", "presents",
    "became", "began", "started", "complained", "complains", "reported", "reports", "endorsed",
    "endorses", "admitted", "admits", "experienced", "experiences", "exhibited", "exhibits",
    "suffered", "suffers", "required", "requires", "remained", "remains", "continued", "continues",
    "received", "underwent", "demonstrated", "revealed",
)  # fmt: skip
_SUBJECTS = ("he", "she", "they", "it", "there", "we")
AFFIRMED = (
    "positive for", "when", "and is", "and are", "and was", "and were", "and now", "and then",
    "and later", "and subsequently", "and instead", "now has", "now presents",
    *(f"and {word}" for word in (*_VERBS, *_SUBJECTS)),
    *(f", {word}" for word in (*_VERBS, *_SUBJECTS)),
)  # fmt: skip
"""Here a denial ends that reaches forwards; what is told of a relative may go on."""
PRESENT = (
    "present",
    *(
        f"{verb} {word}"
        for verb in ("is", "are", "was", "were")
        for word in ("present", "noted", "seen", "observed", "found")
    ),
)
"""They affirm what stands between them and the last comma: "no fever, ataxia present"."""

_RELATIVES = (
    "mother", "father", "brother", "sister", "brothers", "sisters", "sibling", "siblings",
    "parent", "parents", "aunt", "uncle", "aunts", "uncles", "cousin", "cousins", "grandmother",
    "grandfather", "grandparents", "relative", "relatives", "son", "daughter", "nephew", "niece",
    "mom", "dad", "family members", "family member",
)  # fmt: skip
_HISTORY = ("family history", "familial history", "maternal history", "paternal history",
            "family hx", "fhx")  # fmt: skip
FAMILY_BEFORE = (
    *(f"{history}{link}" for history in _HISTORY for link in (
        " of", " for", ":", " significant for", " is significant for", " was significant for",
        " positive for", " is positive for", " was positive for", " notable for",
        " is notable for", " was notable for", " remarkable for", " is remarkable for",
        " includes", " included", " reveals", " revealed", " with",
    )),
    "positive family history of", "positive family history for", "strong family history of",
    *(
        f"{relative}{verb}"
        for relative in _RELATIVES
        for verb in (
            " had", " has", " have", " with", " died of", " died from", " suffered from",
            " suffers from", " was diagnosed with", " were diagnosed with", " is affected by",
            " was affected by", " also had", " also has", " developed", ":", "'s",
        )
    ),
)  # fmt: skip
NO_FAMILY = (
    "negative family history of", "negative family history for",
    *(
        f"{history}{verb} {word} for"
        for history in _HISTORY
        for verb in ("", " is", " was")
        for word in ("negative", "unremarkable")
    ),
    *(
        f"{relative} {verb}"
        for relative in _RELATIVES
        for verb in ("does not have", "did not have", "do not have", "never had")
    ),
)  # fmt: skip
"""Denied and a relative's, both: "family history is negative for epilepsy"."""
FAMILY_AFTER = (
    *(
        f"in {whose} {relative}"
        for whose in (
            "the", "his", "her", "their", "a", "an", "maternal", "paternal", "both", "two",
            "several", "one", "his maternal", "her maternal", "his paternal", "her paternal",
            "the maternal", "the paternal", "a maternal", "a paternal",
        )
        for relative in _RELATIVES
    ),
    *(f"{verb} in {whose} family" for verb in ("runs", "run") for whose in ("the", "his", "her")),
)  # fmt: skip
"""A relative's: "his mother had diabetes", "diabetes in her father"."""
PATIENT = (
    "the patient", "our patient", "this patient", "patient has", "patient had", "patient presents",
    "proband", "the index patient", "the child", "the infant", "the boy", "the girl",
)  # fmt: skip
"""Here what is told of a relative ends, as in ConText."""
