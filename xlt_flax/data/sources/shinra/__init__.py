"""SHINRA: pages of Japanese Wikipedia and their classes in the Extended Named Entity hierarchy.

`data.manual_dir` is a folder that holds, under the names of their release or under short ones:

    what                short name         under its released name, for example
    training lines      train.jsonl        shinra2022_Categorization_train_20220616.jsonl
    class list          classes.jsonl      ENE_Definition_v9.0.0-with-attributes-20220714.jsonl
    CirrusSearch dump   dump.json          wikipedia-ja-20210823-json.gz
    development data    development.tsv    …_dev….tsv; the split "test", if it is there
    target lines        target.jsonl       shinra2022_Categorization_leaderboard_….jsonl; "unlabeled"

each plain or packed (.gz, .bz2). Formats: pages.py, class_list.py, dump.py, development.py.
"""
