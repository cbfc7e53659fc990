"""The sample that is shipped with the package: made articles as SHINRA's releases have them."""

from ml_collections import ConfigDict

from xlt_flax.data.sources.shinra import of_folder
from xlt_flax.data.sources.shinra.raw_files import SAMPLE_DIR
from xlt_flax.data.sources.shinra.source import ShinraSource


def make_source(data: ConfigDict) -> ShinraSource:
    """The sample, prepared in `data.data_dir`.

    Raises:
      UserError: `data.data_dir` is a URL, or of a home that there is not.
    """
    return of_folder("shinra_sample", data, SAMPLE_DIR)
