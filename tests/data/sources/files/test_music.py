"""Webis-CLS-10 written out as CSV is the same data set: documents, batches and losses."""

import csv

import numpy as np
import pytest
from ml_collections import ConfigDict

from xlt_flax.config import resolve
from xlt_flax.data.corpus import Corpus
from xlt_flax.data.selection import select
from xlt_flax.data.sources import find_source
from xlt_flax.training.metrics import TRAIN, read_metrics
from xlt_flax.training.train import train
from xlt_flax.workdir import Workdir

SPLITS = [("en", "train"), ("de", "train"), ("ja", "test")]


def as_csv(source, folder):
    """Writes what a source has of SPLITS as files of one's own."""
    folder.mkdir()
    for language, split in SPLITS:
        with open(folder / f"{language}.{split}.csv", "w", newline="", encoding="utf-8") as file:
            rows = csv.writer(file)
            rows.writerow(["id", "label", "text"])
            for example in source.examples(language, split):
                label = source.labels.names[example.labels[0]]
                rows.writerow([example.id, label, example.texts[0]])
    (folder / "data.toml").write_text('folder = "."\nid = "id"\n')
    return folder / "data.toml"


def of_files(config, toml):
    config = ConfigDict(config.to_dict())
    config.data.update({"dataset": "files", "files": str(toml)})
    return resolve(config)


def assert_same_documents(one, other):
    for documents, others in ((one.train, other.train), (one.validation, other.validation)):
        assert list(documents.ids) == list(others.ids)
        np.testing.assert_array_equal(documents.labels, others.labels)
        np.testing.assert_array_equal(documents.digests, others.digests)
        for index in range(len(documents)):
            tokens = documents.document_tokens(index)
            np.testing.assert_array_equal(tokens, others.document_tokens(index))


def test_the_sample_as_csv_trains_to_the_same_losses(small_config, sample_corpus, tmp_path):
    config = small_config(mixture="en:60+de:40", train__max_steps=6)
    own = of_files(config, as_csv(sample_corpus.source, tmp_path / "own"))
    lines = []
    for name, each in (("tfds", config), ("own", own)):
        workdir = Workdir(tmp_path / "runs" / name)
        train(each, workdir)
        lines.append(workdir.metrics.read_bytes())
    assert lines[0] == lines[1]
    assert len(read_metrics(workdir.metrics, TRAIN)) == 6


@pytest.mark.slow
def test_the_real_music_as_csv_is_the_same_documents(
    small_config, shared_folder, sample_tokenizer, tmp_path
):
    config = small_config(
        mixture="en:1500+de",
        data__dataset="webis_cls10",
        data__manual_dir=str(shared_folder / "data/webis-cls-10"),
        data__data_dir=str(tmp_path / "data"),
    )
    source = find_source(config.data)
    own = of_files(config, as_csv(source, tmp_path / "own"))
    chosen = [
        select(
            Corpus(find_source(each.data), sample_tokenizer, 128, tmp_path / "data"),
            each.mixture,
            each.data,
        )
        for each in (config, own)
    ]
    assert len(chosen[0].train) + len(chosen[0].validation) == 3500
    assert_same_documents(*chosen)
