"""What is printed of an evaluation."""

import pytest

from xlt_flax.evaluation.table import Results, long_in_words, seen_in_words

SCORES = {
    "accuracy": 0.75,
    "majority": 0.5,
    "macro_f1": 0.7,
    "loss": 0.61,
    "n": 1200,
    "unlabeled": 0,
    "seen": 0,
    "accuracy_unseen": 0.75,
    "problems": [],
    "checkpoint": "best",
    "checkpoint_step": 115,
    "long": "truncate",
    "longer": 0,
    "max_length": 128,
}


def test_a_row_for_each_language_and_what_must_be_known_of_it():
    results = Results(
        de=SCORES | {"seen": 40, "accuracy_unseen": 0.5, "note": "so far"},
        ja=SCORES | {"loss": None, "problems": ["all were given one class"], "note": "so far"},
    )
    assert str(results).splitlines() == [
        "language  accuracy  majority  macro-F1    loss  documents  checkpoint",
        "de          0.7500    0.5000    0.7000  0.6100       1200  best (115)",
        "ja          0.7500    0.5000    0.7000    none       1200  best (115)",
        "de: 40 of 1,200 documents were trained on or validated on; accuracy without them 0.5000",
        "de: none is longer than the 128 tokens that the model reads",
        "ja: 0 of 1,200 documents were trained on or validated on",
        "ja: none is longer than the 128 tokens that the model reads",
        "ja: all were given one class",
        "so far",
    ]


def test_nothing_judged():
    nothing = dict.fromkeys(("accuracy", "majority", "macro_f1", "loss", "accuracy_unseen"))
    row = str(Results(ja=SCORES | nothing | {"n": 0})).splitlines()[1]
    assert row.split() == ["ja", *["none"] * 4, "0", "best", "(115)"]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unlabeled": 7}, "0 of 1,200 documents were trained on or validated on; 7 more have no"),
        ({"seen": 1200, "accuracy_unseen": None}, ": none is left to judge the model by"),
    ],
)
def test_what_was_seen(changes, said):
    assert said in seen_in_words(SCORES | changes)


@pytest.mark.parametrize(
    ("longer", "long", "said"),
    [
        (
            1234,
            "truncate",
            "1,234 are longer than the 512 tokens that the model reads, and were cut",
        ),
        (7, "windows", "and were read in windows that overlap"),
        (0, "windows", "none is longer"),
        (None, "truncate", "how many, older token stores do not say"),
    ],
)
def test_what_became_of_long_documents(longer, long, said):
    assert said in long_in_words(longer, 512, long)
