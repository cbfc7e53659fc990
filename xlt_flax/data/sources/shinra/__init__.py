"""SHINRA: pages of Japanese Wikipedia and their classes in the Extended Named Entity hierarchy.

`config.data.manual_dir` is a folder that holds, under short names or under those of the releases:

    what                short name         released, for example
    training lines      train.jsonl        shinra2022_Categorization_train_20220616.jsonl
    class list          classes.jsonl      ENE_Definition_v9.0.0-with-attributes-20220714.jsonl
    CirrusSearch dump   dump.json          wikipedia-ja-20210823-json.gz
    development data    development.tsv    *Categorization*dev*.tsv
    target lines        target.jsonl       shinra2022_Categorization_leaderboard_20220530.jsonl

each plain or packed (.gz, .bz2; links will do). The first three are the split "train"; with
development data there is a split "test", with target lines "unlabeled". Formats: pages.py,
class_list.py, dump.py, development.py.

Labels are the leaves of the class list by their ids, 0 (CONCEPT) and 9 (IGNORED) as any other. Left
out, and counted in the log and in audit.json ("left_out"), are pages of no such class, pages that
the dump has no text of, and, under data.labels=single, pages of several classes.

A sample that is shipped is a module of its own, with `of_folder("shinra_sample", data, FOLDER)`.
"""

from pathlib import Path

from ml_collections import ConfigDict

from xlt_flax.data.sources.shinra.source import ShinraSource
from xlt_flax.places import local_path


def make_source(data: ConfigDict) -> ShinraSource:
    """The files of `data.manual_dir`, prepared in `data.data_dir`; nothing is read.

    Raises:
      UserError: a folder is a URL, or of a home that there is not.
    """
    return of_folder("shinra", data, data.manual_dir)


def of_folder(name: str, data: ConfigDict, manual_dir: str | Path) -> ShinraSource:
    """The same of a folder.

    Args:
      name: of the TFDS dataset (builder.py).
      data: the config's `data`: text, labels, sample, split_seed, stratify.
      manual_dir: where the files are.
    """
    return ShinraSource(
        name=name,
        text=data.text,
        several=data.labels == "multi",
        sample=data.sample,
        split_seed=data.split_seed,
        stratify=data.stratify,
        manual_dir=local_path(manual_dir, "config.data.manual_dir"),
        data_dir=local_path(data.data_dir, "config.data.data_dir"),
    )
