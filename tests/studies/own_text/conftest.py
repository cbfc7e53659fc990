"""Made-up studies of sources and targets: their answers are known."""

import json
from pathlib import Path

import made_up_sweep
import numpy as np
import pytest

from xlt_flax.run_names import split_name

DOCUMENTS = 400


@pytest.fixture(scope="session")
def write_transfer():
    """write_transfer(folder, {name: {target: accuracy}}, seeds): finished runs, and a sweep.json
    that has the targets of the first."""

    def write(folder: Path, accuracies, seeds=(50, 51, 52), seed_sd=0.002, fields=None):
        rng = np.random.default_rng(0)
        targets = list(next(iter(accuracies.values())))
        entries = [_entry(name) for name in accuracies]
        made_up_sweep.write_plan(folder, seeds, ())
        plan = json.loads((folder / "sweep.json").read_text())
        plan |= {"runs": entries, "targets": targets}
        (folder / "sweep.json").write_text(json.dumps(plan))
        difficulty = 1.5 * rng.normal(size=DOCUMENTS)
        for name, on in accuracies.items():
            for seed in seeds:
                path = folder / f"{name}-seed{seed}"
                moved = seed_sd * rng.normal()
                right = {
                    target: made_up_sweep.right_documents(
                        accuracy + moved, DOCUMENTS, rng, difficulty
                    )
                    for target, accuracy in on.items()
                }
                made_up_sweep.write_run(path, name, seed, right[targets[0]], rng, fields=fields)
                for target in targets:
                    scores = {
                        "0": {"precision": 0.5, "recall": on[target], "f1": 0.5, "support": 200},
                        "1": {"precision": 0.5, "recall": 0.25, "f1": 0.5, "support": 150},
                    }
                    made_up_sweep.write_evaluation(path, target, right[target], per_class=scores)
        return folder

    return write


def _entry(name: str) -> dict:
    source, mixture = split_name(name)
    table = "stage" if source else "ceiling" if name == "J1" else "mixture"
    return {"name": name, "mixture": mixture, "source": source, "table": table}
