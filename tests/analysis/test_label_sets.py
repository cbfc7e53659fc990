"""Micro-F1 by document, by group, and what is confused, beside what counting by hand gives."""

from collections import Counter

import numpy as np
import pytest

from xlt_flax.analysis import statistics
from xlt_flax.analysis.label_sets import (
    Counts,
    confused,
    counts_by,
    groups_counted,
    labels_in,
    majority_f1,
    micro_f1,
)
from xlt_flax.analysis.results import Evaluation


def evaluation(true, said):
    """Of lists of labels, or of what `Evaluation` holds of one label a document."""
    columns = [np.fromiter((tuple(v) if isinstance(v, list) else v for v in each), object)
               for each in (true, said)]  # fmt: skip
    ids = tuple(map(str, range(len(true))))
    return Evaluation("ja", 0.0, None, None, len(ids), ids=ids, labels=columns[0],
                      correct=columns[0] == columns[1], predictions=columns[1])  # fmt: skip


def drawn(documents, seed=0):
    """Random sets of up to three of five labels; half of what is said is true."""
    rng = np.random.default_rng(seed)

    def one():
        return sorted(rng.choice(list("abcde"), rng.integers(1, 4), replace=False).tolist())

    true = [one() for _ in range(documents)]
    return true, [each if rng.random() < 0.5 else one() for each in true]


def pooled(true, said):
    right = sum(len({*a} & {*b}) for a, b in zip(true, said, strict=True))
    return 2 * right / sum(len(a) + len(b) for a, b in zip(true, said, strict=True))


def test_the_mean_is_the_pooled_f1_of_the_rows_that_are_asked_for():
    true, said = drawn(200)
    found = micro_f1(evaluation(true, said), np.arange(200))
    assert found.mean() == pytest.approx(pooled(true, said), abs=1e-12)
    some = np.arange(0, 200, 3)
    assert micro_f1(evaluation(true, said), some).mean() == pytest.approx(
        pooled(true[::3], said[::3]), abs=1e-12
    )


def test_of_one_label_each_it_is_right_and_wrong():
    found = micro_f1(evaluation(["a", "b", "b"], ["a", "a", "b"]), np.arange(3))
    assert found.dtype == bool
    assert found.tolist() == [True, False, True]


def test_no_prediction_is_a_label_less_that_is_given():
    """2 · 1 / (1 + 2): one right of two true, one given."""
    found = micro_f1(evaluation(["a", "b"], ["a", None]), np.arange(2))
    assert found.mean() == pytest.approx(2 / 3)


def test_the_interval_is_about_as_wide_as_a_bootstrap_of_pages():
    """And not as wide as one of exact matches: fails where the ratio's denominator is left out."""
    true, said = drawn(400, seed=1)
    estimate = statistics.crossed(micro_f1(evaluation(true, said), np.arange(400))[None])
    rng = np.random.default_rng(2)
    again = [rng.integers(0, 400, 400) for _ in range(2000)]
    scores = [pooled([true[i] for i in rows], [said[i] for i in rows]) for rows in again]
    assert np.sqrt(estimate.variance) == pytest.approx(np.std(scores), rel=0.06)


def test_the_majority_is_one_label_for_all():
    assert majority_f1(evaluation(["a", "a", "b", "c"], ["c"] * 4)) == 0.5
    two = evaluation([["a", "b"], ["a"]], [["c"], ["c"]])
    assert majority_f1(two) == pytest.approx(pooled([["a", "b"], ["a"]], [["a"], ["a"]]))


def test_groups():
    found = evaluation([["1.1", "1.2"], ["2.1"], ["1.2"]], [["1.1", "1.3"], ["1.1"], ["1.1"]])
    branch = {"1.1": "1", "1.2": "1", "1.3": "1", "2.1": "2"}.__getitem__
    assert counts_by(found, branch) == {"1": Counts(1, 4, 3), "2": Counts(0, 0, 1)}
    assert groups_counted(found, branch) == {"1": Counts(2, 3, 2), "2": Counts(0, 0, 1)}
    assert counts_by(found, branch)["1"].f1 == pytest.approx(2 / 7)
    assert (Counts(0, 0, 1).precision, Counts(0, 0, 1).recall) == (None, 0)
    assert Counts(0, 2, 0).recall is Counts().f1 is None


def test_confusions_are_of_what_was_missed_and_what_was_given_instead():
    found = evaluation(["a", "a", "b", "c"], ["b", "b", "b", None])
    assert confused(found) == Counter({("a", "b"): 2})
    assert confused(evaluation([["a", "b"]], [["b", "c"]])) == Counter({("a", "c"): 1})
    assert labels_in(None) == frozenset()
