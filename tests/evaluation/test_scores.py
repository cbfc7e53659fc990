"""Scores, against cases counted by hand and against a recount document by document."""

import json
import math
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from xlt_flax.data.examples import LabelSet
from xlt_flax.evaluation.predictions import Predictions
from xlt_flax.evaluation.scores import Scores, scores_of
from xlt_flax.evaluation.table import Results

TWO = LabelSet(("negative", "positive"))
THREE = LabelSet(("bug", "praise", "question"))
SEVERAL = LabelSet(("bug", "praise", "question"), several=True)
NAN = float("nan")


def sets_of(rows, labels):
    """bool[documents, labels] of sets of numbers."""
    return np.array([[number in row for number in range(len(labels))] for row in rows], bool)


def part_of(labels, true, said, probabilities=None, losses=None):
    """Predictions of sets of numbers; a `said` of None: the output is no number."""
    count = len(true)
    if probabilities is None:
        probabilities = np.full((count, len(labels)), 1 / len(labels))
    probabilities = np.array(probabilities, float).reshape(count, len(labels))
    probabilities[[row is None for row in said]] = NAN
    return Predictions(
        ids=[f"d{i}" for i in range(count)],
        true=sets_of(true, labels).reshape(count, len(labels)),
        said=sets_of([row or () for row in said], labels).reshape(count, len(labels)),
        probabilities=probabilities,
        losses=np.array([0.5] * count if losses is None else losses, np.float32),
    )


def one(*numbers):
    """Sets of one label each; None stays."""
    return [None if number is None else {number} for number in numbers]


def test_a_case_counted_by_hand():
    part = part_of(TWO, one(0, 0, 1, 1, 1), one(0, 1, 1, 0, 1))
    scores = scores_of([part], TWO).as_json()
    assert scores["n"] == 5
    assert scores["confusion"] == [[1, 1], [1, 2]]
    assert scores["accuracy"] == scores["micro_f1"] == pytest.approx(3 / 5)
    assert scores["macro_f1"] == pytest.approx((2 * 1 / 4 + 2 * 2 / 6) / 2)
    assert scores["loss"] == pytest.approx(0.5)
    assert scores["majority"] == pytest.approx(3 / 5)
    assert scores["per_class"] == {
        "negative": {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2},
        "positive": {
            "precision": pytest.approx(2 / 3),
            "recall": pytest.approx(2 / 3),
            "f1": pytest.approx(2 / 3),
            "support": 3,
        },
    }


def test_several_labels_counted_by_hand():
    """Whole sets make accuracy and majority; each label's decisions make F1."""
    true = [{0}, {0, 1}, {0}, {1, 2}]
    said = [{0}, {0}, {0, 2}, {1, 2}]
    scores = scores_of([part_of(SEVERAL, true, said)], SEVERAL).as_json()
    assert scores["accuracy"] == 2 / 4
    assert scores["majority"] == 2 / 4
    assert scores["micro_f1"] == pytest.approx(2 * 5 / (6 + 6))
    f1 = [2 * 3 / (3 + 3), 2 * 1 / (2 + 1), 2 * 1 / (1 + 2)]
    assert [of["f1"] for of in scores["per_class"].values()] == pytest.approx(f1)
    assert scores["macro_f1"] == pytest.approx(np.mean(f1))
    assert scores["confusion"] is None
    assert scores["ece"] is None


@pytest.mark.parametrize("is_known", [False, True])
def test_a_document_with_none_of_the_labels(is_known):
    """A label that is said of it is one too many, where "none" is its answer."""
    part = part_of(SEVERAL, [{0}, set(), set()], [{0}, {1}, set()])
    scores = scores_of([replace(part, none_is_known=is_known)], SEVERAL)
    assert (scores.n, scores.unlabeled) == ((3, 0) if is_known else (1, 2))
    assert scores.accuracy == (pytest.approx(2 / 3) if is_known else 1)
    assert scores.micro_f1 == (pytest.approx(2 / 3) if is_known else 1)


