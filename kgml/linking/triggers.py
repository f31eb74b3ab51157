"""Words that deny a mention or say that it is a relative's; words that only look like it.

After NegEx (Chapman et al. 2001) and ConText (Harkema, Dowling, Thornblade and Chapman 2009), with
shorter tables.
"""

BEFORE = (
    "no", "not", "without", "denies", "denied", "denying", "deny", "no evidence of",
    "no evidence for", "no sign of", "no signs of", "no history of", "no complaints of",
    "no indication of", "no suspicion of", "no findings of", "negative for", "was negative for", "were negative for",
    "is negative for", "are negative for", "absence of",
    "lack of", "lacked", "lacking", "free of", "free from", "never", "never had", "neither", "nor",
    "ruled out", "rule out", "rules out", "ruling out", "excluded", "excludes", "fails to reveal",
    "failed to reveal", "cannot", "can't", "doesn't", "didn't", "does not have", "did not have",
    "don't", "isn't", "wasn't", "aren't", "weren't", "hasn't", "haven't", "hadn't", "none of",
    "instead of", "rather than", "unremarkable for", "resolved without", "test negative for",
)  # fmt: skip
AFTER = (
    "was ruled out", "were ruled out", "is ruled out", "are ruled out", "been ruled out",
    "be ruled out", "was excluded", "were excluded", "is excluded", "been excluded", "is absent",
    "are absent", "was absent", "were absent", "be absent", "been absent", "not seen",
    "not present", "not found",
    "not observed", "not detected", "not identified", "not noted", "not demonstrated",
    "not evident", "never seen", "never observed", "never developed", "was negative",
    "were negative", "is negative", "are negative", "was denied", "were denied", "is unlikely",
    "was unlikely", "unlikely", "did not occur", "did not develop",
)  # fmt: skip
PSEUDO = (
    "no increase", "no decrease", "no change", "no changes", "no significant change",
    "no significant changes", "no further", "no interval change", "not only", "not just",
    "not merely", "not simply", "not necessarily", "not certain if", "not certain whether",
    "not clear if", "not clear whether", "not ruled out", "not been ruled out", "not rule out",
    "cannot be ruled out", "could not be ruled out", "cannot rule out", "cannot be excluded",
    "could not be excluded", "not excluded", "not been excluded", "not exclude", "no doubt",
    "without doubt", "without difficulty", "without delay", "gram negative", "no more than",
    "not less than", "no less than", "not uncommon", "not unusual", "not infrequently",
    "no longer than", "with or without", "whether or not", "presence or absence of",
    "not found to be", "no wonder", "not surprisingly", "not to mention",
)  # fmt: skip
STOP = (
    "but", "however", "although", "though", "nevertheless", "nonetheless", "yet", "whereas",
    "while", "except", "except for", "apart from", "aside from", "other than", "besides",
    "secondary to", "due to", "because", "because of", "as a cause of", "as the cause of",
    "suggesting", "until", "which", "who",
)  # fmt: skip

_RELATIVES = (
    "mother",
    "father",
    "brother",
    "sister",
    "sibling",
    "siblings",
    "parent",
    "parents",
    "aunt",
    "uncle",
    "cousin",
    "grandmother",
    "grandfather",
    "relative",
    "relatives",
)
FAMILY_BEFORE = (
    "family history of", "family history for", "family history significant for",
    "family history includes", "family history included", "familial history of",
    "maternal history of", "paternal history of", "positive family history of",
    *(
        f"{relative} {verb}"
        for relative in _RELATIVES
        for verb in ("had", "has", "have", "with", "died of", "suffered from", "was diagnosed with")
    ),
)  # fmt: skip
FAMILY_AFTER = tuple(
    f"in {whose} {relative}"
    for whose in ("the", "his", "her", "their", "a")
    for relative in _RELATIVES
)
"""A relative's: "his mother had diabetes", "diabetes in her father"."""
