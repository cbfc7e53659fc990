"""Pages of Wikipedia from files as SHINRA releases them to an evaluated model: it learns, it says
what was left out, it goes on where it was stopped."""

import json
import random

import pytest
from shinra_files import dump_lines, old_page_line, page_line, write, write_classes

import xlt_flax
from xlt_flax.config import sample
from xlt_flax.training import preemption

pytestmark = pytest.mark.slow
# Words that speak for a class, and how many of 100 pages are of it: a long tail.
CLASSES = {
    "1.1": ("song singer record", 40),
    "1.10": ("album sound music", 25),
    "1.2": ("price cover money", 20),
    "9": ("guitar drums voice", 13),
    "0": ("year stage live", 2),
}
EVERYWHERE = ["the", "and", "of", "a", "it", "is"]


def text_of(rng, *classes):
    words = [word for name in classes for word in CLASSES[name][0].split()]
    return " ".join(rng.choices(words, k=8) + rng.choices(EVERYWHERE, k=4))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """400 pages to train on, half in each layout, 3% of two classes; 100 to be judged by; as many
    other pages between theirs."""
    folder, rng = tmp_path_factory.mktemp("raw"), random.Random(0)
    names, counts = [*CLASSES], [count for _, count in CLASSES.values()]
    lines, rows, pages = [], [], []
    for id in range(1, 501):
        (name,) = rng.choices(names, counts)
        classes = [name] if rng.random() > 0.03 else rng.sample(names, 2)
        pages += [(id, f"題{id}", text_of(rng, *classes)), (1000 + id, "他", text_of(rng, name))]
        if id <= 400:
            lines.append((page_line, old_page_line)[id % 2](id, *classes))
        else:
            japanese = {"1.1": "人名", "1.10": "TVゲーム名", "1.2": "神名", "0": "コンセプト"}
            rows.append(f"{id}\t{':'.join(japanese.get(one, 'IGNORED') for one in classes)}")
    rng.shuffle(pages)
    write(folder / "train.jsonl", lines)
    write(folder / "development.tsv", rows)
    write(folder / "dump.json.gz", dump_lines(*pages))
    write_classes(folder / "classes.jsonl")
    return folder


@pytest.fixture(scope="module")
def config(folder, tmp_path_factory):
    config = sample()
    config.mixture = "ja:300"
    config.model.forward = "padded"  # compiles faster
    config.data.dataset, config.data.manual_dir = "shinra", str(folder)
    config.data.data_dir = str(tmp_path_factory.mktemp("data"))
    config.data.max_length, config.data.sample = 32, 350
    config.train.update({"epochs": 4, "batch_size": 16, "learning_rate": 3e-3})
    return config


@pytest.fixture(scope="module")
def trained(config, tmp_path_factory):
    return xlt_flax.train(config, tmp_path_factory.mktemp("trained") / "run").workdir.path


def test_it_learns_and_says_what_it_is_of(trained):
    judged = xlt_flax.evaluate(trained)["ja"]
    majority = max(sum(row) for row in judged["confusion"]) / judged["n"]
    assert judged["accuracy"] > majority + 0.3
    stored = json.loads((trained / "config.json").read_text())
    assert stored["labels"] == ["0", "1.1", "1.2", "1.7.19.13", "1.10", "9"]
    audit = json.loads((trained / "audit.json").read_text())
    assert audit["splits"]["train"]["documents"] + audit["splits"]["validation"]["documents"] == 300
    assert audit["splits"]["test"]["documents"] == judged["n"]
    left_out = audit["left_out"]
    assert 100 - judged["n"] == left_out["ja/test"]["of_several_classes"] > 0
    assert left_out["ja/train"]["of_several_classes"] > 0
    predictions = (trained / "eval" / "ja.predictions.jsonl").read_text().splitlines()
    assert {json.loads(line)["id"] for line in predictions} <= {str(id) for id in range(401, 501)}


def test_a_run_that_was_stopped_goes_on_to_the_same_bytes(trained, config, tmp_path, monkeypatch):
    workdir = tmp_path / "run"
    monkeypatch.setattr(preemption, "stop_after", lambda step: step == 20)
    with pytest.raises(SystemExit):
        xlt_flax.train(config, workdir)
    monkeypatch.undo()
    assert not (workdir / "DONE").exists()
    xlt_flax.train(config, workdir)
    name = "metrics.jsonl"
    assert (workdir / name).read_bytes() == (trained / name).read_bytes()


def test_several_labels_are_learned_too(config, tmp_path):
    changes = {"data.labels": "multi", "data.text": "title,text", "train.objective": "multi_label"}
    run = xlt_flax.train(config, tmp_path / "run", **changes)
    judged = xlt_flax.evaluate(run.workdir)["ja"]
    assert judged["n"] == 100
    assert judged["micro_f1"] > 0.7
