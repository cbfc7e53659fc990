"""Which columns are the text, and what becomes of all others."""

import pytest
from ml_collections import ConfigDict

from xlt_flax.errors import UserError
from xlt_flax.prediction.request import columns_asked, input_file
from xlt_flax.prediction.table_in import Columns

TICKETS = "ticket,title,body,label\nt1,Hello,World,bad\nt2,,only body,\n"


@pytest.mark.parametrize(
    ("options", "texts"),
    [
        ({"text": ["title", "body"]}, [("Hello World",), (" only body",)]),
        ({"text": ["title", "body"], "pair": True}, [("Hello", "World"), ("", "only body")]),
        ({"text": [" body "]}, [("World",), ("only body",)]),
    ],
)
def test_columns_are_joined_or_a_pair(predicting, write, digests, options, texts):
    write("a.csv", TICKETS)
    predicting("a.csv", "o.jsonl", **options)
    assert digests.texts == texts


def test_ids_are_a_columns_or_the_rows_numbers(predicting, write, lines):
    write("a.csv", TICKETS)
    predicting("a.csv", "o.jsonl", text=["body"])
    assert [line["id"] for line in lines("o.jsonl")] == ["a.csv:1", "a.csv:2"]
    predicting("a.csv", "o.jsonl", text=["body"], id_column="ticket")
    assert [line["id"] for line in lines("o.jsonl")] == ["t1", "t2"]


@pytest.mark.parametrize(
    ("output", "header", "ours"),
    [
        ("o.csv", "text,label,probability,bad", "predicted_label,predicted_probability"),
        ("o.csv", "text,predicted_label,label", "predicted_predicted_label,probability"),
        ("o.csv", "text,label,meh", "predicted_label,probability,bad,good,predicted_meh"),
    ],
)
def test_the_inputs_columns_keep_their_names(
    predicting, write, tmp_path, output, header, ours, caplog
):
    write("a.csv", f"{header}\n{','.join('x' for _ in header.split(','))}\n")
    with caplog.at_level("INFO", "xlt_flax"):
        predicting("a.csv", output)
    found = (tmp_path / output).read_text().splitlines()[0]
    assert found.startswith(f"{header},{ours}")
    assert "as there is a column label already" in caplog.text


def test_a_class_may_be_called_as_a_column(predicting, write, tmp_path):
    write("a.txt", "x")
    predicting("a.txt", "o.csv", labels=("label", "probability"))
    header = (tmp_path / "o.csv").read_text().splitlines()[0]
    assert header == "text,label,probability,predicted_label,predicted_probability"


def test_jsonl_keeps_an_inputs_label(predicting, write, lines):
    write("a.jsonl", '{"text": "a", "label": 3}')
    predicting("a.jsonl", "o.jsonl")
    (line,) = lines("o.jsonl")
    assert line["label"] == 3
    assert line["predicted_label"] in ("bad", "good", "meh")


# ---- By default, those that the run was trained with ------------------------------------------


@pytest.fixture
def asked(tmp_path):
    """asked(file="a.csv", toml=None, text=(), pair=None): the columns, of a run on files that a
    TOML file describes, if one is given."""

    def make(file="a.csv", toml=None, text=(), pair=None, dataset="files"):
        (tmp_path / file).write_text("")
        (tmp_path / "en.train.csv").write_text("")
        place = tmp_path
        if toml:
            place = tmp_path / "own.toml"
            place.write_text(toml + '\n[train]\nen = "en.train.csv"')
        config = ConfigDict({"data": {"dataset": dataset, "files": str(place)}})
        given = input_file(str(tmp_path / file), "")
        return columns_asked(config, given, text, pair, "", "")

    return make


TWO = 'text = ["title", "body"]\nrename = {"1" = "bad"}'
PAIR = 'text = ["title", "body"]\npair = true'


def test_columns_are_those_of_the_runs_files(asked):
    assert asked(toml=TWO) == Columns(("title", "body"), rename={"1": "bad"})
    assert asked(toml=PAIR) == Columns(("title", "body"), pair=True)
    assert asked() == Columns()
    assert asked(dataset="webis_cls10_sample") == Columns()


def test_flags_come_before_them(asked):
    assert asked(toml=PAIR, text=["summary"]) == Columns(("summary",))
    assert asked(toml=PAIR, pair=False) == Columns(("title", "body"))
    assert asked(toml=TWO, pair=True).pair


def test_txt_has_one_column_whatever_the_run_had(asked):
    assert asked("a.txt", toml=TWO).text == ("text",)
    with pytest.raises(UserError, match="a pair of texts is two columns, and txt has one text"):
        asked("a.txt", toml=PAIR)
    assert asked("a.txt", toml=PAIR, pair=False).text == ("text",)


def test_a_run_whose_files_are_gone_has_the_column_text(asked, tmp_path):
    config = ConfigDict({"data": {"dataset": "files", "files": str(tmp_path / "gone.toml")}})
    (tmp_path / "a.csv").write_text("")
    given = input_file(str(tmp_path / "a.csv"), "")
    assert columns_asked(config, given, (), None, "", "") == Columns()
