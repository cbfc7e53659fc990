"""Weights of classes and smoothed labels: how they are spelled, what they are, and the loss that is
trained on, against PyTorch's definition in plain NumPy."""

import os
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from forks import run
from sklearn.utils.class_weight import compute_class_weight

from xlt_flax.config import base
from xlt_flax.config_checks import validate
from xlt_flax.data.documents import Documents
from xlt_flax.data.examples import LabelSet
from xlt_flax.data.layout.packed import PackedLayout
from xlt_flax.data.layout.padded import PaddedLayout
from xlt_flax.data.layout.shapes import choose_shapes
from xlt_flax.errors import UserError
from xlt_flax.training.class_weights import class_weights_of, parse_class_weights
from xlt_flax.training.inputs import open_inputs
from xlt_flax.training.objectives import single_label
from xlt_flax.training.step import Weighting, make_train_step, new_state, put_on_devices
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).parents[2]
LABELS = LabelSet(("bug", "praise", "a, b", "x=y"))
WEIGHTS = np.array([0.25, 1.0, 4.0], np.float32)


def pytorch_loss(logits, labels, weights, smoothing):
    """torch.nn.CrossEntropyLoss(weight, label_smoothing=smoothing, reduction="mean")."""
    logits = logits.astype(np.float64)
    terms = -(logits - np.log(np.exp(logits).sum(-1, keepdims=True))) * weights
    total = 0.0
    for document, label in enumerate(labels):
        total += (1 - smoothing) * terms[document, label]
        total += smoothing / logits.shape[-1] * terms[document].sum()
    return total / weights[labels].sum()


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ("none", {}),
        ("balanced", {}),
        ("bug=2", {"bug": 2}),
        ("bug=2, praise=.5", {"bug": 2, "praise": 0.5}),
        ("a, b=3,x=y=1e-1,bug=1", {"a, b": 3, "x=y": 0.1, "bug": 1}),
        ("balanced=2", {"balanced": 2}),
    ],
)
def test_spellings(spelling, expected):
    assert parse_class_weights(spelling) == expected


@pytest.mark.parametrize(
    "spelling",
    [
        *("", "even", "bug", "bug=", "=2", "bug=two", "bug=0", "bug=-1", "bug=nan", "bug=inf"),
        *("bug=1,bug=2", "bug=1,", "bug=1,praise"),
    ],
)
def test_what_is_no_spelling(spelling):
    config = base()
    config.train.class_weights = spelling
    with pytest.raises(UserError, match=r"^config\.train\.class_weights is .*give none, balanced"):
        validate(config)


def test_values():
    totals = np.array([6, 3, 1, 0])
    assert class_weights_of("none", LABELS, totals) is None
    listed = class_weights_of("praise=3,a, b=.5", LABELS, totals)
    assert (listed.tolist(), listed.dtype) == ([1, 3, 0.5, 1], np.float32)
    assert class_weights_of("balanced", LABELS, np.zeros(4, int)).tolist() == [1, 1, 1, 1]
    with pytest.raises(UserError, match="has 'bugs', which is no class: there are bug, praise"):
        class_weights_of("bugs=2", LABELS, totals)


@pytest.mark.parametrize("totals", [[6, 3, 1, 0], [5, 5, 5, 5], [1000, 1, 7, 30]])
def test_balanced_is_scikit_learns(totals):
    found = class_weights_of("balanced", LABELS, np.array(totals))
    drawn = np.repeat(np.arange(4), totals)
    held = np.unique(drawn)
    expected = compute_class_weight("balanced", classes=held, y=drawn)
    np.testing.assert_allclose(found[held], expected, rtol=1e-6)
    assert (found[np.array(totals) == 0] == 1).all()


def test_many_classes_are_not_all_listed():
    labels = LabelSet(tuple(f"c{n}" for n in range(200)))
    with pytest.raises(UserError) as error:
        class_weights_of("x=2", labels, np.ones(200, int))
    assert str(error.value).endswith("c9 and 190 more")


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_the_objectives_loss_is_pytorchs(smoothing):
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(0, 3, (20, 3)).astype(np.float32), rng.integers(0, 3, 20)
    for weights in (WEIGHTS, np.ones(3, np.float32)):
        losses, held = single_label.weighted_losses(
            jnp.asarray(logits), jnp.asarray(labels), jnp.asarray(weights), jnp.float32(smoothing)
        )
        expected = pytorch_loss(logits, labels, weights, smoothing)
        assert float(losses.sum() / held.sum()) == pytest.approx(expected, rel=1e-5)


# ---- The step ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def documents():
    rng = np.random.default_rng(0)
    lengths = rng.integers(2, 17, 20)
    return Documents.from_arrays(
        ids=[f"d{i}" for i in range(20)],
        labels=rng.integers(0, 3, 20).astype(np.int32),
        digests=np.array([f"{i:032}" for i in range(20)], "S32"),
        tokens=rng.integers(1, 50, lengths.sum()).astype(np.int32),
        offsets=np.cumsum([0, *lengths]),
    )


