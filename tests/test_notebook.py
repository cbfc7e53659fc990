"""The notebook runs as it stands, in a real kernel."""

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[1] / "notebooks" / "own_text.ipynb"


@pytest.mark.slow
def test_the_notebook_runs_and_says_what_it_shows(tmp_path):
    book = nbformat.read(NOTEBOOK, as_version=4)
    client = NotebookClient(book, timeout=1200, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()  # raises what a cell raises
    outputs = [output for cell in book.cells for output in cell.get("outputs", [])]
    said = "".join(output.get("text", "") for output in outputs)
    (english,) = (line for line in said.splitlines() if line.startswith("en  "))
    assert float(english.split()[1]) == 1.0
    assert float(outputs[-1]["data"]["text/plain"]) < 1e-6  # the exported folder, read again
    bars = [output for output in outputs if output.output_type == "display_data"]
    shown = [bar["data"]["text/plain"] for bar in bars]  # each once, however often it moved
    assert [bar.partition(",")[0] for bar in shown] == [
        "training 90/90",
        "evaluating ja 60/60",
        "evaluating en 60/60",
    ]
    assert "training: step" not in said  # a log's lines are for where there is no bar
    ours = [line for line in said.splitlines() if "IPKernelApp" not in line]
    assert [line for line in ours if "warning" in line.lower()] == []
