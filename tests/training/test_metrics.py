"""metrics.jsonl: what resumes, what is repaired, and which validation is the best."""

import pytest

from xlt_flax.errors import UserError
from xlt_flax.training.metrics import MetricsLog, best_validation, read_metrics


def validations(*losses):
    return [
        {"step": 10 * i, "epoch": i, "split": "validation", "loss": loss}
        for i, loss in enumerate(losses, 1)
    ]


@pytest.mark.parametrize(
    ("losses", "best"), [((3, 2, 1), 30), ((1, 2, 3), 10), ((2, 1, 1, 2), 20), ((), None)]
)
def test_best_is_the_lowest_loss_and_the_earlier_of_equals(losses, best):
    records = [{"step": 5, "split": "train", "loss": 0.0}, *validations(*losses)]
    found = best_validation(records)
    assert (found and found["step"]) == best


def test_resume_drops_what_will_happen_again(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path, 0, writable=True)
    for step in range(1, 6):
        log.write(step, 1, "train", loss=1 / step)
    log.write(4, 1, "validation", loss=0.5)
    log.close()
    with open(path, "a") as file:
        file.write('{"step": 6, "epo')  # cut by a kill
    resumed = MetricsLog(path, 4, writable=True)
    assert [r["step"] for r in resumed.records] == [1, 2, 3, 4, 4]
    assert resumed.validated(4)
    assert not resumed.validated(3)
    resumed.write(5, 1, "train", loss=0.2)
    resumed.close()
    assert [r["step"] for r in read_metrics(path)] == [1, 2, 3, 4, 4, 5]


def test_a_spoilt_line_is_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1}\nnot json\n{"step": 2}\n')
    with pytest.raises(UserError, match=r"metrics\.jsonl: line 2 "):
        read_metrics(path)
