"""A run's outputs stand for labels by their order: no stage takes another's for its own.

The data set is one new file, whose labels are those that `data.domain` spells.
"""

import json
import sys

import pytest

from xlt_flax.data import sources
from xlt_flax.errors import UserError
from xlt_flax.evaluation.evaluate import evaluate
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.provenance import check_labels
from xlt_flax.training.stages import Start
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

THREE = "bug,praise,question"

SPELLED = """
from xlt_flax.data.examples import Example, LabelSet

class Spelled:
    name, languages, letters = "spelled", ("en", "ja"), {"E": "en", "J": "ja"}

    def __init__(self, names):
        self.labels = LabelSet(names)

    def splits(self, language):
        return ("train", "test")

    def digest(self, language, split):
        return f"{language}/{split}"

    known_digest = digest

    def examples(self, language, split):
        for number in range(24):
            label = number % len(self.labels)
            text = f"about {self.labels.names[label]}"
            yield Example(f"{language}/{split}/{number}", (text,), (label,), language)

def make_source(data):
    return Spelled(tuple(data.domain.split(",")))
"""


@pytest.fixture(scope="module", autouse=True)
def _spelled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sources")
    (folder / "spelled.py").write_text(SPELLED)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "__path__", [*sources.__path__, str(folder)])
        yield
    sys.modules.pop(f"{sources.__name__}.spelled", None)


@pytest.fixture(scope="module")
def config_of(small_config, tmp_path_factory):
    """config_of(labels, **fields): of a run that makes two updates."""
    data_dir = str(tmp_path_factory.mktemp("data"))

    def make(labels, **fields):
        small = {
            "data__dataset": "spelled",
            "data__domain": labels,
            "data__data_dir": data_dir,
            "data__train_per_group": 8,
            "data__validation_per_group": 4,
            "train__max_steps": 2,
        }
        return small_config(**{"mixture": "E1", **small, **fields})

    return make


@pytest.fixture
def begun(config_of, tmp_path):
    """The workdir of a run that was begun with the labels bug, praise, question."""
    workdir = Workdir(tmp_path / "begun")
    workdir.path.mkdir()
    workdir.start(config_of(THREE), {"labels": THREE.split(",")})
    return workdir


def check(workdir, config, source=None):
    check_labels(workdir, open_inputs(config), Start(source, 2 if source else None))


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        ("praise,bug,question", "its labels in another order ('praise' comes sooner)"),
        ("bug,praise", "other labels (no 'question')"),
        ("bug,praise,question,wish", "other labels ('wish' is new)"),
        ("bug,praise,wish", "other labels (no 'question')"),
    ],
)
def test_other_labels_are_refused_in_a_line_that_names_one(begun, config_of, labels, said):
    """Of the run itself, and of one that starts from it."""
    config, new = config_of(labels), Workdir(begun.path.parent / "new")
    for workdir, source, way_out in (
        (begun, None, "begin in another --workdir"),
        (new, begun, "start from another run"),
    ):
        with pytest.raises(UserError) as error:
            check(workdir, config, source)
        assert str(error.value) == (
            f"config.data.dataset: spelled has {said} than {begun.path}, whose outputs go by their "
            f"order: let the data name the same labels in the same order, or {way_out}"
        )


def test_the_same_labels_and_those_that_nobody_wrote_down(begun, config_of):
    check(begun, config_of(THREE))
    check(Workdir(begun.path.parent / "new"), config_of(THREE), begun)
    older = Workdir(begun.path.parent / "older")
    older.path.mkdir()
    older.start(config_of(THREE))
    check(older, config_of("praise,bug,question"))


@pytest.mark.slow
def test_whole_runs(config_of, tmp_path):
    """A stage on the same labels is trained; on others, nothing is begun and nothing judged."""
    first, second, third = (Workdir(tmp_path / name) for name in ("first", "second", "third"))
    train(config_of(THREE), first)
    after = {"mixture": "J1", "init_from": str(first.path)}
    train(config_of(THREE, **after), second)
    assert json.loads(second.done.read_text())["step"] == 2
    assert second.labels() == first.labels() == THREE.split(",")
    turned = "praise,bug,question"
    for action in (
        lambda: train(config_of(turned, **after), third),
        lambda: evaluate(first, config_of(turned), ["ja"]),
    ):
        with pytest.raises(UserError, match="its labels in another order"):
            action()
    assert not third.path.exists()
    assert not first.eval.exists()
