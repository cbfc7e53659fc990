"""Webis-CLS-10 (Prettenhofer & Stein, 2010): Amazon reviews in four languages and three domains."""

from ml_collections import ConfigDict

from xlt_flax.data.sources.webis_cls10.languages import DOMAINS
from xlt_flax.data.sources.webis_cls10.source import WebisSource, of_domain


def make_source(data: ConfigDict) -> WebisSource:
    """The domain that `data.domain` names; raw files of `data.manual_dir`, prepared in
    `data.data_dir`.

    Raises:
      UserError: there is no such domain.
    """
    return of_domain("webis_cls10", data, DOMAINS, data.manual_dir)
