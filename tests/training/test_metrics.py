"""metrics.jsonl: what resumes, what is repaired, and which validation is the best."""

import json

import pytest

from xlt_flax.errors import RunError, UserError
from xlt_flax.training.metrics import (
    BEST_BY,
    HIGHEST,
    MetricsLog,
    best_validation,
    has_no_best,
    read_metrics,
    validations_since_best,
)


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


NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("losses", "best"),
    [((NAN, 3, 2), 30), ((None, 3), 20), ((INF, 4), 20), ((2, NAN), 10), ((NAN, None, INF), None)],
)
def test_what_is_no_number_is_never_the_best(tmp_path, losses, best):
    """Neither as metrics.jsonl has it now, null, nor as older files have it."""
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(record) + "\n" for record in validations(*losses)))
    records = read_metrics(path)
    found = best_validation(records)
    assert (found and found["step"]) == best
    assert has_no_best(records) == (best is None)


@pytest.mark.parametrize(
    ("losses", "since"),
    [
        ((), 0),
        ((3, 2, 1), 0),
        ((1, 2, 3), 2),
        ((2, 1, 1, 1), 2),  # an equal one is not better
        ((3, 1, 2, 1.5), 2),  # nor is one that is better than the one before, and not than the best
        ((3, 1, None, 0.5), 0),
        ((1, None, INF), 2),
        ((None, None), 2),
    ],
)
def test_validations_since_the_best(losses, since):
    records = [{"step": 5, "split": "train", "loss": 0.0}, *validations(*losses)]
    assert validations_since_best(records) == since


def test_validations_since_the_best_go_by_what_is_compared():
    scores = (7.0, 6.0, 6.0)
    records = [r | {"score": s} for r, s in zip(validations(1, 3, 2), scores, strict=True)]
    assert validations_since_best(records) == 2
    assert validations_since_best(records, "batch_sum") == 1


