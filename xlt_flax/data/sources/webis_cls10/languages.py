"""The languages, domains and labels of Webis-CLS-10, and the letters of its mixtures."""

from collections.abc import Iterable

from xlt_flax.errors import UserError

LANGUAGES = ("en", "de", "fr", "ja")
LABELS = ("negative", "positive")  # by their numbers
DOMAINS = ("books", "dvd", "music")
LANGUAGE_OF_LETTER = {"E": "en", "D": "de", "F": "fr", "J": "ja"}


def languages_named(values: Iterable[str]) -> list[str]:
    """The languages that values of --language name, in order, each once.

    Args:
      values: each a language, or several joined by commas.

    Raises:
      UserError: a name is not a language's.
    """
    names = [name.strip() for value in values for name in value.split(",")]
    if unknown := [name for name in names if name not in LANGUAGES]:
        raise UserError(
            f"--language={unknown[0]}: give one of {', '.join(LANGUAGES)}, or several joined by "
            "commas"
        )
    return list(dict.fromkeys(names))
