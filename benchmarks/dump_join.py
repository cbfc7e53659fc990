"""The time and memory of joining SHINRA's pages with their texts in a CirrusSearch dump.

    python benchmarks/dump_join.py [--pages=200000] [--folder=FOLDER]

Makes a dump of so many pages, each of about 2 kB of text among fields as long again, packed by
gzip, and training lines for every second one; then runs `python -m xlt_flax.prepare` on them, with
the shipped tiny BERT's tokenizer and 128 tokens. Prints one JSON object: sizes in bytes, seconds,
and the most memory that the process held.
"""

import argparse
import gzip
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
CLASSES = 200
WORDS = [f"{one}{other}" for one in "日東大歴音映" for other in "本京学史楽画"]


def write_files(folder: Path, pages: int) -> int:
    """Returns the bytes of text that the training pages have."""
    rng, text_bytes = random.Random(0), 0
    below = [f"1.{n}" for n in range(CLASSES)]
    names = {"en": "Name", "ja": "名前"}
    root = {"ENE_id": "1", "name": names, "parent_category": None, "children_category": below}
    nodes = [root]
    nodes += [{"ENE_id": f"1.{n}", "name": {"en": "", "ja": f"名{n}"}} for n in range(CLASSES)]
    _write_lines(folder / "classes.jsonl", nodes)
    with (
        gzip.open(folder / "dump.json.gz", "wt", compresslevel=3, encoding="utf-8") as dump,
        open(folder / "train.jsonl", "w", encoding="utf-8") as train,
    ):
        for id in range(1, pages + 1):
            text = "の".join(rng.choices(WORDS, k=rng.randint(150, 300)))
            index = {"index": {"_type": "page", "_id": str(id)}}
            page = {"title": f"題{id}", "text": text, "source_text": f"[[{text[::-1]}]]"}
            dump.write(f"{json.dumps(index)}\n{json.dumps(page, ensure_ascii=False)}\n")
            if id % 2:
                text_bytes += len(text.encode())
                classes = [{"prob": 1, "ENE": f"1.{id % CLASSES}"}]
                line = {"page_id": str(id), "title": f"題{id}", "ENEs": {"HAND.X": classes}}
                train.write(f"{json.dumps(line, ensure_ascii=False)}\n")
    return text_bytes


def prepare(folder: Path) -> None:
    command = [
        *(sys.executable, "-m", "xlt_flax.prepare", "--config=configs/demo.py:ja"),
        *("--config.data.dataset=shinra", f"--config.data.manual_dir={folder}"),
        *(f"--config.data.data_dir={folder / 'data'}", "--config.data.max_length=128"),
    ]
    subprocess.run(command, cwd=ROOT, check=True)


def _write_lines(path: Path, records: list[dict]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records), "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="where files are made; kept if it is given")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        text_bytes = write_files(folder, options.pages)
        began = time.monotonic()
        prepare(folder)
        found = {
            "pages": options.pages,
            "joined": options.pages // 2 + options.pages % 2,
            "text_bytes": text_bytes,
            "dump_bytes": (folder / "dump.json.gz").stat().st_size,
            "seconds": round(time.monotonic() - began, 1),
            "cpu_seconds": round(sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2]), 1),
            # Linux counts KiB
            "peak_bytes": resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024,
        }
    print(json.dumps(found))


if __name__ == "__main__":
    main()