@pytest.mark.parametrize(
    ("scores", "best"), [((3.0, NAN, 2.0), 20), ((3.0, NAN), 0), ((NAN, NAN), None)]
)
def test_scores_of_both_stages(tmp_path, scores, best):
    path = tmp_path / "metrics.jsonl"
    splits = ["source", *["validation"] * (len(scores) - 1)]
    lines = [
        {"step": 10 * i, "split": split, "loss": 1.0, "score": score}
        for i, (split, score) in enumerate(zip(splits, scores, strict=True))
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    found = best_validation(read_metrics(path))
    assert (found and found["step"]) == best


def test_a_value_that_is_no_number_is_null(tmp_path):
    path = tmp_path / "metrics.jsonl"
    log = MetricsLog(path, 0, writable=True)
    assert log.write(1, 1, "validation", loss=NAN, accuracy=0.5)["loss"] is None
    log.close()
    line = '{"step": 1, "epoch": 1, "split": "validation", "loss": null, "accuracy": 0.5}\n'
    assert path.read_text() == line


@pytest.mark.parametrize("best_by", HIGHEST)
@pytest.mark.parametrize(
    ("values", "best", "since"),
    [
        ((0.5, 0.75, 0.7), 20, 1),
        ((0.7, 0.7, 0.6), 10, 2),  # of equals, the earlier
        ((None, 0.0, NAN), 20, 1),
        ((None, None), None, 2),
    ],
)
def test_best_is_the_highest_score_where_that_is_asked_for(tmp_path, best_by, values, best, since):
    """Whatever the losses say."""
    path = tmp_path / "metrics.jsonl"
    lines = [r | {best_by: v} for r, v in zip(validations(3, 2, 1), values, strict=False)]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    records = read_metrics(path)
    found = best_validation(records, best_by)
    assert (found and found["step"]) == best
    assert validations_since_best(records, best_by) == since
    assert has_no_best(records, best_by) == (best is None)


@pytest.mark.parametrize("best_by", BEST_BY)
def test_a_model_without_a_loss_is_not_the_best_whatever_it_scores(best_by):
    """One whose outputs are no numbers has an accuracy of 0, and is no better than another."""
    scores = dict.fromkeys(("score", *HIGHEST), 0.0)
    records = [record | scores for record in validations(None, 2.0)]
    assert best_validation(records, best_by)["step"] == 20
    assert has_no_best(records[:1], best_by)


def test_best_by_batch_sum_and_by_it_alone_where_stage_one_takes_part():
    scores = (7.0, 6.0, 6.0)
    records = [r | {"score": s} for r, s in zip(validations(1, 3, 2), scores, strict=True)]
    assert best_validation(records)["step"] == 10
    assert best_validation(records, "batch_sum")["step"] == 20
    source = {"step": 0, "epoch": 4, "split": "source", "loss": 9.0, "score": 6.0}
    for best_by in ("loss", "batch_sum"):
        assert best_validation([source, *records], best_by) == source


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
    assert [r["step"] for r in resumed.validations] == [4]
    assert resumed.validated(4)
    assert not resumed.validated(3)
    resumed.write(5, 1, "train", loss=0.2)
    resumed.close()
    assert [r["step"] for r in read_metrics(path)] == [1, 2, 3, 4, 4, 5]


def test_lines_of_test_sets_choose_nothing(tmp_path):
    """However good they are; and a run that goes on knows which it has."""
    path, best = tmp_path / "metrics.jsonl", []
    for languages in ((), ("de", "ja")):
        log = MetricsLog(path, -1, writable=True)
        for step, loss in enumerate((3.0, 2.0, 2.5, 2.5), 1):
            log.write(step, step, "train", loss=1.0)
            log.write(step, step, "validation", loss=loss, score=loss)
            for language in languages:
                log.write(step, step, f"test_{language}", loss=-step, score=-step)
        log.close()
        records = read_metrics(path)
        for by in ("loss", "batch_sum"):
            assert best_validation(records, by) == best_validation(log.validations, by)
            assert validations_since_best(records, by) == 2
            best.append(best_validation(records, by))
        assert not has_no_best(records)
    assert [record["step"] for record in best] == [2] * 4
    resumed = MetricsLog(path, 3, writable=True)
    assert [resumed.has(step, "test_de") for step in (2, 3, 4)] == [True, True, False]
    assert not resumed.has(3, "test_fr")


def test_a_spoilt_line_is_named(tmp_path):
    path = tmp_path / "metrics.jsonl"
    path.write_text('{"step": 1, "split": "train"}\nnot json\n{"step": 2}\n')
    with pytest.raises(UserError, match=r"metrics\.jsonl: line 2 "):
        read_metrics(path)


def lines(*steps):
    return [json.dumps({"step": step, "epoch": 1, "split": "train"}) for step in steps]


def test_damage_after_the_checkpoint_is_written_anew(tmp_path, caplog):
    path = tmp_path / "metrics.jsonl"
    path.write_text("\n".join([*lines(1, 2), "\0\0\0", *lines(4), ""]))
    with caplog.at_level("WARNING", "xlt_flax"):
        MetricsLog(path, 2, writable=True).close()
    assert "line 3 is not a record" in caplog.text
    assert [r["step"] for r in read_metrics(path)] == [1, 2]


@pytest.mark.parametrize(
    "content",
    [
        [],
        lines(1),
        lines(2),
        lines(1, 1, 2),
        lines(1, 2, 2),
        ["[]", *lines(1, 2)],
        [*lines(1), "{}"],
    ],
)
def test_a_lost_line_before_the_checkpoint_stops_the_run(tmp_path, content):
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(f"{line}\n" for line in content))
    before = path.read_bytes()
    with pytest.raises(RunError, match=r"each step up to checkpoint 2.*remove"):
        MetricsLog(path, 2, writable=True)
    assert path.read_bytes() == before
