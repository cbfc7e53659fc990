"""What a study's folder, or a run's, holds, as plain values. Reads nothing, computes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

FINISHED = "finished"
BROKEN = "broken"  # DONE and evaluated, but what the model puts out are no numbers
FAILED = "failed"  # ended with an error, which failure.txt has
UNFINISHED = "unfinished"  # a folder, without DONE: running, or stopped
NOT_EVALUATED = "not evaluated"  # DONE, without the target language's evaluation
NOT_STARTED = "not started"

OTHER = "other"  # the table of runs that stand in none of their study's

# A run's settings: (field, value) pairs, sorted by field; see `settings`.
Setting = tuple[tuple[str, object], ...]


@dataclass(frozen=True)
class Evaluation:
    """One language's eval/<language>.json with its predictions.

    Attributes:
      language: its code.
      accuracy: over `documents`; a share.
      macro_f1, loss: as the file has them, or None; the loss of a broken model is NaN.
      documents: number judged.
      note: what eval wants said of this result; "" for nothing.
      problems: plain sentences on what is wrong with the model; () where nothing is.
      not_numbers: documents for which the model put out something else than numbers.
      majority: share of the most frequent true class; None where unknown.
      seen: judged documents that the run, or a source run of its chain, trained or validated on;
        None where it was not recorded.
      accuracy_unseen: over the other documents; None where none is left, or `seen` is unknown.
      ids: document ids in the file's order; () without predictions.
      correct: bool (documents,); empty without predictions.
      predictions: object (documents,), what was predicted: a label, several as a tuple, or None
        where there is nothing; empty without predictions.
      micro_f1, ece: as the file has them, or None.
      per_class: {label: {"precision", "recall", "f1", "support"}}; {} of an older eval.
      labels: object (documents,), what is right, as `predictions`; empty without predictions.
      certainty: float64 (documents,), the largest of a document's probabilities; NaN where there
        are none; empty without predictions.
      long: how documents were read that are longer than the model reads: see config.data.long.
    """

    language: str
    accuracy: float
    macro_f1: float | None
    loss: float | None
    documents: int | None
    note: str = ""
    problems: tuple[str, ...] = ()
    not_numbers: int = 0
    majority: float | None = None
    seen: int | None = None
    accuracy_unseen: float | None = None
    ids: tuple[str, ...] = ()
    correct: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    predictions: np.ndarray = field(default_factory=lambda: np.zeros(0, object))
    micro_f1: float | None = None
    ece: float | None = None
    per_class: dict[str, dict[str, float]] = field(default_factory=dict)
    labels: np.ndarray = field(default_factory=lambda: np.zeros(0, object))
    certainty: np.ndarray = field(default_factory=lambda: np.zeros(0))
    long: str = "truncate"


@dataclass(frozen=True)
class Point:
    """One line of metrics.jsonl which carries a loss or an accuracy."""

    step: int
    epoch: float
    split: str
    loss: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Audit:
    """What audit.json says of one run.

    Attributes:
      train, validation: numbers of documents, or None.
      within_train: training documents whose text occurred before.
      train_validation: validation documents whose text is in the training documents.
      within_test: test documents whose text occurred before in the test set.
      test_ids: test documents whose text this run, or its source stage, trained or validated on.
      whole_chain: the source stage's documents were looked at as well.
    """

    train: int | None
    validation: int | None
    within_train: int | None
    train_validation: int | None
    within_test: int | None
    test_ids: frozenset[str]
    whole_chain: bool


@dataclass(frozen=True)
class Record:
    """What config.json and DONE say of one run.

    Attributes:
      config: every field, "train.batch_size", with its value; {} where config.json is missing.
      versions: package -> version, as written when the run began.
      device: platform, kind and count; {} where not recorded.
      identity: what was read -> its digest, such as "weights of tiny-bert"; see `settings`.
      source: the same of the run that it started from; None for none, or where it is gone.
      best: the validation of the checkpoint that is the model, with step, epoch and loss; {}
        while the run is not done.
      day: on which the run was done, in UTC: "2026-11-25"; "" while it is not.
      failure: the error that ended the run, in one line; "" for none.
    """

    config: dict[str, object]
    versions: dict[str, object] = field(default_factory=dict)
    device: dict[str, object] = field(default_factory=dict)
    identity: dict[str, str] = field(default_factory=dict)
    source: "Record | None" = None
    best: dict[str, object] = field(default_factory=dict)
    day: str = ""
    failure: str = ""


@dataclass(frozen=True)
class Run:
    """One run: one mixture, one draw of documents, one seed.

    Attributes:
      name: the mixture, with its source's before it ("E1D1F1+J1"), and in brackets the settings
        that set it apart from the report's main ones.
      mixture, source: that it trained on, and that its source stage did.
      table: as sweep.json has it; "other" for none, and where it is set apart.
      target_language: the language without labels, on which it is judged.
      seed, draw: config.seed and config.data.split_seed.
      status: one of the above.
      workdir: its folder, whose name is the run's label.
      record: what config.json and DONE say.
      setting: everything but seed, draw and mixture that decides the result; None where unknown.
      evaluations: language -> evaluation.
      curve: of metrics.jsonl and of eval --watch.
      audit: None without audit.json.
      apart: its settings differ from the main ones.
      planned: settings in which its study's plan has it, or a run before it, differ, and what they
        are in the study else; its name stands for them.
    """

    name: str
    mixture: str
    table: str
    source: str | None
    target_language: str
    seed: int
    draw: int
    status: str
    workdir: Path
    record: Record
    setting: Setting | None
    evaluations: dict[str, Evaluation]
    curve: tuple[Point, ...]
    audit: Audit | None
    apart: bool = False
    planned: Mapping[str, object] = field(default_factory=dict)

    @property
    def label(self) -> str:
        return self.workdir.resolve().name

    @property
    def target(self) -> Evaluation | None:
        """The evaluation on the target language, of a finished run only."""
        return self.evaluations.get(self.target_language) if self.status == FINISHED else None

    @property
    def result(self) -> Evaluation:
        """The same, of a run that is known to be finished."""
        if self.target is None:
            raise ValueError(f"{self.label} is {self.status}")
        return self.target

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the run or with its model, in plain sentences."""
        if self.status == FAILED:
            return (self.record.failure,)
        evaluation = self.evaluations.get(self.target_language)
        return evaluation.problems if evaluation else ()


@dataclass(frozen=True)
class Results:
    """All runs of a folder, at least one, in their study's order."""

    path: Path
    runs: tuple[Run, ...]
    planned: bool  # a sweep.json said which runs there should be
    targets: tuple[str, ...] = ()  # that it said all runs are judged on; (): each on its own

    def names(self) -> list[str]:
        return list(dict.fromkeys(run.name for run in self.runs))

    def of(self, name: str) -> list[Run]:
        return [run for run in self.runs if run.name == name]

    @property
    def target_language(self) -> str:
        """Of most runs."""
        languages = [run.target_language for run in self.runs]
        return max(languages, key=languages.count)


def targets_of(results: Results) -> tuple[str, ...]:
    """The languages that the runs are judged on, first the one that most is said of."""
    return results.targets or (results.target_language,)


def finished_of(runs: Iterable[Run]) -> list[Run]:
    """Those of the runs that are finished: whose accuracy is a data point."""
    return [run for run in runs if run.status == FINISHED]
