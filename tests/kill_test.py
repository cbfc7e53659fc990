"""Kills runs of configs/demo.py at random moments, and compares what they end with.

    python tests/kill_test.py --mode=sigkill --n=30 [--seed=0] [--data_dir=DIR] [--keep=DIR]
    python tests/kill_test.py --mode=sigterm --n=10      # SIGTERM in the middle of a save
    python tests/kill_test.py --mode=sweep --n=5         # SIGKILL, of a sweep with a J1 stage
    python tests/kill_test.py --mode=sweep_sigterm --n=5 # the same, SIGTERM in the middle of a save

A run is killed and gone on with until it is done, then compared with one that nobody disturbed:
values of the last and the best checkpoint, metrics.jsonl, DONE, and what eval says (but for its
`seconds`). Then the next run begins, until there were n kills. Moments of SIGKILL are drawn from
the whole duration: a quarter before the first step (imports, data, model), the rest from the first
compilation to the end (steps, validations, saves). The draw depends on the seed alone; where a
process then is also depends on the machine.

Takes about 12 seconds a kill on two cores. Exit code 0: all equal, and each SIGTERM gave 143. The
last line is JSON: {"mode", "kills", "runs", "equal", "before_training", "after_checkpoints"}.
"""

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import jax
import numpy as np
import orbax.checkpoint as ocp
from absl import logging

from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.stages import best_step
from xlt_flax.workdir import Workdir

ROOT = Path(__file__).resolve().parent.parent
SMALL = (
    "--config.data.train_per_group=15",  # 45 documents: the last batch of an epoch holds 5
    "--config.data.validation_per_group=11",
    "--config.data.max_length=32",
    "--config.eval.batch_size=16",
)
FIRST_STEP = b" the step for "
IN_STARTUP = 0.25  # of the kills
_LOOKS_PER_SECOND = 1000


class Disturbed:
    """Starts one command again and again, in one workdir, and kills it.

    Args:
      arguments: of the command, after `python`.
      log: file for its stderr.
    """

    def __init__(self, arguments, log):
        self.log = log
        with open(log, "wb") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, *map(str, arguments)],
                cwd=ROOT,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
            )
        self.begun = time.monotonic()

    def wait_until(self, condition) -> bool:
        """Whether the condition became true before the process ended."""
        while self.process.poll() is None:
            if condition():
                return True
            time.sleep(1 / _LOOKS_PER_SECOND)
        return False

    def wait(self, seconds) -> bool:
        """Whether the process still runs after so long."""
        until = time.monotonic() + seconds
        return self.wait_until(lambda: time.monotonic() >= until)

    def at_first_step(self) -> bool:
        return FIRST_STEP in self.log.read_bytes()

    def end(self, number=None) -> int:
        """Its return code, after a signal if a number is given."""
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(timeout=600)


class KillTest:
    """One mode's runs in one folder."""

    def __init__(self, folder: Path, data_dir: Path, mode: str, epochs: int, seed: int):
        self.folder, self.mode, self.rng = folder, mode, random.Random(seed)
        self.is_sweep, self.is_sigterm = mode.startswith("sweep"), mode.endswith("sigterm")
        self.config = [*SMALL, f"--config.data.data_dir={data_dir}"]
        self.config.append(f"--config.train.epochs={epochs}")
        self.counts = Counter()

    # ---- Commands ------------------------------------------------------------------------

    def command(self, workdir: Path) -> list[str]:
        if self.is_sweep:
            sweep = ["--config=configs/thesis_demo.py", "--only=E1E2E3+J1"]
            return ["-m", "xlt_flax.sweep", *sweep, f"--workdir={workdir}", *self.config]
        demo = ["--config=configs/demo.py", f"--workdir={workdir}"]
        return ["-m", "xlt_flax.main", *demo, *self.config]

    def undisturbed(self) -> dict:
        """The end state, of a run that also shows how long each part takes, caches being warm."""
        self._finish(self.command(self.folder / "warm"))
        run = self._start(self.folder / "undisturbed")
        run.wait_until(run.at_first_step)
        self.startup = time.monotonic() - run.begun
        assert run.end() == 0, run.log.read_text()
        self.training = time.monotonic() - run.begun - self.startup
        print(f"undisturbed: {self.startup:.1f} s, then {self.training:.1f} s of training")
        return self.end_state(self.folder / "undisturbed")

    def _start(self, workdir: Path) -> Disturbed:
        return Disturbed(self.command(workdir), self.folder / f"{workdir.name}.log")

    def _finish(self, arguments) -> None:
        run = Disturbed(arguments, self.folder / "finished.log")
        assert run.end() == 0, run.log.read_text()

    # ---- Kills ---------------------------------------------------------------------------

    def disturb(self, workdir: Path, kills_left: int) -> int:
        """Kills and goes on until the run is done; returns the number of kills."""
        kills = 0
        while kills < kills_left:
            run = self._start(workdir)
            reached = self._save_moment(run, workdir) if self.is_sigterm else self._moment(run)
            if not reached:
                assert run.end() == 0, run.log.read_text()
                return kills
            if self.is_sigterm:
                code = run.end(signal.SIGTERM)
                assert code == 143, f"exit code {code}: {run.log.read_text()}"
            else:
                run.end(signal.SIGKILL)
            kills += 1
            self.counts["before_training"] += not run.at_first_step()
            self.counts["after_checkpoints"] += has_checkpoint(workdir)
        self._finish(self.command(workdir))
        return kills

    def _moment(self, run: Disturbed) -> bool:
        if self.rng.random() < IN_STARTUP:
            return run.wait(self.rng.uniform(0, self.startup))
        rest = self.rng.uniform(0, self.training)
        return run.wait_until(run.at_first_step) and run.wait(rest)

    def _save_moment(self, run: Disturbed, workdir: Path) -> bool:
        """In the middle of the first, second or third save of the process."""
        for _ in range(self.rng.randint(1, 3)):
            if not run.wait_until(lambda: not saving(workdir)):
                return False
            if not run.wait_until(lambda: saving(workdir)):
                return False
        return True

    # ---- End states ----------------------------------------------------------------------

    def end_state(self, workdir: Path) -> dict:
        if self.is_sweep:
            runs = sorted(path.parent for path in workdir.glob("*/DONE"))
            assert len(runs) == 2, runs
            return {run.name: run_state(run) for run in runs}
        self._finish(["-m", "xlt_flax.eval", f"--workdir={workdir}"])
        return run_state(workdir)


