"""The languages, domains and labels of Webis-CLS-10, and the letters of its mixtures."""

LANGUAGES = ("en", "de", "fr", "ja")
LABELS = ("negative", "positive")  # by their numbers
DOMAINS = ("books", "dvd", "music")
LANGUAGE_OF_LETTER = {"E": "en", "D": "de", "F": "fr", "J": "ja"}
