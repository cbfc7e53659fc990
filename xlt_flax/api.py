"""What a notebook or a script calls; each command line is flags in front of one of these.

    import xlt_flax

    result = xlt_flax.train("configs/files.py:DATA", **{"train.epochs": 3})
    xlt_flax.evaluate(result.workdir, ["ja"])
    result.classifier.predict(["…"])

Nothing here changes the program that calls it: where it has not set up logging, what is said goes
to stderr while a function runs. What is heavy is imported when it is needed. What is of several
runs stands in api_studies, what is of trained models in api_models; both are called from here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_collections import ConfigDict

from xlt_flax.api_models import export as export
from xlt_flax.api_models import predict as predict
from xlt_flax.api_models import score_submission as score_submission
from xlt_flax.api_studies import Report as Report
from xlt_flax.api_studies import report as report
from xlt_flax.api_studies import study_size as study_size
from xlt_flax.api_studies import sweep as sweep
from xlt_flax.config import evaluated_in_training, resolve
from xlt_flax.config_checks import validate
from xlt_flax.console import shown
from xlt_flax.data.sources import find_source, languages_named
from xlt_flax.named_config import named_config
from xlt_flax.overrides import given_anew
from xlt_flax.training.train import Result
from xlt_flax.training.train import train as run_training
from xlt_flax.workdir import Workdir

if TYPE_CHECKING:
    from xlt_flax.evaluation.table import Results as Evaluations
    from xlt_flax.prediction.classifier import Classifier
    from xlt_flax.training.benchmark import TimedDocuments
    from xlt_flax.training.inputs import Inputs


def checked(config: ConfigDict) -> ConfigDict:
    """A copy with absolute paths, locked.

    Raises:
      UserError: a field is missing, not known, or has a value that cannot be.
    """
    validate(config)
    return resolve(config)


def default_workdir(config: ConfigDict, name: str = "") -> str:
    """`runs/<name>/<mixture>-seed<seed>`; a run that goes on from another has that one's folder in
    front, so that stages from several sources do not meet.

    Args:
      config: of the run.
      name: of the config file; "": there is none.
    """
    source = f"{Path(config.init_from).name}+" if config.init_from else ""
    folder = f"{source}{config.mixture or 'initial'}-seed{config.seed}"
    return str(Path("runs", name, folder))


@dataclass(frozen=True)
class TrainedRun(Result):
    """What came of a training, and its model."""

    @property
    def classifier(self) -> Classifier:
        """The best checkpoint's model."""
        from xlt_flax.prediction.classifier import Classifier

        return Classifier.load(self.workdir)


def train(
    config: ConfigDict | str | PathLike[str],
    workdir: str | PathLike[str] | None = None,
    overwrite: bool = False,
    **changes: Any,
) -> TrainedRun:
    """Trains one mixture, or goes on with it where `workdir` has begun.

    Args:
      config: from `xlt_flax.config.base()`, which stays as it is; or what --config takes, such as
        "configs/mix_111.py:E2D2F2".
      workdir: the folder of the run; None: `default_workdir`.
      overwrite: remove the run that is there, and begin again.
      changes: fields of the config, `train__epochs=3` or `**{"train.epochs": 3}`.

    Returns:
      Its `workdir`, `step`, `best` validation, `metrics`, and `classifier`.

    Raises:
      UserError: config, data or workdir is not usable.
      RunError: the loss is not finite, or the machine ran out of something.
    """
    with shown():
        name = "" if isinstance(config, ConfigDict) else Path(fspath(config).partition(":")[0]).stem
        config = named_config(config, changes)
        place = workdir or default_workdir(checked(config), name)
        done = run_training(config, Workdir(place), overwrite=overwrite)
        return TrainedRun(done.workdir, done.step, done.best)


