"""Examples and the names of their labels."""

import pytest

from xlt_flax.data.examples import Example, LabelSet


@pytest.mark.parametrize("texts", [(), ("a", "b", "c")])
def test_an_example_has_one_text_or_two(texts):
    with pytest.raises(ValueError, match=f"'x' has {len(texts)} texts"):
        Example("x", texts, (), "en")


def test_labels_by_name_and_number():
    labels = LabelSet(("bug", "praise", "question"))
    assert (len(labels), labels.number_of("praise"), labels.several) == (3, 1, False)
    assert labels.named([2, 0]) == ["question", "bug"]
    assert labels == LabelSet(("bug", "praise", "question")) != LabelSet(("bug",))
    with pytest.raises(KeyError):
        labels.number_of("Praise")