def test_nothing_true_and_nothing_said():
    part = replace(part_of(SEVERAL, [set()], [set()]), none_is_known=True)
    scores = scores_of([part], SEVERAL)
    assert (scores.accuracy, scores.micro_f1) == (1, 0)


def test_an_output_that_is_no_number_is_a_wrong_one():
    part = part_of(TWO, one(0, 0, 1, 0, 1), one(0, None, None, None, 1))
    scores = scores_of([part], TWO)
    assert scores.confusion == [[1, 0], [0, 1]]
    assert scores.accuracy == pytest.approx(2 / 5)
    assert scores.macro_f1 == pytest.approx((2 / (3 + 1) + 2 / (2 + 1)) / 2)
    assert scores.micro_f1 == pytest.approx(2 * 2 / (5 + 2))
    assert scores.majority == pytest.approx(3 / 5)
    assert scores.problems() == [
        "the model's output is not a number for 3 of 5 documents, which count as wrong"
    ]


def test_a_loss_that_is_no_number_is_null():
    scores = scores_of([part_of(TWO, one(0, 1), one(0, None), losses=[0.5, NAN])], TWO)
    assert math.isnan(scores.loss)
    assert scores.as_json()["loss"] is None
    json.dumps(scores.as_json(), allow_nan=False)


def test_ece_counted_by_hand():
    """Two bins: (.6, .667], half of which is right, and (.933, 1], all of which is."""
    largest = [0.62, 0.66, 0.95, 1.0]
    part = part_of(TWO, one(0, 1, 0, 0), one(0, 0, 0, 0), [[p, 1 - p] for p in largest])
    expected = 2 / 4 * abs(1 / 2 - 0.64) + 2 / 4 * abs(2 / 2 - 0.975)
    assert scores_of([part], TWO).ece == pytest.approx(expected)


def test_brier_counted_by_hand():
    """Of three classes; a document without a prediction is left out."""
    probabilities = [[0.7, 0.2, 0.1], [0.5, 0.25, 0.25], [0, 0, 1], [1, 0, 0]]
    part = part_of(THREE, one(0, 2, 2, 1), one(0, 0, 2, None), probabilities)
    expected = (0.3**2 + 0.2**2 + 0.1**2) + (0.5**2 + 0.25**2 + 0.75**2) + 0
    assert scores_of([part], THREE).brier == pytest.approx(expected / 3)
    assert scores_of([part_of(THREE, one(1), one(0), [[1, 0, 0]])], THREE).brier == 2


def test_brier_of_two_classes_is_twice_scikit_learns():
    rng = np.random.default_rng(0)
    positive, true = rng.random(200), rng.integers(0, 2, 200)
    said = (positive > 0.5).astype(int)
    part = part_of(TWO, one(*true), one(*said), np.stack([1 - positive, positive], 1))
    expected = 2 * metrics.brier_score_loss(true, positive)
    assert scores_of([part], TWO).brier == pytest.approx(expected)


@pytest.mark.parametrize("largest", [0.5, 1.0])
def test_ece_of_one_bin(largest):
    part = part_of(TWO, one(0, 0), one(0, 0), [[largest, 1 - largest]] * 2)
    assert scores_of([part], TWO).ece == pytest.approx(1 - largest)


@pytest.mark.parametrize(
    ("labels", "true", "said", "problems"),
    [
        (TWO, one(0, 1, 1), one(1, 1, 1), ["all 3 documents were given one class, positive"]),
        (TWO, one(0, 1), one(0, 0), ["all 2 documents were given one class, negative"]),
        (TWO, one(0, 0), one(0, 0), []),  # and are of one class
        (TWO, one(0, 0), one(0, 1), []),
        (TWO, one(0), one(0), []),
        (
            TWO,
            one(0, 1, 1),
            one(None, 1, 1),
            [
                "the model's output is not a number for 1 of 3 documents, which count as wrong",
                "all other 2 documents were given one class, positive",
            ],
        ),
        (
            TWO,
            one(0, 1),
            one(None, None),
            ["the model's output is not a number for 2 of 2 documents, which count as wrong"],
        ),
        (THREE, one(0, 1), one(2, 2), ["all 2 documents were given one class, question"]),
        (
            SEVERAL,
            [{0}, {0, 1}],
            [{0, 2}, {0, 2}],
            ["all 2 documents were given the same labels, bug, question"],
        ),
        (SEVERAL, [{0}, {0, 1}], [{0, 2}, {0}], []),
        (
            TWO,
            [(), ()],
            one(0, 0),
            [
                "none of 2 documents has a label: they are predicted, and not judged",
                "all 2 documents were given one class, negative",
            ],
        ),
    ],
)
def test_what_makes_scores_no_measure(labels, true, said, problems):
    assert scores_of([part_of(labels, true, said)], labels).problems() == problems