def evaluate(
    workdir: str | PathLike[str],
    languages: Sequence[str] | None = None,
    checkpoint: str = "best",
    watch: bool = False,
    places: Mapping[str, str | int] | None = None,
    long: str | None = None,
) -> Evaluations:
    """Says how well a trained model does on a language it was not trained on; writes eval/.

    Args:
      workdir: of a run, finished or not.
      languages: whose test sets to use; None: the run's target.
      checkpoint: "best", "latest", or a step.
      watch: wait for a training, and evaluate each checkpoint as it appears, until it ends.
      places: {field: value} of the config where something lies that was moved, such as model.name.
      long: what becomes of documents that are longer than the model reads: "truncate" or "windows";
        None: as the run was trained.

    Returns:
      {language: what eval/<language>.json holds}; printed, it is a table.

    Raises:
      UserError: this is no run, it has no such checkpoint, or its data has no such language.
      RunError: with `watch`: the training has ended, and is not done.
    """
    with shown():
        run = Workdir(workdir)
        config = given_anew(run.read_config(), places or {})
        known = find_source(config.data).languages
        named = languages_named(languages or [config.data.target_language], known)
        from xlt_flax.evaluation import evaluate, follow

        how = follow.follow if watch else evaluate.evaluate
        return how(run, config, named, checkpoint, long=long)


def prepare(config: ConfigDict) -> list[str]:
    """Makes the dataset and the tokens of a config, so that no later run has to.

    Returns:
      A line for each part: "en train: 2000 documents, 314159 tokens".
    """
    with shown():
        config = checked(config)
        from xlt_flax.data.selection import needed_splits
        from xlt_flax.training.inputs import open_inputs

        corpus, lines = open_inputs(config).corpus, []
        target, evaluated = config.data.target_language, evaluated_in_training(config)
        for language, split in needed_splits(config.mixture, target, corpus.source, evaluated):
            store = corpus.store(language, split)
            lines.append(f"{language} {split}: {len(store)} documents, {len(store.tokens)} tokens")
        return lines


def bench(
    config: ConfigDict,
    steps: int = 20,
    compare: bool = False,
    synthetic: tuple[float, float] | None = None,
    make_missing: Callable[[ConfigDict], object] = prepare,
) -> list[dict]:
    """Times the training step of a config.

    Args:
      config: of a run.
      steps: to time, after those that compile; 0: the first one is compiled, and nothing run.
      compare: padded and packed, with the full and the active vocabulary, in turn.
      synthetic: median and mean of the lengths of made-up documents; None: the run's own.
      make_missing: is called where dataset or tokens are missing. `prepare` imports TensorFlow; a
        function that calls it in another process keeps it out of this one.

    Returns:
      For each variant what `training.benchmark.compare` says.
    """
    with shown():
        config = checked(config)
        from xlt_flax.training import benchmark
        from xlt_flax.training.inputs import open_inputs

        inputs = open_inputs(config, reads_documents=False)
        documents = _timed_documents(config, inputs, synthetic, make_missing)
        return benchmark.compare(config, inputs, documents, steps, all_variants=compare)


def compiled_costs(
    config: ConfigDict,
    target: str,
    synthetic: tuple[float, float] | None = None,
    rows: tuple[int, int] | None = None,
    make_missing: Callable[[ConfigDict], object] = prepare,
) -> dict:
    """What a config's training step, evaluation and predict cost on one device that need not be
    there: XLA compiles them for it, and nothing is run.

    Args:
      config: of a run.
      target: the device, such as "h100"; see `training.compiled.targets`.
      synthetic, make_missing: as of `bench`.
      rows: how many rows a training batch has, and how many tokens each; None: what most have.

    Returns:
      What `training.compiled.report.report` says.

    Raises:
      UserError: there is no such target, or its compiler is not installed.
    """
    with shown():
        config = checked(config)
        from xlt_flax.training.compiled import programs, report, targets
        from xlt_flax.training.inputs import open_inputs
        from xlt_flax.training.length import length_of

        found = targets.find_target(target)
        inputs = open_inputs(config, reads_documents=False)
        documents = _timed_documents(config, inputs, synthetic, make_missing)
        length = length_of(config, len(documents.train))
        compiled = programs.compile_programs(config, inputs, documents, length, found, rows)
        return report.report(config, inputs.base.shape, target, found, compiled)


def _timed_documents(
    config: ConfigDict,
    inputs: Inputs,
    synthetic: tuple[float, float] | None,
    make_missing: Callable[[ConfigDict], object],
) -> TimedDocuments:
    from xlt_flax.data.selection import needed_splits
    from xlt_flax.training import benchmark

    if synthetic:
        return benchmark.synthetic_documents(config, inputs, *synthetic)
    target, corpus = config.data.target_language, inputs.corpus
    needed = needed_splits(config.mixture, target, corpus.source)
    if not all(corpus.is_ready(language, split) for language, split in needed):
        make_missing(config)
    return benchmark.mixture_documents(config, inputs)
