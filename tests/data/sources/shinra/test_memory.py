"""However long texts are: of a dump, one page is in memory at a time."""

import tracemalloc

import pytest
from shinra_files import dump_lines, page_line, write, write_classes

from xlt_flax.config import base
from xlt_flax.data.sources import find_source

PAGES, TEXT = 300, "本文" * 25_000  # 150 kB each in UTF-8, 45 MB together


@pytest.mark.slow
def test_a_dump_is_never_whole_in_memory(tmp_path):
    raw = tmp_path / "raw"
    write_classes(raw / "classes.jsonl")
    write(raw / "train.jsonl", [page_line(id, "1.1") for id in range(PAGES)])
    write(raw / "dump.json.gz", dump_lines(*((id, "題", f"{id} {TEXT}") for id in range(PAGES))))
    data = base().data
    data.update({"dataset": "shinra", "manual_dir": str(raw), "data_dir": str(tmp_path / "data")})
    source = find_source(data)
    import tensorflow_datasets  # noqa: F401  (which is not what is measured)

    tracemalloc.start()
    try:
        source.digest("ja", "train")
        assert sum(1 for _ in source.examples("ja", "train")) == PAGES
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