def first_tokens(params, batch, key):
    """A model that both layouts suit: logits of a document's first token."""
    tokens = batch["input_ids"]
    where = batch.get("cls_index")
    return params["w"][tokens[:, 0] if where is None else tokens.reshape(-1)[where]]


def layout(kind, documents):
    if kind == "padded":
        return PaddedLayout(16, 9, jax.device_count(), pad_token_id=0)  # more slots than documents
    plan = choose_shapes(documents.lengths, 7, devices=jax.device_count())
    return PackedLayout(plan, 64, None, jax.device_count(), pad_token_id=0)


@pytest.mark.parametrize("kind", ["padded", "packed"])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_a_steps_loss_and_gradient_are_pytorchs(kind, smoothing, documents):
    rng = np.random.default_rng(1)
    table = rng.normal(0, 2, (50, 3)).astype(np.float32)
    optimizer = optax.sgd(1.0)
    weighting = Weighting(jnp.asarray(WEIGHTS), jnp.float32(smoothing))
    step = make_train_step(first_tokens, optimizer, seed=0, weighting=weighting)
    chosen = np.array([3, 1, 19, 8, 5, 11])
    state = put_on_devices(new_state({"w": table.copy()}, optimizer))
    state, metrics = step(state, layout(kind, documents).collate(documents, chosen))
    first = np.array([documents.document_tokens(index)[0] for index in chosen])
    labels = documents.labels[chosen]

    def loss_of(table):
        return pytorch_loss(table[first], labels, WEIGHTS, smoothing)

    assert float(metrics["loss"]) == pytest.approx(loss_of(table), rel=1e-5)
    gradient, small = np.zeros(table.shape), 1e-4
    for place in ((row, column) for row in set(first.tolist()) for column in range(3)):
        up, down = table.astype(np.float64), table.astype(np.float64)
        up[place] += small
        down[place] -= small
        gradient[place] = (loss_of(up) - loss_of(down)) / (2 * small)
    np.testing.assert_allclose(table - state.params["w"], gradient, atol=1e-5)


def test_three_devices_have_the_loss_of_one():
    """The test above on three devices, whose documents weigh differently much."""
    three = "--xla_force_host_platform_device_count=3"
    finished = run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", __file__, "-k", "a_steps"],
        cwd=ROOT,
        env=os.environ | {"XLA_FLAGS": f"{os.environ['XLA_FLAGS']} {three}"},
    )
    assert finished.returncode == 0, finished.stdout
    assert "4 passed" in finished.stdout


def test_an_even_weighting_is_the_plain_loss(documents):
    table = np.random.default_rng(1).normal(0, 2, (50, 3)).astype(np.float32)
    losses = []
    for weighting in (None, Weighting(jnp.full(3, 2.0), jnp.float32(0))):
        step = make_train_step(first_tokens, optax.sgd(1.0), seed=0, weighting=weighting)
        state = put_on_devices(new_state({"w": table.copy()}, optax.sgd(1.0)))
        _, metrics = step(state, layout("padded", documents).collate(documents, range(6)))
        losses.append(float(metrics["loss"]))
    assert losses[1] == pytest.approx(losses[0], rel=1e-6)


# ---- Runs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"train__class_weights": "positiv=2"}, "has 'positiv', which is no class: there are neg"),
        (
            {"train__class_weights": "balanced", "train__objective": "multi_label"},
            "config.train.class_weights is 'balanced', but config.train.objective is 'multi_label'",
        ),
        (
            {"train__label_smoothing": 0.1, "train__objective": "multi_label"},
            "config.train.label_smoothing is 0.1, but config.train.objective is 'multi_label'",
        ),
    ],
)
def test_what_a_run_is_refused_for(small_config, fields, message):
    with pytest.raises(UserError) as error:
        open_inputs(small_config(mixture="E1", **fields))
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def losses(result):
    """{"train": the first step's loss, "validation": the first epoch's} of a run."""
    return {line["split"]: line["loss"] for line in reversed(result.metrics)}


@pytest.mark.slow
def test_a_run_trains_with_weights_and_validates_without(small_config, share, tmp_path):
    fields = {"mixture": "E1", "train__max_steps": 1, "train__learning_rate": 1e-12}
    weights = {"train__class_weights": "positive=5", "train__label_smoothing": 0.1}
    sharing = share(small_config(**fields), ["E1"], 1)
    plain, weighted = (
        losses(train(small_config(**fields, **more), Workdir(tmp_path / str(len(more))), *sharing))
        for more in ({}, weights)
    )
    assert weighted["train"] != pytest.approx(plain["train"], rel=1e-3)
    assert weighted["validation"] == pytest.approx(plain["validation"], rel=1e-6)
