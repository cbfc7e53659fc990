"""Whatever is thrown at the readers: a clean result, or a UserError of one line."""

import io
import math

from hypothesis import example, given, settings
from hypothesis import strategies as st

from xlt_flax.config import base, resolve
from xlt_flax.config_checks import validate
from xlt_flax.data.mixture import parse_mixture
from xlt_flax.data.sources.webis_cls10.raw_files import SAMPLE_DIR
from xlt_flax.data.sources.webis_cls10.reviews import read_reviews
from xlt_flax.errors import UserError

PIECES = [
    b"<items>", b"</items>", b"<item>", b"</item>", b"<text>", b"</text>", b"<text/>", b"&amp;",
    b"<rating>", b"</rating>", b"3", b"5.0", b"1e400", b"nan", b"&amp;#0;", b"&#0;", b"&#xD800;",
    b"&amp;#xD800;", b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe3\x81", b"<![CDATA[", b"]]>",
    b"<!--", b"-->", b"<?xml version='1.0' encoding='utf-16'?>", b"<!DOCTYPE a>", b"&x;", b"\n",
]  # fmt: skip


def sample_bytes():
    """The first items of a real file of the sample, cut at an item's end."""
    path = next((SAMPLE_DIR / "cls-acl10-unprocessed").glob("jp/music/train.review"))
    data = path.read_bytes()
    end = [i for i in range(len(data)) if data.startswith(b"</item>", i)][3] + len(b"</item>")
    return data[:end] + b"\n</items>"


SAMPLE = sample_bytes()
EDITS = st.lists(
    st.tuples(
        st.integers(0, len(SAMPLE)),  # where
        st.integers(0, 40),  # how many bytes go
        st.sampled_from(PIECES) | st.binary(max_size=8),  # what comes instead
    ),
    max_size=4,
)


def clean_or_one_line(function, *arguments, mistakes=1):
    """The function's result, or None if it refused in a line for each of its mistakes; anything
    else fails the test."""
    try:
        return function(*arguments)
    except UserError as error:
        message = str(error)
    assert 1 <= len(message.splitlines()) <= mistakes, message
    return None


@settings(max_examples=400)
@given(EDITS, st.booleans())
@example([], True)
@example([(0, 40, b"<?xml version='1.0' encoding='shift_jis'?>")], True)
def test_mutated_reviews(edits, labeled):
    data = SAMPLE
    for start, gone, put in edits:
        data = data[:start] + put + data[start + gone :]
    reviews = clean_or_one_line(lambda: list(read_reviews(io.BytesIO(data), "x", labeled)))
    if not edits:
        assert len(reviews) == 4
    for number, review in enumerate(reviews or [], 1):
        assert review.number == number
        assert review.rating in ((1, 2, 4, 5) if labeled else (1, 2, 3, 4, 5))
        assert review.label == {1: 0, 2: 0, 3: -1, 4: 1, 5: 1}[review.rating]
        review.text.encode()  # no surrogate that could not be stored


def leaves(tree, prefix=()):
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, (*prefix, name))
        else:
            yield (*prefix, name)


FIELDS = list(leaves(base().to_dict()))
VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.binary(max_size=4)
    | st.lists(st.integers(), max_size=2)
    | st.dictionaries(st.sampled_from(["a", "name"]), st.integers(), max_size=2)
    | st.sampled_from(["thesis", "random", "E1D1F1", "webis_cls10_sample", "linear", "~x/y", "~"])
)


@settings(max_examples=150)
@given(st.lists(st.tuples(st.sampled_from(FIELDS), VALUES), min_size=1, max_size=3))
def test_random_config_values(changes):
    config = base()
    with config.ignore_type():
        for path, value in changes:
            part = config
            for name in path[:-1]:
                part = part[name]
            part[path[-1]] = value

    def use():
        validate(config)
        return resolve(config)

    resolved = clean_or_one_line(use, mistakes=2 * len(changes))  # a dictionary has two
    if resolved is not None:
        parse_mixture(resolved.mixture)
        assert resolved.train.batch_size >= 1
        assert math.isfinite(resolved.train.learning_rate)
        assert resolved.train.learning_rate > 0


@settings(max_examples=200)
@given(st.text(max_size=8) | st.lists(st.sampled_from("EDFJ0123"), max_size=6).map("".join))
def test_random_mixtures(name):
    groups = clean_or_one_line(parse_mixture, name)
    if groups is not None:
        assert "".join(group.name for group in groups) == name
        assert len(set(groups)) == len(groups)
