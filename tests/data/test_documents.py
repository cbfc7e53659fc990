"""Documents are views: of any stores, in any order, renumbered as they are read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xlt_flax.data.documents import Documents, concatenate


@pytest.fixture(scope="module")
def parts(make_documents):
    return [
        make_documents(["a", "bb", "", "dab"], [0, 1, -1, 0], ["1", "2", "3", "é"], language="en"),
        make_documents(["ccc", "b"], [1, 1], ["1", "2"], language="ja"),
    ]


def texts(documents):
    return ["".join(map(chr, documents.document_tokens(i))) for i in range(len(documents))]


def test_parts_follow_each_other(parts):
    joined = concatenate([*parts, parts[0].take([3, 1])])
    assert texts(joined) == ["a", "bb", "", "dab", "ccc", "b", "dab", "bb"]
    assert joined.ids == ["1", "2", "3", "é", "1", "2", "é", "2"]
    assert joined.labels.tolist() == [0, 1, -1, 0, 1, 1, 0, 1]
    assert joined.label_counts.tolist() == [1, 1, 0, 1, 1, 1, 1, 1]
    assert joined.lengths.tolist() == [1, 2, 0, 3, 3, 1, 3, 2]
    assert joined.languages.tolist() == ["en"] * 4 + ["ja"] * 2 + ["en"] * 2
    assert len(joined.stores) == 2
    assert len(set(joined.identities.tolist())) == 6


@given(st.data())
def test_whatever_is_taken(parts, data):
    joined = concatenate(parts)
    picks = data.draw(st.lists(st.integers(0, 5), max_size=12))
    again = data.draw(st.lists(st.integers(0, len(picks) - 1), max_size=5)) if picks else []
    chosen = joined.take(picks).take(again)
    wanted = [picks[i] for i in again]
    assert texts(chosen) == [texts(joined)[i] for i in wanted]
    assert list(chosen.ids) == [joined.ids[i] for i in wanted] == [*chosen.ids[:2], *chosen.ids[2:]]
    for name in ("labels", "lengths", "languages", "digests", "identities", "second_starts"):
        assert getattr(chosen, name).tolist() == [getattr(joined, name)[i] for i in wanted], name
    one_hot = np.eye(2)[joined.labels] * (joined.labels >= 0)[:, None]
    np.testing.assert_array_equal(joined.label_matrix(picks, 2), one_hot[picks])
    expected = np.zeros(200, bool)
    expected[[ord(letter) for i in wanted for letter in texts(joined)[i]]] = True
    np.testing.assert_array_equal(chosen.used_tokens(200), expected)


def test_nothing():
    none = concatenate([])
    assert (len(none), list(none.ids), none.has_pairs) == (0, [], False)
    for name in ("labels", "lengths", "languages", "digests", "identities", "label_counts"):
        assert len(getattr(none, name)) == 0
    assert none.label_matrix([], 3).shape == (0, 3)
    assert not none.used_tokens(5).any()


def test_no_token_is_copied(parts):
    joined = concatenate(parts).take([4, 0, 0]).renumbered(np.arange(200))
    for store, part in zip(joined.stores, parts, strict=True):
        assert store.tokens is part.stores[0].tokens


def test_renumbered(parts):
    joined = concatenate(parts)
    number_of = np.full(200, -1, np.int64)
    number_of[[ord("a"), ord("b"), ord("c"), ord("d")]] = [7, 5, 3, 1]
    renumbered = joined.renumbered(number_of).take([3, 4])
    assert [renumbered.document_tokens(i).tolist() for i in range(2)] == [[1, 7, 5], [3, 3, 3]]
    assert renumbered.document_tokens(0).dtype == np.int32
    assert np.flatnonzero(renumbered.used_tokens(8)).tolist() == [1, 3, 5, 7]
    twice = renumbered.renumbered(np.arange(8)[::-1].copy())
    assert twice.document_tokens(0).tolist() == [6, 0, 2]
    assert twice.ids == renumbered.ids
    with pytest.raises(ValueError, match="numbered each in its own way"):
        concatenate([renumbered, joined])
    assert len(concatenate([renumbered, renumbered.take([0])])) == 3


def test_pairs_among_others(make_documents, parts):
    pairs = Documents.from_arrays(
        ids=["p", "q"],
        labels=[(0, 2), ()],
        digests=np.array(["p", "q"], "S32"),
        tokens=np.arange(7, dtype=np.int32),
        offsets=np.array([0, 4, 7]),
        second_starts=np.array([2, 0], np.int32),
    )
    joined = concatenate([parts[1], pairs])
    assert joined.second_starts.tolist() == [0, 0, 2, 0]
    assert (joined.has_pairs, parts[1].has_pairs, pairs.take([1]).has_pairs) == (True, False, False)
    assert joined.label_totals(3).tolist() == [1, 2, 1]
    with pytest.raises(ValueError, match="label_matrix"):
        _ = joined.labels
