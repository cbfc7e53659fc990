"""How fast a run is said to go."""

import pytest

from xlt_flax.training.speed import Speed


@pytest.fixture
def clock():
    return {"now": 100.0}


@pytest.fixture
def speed(clock):
    return Speed(lambda: clock["now"])


def test_means_over_a_second_or_more(speed, clock):
    """The first step comes after the start, with 30 s of compiling; then .4 s each."""
    clock["now"] += 30
    assert speed.after(8, 1000) is None
    answers = []
    for _ in range(6):
        clock["now"] += 0.4
        speed.waited(0.1)
        answers.append(speed.after(8, 1000))
    assert [bool(answer) for answer in answers] == [False, False, True, False, False, True]
    for answer in filter(None, answers):
        assert answer == pytest.approx(
            {
                "documents_per_second": 20,
                "tokens_per_second": 2500,
                "seconds_per_step": 0.4,
                "input_wait_share": 0.25,
            }
        )
