"""TFDS builders for Webis-CLS-10 (Prettenhofer & Stein, 2010) and for the sample shipped here.

import tensorflow_datasets as tfds
import xlt_flax.data.webis_cls10  # registers the builders
tfds.load("webis_cls10/ja_music", split="test",
          download_and_prepare_kwargs={"download_config":
              tfds.download.DownloadConfig(manual_dir=...)})
"""

from collections.abc import Iterator

import numpy as np
import tensorflow_datasets as tfds

from xlt_flax.data.sources._builder_info import OwnInfo
from xlt_flax.data.sources.webis_cls10.languages import DOMAINS, LABELS, LANGUAGES
from xlt_flax.data.sources.webis_cls10.raw_files import HOW_TO_GET_IT, SAMPLE_DIR, RawFiles
from xlt_flax.data.sources.webis_cls10.reviews import NEGATIVE, POSITIVE, Review, read_reviews
from xlt_flax.errors import UserError

_CITATION = """\
@inproceedings{prettenhofer2010cross,
  title={Cross-language text classification using structural correspondence learning},
  author={Prettenhofer, Peter and Stein, Benno},
  booktitle={Proceedings of ACL},
  year={2010}
}"""


class WebisCls10(tfds.core.GeneratorBasedBuilder):
    """Amazon reviews in four languages and three domains, with the sentiment of their stars.

    Configs are `{en,de,fr,ja}_{books,dvd,music}`; splits are `train` and `test`, 2,000 documents
    each with as many positive as negative ones, and `unlabeled` where the file is there. Documents
    keep the order of their file, and an id such as `ja/music/test/1003` counts items from 1.
    """

    VERSION = tfds.core.Version("1.0.0")
    RELEASE_NOTES = {"1.0.0": "First release."}
    BUILDER_CONFIGS = [
        tfds.core.BuilderConfig(name=f"{language}_{domain}", description=f"{language}, {domain}")
        for language in LANGUAGES
        for domain in DOMAINS
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS: str | None = HOW_TO_GET_IT
    DOCUMENTS_PER_SPLIT = 2000  # in train and in test, half of them positive

    def _info(self) -> tfds.core.DatasetInfo:
        return OwnInfo(
            builder=self,
            description=self.__doc__,
            features=tfds.features.FeaturesDict(
                {
                    "id": np.str_,
                    "text": np.str_,
                    "summary": np.str_,
                    "title": np.str_,
                    "category": np.str_,
                    "asin": np.str_,
                    "rating": np.float32,
                    # -1 in `unlabeled` where there are 3 stars or none
                    "label": tfds.features.ClassLabel(names=list(LABELS)),
                }
            ),
            homepage="https://zenodo.org/records/3251672",
            citation=_CITATION,
            supervised_keys=("text", "label"),
            disable_shuffling=True,
            metadata=tfds.core.MetadataDict(),
        )

    def _raw_files(self, dl_manager: tfds.download.DownloadManager) -> RawFiles:
        return RawFiles(dl_manager.manual_dir)

    def _split_generators(
        self, dl_manager: tfds.download.DownloadManager
    ) -> dict[str, Iterator[tuple[int, dict]]]:
        language, domain = self.builder_config.name.split("_")
        raw = self._raw_files(dl_manager)
        splits = ["train", "test"]
        if raw.exists(language, domain, "unlabeled"):
            splits.append("unlabeled")
        # The digests name the data in every cache that is made from it (token stores).
        self.info.metadata["sha256"] = {s: raw.sha256(language, domain, s) for s in splits}
        return {split: self._examples(raw, language, domain, split) for split in splits}

    def _generate_examples(self) -> None:
        raise NotImplementedError("each split is a generator of its own")

    def _examples(
        self, raw: RawFiles, language: str, domain: str, split: str
    ) -> Iterator[tuple[int, dict]]:
        where = raw.describe(language, domain, split)
        labeled = split != "unlabeled"
        counts = {NEGATIVE: 0, POSITIVE: 0}
        with raw.open(language, domain, split) as file:
            for review in read_reviews(file, where, labeled):
                counts[review.label] = counts.get(review.label, 0) + 1
                yield (
                    review.number,
                    _example(review, f"{language}/{domain}/{split}/{review.number}"),
                )
        half = self.DOCUMENTS_PER_SPLIT // 2
        if labeled and counts != {NEGATIVE: half, POSITIVE: half}:
            raise UserError(
                f"{where}: has {counts[NEGATIVE]} negative and {counts[POSITIVE]} positive "
                f"reviews, not {half} and {half}; is the file whole?"
            )


class WebisCls10Sample(WebisCls10):
    """A sample in the raw format of Webis-CLS-10, made for xlt_flax and shipped with it.

    Music only, 120 documents a split, in sentences composed by tools/make_sample.py.
    """

    BUILDER_CONFIGS = [
        tfds.core.BuilderConfig(name=f"{language}_music", description=f"{language}, music")
        for language in LANGUAGES
    ]
    MANUAL_DOWNLOAD_INSTRUCTIONS = None
    DOCUMENTS_PER_SPLIT = 120

    def _raw_files(self, dl_manager: tfds.download.DownloadManager) -> RawFiles:
        return RawFiles(SAMPLE_DIR)


def _example(review: Review, document_id: str) -> dict:
    return {
        "id": document_id,
        "text": review.text,
        "summary": review.summary,
        "title": review.title,
        "category": review.category,
        "asin": review.asin,
        "rating": review.rating,
        "label": review.label,
    }
