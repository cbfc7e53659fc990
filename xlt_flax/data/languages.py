"""The languages and domains of Webis-CLS-10, and the letters that name languages in mixtures."""

LANGUAGES = ("en", "de", "fr", "ja")
DOMAINS = ("books", "dvd", "music")
LANGUAGE_OF_LETTER = {"E": "en", "D": "de", "F": "fr", "J": "ja"}