def test_documents_without_a_label_are_not_judged():
    labelled = part_of(TWO, one(0, 1), one(0, 0), losses=[1, 2])
    mixed = part_of(TWO, [(), {0}, (), {1}], one(1, 0, 1, 0), losses=[NAN, 1, NAN, 2])
    seen = np.array([True, False, True, True])
    scores = Scores(TWO)
    scores.add(mixed, seen)
    of_mixed, of_labelled = scores.as_json(), scores_of([labelled], TWO).as_json()
    assert (of_mixed.pop("unlabeled"), of_labelled.pop("unlabeled")) == (2, 0)
    assert (of_mixed.pop("seen"), of_labelled.pop("seen")) == (1, 0)
    assert of_mixed.pop("accuracy_unseen") == 1.0
    assert of_labelled.pop("accuracy_unseen") == 0.5
    assert of_labelled.pop("problems") == ["all 2 documents were given one class, negative"]
    assert of_mixed.pop("problems") == []
    assert of_mixed == of_labelled


@pytest.mark.parametrize("labels", [TWO, SEVERAL])
@pytest.mark.parametrize("true", [[], [(), ()]])
def test_nothing_to_judge(labels, true):
    scores = scores_of([part_of(labels, true, [{1} for _ in true])], labels).as_json()
    assert (scores["n"], scores["unlabeled"]) == (0, len(true))
    for name in ("accuracy", "loss", "macro_f1", "micro_f1", "ece", "majority", "accuracy_unseen"):
        assert scores[name] is None, name
    assert scores["brier"] is None
    assert {of["support"] for of in scores["per_class"].values()} == {0}


# ---- Against a recomputation -----------------------------------------------------------------


def f1_of(pairs):
    """(precision, recall, F1) of (is true, is said) pairs, by their definitions."""
    right = sum(true and said for true, said in pairs)
    said, true = sum(said for _, said in pairs), sum(true for true, _ in pairs)
    precision, recall = right / said if said else 0.0, right / true if true else 0.0
    both = precision + recall
    return precision, recall, 2 * precision * recall / both if both else 0.0


def ece_of(documents):
    """Of (largest probability, is right) pairs, bin by bin."""
    total = 0.0
    for low in range(15):
        within = [(p, ok) for p, ok in documents if low / 15 < p <= (low + 1) / 15]
        if within:
            confidence = math.fsum(p for p, _ in within) / len(within)
            accuracy = sum(ok for _, ok in within) / len(within)
            total += len(within) / len(documents) * abs(accuracy - confidence)
    return total


@st.composite
def predicted(draw, labels):
    """Documents as (true set, said set or None, probabilities, loss, seen)."""
    numbers = st.integers(0, len(labels) - 1)
    most = len(labels) if labels.several else 1
    a_set = st.sets(numbers, min_size=1, max_size=most).map(frozenset)
    document = st.tuples(
        st.one_of(a_set, st.just(frozenset())),
        st.one_of(a_set, st.none()),
        st.lists(st.floats(0.01, 1), min_size=len(labels), max_size=len(labels)),
        st.floats(0, 10, width=32),
        st.booleans(),
    )
    return draw(st.lists(document, max_size=40))


