"""Files of rows as other programs write and read them, and what is to be predicted of them."""

import csv
import gzip
import io
import json

import pyarrow as pa
from digest_model import classified
from pyarrow import parquet

from xlt_flax.data.examples import LabelSet

LABELS = LabelSet(("bad", "good", "meh"))
SOME = [('great, "really"\r\nyes', "7"), ("", ""), ("日本\tä", "007"), ("x" * 30, "NA"), ("b", "1")]


def written(rows, name, header=("text", "n")):
    """The bytes of a file that another program made."""
    made = io.StringIO(newline="")
    if ".jsonl" in name:
        made.writelines(json.dumps(dict(zip(header, row, strict=True))) + "\n" for row in rows)
    elif ".parquet" in name:
        columns = zip(*rows, strict=True) if rows else [[]] * len(header)
        data = {n: pa.array(c, pa.string()) for n, c in zip(header, columns, strict=True)}
        packed = io.BytesIO()
        parquet.write_table(pa.table(data), packed)
        return packed.getvalue()
    else:
        delimiter = "\t" if ".tsv" in name else ","
        writer = csv.writer(made, delimiter=delimiter, quoting=csv.QUOTE_ALL)
        writer.writerows([header, *rows])
    return made.getvalue().encode()


def table(path):
    """[{column: value}, …] of what was written, as Python's csv and json and as pyarrow read it."""
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    if ".parquet" in path.name:
        return parquet.read_table(io.BytesIO(data)).to_pylist()
    if ".jsonl" in path.name:
        return [json.loads(line) for line in data.decode().split("\n")[:-1]]
    text = io.StringIO(data.decode(), newline="")
    return [*csv.DictReader(text, delimiter="\t" if ".tsv" in path.name else ",", strict=True)]


def expected(rows, name):
    """The same of a model that is a digest."""
    found = []
    for number, row in enumerate(rows):
        part = classified([(row[0],)], LABELS)
        known = row[0] != "no number"
        label = LABELS.names[part.said[0].argmax()] if known else None
        values = part.probabilities[0].tolist() if known else [None] * 3
        kept = {"text": row[0], "n": row[1]}
        if ".jsonl" in name:
            each = dict(zip(LABELS.names, values, strict=True)) if known else None
            own = {"id": number, "label": label, "probabilities": each}
        else:
            most = max(values) if known else None
            own = {
                "label": label,
                "probability": most,
                **dict(zip(LABELS.names, values, strict=True)),
            }
            if ".parquet" not in name:
                own = {key: "" if value is None else str(value) for key, value in own.items()}
        found.append(kept | own)
    return found
