"""What one run is: its documents and their order, its train state and steps, and what it has on
disk. What is done with it, step by step, is in loop.py."""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field

import optax
from ml_collections import ConfigDict

from xlt_flax import files
from xlt_flax.config import evaluated_in_training
from xlt_flax.data import selection
from xlt_flax.data.audit import imbalance, summary
from xlt_flax.data.documents import Documents
from xlt_flax.data.layout.slots import Batch
from xlt_flax.data.order import DatasetOrder
from xlt_flax.data.selection import Selection
from xlt_flax.data.windows import WindowsInTurn
from xlt_flax.modeling.vocabulary import Vocabulary
from xlt_flax.training import processes, provenance
from xlt_flax.training.audited import audit_of
from xlt_flax.training.checkpoints import Checkpoints
from xlt_flax.training.inputs import Inputs, open_inputs
from xlt_flax.training.kept_base import keep_base
from xlt_flax.training.length import Length, length_of
from xlt_flax.training.metrics import MetricsLog, best_validation, validations_since_best
from xlt_flax.training.optimizer import optimizer_of, schedule_of
from xlt_flax.training.phases import Phase, evaluation_phase, order_of, training_phase
from xlt_flax.training.plan import Plan, plan_run, test_sets
from xlt_flax.training.stages import Start, starting_point
from xlt_flax.training.starts import FirstState, first_state, taken_over
from xlt_flax.training.step import TrainState, put_on_devices
from xlt_flax.training.tracked_sets import TrackedSet, tracked_sets
from xlt_flax.training.watch import check_validation_labels
from xlt_flax.workdir import Workdir

log = logging.getLogger("xlt_flax")


