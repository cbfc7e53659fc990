"""The model card of an exported folder: what it was trained on, how, and what was found."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ml_collections import ConfigDict
from scipy.stats import binomtest

from xlt_flax import __version__
from xlt_flax.data.long_documents import WINDOWS
from xlt_flax.prediction.trained import Trained
from xlt_flax.workdir import Workdir

_CONFIDENCE = 0.95


def card_of_model(model: Trained) -> str:
    """Of a model whose workdir is not known."""
    return "\n".join([*_front({}), "", *_use(model), ""])


def card_of_run(model: Trained, workdir: Workdir, notes: list[str]) -> str:
    """Of a checkpoint of a run.

    Args:
      model: of `opening`.
      workdir: of the run.
      notes: sentences that belong to it, such as that it was calibrated.
    """
    config = workdir.read_config()
    front = {"base_model": config.model.name, "languages": _languages(workdir)}
    sections = (
        _front(front),
        _use(model),
        _training(config, model),
        _results(workdir, model.step),
        _audit(workdir),
        [*notes],
    )
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"


def _front(facts: Mapping[str, Any]) -> list[str]:
    """What the hub reads; the licence is for whoever publishes the model to fill in."""
    lines = ["---", "license: # fill in: it depends on the data and on the base model"]
    lines += ["pipeline_tag: text-classification", "library_name: transformers"]
    if name := facts.get("base_model"):
        lines.append(
            f"base_model: {json.dumps(Path(name).name if Path(name).is_absolute() else name)}"
        )
    if languages := facts.get("languages"):
        lines += ["language:", *(f"- {language}" for language in languages)]
    return [*lines, "---"]


def _use(model: Trained) -> list[str]:
    kind = "any number of labels" if model.labels.several else "one label"
    return [
        "# A text classifier",
        "",
        f"It gives {kind} of {len(model.labels)}: {', '.join(model.labels.names)}. It reads "
        f"{model.max_length} tokens of a text. Made by xlt_flax {__version__}.",
        "",
        "    from transformers import pipeline",
        '    classify = pipeline("text-classification", "FOLDER", top_k=None)',
        "    classify(texts, truncation=True)",
    ]


def _training(config: ConfigDict, model: Trained) -> list[str]:
    train, data = config.train, config.data
    earlier = f", after {Path(config.init_from).name}" if config.init_from else ""
    commas = " Commas were deleted from all texts first, which a pipeline does not do." * bool(
        data.drop_commas
    )
    windows = " It was trained on windows of long texts; a pipeline reads their beginning." * (
        data.long == WINDOWS
    )
    return [
        "## Training",
        "",
        f"Trained on {config.mixture or 'nothing'} of {data.dataset}{earlier}, from "
        f"{Path(config.model.name).name}; checkpoint {model.step}, chosen by the "
        f"{config.eval.best} of documents of the languages that were trained on, and by no test "
        f"document.{commas}{windows}",
        "",
        f"AdamW, learning rate {train.learning_rate:g} ({train.schedule}), weight decay "
        f"{train.weight_decay:g}, {train.batch_size} documents an update, {train.epochs} epochs at "
        f"most, {config.model.dtype}, seed {config.seed}, documents drawn by seed "
        f"{data.split_seed}.",
    ]


def _results(workdir: Workdir, step: int | None) -> list[str]:
    """What eval wrote of this very checkpoint."""
    rows = [row for language in workdir.evaluated() for row in _row(workdir, language, step)]
    if not rows:
        return ["## Results", "", "Not evaluated: no language's test set was judged."]
    return [
        "## Results",
        "",
        "| language | documents | accuracy | 95% interval | macro-F1 | calibration error |",
        "|---|---|---|---|---|---|",
        *rows,
        "",
        "The intervals (Wilson) are over test documents alone: this one model, trained with one "
        "seed; another seed's differs by more than they show.",
    ]


def _row(workdir: Workdir, language: str, step: int | None) -> Iterator[str]:
    found = json.loads(workdir.scores(language).read_text("utf-8"))
    if found["checkpoint_step"] != step or not found["n"]:
        return
    right, documents = round(found["accuracy"] * found["n"]), found["n"]
    between = binomtest(right, documents).proportion_ci(_CONFIDENCE, "wilson")
    seen = f" ({found['seen']} of them seen in training)" if found["seen"] else ""
    read = ", long ones in windows" if found.get("long") == WINDOWS else ""
    error = "–" if found["ece"] is None else f"{found['ece']:.4f}"
    yield (
        f"| {language} | {documents}{seen}{read} | {found['accuracy']:.4f} | {between.low:.4f} to "
        f"{between.high:.4f} | {found['macro_f1']:.4f} | {error} |"
    )


def _audit(workdir: Workdir) -> list[str]:
    from xlt_flax.data.audit import summary

    if not workdir.audit.is_file():
        return []
    return ["## Audit of the data", "", summary(json.loads(workdir.audit.read_text("utf-8")))]


def _languages(workdir: Workdir) -> list[str]:
    """Those of the documents that were trained on or validated."""
    names = (name.split("/")[0] for name in workdir.data_digests().get("documents", {}))
    return list(dict.fromkeys(names))