@pytest.mark.parametrize("labels", [TWO, THREE, SEVERAL])
@given(data=st.data())
def test_all_numbers_are_those_of_a_count_by_document(labels, data):
    documents = data.draw(predicted(labels))
    cut = data.draw(st.integers(0, len(documents)))
    scores = Scores(labels)
    for some in (documents[:cut], documents[cut:]):  # how the stream is cut changes nothing
        true, said, probabilities, losses, seen = zip(*some, strict=True) if some else [()] * 5
        part = part_of(labels, true, said, probabilities, losses)
        scores.add(part, np.array(seen, bool))
    result = scores.as_json()
    judged = [(true, said or frozenset(), *rest) for true, said, *rest in documents if true]
    assert result["n"] == len(judged)
    assert result["unlabeled"] == len(documents) - len(judged)
    assert result["seen"] == sum(seen for *_, seen in judged)
    if not judged:
        return
    right = [true == said for true, said, *_ in judged]
    assert result["accuracy"] == pytest.approx(np.mean(right))
    unseen = [ok for ok, (*_, seen) in zip(right, judged, strict=True) if not seen]
    expected = pytest.approx(np.mean(unseen)) if unseen else None
    assert result["accuracy_unseen"] == expected
    assert result["loss"] == pytest.approx(np.mean([loss for *_, loss, _ in judged]))
    every = [[(n in true, n in said) for true, said, *_ in judged] for n in range(len(labels))]
    for name, pairs in zip(labels.names, every, strict=True):
        of = result["per_class"][name]
        assert (of["precision"], of["recall"], of["f1"]) == pytest.approx(f1_of(pairs))
        assert of["support"] == sum(is_true for is_true, _ in pairs)
    assert result["macro_f1"] == pytest.approx(np.mean([f1_of(pairs)[2] for pairs in every]))
    assert result["micro_f1"] == pytest.approx(f1_of([*chain(*every)])[2])
    squares = [
        sum((chance - (n in true)) ** 2 for n, chance in enumerate(p))
        for true, said, p, *_ in documents
        if true and said is not None
    ]
    assert result["brier"] == (pytest.approx(np.mean(squares)) if squares else None)
    if not labels.several:
        sure = [
            (max(p), true == said) for true, said, p, *_ in documents if true and said is not None
        ]
        assert result["ece"] == (pytest.approx(ece_of(sure), abs=1e-9) if sure else None)
        for (row, column), count in np.ndenumerate(np.array(result["confusion"])):
            assert count == sum((t, s) == ({row}, {column}) for t, s, *_ in judged)


def test_the_mean_loss_does_not_depend_on_the_parts():
    """It is what goes into metrics.jsonl, to the last bit."""
    losses = np.random.default_rng(0).exponential(size=999).astype(np.float32)
    sizes = [1, 10, 500, 488]
    ends = np.cumsum(sizes)
    parts = [
        part_of(TWO, one(*[0] * size), one(*[0] * size), losses=losses[end - size : end])
        for size, end in zip(sizes, ends, strict=True)
    ]
    assert scores_of(parts, TWO).loss == losses.astype(np.float64).mean()


@pytest.mark.parametrize("classes", [7, 200])
def test_many_classes(classes):
    """Against scikit-learn; some classes have neither truth nor guess."""
    labels, rng = LabelSet(tuple(f"c{n}" for n in range(classes))), np.random.default_rng(classes)
    true, said = rng.integers(0, classes - 2, (2, 1000))
    said[:400] = true[:400]
    scores = scores_of([part_of(labels, one(*true), one(*said))], labels).as_json()
    every = range(classes)
    assert scores["confusion"] == metrics.confusion_matrix(true, said, labels=every).tolist()
    expected = metrics.f1_score(true, said, labels=every, average="macro", zero_division=0)
    assert scores["macro_f1"] == pytest.approx(expected)
    each = metrics.precision_recall_fscore_support(true, said, labels=every, zero_division=0)
    found = [list(numbers.values()) for numbers in scores["per_class"].values()]
    np.testing.assert_allclose(found, np.transpose(each))
    read = {"longer": 0, "max_length": 32, "long": "truncate"}
    result = scores | read | {"checkpoint": "best", "checkpoint_step": 9}
    assert len(str(Results(ja=result)).splitlines()) == 4  # printed: no line for each class
    assert max(map(len, str(Results(ja=result)).splitlines())) < 100
