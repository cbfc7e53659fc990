"""What becomes of documents that are longer than the model reads: what config.data.long may be."""

TRUNCATE, WINDOWS = LONG = ("truncate", "windows")
