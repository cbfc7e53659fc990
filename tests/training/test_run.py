"""What a run holds open is closed, whatever happens."""

import pytest

from xlt_flax.training.run import all_closed


class Part:
    def __init__(self, error=None):
        self.error, self.is_closed = error, False

    def close(self):
        self.is_closed = True
        if self.error:
            raise self.error


@pytest.fixture
def opened():
    return [Part(), Part(OSError("no space")), Part(), Part(ValueError("twice"))]


def work(opened, error=None):
    with all_closed() as parts:
        for part in opened:
            parts.callback(part.close)
        if error:
            raise error


@pytest.mark.parametrize("error", [RuntimeError("step 3"), SystemExit(143), KeyboardInterrupt()])
def test_what_ended_the_work_is_told(opened, error):
    with pytest.raises(type(error)) as told:
        work(opened, error)
    assert told.value is error
    assert all(part.is_closed for part in opened)


def test_what_closing_raises_is_told_when_all_went_well(opened):
    with pytest.raises((OSError, ValueError)):
        work(opened)
    assert all(part.is_closed for part in opened)
