"""results.json's contrasts, computed again from the predictions' files by other means.

Nothing of xlt_flax.analysis is used for the second computation: folders and files are read as
anybody would, the mean squares come from projections on the factors, and every sign is flipped.
"""

import json
from itertools import product

import made_up_sweep
import numpy as np
import pytest
from scipy import stats

from xlt_flax.analysis import read_runs, records
from xlt_flax.studies import known
from xlt_flax.studies.diversity.mixtures import diversity_mixtures

DRAWS, SEEDS, DOCUMENTS = (50, 51, 52), (7, 8), 40


def right(folder, name, draw):
    """The mean over seeds of right or wrong on each document."""
    middle = "" if draw == 50 else f"-draw{draw}"
    found = []
    for seed in SEEDS:
        path = folder / f"{name}{middle}-seed{seed}/eval/ja.predictions.jsonl"
        lines = sorted((json.loads(line) for line in path.open()), key=lambda line: line["id"])
        found.append([line["prediction"] == line["label"] for line in lines])
    return np.mean(found, axis=0)


def again(folder, names):
    """names: ([those of the first side], [[those of a part of the second side], ...])."""
    first, parts = names
    blocks = []
    for draw in DRAWS:
        one, *rest = [
            np.mean([right(folder, name, draw) for name in part], axis=0)
            for part in (first, *parts)
        ]
        blocks.append(one - np.mean(rest, axis=0))
    blocks = np.array(blocks)
    r, n = blocks.shape
    total = blocks.mean()
    rows, columns = np.meshgrid(blocks.mean(axis=1), blocks.mean(axis=0), indexing="ij")
    squares = [
        ((rows - total) ** 2).sum() / (r - 1),
        ((columns - total) ** 2).sum() / (n - 1),
        ((blocks - rows - columns + total) ** 2).sum() / ((r - 1) * (n - 1)),
    ]
    scale = squares[0] + squares[1] - squares[2]
    assert scale > 0
    df = scale**2 / (
        squares[0] ** 2 / (r - 1)
        + squares[1] ** 2 / (n - 1)
        + squares[2] ** 2 / ((r - 1) * (n - 1))
    )
    low, high = stats.t.interval(0.95, df, total, np.sqrt(scale / (r * n)))
    sums = [abs(np.dot(signs, blocks.mean(axis=1))) for signs in product([-1, 1], repeat=r)]
    p = np.mean(np.array(sums) >= abs(blocks.mean(axis=1).sum()) - 1e-12)
    return {"estimate": total, "low": low, "high": high, "df": df, "p_sign_flip": p, "blocks": r}


SHAPES = {
    "3:0": ["E1E2E3", "D1D2D3", "F1F2F3"],
    "1:1:1": ["E1D1F1", "E2D2F2", "E3D3F3"],
}
PAIRS = {  # major and minor, as the study lists them
    major + minor: [f"{major}{a}{major}{b}{minor}{a}" for a, b in ((1, 2), (2, 3), (3, 1))]
    for major in "EDF"
    for minor in "EDF"
    if major != minor
}
SIDES = {
    "1:1:1 - 3:0": (SHAPES["1:1:1"], [SHAPES["3:0"]]),
    "delta_de": (SHAPES["1:1:1"], [PAIRS["ED"], PAIRS["FD"]]),
    "delta_en": (SHAPES["1:1:1"], [PAIRS["DE"], PAIRS["FE"]]),
    "delta_fr": (SHAPES["1:1:1"], [PAIRS["DF"], PAIRS["EF"]]),
}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("recomputed") / "sweep"
    accuracies = {m.name: 0.7 + 0.05 * (m.shape == "1:1:1") for m in diversity_mixtures()}
    made_up_sweep.write_sweep(folder, SEEDS, DOCUMENTS, accuracies, seed_sd=0.06, draws=DRAWS)
    results = records.results_json(known.find(read_runs.read_results(folder)))
    return folder, json.loads(json.dumps(results))


@pytest.mark.parametrize("key", SIDES)
def test_the_files_say_what_results_json_says(study, key):
    folder, results = study
    found = results["contrasts"][key]
    expected = again(folder, SIDES[key])
    assert {name: found[name] for name in expected} == pytest.approx(expected, abs=1e-6, rel=0)


def test_the_report_opens_with_what_diversity_is_worth(study):
    _, results = study
    first = results["answers"][0]
    assert "with German's share held fixed" in first
    value = 100 * results["contrasts"]["delta_de"]["estimate"]
    assert f"{value:+.2f}".replace("-", "−") in first
    assert results["contrasts"]["delta_de"]["basis"] == "3 draws"
