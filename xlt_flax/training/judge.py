"""Judges a workdir's checkpoints on the test sets of languages, and writes `eval/`."""

import json
import logging
import time
from collections.abc import Callable

from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.data.documents import Documents
from xlt_flax.data.selection import test_documents
from xlt_flax.errors import RunError
from xlt_flax.failures import out_of_memory_explained
from xlt_flax.modeling.vocabulary import Vocabulary, join
from xlt_flax.training import hosts
from xlt_flax.training.checkpoints import Checkpoints, DamagedCheckpoint
from xlt_flax.training.evaluation import Predictions, predict
from xlt_flax.training.progress import Progress
from xlt_flax.training.protocol import stage_one_note
from xlt_flax.training.setup import Setup, best_step, load_setup
from xlt_flax.training.step import make_eval_step, put_on_devices
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")

_SECONDS_BETWEEN_LOOKS = 5
_LOOKS_ALONE = 4  # in a row: a training that is started again at this moment takes its time


class Judge:
    """Evaluates checkpoints of one workdir.

    Args:
      workdir: of a run, finished or not.
      config: its config.
      languages: whose test sets to use.
      load_setup: reads what the config names; a sweep's runs share what they can.

    Raises:
      UserError: a language is not in the dataset, or the workdir holds no checkpoint.
    """

    def __init__(
        self,
        workdir: Workdir,
        config: ConfigDict,
        languages: list[str],
        load_setup: Callable[[ConfigDict], Setup] = load_setup,
    ):
        setup = load_setup(config)
        self.workdir = workdir
        self.setup = setup
        self.tests = {name: test_documents(setup.corpus, name) for name in languages}
        self._eval_step = make_eval_step(setup.forward())

    def judge(self, which: str) -> str:
        """Evaluates the checkpoint that `which` names, writes the files, and returns a table."""
        with out_of_memory_explained(self.setup.config):
            return self._judge(which)

    def _judge(self, which: str) -> str:
        checkpoints = Checkpoints(self.workdir.checkpoints)
        step = checkpoints.find(which, best_step(self.workdir))
        if hosts.is_first():
            files.require_writable(self.workdir.eval)  # before the work
        model = self._load(checkpoints, step)
        note = stage_one_note(self.workdir, step)
        rows = []
        for language, documents in self.tests.items():
            started = time.monotonic()
            predictions = self._predict(language, model, documents)
            result = _result(predictions, which, step, time.monotonic() - started)
            if note:
                result["note"] = note
            self._write(language, documents, predictions, result)
            rows.append((language, result))
        return _table(rows, self.workdir) + (f"\n{note}" if note else "")

    def watch(self) -> None:
        """Evaluates each new checkpoint, oldest first, until the run is done.

        Appends a line for each to `eval/<language>.curve.jsonl`. Checkpoints that training deletes
        before they could be looked at are missing from the curve.

        Raises:
          RunError: the training has ended, and is not done.
        """
        log.info("watching %s until it is done", self.workdir.path)
        seen, looks_alone = self._steps_on_curve(), 0
        while True:
            done = self.workdir.done.exists()  # asked first: its last checkpoint is there then
            looks_alone = 0 if self.workdir.has_writer() else looks_alone + 1
            for step in self._new_steps(seen):
                self._add_to_curve(step)
                seen.add(step)
            if done:
                return
            if looks_alone == _LOOKS_ALONE:
                raise RunError(
                    f"{self.workdir.path} is not done, and nobody trains it: its command goes on "
                    "with it; then watch it again"
                )
            time.sleep(_SECONDS_BETWEEN_LOOKS)

    def _new_steps(self, seen: set[int]) -> list[int]:
        if not self.workdir.checkpoints.is_dir():
            return []
        return [s for s in Checkpoints(self.workdir.checkpoints).steps() if s not in seen]

    def _steps_on_curve(self) -> set[int]:
        steps = [{line["step"] for line in self._curve(language)} for language in self.tests]
        return set.intersection(*steps)

    def _curve(self, language: str) -> list[dict]:
        path = self.workdir.eval / f"{language}.curve.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()]

    def _add_to_curve(self, step: int) -> None:
        try:
            model = self._load(Checkpoints(self.workdir.checkpoints), step)
        except DamagedCheckpoint as error:
            if step in Checkpoints(self.workdir.checkpoints).steps():
                log.warning("left out of the curve: %s", error)
            return  # else training deleted it meanwhile
        for language, documents in self.tests.items():
            scores = self._predict(language, model, documents).scores()
            kept = [line for line in self._curve(language) if line["step"] != step]
            line = {"step": step, "split": language, **scores}
            curve = sorted([*kept, line], key=lambda entry: entry["step"])
            files.write_json_lines(self.workdir.eval / f"{language}.curve.jsonl", curve)
            log.info("step %d: %s accuracy %.4f", step, language, scores["accuracy"])

    def _load(self, checkpoints: Checkpoints, step: int) -> tuple[dict, Vocabulary]:
        """A checkpoint's weights on the devices, with the word embeddings that the tests need."""
        params, held = checkpoints.restore_params(step)
        used = self.setup.used_rows(list(self.tests.values()))
        if held.holds(used):
            return put_on_devices(params), held
        joined = join(held, used)
        return put_on_devices(held.move(params, joined, self.setup.untouched_table(step))), joined

    def _predict(
        self, language: str, model: tuple[dict, Vocabulary], documents: Documents
    ) -> Predictions:
        params, vocabulary = model
        pad_token = int(vocabulary.row_of[self.setup.tokenizer.pad_token_id])
        layout = self.setup.layout(None, pad_token)
        documents = documents.renumbered(vocabulary.row_of)
        progress = Progress(f"evaluating {language}", len(documents), unit="doc")
        predictions = predict(self._eval_step, params, documents, layout, progress.advance)
        progress.close()
        return predictions

    def _write(self, language: str, documents: Documents, predictions: Predictions, result: dict):
        if not hosts.is_first():
            return
        lines = zip(
            documents.ids,
            documents.labels.tolist(),
            predictions.predicted.tolist(),
            predictions.probabilities.tolist(),
            strict=True,
        )
        files.write_json_lines(
            self.workdir.eval / f"{language}.predictions.jsonl",
            [
                {"id": i, "label": label, "prediction": guess, "probabilities": probabilities}
                for i, label, guess, probabilities in lines
            ],
        )
        files.write_json(self.workdir.eval / f"{language}.json", result)


def _result(predictions: Predictions, which: str, step: int, seconds: float) -> dict:
    return {
        **predictions.scores(),
        "n": len(predictions.labels),
        "confusion": predictions.confusion.tolist(),
        "checkpoint_step": step,
        "checkpoint": which,
        "seconds": round(seconds, 2),
    }


def _table(rows: list[tuple[str, dict]], workdir: Workdir) -> str:
    lines = ["language  accuracy  macro-F1    loss  documents  checkpoint"]
    for language, result in rows:
        lines.append(
            f"{language:<8}  {result['accuracy']:8.4f}  {result['macro_f1']:8.4f}  "
            f"{result['loss']:6.4f}  {result['n']:9d}  "
            f"{result['checkpoint']} ({result['checkpoint_step']})"
        )
    return "\n".join([*lines, f"written to {workdir.eval}"])