@dataclass
class Run:
    """One run that has begun; `state` is the one thing that training changes.

    Attributes:
      config: resolved.
      workdir: is this run's.
      length: its updates and epochs.
      order: which documents each update learns from.
      training, validation: its two phases.
      windows: which of long documents each epoch sees.
      test_sets: by language, what is evaluated along with each validation.
      learning_rate: of each update, counted from 0.
      state: after the last update, on the devices.
      vocabulary: the rows of the word embedding that it holds.
      is_new: whether nothing of it was saved before.
      first_record: values of the line that metrics begin with; None: there is none.
      metrics: its lines so far.
      checkpoints: None on hosts other than the first, which write nothing.
      saved: the step that was saved last, and when, in seconds of time.monotonic.
    """

    config: ConfigDict
    workdir: Workdir
    length: Length
    order: DatasetOrder
    training: Phase
    validation: Phase
    windows: WindowsInTurn
    test_sets: dict[str, TrackedSet]
    learning_rate: optax.Schedule
    state: TrainState
    vocabulary: Vocabulary
    is_new: bool
    first_record: dict[str, float] | None
    metrics: MetricsLog
    checkpoints: Checkpoints | None
    saved: tuple[int, float] = field(default_factory=lambda: (-1, time.monotonic()))

    @property
    def best(self) -> dict | None:
        """The best validation's record; None if there is none."""
        return best_validation(self.metrics.validations, self.config.eval.best)

    @property
    def is_out_of_patience(self) -> bool:
        """Whether so many validations were no better than the best that no update is to follow.

        The lines of metrics.jsonl alone say so: a run that goes on ends where it would have.
        """
        patience, best_by = self.config.train.patience, self.config.eval.best
        return 0 < patience <= validations_since_best(self.metrics.validations, best_by)

    @property
    def stopped_early(self) -> bool:
        """Whether it is out of patience before its last update; waits for the devices."""
        return self.is_out_of_patience and int(self.state.step) < self.length.total

    def collate(self, index: int) -> Batch:
        """The batch of update number `index` + 1."""
        return self.training.layout.collate(self.shown(index), self.order.batch(index))

    def shown(self, index: int) -> Documents:
        """All training documents, as update number `index` + 1 sees them."""
        return self.windows.of_epoch(index // self.length.per_epoch)

    def record(self, step: int, split: str, values: dict) -> dict:
        """Adds a line to the metrics, and returns it."""
        return self.metrics.write(step, self.length.epoch(step), split, **values)

    def save(self) -> None:
        """Saves the state, and the metrics up to it, which must all be recorded."""
        step = int(self.state.step)
        self.saved = step, time.monotonic()
        if self.checkpoints:
            self.metrics.sync()
            best = self.best
            is_last = step == self.length.total or self.is_out_of_patience
            best_step = best["step"] if best else None
            self.checkpoints.save(self.state, self.vocabulary, best_step, is_last)

    def finish(self) -> None:
        """Returns when all is on disk, DONE last, on all hosts."""
        if self.checkpoints:
            self.checkpoints.wait()
        self.metrics.sync()
        if processes.is_first():
            early = {"stopped_early": True} if self.stopped_early else {}
            done = {"step": int(self.state.step), "best": self.best, **early}
            files.write_json(self.workdir.done, done)
        processes.wait_for_all("done")


@contextmanager
def open_run(
    config: ConfigDict, workdir: Workdir, inputs: Inputs | None = None, plan: Plan | None = None
) -> Iterator[tuple[Run, ExitStack]]:
    """Puts a run together, new or to go on with, and closes its parts, and what is added to them,
    whatever happens meanwhile.

    Args:
      config: resolved; the workdir is new, or begun with it.
      workdir: gets config.json and audit.json.
      inputs: what the config names; None: they are opened here.
      plan: of the study that the run belongs to; None: one is made for this run.

    Raises:
      UserError: config, data or workdir is not usable.
    """
    inputs = inputs or open_inputs(config)
    with all_closed() as parts:
        yield _assemble(config, workdir, inputs, plan, parts), parts


@contextmanager
def all_closed() -> Iterator[ExitStack]:
    """Closes each part that is added, whatever another's closing raises. What ended the work within
    is what is told, then what closing raised."""
    parts = ExitStack()
    try:
        yield parts
    except BaseException:
        with suppress(Exception):
            parts.close()
        raise
    parts.close()


def _assemble(
    config: ConfigDict, workdir: Workdir, inputs: Inputs, plan: Plan | None, parts: ExitStack
) -> Run:
    start = starting_point(config, workdir)
    provenance.check_labels(workdir, inputs, start)
    provenance.check_pooling(workdir, config, start)
    chosen = selection.select(inputs.corpus, config.mixture, config.data)
    tests = test_sets(config, inputs)
    report = _checked(config, workdir, inputs, start, chosen, tests[config.data.target_language])
    plan = plan or _own_plan(config, inputs, chosen, [*tests.values()])
    before = taken_over(config, workdir, start)
    length = length_of(config, len(chosen.train), before.epochs)
    optimizer = optimizer_of(config.train, length)
    wanted = plan.rows_for([chosen.train, chosen.validation, *tests.values()])
    first = first_state(config, inputs, workdir, start, wanted, optimizer)
    training = training_phase(config, inputs, plan, first.vocabulary, chosen.train, optimizer)
    validation = evaluation_phase(config, inputs, plan, first.vocabulary, chosen.validation)
    tracked = tracked_sets(config, workdir, inputs, plan, first.vocabulary, chosen, tests)
    _begin(config, workdir, inputs, start, report)
    if first.is_new and processes.is_first():
        _keep_base(config, workdir, inputs, start, first, len(chosen.train))
    return Run(
        config=config,
        workdir=workdir,
        length=length,
        order=order_of(config, chosen),
        training=training,
        validation=validation,
        windows=WindowsInTurn(training.documents, config.seed),
        test_sets=tracked,
        learning_rate=schedule_of(config.train, length),
        state=put_on_devices(first.state),
        vocabulary=first.vocabulary,
        is_new=first.is_new,
        first_record=before.record,
        checkpoints=_open_checkpoints(workdir, parts),
        metrics=_open_metrics(workdir, -1 if first.is_new else int(first.state.step), parts),
    )


def _own_plan(
    config: ConfigDict, inputs: Inputs, chosen: Selection, tests: list[Documents]
) -> Plan:
    """Of a run by itself."""
    steps = length_of(config, len(chosen.train)).total
    plan = plan_run(config, inputs, chosen.train, [chosen.validation, *tests], steps)
    if plan.packing:
        log.info(
            "packing: rows of %s tokens a device; about %.1f%% of them are padding",
            ", ".join(f"{shape.rows}x{shape.row_length}" for shape in plan.packing.shapes),
            100 * plan.packing.padding_fraction,
        )
    return plan


def _checked(
    config: ConfigDict,
    workdir: Workdir,
    inputs: Inputs,
    start: Start,
    chosen: Selection,
    test: Documents,
) -> dict:
    """The audit of a run whose data and model are those that it began with."""
    if processes.is_first():
        provenance.check(workdir, config, inputs, start)
    report = audit_of(config, inputs.corpus, workdir, chosen, test)
    for line in (summary(report), *imbalance(report)):
        log.info(line)
    check_validation_labels(chosen.validation, inputs.labels)
    return report


def _begin(
    config: ConfigDict, workdir: Workdir, inputs: Inputs, start: Start, report: dict
) -> None:
    """From here on the workdir is this run's."""
    needed = selection.needed_splits(
        config.mixture,
        config.data.target_language,
        inputs.corpus.source,
        evaluated_in_training(config),
    )
    facts = {} if workdir.is_run() else provenance.gather(config, inputs, start, needed)
    if processes.is_first():
        workdir.start(config, facts)
        workdir.failure.unlink(missing_ok=True)
        files.write_json(workdir.audit, report)


def _keep_base(
    config: ConfigDict,
    workdir: Workdir,
    inputs: Inputs,
    start: Start,
    first: FirstState,
    documents: int,
) -> None:
    """What no checkpoint will hold, before there is one."""
    original, model = first.table, inputs.base
    if start.source and first.table is not None:
        original = model.word_embedding(config.seed)
    keep_base(workdir, model, inputs.labels.names, documents, original, first.table)


def _open_checkpoints(workdir: Workdir, parts: ExitStack) -> Checkpoints | None:
    if not processes.is_first():
        return None
    checkpoints = Checkpoints(workdir.checkpoints, writable=True)
    parts.callback(checkpoints.close)
    return checkpoints


def _open_metrics(workdir: Workdir, kept: int, parts: ExitStack) -> MetricsLog:
    metrics = MetricsLog(workdir.metrics, kept, writable=processes.is_first())
    parts.callback(metrics.close)
    return metrics