def saving(workdir: Path) -> bool:
    """Whether a run is, or one of a sweep's."""
    places = [*workdir.glob("checkpoints/*"), *workdir.glob("*/checkpoints/*")]
    return any(".orbax-checkpoint-tmp" in path.name for path in places)


def has_checkpoint(workdir: Path) -> bool:
    return any(path.name.isdecimal() for path in workdir.rglob("checkpoints/*"))


def run_state(path: Path) -> dict:
    """All that a run ends with, as text and bytes that can be compared."""
    workdir = Workdir(path)
    checkpoints = Checkpoints(workdir.checkpoints)
    steps = sorted({checkpoints.steps()[-1], best_step(workdir)})
    evaluation = json.loads((workdir.eval / "ja.json").read_text())
    del evaluation["seconds"]
    return {
        "metrics.jsonl": workdir.metrics.read_bytes(),
        "DONE": workdir.done.read_bytes(),
        "eval": evaluation,
        "predictions": (workdir.eval / "ja.predictions.jsonl").read_bytes(),
        **{f"checkpoint {step}": values(checkpoints, step) for step in steps},
    }


def values(checkpoints: Checkpoints, step: int) -> list[bytes]:
    items = dict.fromkeys(("params", "optimizer", "vocabulary"), ocp.args.StandardRestore())
    saved = checkpoints._manager.restore(step, args=ocp.args.Composite(**items))
    return [np.asarray(leaf).tobytes() for leaf in jax.tree.leaves(dict(saved))]


def differences(found: dict, expected: dict, prefix: str = "") -> list[str]:
    names = []
    for name in sorted(found.keys() | expected.keys()):
        a, b = found.get(name), expected.get(name)
        if isinstance(a, dict) and isinstance(b, dict) and name != "eval":
            names += differences(a, b, f"{prefix}{name}/")
        elif a != b:
            names.append(prefix + name)
    return names


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    modes = ("sigkill", "sigterm", "sweep", "sweep_sigterm")
    parser.add_argument("--mode", choices=modes, default=modes[0])
    parser.add_argument("--n", type=int, default=30, help="kills")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--epochs", type=int, default=8, help="of 6 steps; each saves")
    parser.add_argument("--data_dir", help="a prepared data_dir; default: a new one")
    parser.add_argument(
        "--keep", help="folder for the runs, which is kept; default: one that is not"
    )
    given = parser.parse_args()
    logging.set_verbosity(logging.ERROR)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(given.keep or temporary).absolute()
        folder.mkdir(parents=True, exist_ok=True)
        data_dir = Path(given.data_dir or folder / "data").absolute()
        return kill_and_compare(
            KillTest(folder, data_dir, given.mode, given.epochs, given.seed), given.n
        )


def kill_and_compare(test: KillTest, n: int) -> int:
    expected = test.undisturbed()
    kills = runs = equal = 0
    while kills < n:
        workdir = test.folder / f"disturbed-{runs + 1}"
        more = test.disturb(workdir, n - kills)
        if not more:
            continue  # it ended before its moment: nobody disturbed it
        different = differences(test.end_state(workdir), expected)
        kills, runs, equal = kills + more, runs + 1, equal + more * (not different)
        print(
            f"run {runs}: {more} kills, {', '.join(different) or 'equal'} ({kills} of {n})",
            flush=True,
        )
    counts = {name: test.counts[name] for name in ("before_training", "after_checkpoints")}
    print(json.dumps({"mode": test.mode, "kills": kills, "runs": runs, "equal": equal, **counts}))
    return int(equal < kills)


if __name__ == "__main__":
    sys.exit(main())
