"""Judges a workdir's checkpoints on the test sets of languages, and writes `eval/`."""

import json
import logging
import time

from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.data.documents import Documents
from xlt_flax.data.known import Known
from xlt_flax.data.selection import test_documents
from xlt_flax.errors import RunError, UserError
from xlt_flax.evaluation.predictions import Predictions, predict
from xlt_flax.evaluation.scores import prediction_lines, scores_of, seen_in_words, table
from xlt_flax.evaluation.seen import seen_by
from xlt_flax.failures import out_of_memory_explained
from xlt_flax.modeling.vocabulary import Vocabulary, join
from xlt_flax.training import processes, provenance
from xlt_flax.training.checkpoints import Checkpoints, DamagedCheckpoint
from xlt_flax.training.initial_weights import unused_rows
from xlt_flax.training.inputs import Inputs, open_inputs
from xlt_flax.training.phases import evaluation_phase
from xlt_flax.training.plan import Plan, plan_evaluation, used_rows
from xlt_flax.training.progress import Progress
from xlt_flax.training.stages import best_step, chain, stage_one_note, starting_point
from xlt_flax.training.step import put_on_devices
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")

_SECONDS_BETWEEN_LOOKS = 5
_SOURCE_GONE = "a run that this one started from is gone: what it trained on is not counted as seen"
_LOOKS_ALONE = 4  # in a row: a training that is started again at this moment takes its time


class Judge:
    """Evaluates checkpoints of one workdir.

    Args:
      workdir: of a run, finished or not.
      config: its config.
      languages: whose test sets to use.
      inputs: what the config names, where runs share it; None: they are opened here.
      plan: of the study that the run belongs to; None: one is made for this evaluation.

    Raises:
      UserError: a language is not in the dataset, the data that the run was trained on is not
        there, or the workdir holds no checkpoint.
    """

    def __init__(
        self,
        workdir: Workdir,
        config: ConfigDict,
        languages: list[str],
        inputs: Inputs | None = None,
        plan: Plan | None = None,
    ):
        self.workdir, self.config = workdir, config
        self.inputs = inputs or open_inputs(config)
        self.plan = plan or plan_evaluation(config, self.inputs)
        self.start = starting_point(config, workdir)
        self.tests = {name: test_documents(self.inputs.corpus, name) for name in languages}
        provenance.check(workdir, config, self.inputs, self.start)
        known, self._not_known = self._known()
        self.seen = {name: known.marks(documents) for name, documents in self.tests.items()}

    def judge(self, which: str) -> str:
        """Evaluates the checkpoint that `which` names, writes the files, and returns a table."""
        with out_of_memory_explained(self.config):
            return self._judge(which)

    def _judge(self, which: str) -> str:
        if processes.is_first():
            files.require_writable(self.workdir.eval)  # before the work
        step, model = self._load_named(which)
        note = stage_one_note(self.workdir, step)
        results = {}
        for language, documents in self.tests.items():
            started = time.monotonic()
            predictions = self._predict(language, model, documents)
            result = {
                **scores_of(predictions, self.seen[language]),
                "n": len(documents),
                "confusion": predictions.confusion.tolist(),
                "problems": predictions.problems() + self._not_known,
                "checkpoint_step": step,
                "checkpoint": which,
                "seconds": round(time.monotonic() - started, 2),
            }
            if note:
                result["note"] = note
            self._write(language, documents, predictions, result)
            results[language] = result
        lines = [table(results), f"written to {self.workdir.eval}"]
        return "\n".join([*lines, note] if note else lines)

    def _known(self) -> tuple[Known, list[str]]:
        """What the run and its chain of sources trained or validated on; and, where a source is
        gone, that its part is not known."""
        try:
            sources, missing = chain(self.workdir, self.config), []
        except UserError as error:
            log.warning(error)
            sources, missing = [], [_SOURCE_GONE]
        return seen_by([self.workdir, *sources], self.inputs.corpus), missing

    def _load_named(self, which: str) -> tuple[int, tuple[dict, Vocabulary]]:
        """The step that `which` names, and its model.

        A training that goes on meanwhile deletes its best checkpoint when it has saved a better
        one: the better one is taken then.
        """
        checkpoints = Checkpoints(self.workdir.checkpoints)
        while True:
            best = best_step(self.workdir) if which == "best" else None
            try:
                step = checkpoints.find(which, best)
                return step, self._load(checkpoints, step)
            except UserError:
                if which != "best" or best_step(self.workdir) == best:
                    raise

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
            scores = scores_of(self._predict(language, model, documents), self.seen[language])
            kept = [line for line in self._curve(language) if line["step"] != step]
            line = {"step": step, "split": language, **scores}
            curve = sorted([*kept, line], key=lambda entry: entry["step"])
            files.write_json_lines(self.workdir.eval / f"{language}.curve.jsonl", curve)
            log.info(
                "step %d: %s accuracy %.4f (majority class %.4f); %s",
                step,
                language,
                scores["accuracy"],
                scores["majority"],
                seen_in_words(scores, len(documents)),
            )

    def _load(self, checkpoints: Checkpoints, step: int) -> tuple[dict, Vocabulary]:
        """A checkpoint's weights on the devices, with the word embeddings that the tests need."""
        params, held = checkpoints.restore_params(step)
        self.inputs.base.require_fit(params, held.full_size, self.workdir.path)
        used = used_rows(self.inputs, list(self.tests.values()))
        if held.holds(used):
            return put_on_devices(params), held
        joined = join(held, used)
        table = unused_rows(self.config, self.inputs, self.start, step)
        return put_on_devices(held.move(params, joined, table)), joined

    def _predict(
        self, language: str, model: tuple[dict, Vocabulary], documents: Documents
    ) -> Predictions:
        params, vocabulary = model
        phase = evaluation_phase(self.config, self.inputs, self.plan, vocabulary, documents)
        progress = Progress(f"evaluating {language}", len(documents), unit="doc")
        predictions = predict(phase.step, params, phase.documents, phase.layout, progress.advance)
        progress.close()
        return predictions

    def _write(self, language: str, documents: Documents, predictions: Predictions, result: dict):
        if not processes.is_first():
            return
        files.write_json_lines(
            self.workdir.eval / f"{language}.predictions.jsonl",
            prediction_lines(documents, predictions, self.seen[language]),
        )
        files.write_json(self.workdir.eval / f"{language}.json", result)
