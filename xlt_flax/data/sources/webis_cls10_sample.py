"""The sample that is shipped with the package: made-up music reviews as Webis-CLS-10 has them."""

from ml_collections import ConfigDict

from xlt_flax.data.sources.webis_cls10.raw_files import SAMPLE_DIR
from xlt_flax.data.sources.webis_cls10.source import WebisSource, of_domain


def make_source(data: ConfigDict) -> WebisSource:
    """The sample, prepared in `data.data_dir`.

    Raises:
      UserError: `data.domain` is another than music.
    """
    return of_domain("webis_cls10_sample", data, ("music",), SAMPLE_DIR)
