"""Files of one's own: CSV, TSV, JSON Lines, Parquet and plain text, in any languages."""

from xlt_flax.data.sources.files.source import make_source

__all__ = ["make_source"]
