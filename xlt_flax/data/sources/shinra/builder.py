"""TFDS builders for SHINRA's pages and for the sample shipped here.

import tensorflow_datasets as tfds
import xlt_flax.data.shinra  # registers the builders
tfds.load("shinra", split="train",
          download_and_prepare_kwargs={"download_config":
              tfds.download.DownloadConfig(manual_dir=...)})
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow_datasets as tfds

from xlt_flax.data.sources._builder_info import OwnInfo
from xlt_flax.data.sources.shinra.class_list import ClassList, read_class_list
from xlt_flax.data.sources.shinra.dump import read_dump
from xlt_flax.data.sources.shinra.labelled import (
    COUNTED,
    OF_SEVERAL,
    WITHOUT_CLASS,
    WITHOUT_TEXT,
    LabelledPage,
    read_split,
)
from xlt_flax.data.sources.shinra.raw_files import (
    HOW_TO_GET_IT,
    SAMPLE_DIR,
    SPLITS,
    digests_of,
    find_files,
)
from xlt_flax.errors import UserError

log = logging.getLogger("xlt_flax")

_CITATION = """\
@inproceedings{sekine2019shinra,
  title={{SHINRA}: Structuring {Wikipedia} by Collaborative Contribution},
  author={Sekine, Satoshi and Kobayashi, Akio and Nakayama, Kouta},
  booktitle={Proceedings of AKBC},
  year={2019}
}"""


@dataclass(frozen=True)
class _Found:
    """Where pages are in the dump.

    Attributes:
      places: {id: line of its index, from 1; 0: the dump has no text of it}.
      titles: {id: the dump's title} of pages whose own line has none.
    """

    places: dict[str, int]
    titles: dict[str, str]


class Shinra(tfds.core.GeneratorBasedBuilder):
    """Pages of Japanese Wikipedia with their classes in the Extended Named Entity hierarchy.

    Splits are `train`, and `test` and `unlabeled` where there is development data, and target
    lines. Pages keep the order of their file. `labels` are ids of leaves, one or several; `place`
    is the line of the dump (from 1) at which the page's two lines begin: its text stays there.
    Pages of no class, and pages without text, are left out and counted in the metadata.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    MANUAL_DOWNLOAD_INSTRUCTIONS: str | None = HOW_TO_GET_IT

    def _info(self) -> tfds.core.DatasetInfo:
        return OwnInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "id": np.str_,
                    "title": np.str_,
                    "labels": tfds.features.Sequence(np.str_),
                    "place": np.int64,
                }
            ),
            homepage="http://shinra-project.info",
            citation=_CITATION,
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(),
        )

    def _folder(self, dl_manager: tfds.download.DownloadManager) -> Path:
        return Path(dl_manager.manual_dir)

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator[tuple[int, dict]]]:
        files = find_files(self._folder(dl_manager))
        classes = read_class_list(files["classes"])
        splits = {split: files[what] for split, what in SPLITS.items() if what in files}
        found = _find(splits, classes, files["dump"])
        # The digests name the data in every cache that is made from it (token stores).
        self.info.metadata["sha256"] = digests_of(files, Path(self.data_dir).parents[1])
        self.info.metadata["classes"] = [list(node) for node in classes.nodes.values()]
        self.info.metadata["counts"] = {}
        return {
            split: self._examples(split, path, classes, found) for split, path in splits.items()
        }

    def _generate_examples(self) -> None:
        raise NotImplementedError("each split is a generator of its own")

    def _examples(
        self, split: str, path: Path, classes: ClassList, found: _Found
    ) -> Iterator[tuple[int, dict]]:
        counts = dict.fromkeys(COUNTED, 0)
        self.info.metadata["counts"][split] = counts
        for number, page in enumerate(read_split(split, path, classes)):
            if not _is_wanted(split, page):
                counts[WITHOUT_CLASS] += 1
            elif not found.places[page.id]:
                counts[WITHOUT_TEXT] += 1
            else:
                counts[OF_SEVERAL] += len(page.leaves) > 1
                yield number, _row(page, found)


class ShinraSample(Shinra):
    """A sample in the formats of SHINRA's releases, made for xlt_flax and shipped with it."""

    MANUAL_DOWNLOAD_INSTRUCTIONS = None

    def _folder(self, dl_manager: tfds.download.DownloadManager) -> Path:
        return SAMPLE_DIR


def _is_wanted(split: str, page: LabelledPage) -> bool:
    return split == "unlabeled" or bool(page.leaves)


def _row(page: LabelledPage, found: _Found) -> dict:
    return {
        "id": page.id,
        "title": page.title or found.titles[page.id],
        "labels": list(page.leaves),
        "place": found.places[page.id],
    }


def _find(splits: Mapping[str, Path], classes: ClassList, dump: Path) -> _Found:
    """Looks up the pages of all splits, in one pass over the dump."""
    found = _Found({}, {})
    log.info("looking for pages of %s in %s", " and ".join(splits), dump)
    for split, path in splits.items():
        for page in read_split(split, path, classes):
            if _is_wanted(split, page):
                found.places[page.id] = 0
                if not page.title:
                    found.titles[page.id] = ""
    for at in read_dump(dump, found.places):
        if at.text.strip():
            found.places[at.id] = at.number
        if at.id in found.titles:
            found.titles[at.id] = at.title
    if not any(found.places.values()):
        raise UserError(
            f"{dump}: has text of none of the {len(found.places):,} pages of {splits['train']} and "
            "of what lies beside it: give the dump of their release"
        )
    return found
