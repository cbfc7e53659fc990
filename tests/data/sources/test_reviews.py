"""Raw .review files become reviews, or one line that names file, item and line."""

import io

import pytest

from xlt_flax.data.sameness import text_digest
from xlt_flax.data.sources.webis_cls10 import reviews
from xlt_flax.data.sources.webis_cls10.raw_files import SAMPLE_DIR
from xlt_flax.data.sources.webis_cls10.reviews import NEGATIVE, POSITIVE, UNLABELED, read_reviews
from xlt_flax.errors import UserError

ENGLISH = """<?xml version="1.0" encoding="utf-8"?>
<items><item>
\t<summary>Don&amp;#39;t
</summary>
\t<rating>1.0</rating>
\t<text>Bread &amp;amp; butter.

Second part, after a blank line.
</text>
\t<category>music</category>
\t</item>
<item><category>music</category><rating>5.0</rating><asin>B0</asin>
<text>\u0085C1 \u0093x\u0094</text>
<title>歌</title><reviewer><text>not the review's</text></reviewer></item>
<item><rating>4.0</rating><text/></item>
</items>"""


def read(data, labeled=True):
    data = data.encode() if isinstance(data, str) else data
    return list(read_reviews(io.BytesIO(data), "x.review", labeled))


def one_item(inside):
    return f"<items>\n<item>{inside}</item></items>"


def test_every_oddity_of_the_format_is_read():
    first, second, third = read(ENGLISH)
    assert (first.number, first.line, first.rating, first.label) == (1, 2, 1.0, NEGATIVE)
    assert first.text == "Bread & butter.\n\nSecond part, after a blank line."
    assert first.summary == "Don't"
    assert (second.number, second.line, second.label, second.asin) == (2, 12, POSITIVE, "B0")
    assert second.text == "C1 \u0093x\u0094"
    assert second.title == "\u6b4c"
    assert (third.text, third.label) == ("", POSITIVE)


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_size_of_the_pieces_read_does_not_matter(monkeypatch, size):
    whole = read(ENGLISH)
    monkeypatch.setattr(reviews, "_CHUNK", size)
    assert read(ENGLISH) == whole


@pytest.mark.parametrize("rating", ["<rating>3.0</rating>", "<rating></rating>", ""])
def test_unlabeled_reviews_may_have_three_stars_or_none(rating):
    (review,) = read(one_item(rating + "<text>a</text>"), labeled=False)
    assert (review.rating, review.label) == (3.0, UNLABELED)


@pytest.mark.parametrize(
    ("data", "labeled", "expected"),
    [
        *[
            (one_item(f"<rating>{stars}</rating><text>a</text>"), labeled, f"rating {stars!r}")
            for labeled in (True, False)
            for stars in ("0", "6", "abc", "nan", "-1", "4.5", "1e999")
        ],
        (one_item("<rating>3</rating><text>a</text>"), True, "item 1, line 2: rating '3'"),
        (one_item("<rating>3\n3</rating><text>a</text>"), True, "rating '3\\n3'"),
        (one_item("<text>a</text>"), True, "item 1, line 2: rating ''"),
        (one_item("<rating>1</rating>"), True, "item 1, line 2: has no <text>"),
        (ENGLISH[: ENGLISH.index("<asin>")], True, "item 2, line 12: no element found"),
        (ENGLISH.removesuffix("</items>"), True, "item 3, line 16: no element found"),
        ("", True, "line 1: no element found"),
        ("<items><item><text>a & b</text></item></items>", True, "item 1, line 1: not well-formed"),
        (one_item("<text>caf\u00e9</text>").encode("latin-1"), True, "item 1, line 2: not well"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><items/>', True, "line 1: a .review file has no DOCTYPE"),
    ],
)
def test_a_malformed_file_gets_one_line_with_file_item_and_line(data, labeled, expected):
    with pytest.raises(UserError) as error:
        read(data, labeled)
    assert str(error.value).startswith("x.review: ")
    assert expected in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize("declared", ["latin-1", "shift_jis", "no-such-encoding"])
def test_files_are_utf_8_whatever_they_declare(declared):
    head = f'<?xml version="1.0" encoding="{declared}"?>'
    (review,) = read(head + one_item("<rating>1</rating><text>\u6b4c\u00e9</text>"))
    assert review.text == "\u6b4c\u00e9"


@pytest.mark.parametrize("language", ["en", "de", "fr", "jp"])
def test_the_sample_has_as_many_reviews_of_both_labels(language):
    for split in ("train", "test"):
        path = SAMPLE_DIR / "cls-acl10-unprocessed" / language / "music" / f"{split}.review"
        with open(path, "rb") as file:
            labels = [review.label for review in read_reviews(file, str(path))]
        assert (labels.count(NEGATIVE), labels.count(POSITIVE)) == (60, 60)


@pytest.mark.parametrize(
    ("language", "repeated", "normalised", "in_train"),
    [("en", 109, 110, 55), ("de", 22, 23, 11), ("fr", 380, 380, 199), ("jp", 58, 58, 22)],
)
def test_the_real_files_are_read_whole(shared_folder, language, repeated, normalised, in_train):
    """Repeats letter by letter, and as data/sameness counts them."""
    texts = {}
    for split in ("train", "test"):
        folder = shared_folder / "data" / "webis-cls-10" / "cls-acl10-unprocessed" / language
        path = folder / "music" / f"{split}.review"
        with open(path, "rb") as file:
            found = list(read_reviews(file, str(path)))
        labels = [review.label for review in found]
        assert (labels.count(NEGATIVE), labels.count(POSITIVE)) == (1000, 1000)
        texts[split] = [review.text for review in found]
    pool = texts["train"] + texts["test"]
    assert len(pool) - len(set(pool)) == repeated
    digests = {split: list(map(text_digest, found)) for split, found in texts.items()}
    assert len(pool) - len({*digests["train"], *digests["test"]}) == normalised
    assert sum(digest in set(digests["train"]) for digest in digests["test"]) == in_train
