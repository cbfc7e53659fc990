"""Write the small four-language sample and the tiny tokenizer folder that the package ships.

    python tools/make_sample.py              # the reviews and the tokenizer folder
    python tools/make_sample.py --reviews    # the reviews only: needs nothing but Python

It writes below ``xlt_flax/data/sample/``:

* ``cls-acl10-unprocessed/{en,de,fr,jp}/music/{train,test}.review``: 120 music reviews a file, 60 of
  them positive (4 or 5 stars) and 60 negative (1 or 2), in mixed order;
* ``cls-acl10-unprocessed/{en,jp}/music/unlabeled.review``: 30 reviews, some of them with 3 stars;
* ``tiny-bert/``: the configuration and the cased WordPiece tokenizer of a two-layer BERT, trained
  on the reviews above; no weights.

Every sentence was written for this sample; the bands and the albums are invented. The reviews stand
in the raw format of Webis-CLS-10, which is given out on request only. The layout is that of the
real files: ``en`` is indented and has four fields; ``de``, ``fr`` and ``jp`` have one
item a line and more fields, and between the items one blank line (``fr``: two).

The sample has these oddities on purpose. Most are in the real ``music`` files too; the empty text,
the control characters and the escaped tags are there for what other domains and sites hold:

* text, summary and title are escaped twice: ``&amp;quot;``, ``&amp;#39;``, ``&amp;amp;``, and line
  breaks as ``&amp;lt;br /&amp;gt;``, but an ampersand is sometimes escaped once (``R&amp;B``);
* a few texts hold C1 control characters (0x85, 0x91 to 0x94), as Windows text does that was
  decoded wrongly;
* one item of ``jp/music/test.review`` has an empty text;
* blank lines inside texts, so that no reader may split a file on blank lines;
* exact duplicates: six repeated texts per language, two within ``train``, one within ``test`` and
  three that are in both, all with the label of the original;
* empty elements (``<realname />``, ``<location />``, ``<reviewer />``, ``<badges />``);
  ``realname`` only in ``de``, ``badges`` only in ``fr`` and ``jp``, the votes as a pair of values;
* the category, the date and the order of the votes follow the language's own site;
* six texts a labelled file are long, and one to four a language exceed 512 of the tokens below.

The reviews are the same bytes on every run: all chance comes from ``random.Random(seed).random()``,
the one method whose sequence Python promises to keep.
"""

import argparse
import hashlib
import json
import random
import string
from dataclasses import dataclass, replace
from pathlib import Path

SAMPLE = Path(__file__).resolve().parent.parent / "xlt_flax" / "data" / "sample"
REVIEWS = SAMPLE / "cls-acl10-unprocessed"
TOKENIZER = SAMPLE / "tiny-bert"

LABELLED = 120
UNLABELLED = 30
VOCABULARY = 3000

GOOD, BAD = "good", "bad"
OPPOSITE = {GOOD: BAD, BAD: GOOD}

# Before shuffling, reviews with an even number are positive and the others negative; these pairs
# keep that, so a copy has the label of its original: the first (file, number) is overwritten.
COPIES = (
    (("train", 118), ("train", 0)),
    (("train", 119), ("train", 1)),
    (("test", 118), ("test", 0)),
    (("test", 114), ("train", 2)),
    (("test", 116), ("train", 4)),
    (("test", 119), ("train", 5)),
)
LONG = {11: 12, 34: 13, 57: 14, 80: 16, 93: 48, 106: 54}  # review number: number of sentences
WITH_C1 = (20, 41, 62, 83)
EMPTY_TEXT = 50  # of jp/music/test.review


class Chance:
    """A random source that draws with ``random()`` only."""

    def __init__(self, name):
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "big")
        self._next = random.Random(seed).random

    def below(self, limit):
        return int(self._next() * limit)

    def happens(self, probability):
        return self._next() < probability

    def pick(self, choices):
        return choices[self.below(len(choices))]

    def shuffled(self, items):
        keys = [self._next() for _ in items]
        return [items[i] for i in sorted(range(len(items)), key=keys.__getitem__)]


class Deck:
    """Deals cards without repeating one before all have been dealt."""

    def __init__(self, chance, cards):
        self._chance, self._cards, self._left = chance, cards, []

    def deal(self):
        if not self._left:
            self._left = self._chance.shuffled(self._cards)
        return self._left.pop()


@dataclass(frozen=True)
class Review:
    """One review, its strings escaped once, as an XML parser hands them out."""

    stars: int
    text: str
    summary: str
    title: str


@dataclass(frozen=True)
class Bank:
    """The phrases of one language; the dicts hold them by mood, ``aspects`` by verb and form."""

    folder: str
    category: str
    gap: str
    quotes: tuple
    bands: tuple
    albums: tuple
    towns: tuple
    months: tuple
    aspects: dict | tuple
    adjectives: dict
    opinions: tuple
    things: dict
    verdicts: dict
    contrasts: tuple
    openings: tuple
    shouts: dict
    statements: dict
    facts: tuple
    closings: dict
    summaries: dict


# --- the phrase banks -----------------------------------------------------------------------------
#
# A bank of aspects is keyed by the verb and the adjective form that go with it (French needs four
# forms). Things are (subject, verb, rest), so that German can put the verb where a clause wants it.
# The sentence slots are {artist}, {album}, {town}, {month}, {year} and {adj}.

# fmt: off
BANDS = (
    "Tin Meridian", "Kestrel Depot", "Nordvik Lamps", "Mossgrave", "Brindle & Foxhowe",
    "Velkamoor", "Sundry Pilots", "Copperwick", "Lanterne Pourpre", "Grelot Noir", "Tavarel Five",
    "Kachelkinder", "Morgenzug Nord", "Blechgarten", "Rosk & Daughters", "Salty Notaries",
)


ENGLISH = Bank(
    folder="en",
    category="music",
    gap=" ",
    quotes=(('"', '"'), ('"', '"'), ("'", "'")),
    bands=BANDS,
    albums=(
        "Eleven Wet Lanterns", "The Slow Tram Home", "Maps of Salt", "Rooms Without Clocks",
        "Borrowed Umbrellas", "A Lighthouse for Cats", "Postcards from Platform Nine",
        "Gravel and Honey", "Letters to a Ferry", "The Tuesday Orchard", "Small Hours, Tall Trees",
    ),
    towns=("Leeds", "Bristol", "Cardiff", "Dundee", "Portland", "Norwich", "Galway", "Austin"),
    months=("January", "March", "May", "June", "August", "October", "November"),
    aspects={
        ("is", 0): (
            "the singing", "the guitar work", "the production", "the rhythm section", "the sound",
            "the songwriting", "the live recording", "the drumming", "the title track",
            "the second half", "the opening song", "the piano playing", "the band's new style",
        ),
        ("are", 0): (
            "the lyrics", "the melodies", "the arrangements", "the vocals", "the choruses",
            "the solos", "the ballads", "the new songs", "the duets", "the harmonies",
        ),
    },
    adjectives={
        GOOD: (
            "wonderful", "superb", "brilliant", "excellent", "beautiful", "fantastic", "charming",
            "impressive", "inspired", "outstanding", "delightful", "gorgeous", "memorable",
            "first-rate", "refreshing",
        ),
        BAD: (
            "terrible", "awful", "dreadful", "disappointing", "boring", "weak", "lifeless",
            "horrible", "dull", "forgettable", "sloppy", "tedious", "uninspired", "unbearable",
            "mediocre",
        ),
    },
    opinions=(
        "{Np} {be} {adj}.", "{Np} {be} simply {adj}.", "{Np} {be} {adj} from start to finish.",
        "{Np} {be} {adj} and {adj2}.", "I find {np} {adj}.", "To my ears {np} {be} {adj}.",
        "Above all, {np} {be} {adj}.", "{Np} {be} really {adj}.", "{Np} {be} anything but {opp}.",
    ),
    things={
        GOOD: (
            ("the cover", "is", "nice"), ("the booklet", "is", "pretty"),
            ("the delivery", "was", "fast"), ("the packaging", "is", "lovely"),
            ("the price", "was", "fair"), ("the box", "looks", "elegant"),
            ("the parcel", "arrived", "on time"), ("the photos inside", "are", "charming"),
        ),
        BAD: (
            ("the cover", "is", "ugly"), ("the booklet", "is", "far too thin"),
            ("the delivery", "was", "slow"), ("the packaging", "is", "flimsy"),
            ("the price", "was", "rather high"), ("the case", "arrived", "cracked"),
            ("the parcel", "came", "two weeks late"), ("the photos inside", "are", "blurred"),
        ),
    },
    verdicts={
        GOOD: (
            ("this record", "won", "me over"), ("I", "keep", "coming back to these songs"),
            ("I", "would", "buy it again at once"), ("the music", "makes", "up for it"),
            ("the songs", "stay", "with me for days"),
        ),
        BAD: (
            ("I", "was", "badly let down"), ("the music", "leaves", "me cold"),
            ("I", "regret", "buying it"), ("that", "does", "not save the album"),
            ("the songs", "go", "in one ear and out the other"),
        ),
    },
    contrasts=(
        "Although {a}, {b}.", "{A}, but {b}.", "Even if {a}, {b}.", "While {a}, {b}.",
        "I admit that {a}, but {b}.", "{B}, even if {a}.", "{B}, although {a}.",
    ),
    openings=(
        "I bought {album} by {artist} last {month}.", "{album} is the third album by {artist}.",
        "A friend gave me this CD for my birthday.", "I have followed {artist} for many years.",
        "After reading the other reviews I ordered {album}.", "This is my first review here.",
        "I saw {artist} on stage in {town} and then bought this disc.",
        "I came across {artist} by chance on the radio.", "My sister lent me {album}.",
        "I had been waiting for {album} since {month}.", "So this is the new one by {artist}.",
        "{artist} recorded this album in {town}.", "I own every record by {artist}.",
    ),
    shouts={
        GOOD: ("What a lovely surprise!", "Wow, what a record!", "Finally a great album again!",
               "Hats off to {artist}!", "This one is a keeper."),
        BAD: ("What a letdown!", "Oh dear, what a mess!", "I am sorry, but this is a failure.",
              "What happened to {artist}?", "I don't understand the praise."),
    },
    statements={
        GOOD: (
            "I have played it every day since it arrived.", "It's the best album I own.",
            "Every song has something that stays with me.", "I was smiling after one minute.",
            "My whole family loves it.", "{artist} have never sounded better.",
            "I get goosebumps each time.", "It grows on you with every listen.",
            "The songs flow into each other so naturally.", "I can't stop humming the tunes.",
            "You can hear how much care went into it.", "I fell in love with it at once.",
            "There isn't a single weak song here.", "I didn't expect to enjoy it this much.",
            "The chorus of \"Ferry Song\" is pure joy.", "It brightens up my morning.",
        ),
        BAD: (
            "I switched it off after three songs.", "It's the worst album I own.",
            "I'd like my money back.", "Not one song stayed in my head.",
            "I was yawning after one minute.", "{artist} have never sounded so tired.",
            "It already gathers dust on my shelf.", "It gets worse with every listen.",
            "All the songs sound the same.", "You can hear that nobody cared.",
            "I tried to like it and failed.", "There's no trace of the old magic.",
            "I expected far more from such a talented band.", "It gave me a headache.",
            "The chorus of \"Ferry Song\" is pure noise.", "It isn't worth a second listen.",
        ),
    },
    facts=(
        "The disc holds twelve songs and runs for about forty minutes.",
        "It was recorded in {town} in {year}.", "The third song is an instrumental.",
        "I listened to it on the train to work.", "There is also a bonus track at the end.",
        "The first single was played on the radio for a while.",
        "The band now plays with a new drummer.", "My brother owns all the earlier records.",
        "Two of the songs were already known from the tour.", "I own the first two albums as well.",
        "The recording was made in an old church.", "There is a touch of R&B in the fourth song.",
        "The booklet contains all the words.", "The set comes as CD & DVD.",
        "Some of the songs are sung in two voices.", "The last song lasts nine minutes.",
    ),
    closings={
        GOOD: (
            "Warmly recommended.", "A clear recommendation from me.", "Thank you, {artist}!",
            "Buy it, you won't regret it.", "I'm already looking forward to the next one.",
            "Well worth the money.", "A must for every collection.", "More of this, please!",
        ),
        BAD: (
            "Not recommended.", "Keep your hands off this one.", "A waste of money.",
            "I will give mine away.", "Never again.", "I'm selling my copy.",
            "Save your money, {artist} can do better.", "Borrow it first, if you must.",
        ),
    },
    summaries={
        GOOD: ("Simply {adj}", "A real treasure", "{artist} at their best", "Love it!",
               "{adj}, every minute of it", "Pure joy", "Don't miss {album}", "{adj} & {adj2}"),
        BAD: ("Simply {adj}", "A real letdown", "{artist} at their worst", "Leave it!",
              "{adj}, every minute of it", "Pure noise", "Don't buy {album}", "{adj} & {adj2}"),
    },
)

GERMAN = Bank(
    folder="de",
    category="Musik",
    gap=" ",
    quotes=(('"', '"'), ("„", "“")),
    bands=BANDS,
    albums=(
        "Elf nasse Laternen", "Nachtbus nach Grünau", "Salz auf der Landkarte", "Zimmer ohne Uhr",
        "Neun geliehene Schirme", "Ein Leuchtturm für Katzen", "Kies und Honig", "Post vom Gleis 9",
        "Der Garten am Dienstag", "Briefe an eine Fähre", "Straßenbahn im Regen",
    ),
    towns=("Köln", "Leipzig", "Bremen", "Graz", "Zürich", "Nürnberg", "Münster", "Dresden"),
    months=("Januar", "März", "Mai", "Juni", "August", "Oktober", "November"),
    aspects={
        ("ist", 0): (
            "der Gesang", "die Gitarrenarbeit", "die Produktion", "der Klang",
            "das Schlagzeugspiel",
            "das Titelstück", "die zweite Hälfte", "der erste Song", "das Klavierspiel",
            "die Abmischung", "die Liveaufnahme", "der neue Stil der Band",
        ),
        ("sind", 0): (
            "die Texte", "die Melodien", "die Arrangements", "die Refrains", "die Soli",
            "die Balladen", "die neuen Lieder", "die Duette", "die Streicher", "die Stimmen",
        ),
    },
    adjectives={
        GOOD: (
            "großartig", "wunderschön", "hervorragend", "genial", "fantastisch", "herrlich",
            "ausgezeichnet", "mitreißend", "beeindruckend", "traumhaft", "gelungen",
            "einfallsreich", "wunderbar", "erstklassig", "stimmig",
        ),
        BAD: (
            "schrecklich", "furchtbar", "langweilig", "enttäuschend", "schwach", "lieblos",
            "grauenhaft", "misslungen", "einfallslos", "eintönig", "nervig", "öde", "miserabel",
            "unerträglich", "belanglos",
        ),
    },
    opinions=(
        "{Np} {be} {adj}.", "{Np} {be} einfach {adj}.", "{Np} {be} von Anfang bis Ende {adj}.",
        "{Np} {be} {adj} und {adj2}.", "Ich finde {acc} {adj}.", "Für meine Ohren {be} {np} {adj}.",
        "Vor allem {np} {be} {adj}.", "{Np} {be} wirklich {adj}.",
        "{Np} {be} alles andere als {opp}.",
    ),
    things={
        GOOD: (
            ("das Cover", "ist", "hübsch"), ("das Booklet", "ist", "schön gestaltet"),
            ("die Lieferung", "war", "schnell"), ("die Verpackung", "ist", "edel"),
            ("der Preis", "war", "fair"), ("die Hülle", "ist", "stabil"),
            ("das Päckchen", "war", "pünktlich da"), ("die Fotos im Heft", "sind", "reizvoll"),
        ),
        BAD: (
            ("das Cover", "ist", "hässlich"), ("das Booklet", "ist", "viel zu dünn"),
            ("die Lieferung", "war", "langsam"), ("die Verpackung", "ist", "billig"),
            ("der Preis", "war", "recht hoch"), ("die Hülle", "war", "zerbrochen"),
            ("das Päckchen", "war", "zwei Wochen zu spät da"),
            ("die Fotos im Heft", "sind", "unscharf"),
        ),
    },
    verdicts={
        GOOD: (
            ("mich", "überzeugt", "diese Platte"), ("ich", "höre", "diese Lieder jeden Tag"),
            ("ich", "würde", "das Album sofort wieder kaufen"),
            ("die Musik", "entschädigt", "für alles"), ("ich", "bin", "restlos begeistert"),
        ),
        BAD: (
            ("mich", "langweilt", "diese Platte"), ("diese Lieder", "lassen", "mich völlig kalt"),
            ("ich", "bereue", "den Kauf"), ("das", "rettet", "dieses Album nicht"),
            ("ich", "bin", "sehr enttäuscht"),
        ),
    },
    contrasts=(
        "Obwohl {a_last}, {b_first}.", "{A}, aber {b}.", "Auch wenn {a_last}, {b_first}.",
        "Zwar {a_first}, aber {b}.", "Ich gebe zu, dass {a_last}, aber {b}.",
        "{B}, auch wenn {a_last}.", "{B}, obwohl {a_last}.",
    ),
    openings=(
        "Ich habe mir {album} von {artist} im {month} gekauft.", "Dies ist meine erste Rezension.",
        "{album} ist das dritte Album von {artist}.", "Ich verfolge {artist} seit vielen Jahren.",
        "Ein Freund hat mir diese CD zum Geburtstag geschenkt.",
        "Nach den anderen Rezensionen habe ich {album} bestellt.",
        "Ich habe {artist} in {town} auf der Bühne gesehen und dann diese CD gekauft.",
        "Auf {artist} bin ich zufällig im Radio gestoßen.", "Meine Schwester lieh mir {album}.",
        "Seit {month} hatte ich auf {album} gewartet.", "Das ist also das Neue von {artist}.",
        "{artist} haben dieses Album in {town} aufgenommen.",
        "Ich besitze jede Platte von {artist}.",
    ),
    shouts={
        GOOD: ("Was für eine schöne Überraschung!", "Wow, was für eine Platte!",
               "Endlich wieder ein tolles Album!", "Hut ab vor {artist}!",
               "Ein echter Volltreffer."),
        BAD: ("Was für eine Enttäuschung!", "Oje, was für ein Durcheinander!",
              "Tut mir leid, aber das war nichts.", "Was ist bloß mit {artist} los?",
              "Das Lob verstehe ich nicht."),
    },
    statements={
        GOOD: (
            "Seit sie da ist, läuft die CD bei mir jeden Tag.", "Es ist mein liebstes Album.",
            "Jedes Lied hat etwas, das hängen bleibt.",
            "Schon nach einer Minute musste ich lächeln.",
            "Die ganze Familie liebt diese CD.", "{artist} klangen noch nie so gut.",
            "Ich bekomme jedes Mal Gänsehaut.", "Mit jedem Hören wird das Album besser.",
            "Die Lieder gehen wunderbar ineinander über.", "Man hört, wie viel Liebe darin steckt.",
            "Die Melodien gehen mir nicht mehr aus dem Kopf.", "Ich habe mich sofort verliebt.",
            "Hier gibt es kein einziges schwaches Lied.", "Das macht richtig gute Laune.",
            "Der Refrain von \"Fährmann\" ist die reine Freude.",
            "So viel Freude hatte ich gar nicht erwartet.",
        ),
        BAD: (
            "Nach drei Liedern habe ich ausgeschaltet.", "Es ist mein schlechtestes Album.",
            "Ich will mein Geld zurück.", "Kein Lied ist bei mir hängen geblieben.",
            "Schon nach einer Minute musste ich gähnen.", "{artist} klangen noch nie so müde.",
            "Die CD verstaubt bereits im Regal.", "Mit jedem Hören wird das Album schlechter.",
            "Die Lieder klingen alle gleich.", "Man hört, dass sich niemand Mühe gegeben hat.",
            "Ich wollte es mögen und bin gescheitert.", "Vom alten Zauber ist nichts geblieben.",
            "Von einer so begabten Band hatte ich viel mehr erwartet.",
            "Davon bekomme ich Kopfschmerzen.", "Der Refrain von \"Fährmann\" ist reiner Lärm.",
            "Ein zweites Mal höre ich mir das nicht an.",
        ),
    },
    facts=(
        "Die CD enthält zwölf Lieder und dauert etwa vierzig Minuten.",
        "Die Aufnahmen entstanden {year} in {town}.", "Das dritte Stück kommt ohne Gesang aus.",
        "Gehört habe ich die CD im Zug auf dem Weg zur Arbeit.",
        "Am Ende gibt es noch ein Bonusstück.",
        "Die erste Single lief eine Weile im Radio.",
        "Die Band hat jetzt einen neuen Schlagzeuger.",
        "Mein Bruder hat alle früheren Platten.", "Zwei Lieder kannte man schon von der Tournee.",
        "Die ersten beiden Alben habe ich auch.", "Aufgenommen wurde in einer alten Kirche.",
        "Im vierten Lied steckt etwas Rock & Pop.", "Im Heft stehen alle Texte.",
        "Das Set besteht aus CD & DVD.", "Einige Lieder werden zweistimmig gesungen.",
        "Das letzte Lied dauert neun Minuten.",
    ),
    closings={
        GOOD: (
            "Sehr zu empfehlen.", "Von mir eine klare Empfehlung.", "Danke, {artist}!",
            "Kaufen, ihr werdet es nicht bereuen.", "Ich freue mich schon auf das nächste Album.",
            "Das Geld ist gut angelegt.", "Gehört in jede Sammlung.", "Bitte mehr davon!",
        ),
        BAD: (
            "Nicht zu empfehlen.", "Finger weg von dieser CD.", "Schade um das Geld.",
            "Ich verschenke meine CD.", "Nie wieder.", "Die CD wird weiterverkauft.",
            "Spart euch das Geld, {artist} können es besser.",
            "Wenn überhaupt, dann erst ausleihen.",
        ),
    },
    summaries={
        GOOD: ("Einfach {adj}", "Ein echter Schatz", "{artist} in Bestform", "Kaufen!",
               "{adj}, jede Minute", "Die reine Freude", "{album} lohnt sich", "{adj} & {adj2}"),
        BAD: ("Einfach {adj}", "Eine echte Enttäuschung", "{artist} in schlechter Form",
              "Finger weg!", "{adj}, jede Minute", "Reiner Lärm", "{album} lohnt sich nicht",
              "{adj} & {adj2}"),
    },
)

FRENCH = Bank(
    folder="fr",
    category="Musique",
    gap=" ",
    quotes=(('"', '"'), ("« ", " »")),
    bands=BANDS,
    albums=(
        "Le tramway du lundi", "Neuf parapluies rouges", "La chambre sans horloge", "Sel et cartes",
        "Un phare pour les chats", "Lettres à un bateau", "Le verger du mardi", "Gravier et miel",
        "Cartes postales du quai neuf", "Onze lanternes sous la pluie", "Retour à Sainte-Aube",
    ),
    towns=("Lyon", "Nantes", "Lille", "Bordeaux", "Genève", "Rennes", "Namur", "Québec"),
    months=("janvier", "mars", "mai", "juin", "septembre", "novembre", "décembre"),
    aspects={
        ("est", 0): (
            "le chant", "le son", "l'enregistrement en public", "le jeu de piano", "le mixage",
            "le premier morceau", "le nouveau style du groupe",
        ),
        ("est", 1): (
            "la voix", "la production", "la guitare", "la batterie", "la chanson-titre",
            "la seconde moitié",
        ),
        ("sont", 2): ("les arrangements", "les refrains", "les solos", "les duos", "les chœurs"),
        ("sont", 3): (
            "les paroles", "les mélodies", "les ballades", "les nouvelles chansons", "les cordes",
        ),
    },
    adjectives={  # masculine|feminine|masculine plural, where the regular endings do not do
        GOOD: (
            "magnifique", "superbe", "splendide", "remarquable", "émouvant", "réussi",
            "génial|géniale|géniaux", "somptueux|somptueuse", "inspiré", "formidable",
            "envoûtant", "brillant", "excellent", "admirable", "délicieux|délicieuse",
        ),
        BAD: (
            "affreux|affreuse", "ennuyeux|ennuyeuse", "décevant", "fade", "plat", "raté", "pénible",
            "lamentable", "banal", "bâclé", "insupportable", "médiocre", "poussif|poussive",
            "horrible", "insipide",
        ),
    },
    opinions=(
        "{Np} {be} {adj}.", "{Np} {be} tout simplement {adj}.",
        "{Np} {be} {adj} du début à la fin.",
        "{Np} {be} {adj} et {adj2}.", "Je trouve {np} {adj}.", "À mon avis, {np} {be} {adj}.",
        "Surtout, {np} {be} {adj}.", "{Np} {be} vraiment {adj}.", "{Np} {be} tout sauf {opp}.",
    ),
    things={
        GOOD: (
            ("la pochette", "est", "jolie"), ("le livret", "est", "soigné"),
            ("la livraison", "a été", "rapide"), ("l'emballage", "est", "élégant"),
            ("le prix", "était", "correct"), ("le boîtier", "est", "solide"),
            ("le colis", "est arrivé", "à l'heure"), ("les photos du livret", "sont", "charmantes"),
        ),
        BAD: (
            ("la pochette", "est", "laide"), ("le livret", "est", "bien trop mince"),
            ("la livraison", "a été", "lente"), ("l'emballage", "est", "fragile"),
            ("le prix", "était", "plutôt élevé"), ("le boîtier", "est arrivé", "fendu"),
            ("le colis", "est arrivé", "avec deux semaines de retard"),
            ("les photos du livret", "sont", "floues"),
        ),
    },
    verdicts={
        GOOD: (
            ("ce disque", "m'a", "conquis"), ("j'écoute", "ces chansons", "tous les jours"),
            ("je", "le rachèterais", "sans hésiter"), ("la musique", "fait", "tout oublier"),
            ("je", "suis", "sous le charme"),
        ),
        BAD: (
            ("ce disque", "m'a", "déçu"), ("ces chansons", "me laissent", "de glace"),
            ("je", "regrette", "mon achat"), ("cela", "ne sauve pas", "cet album"),
            ("je", "m'ennuie", "à chaque écoute"),
        ),
    },
    contrasts=(
        "Même si {a}, {b}.", "{A}, mais {b}.", "Certes, {a}, mais {b}.", "{A} ; pourtant, {b}.",
        "J'avoue que {a}, mais {b}.", "{B}, même si {a}.", "{B}, alors que {a}.",
    ),
    openings=(
        "J'ai acheté {album} de {artist} en {month}.", "C'est mon premier commentaire ici.",
        "{album} est le troisième album de {artist}.", "J'écoute {artist} depuis des années.",
        "Un ami m'a offert ce CD pour mon anniversaire.",
        "Après avoir lu les autres avis, j'ai commandé {album}.",
        "J'ai vu {artist} sur scène à {town}, puis j'ai acheté ce disque.",
        "J'ai découvert {artist} par hasard à la radio.", "Ma sœur m'a prêté {album}.",
        "J'attendais {album} depuis le mois de {month}.", "Voici donc le nouveau {artist}.",
        "Le groupe {artist} a enregistré cet album à {town}.",
        "Je possède tous les disques de {artist}.",
    ),
    shouts={
        GOOD: ("Quelle belle surprise !", "Quel beau disque !", "Enfin un grand album !",
               "Chapeau bas à {artist} !", "Une vraie pépite."),
        BAD: ("Quelle grande déception !", "Quel triste gâchis !", "Désolé, mais c'est un échec.",
              "Qu'est-il arrivé à {artist} ?", "Je ne comprends pas les éloges."),
    },
    statements={
        GOOD: (
            "Je l'écoute tous les jours depuis que je l'ai reçu.", "C'est mon album préféré.",
            "Chaque chanson a quelque chose qui reste en tête.",
            "J'ai souri dès la première minute.",
            "Toute la famille l'adore.", "Le groupe {artist} n'a jamais aussi bien joué.",
            "J'ai des frissons à chaque fois.", "Il gagne en charme à chaque écoute.",
            "Les morceaux s'enchaînent avec naturel.", "On entend tout le soin qu'on y a mis.",
            "Je fredonne ces airs toute la journée.", "J'ai eu un coup de cœur immédiat.",
            "Il n'y a pas une seule chanson faible.", "Je n'attendais pas autant de plaisir.",
            "Le refrain de \"Passeur\" est un pur bonheur.", "Cela met de bonne humeur.",
        ),
        BAD: (
            "Je l'ai éteint au bout de trois chansons.", "C'est mon plus mauvais achat.",
            "Je veux être remboursé.", "Aucune chanson ne reste en tête.",
            "J'ai bâillé dès la première minute.", "Le groupe {artist} n'a jamais paru aussi las.",
            "Il prend déjà la poussière sur l'étagère.", "Il lasse un peu plus à chaque écoute.",
            "Toutes les chansons se ressemblent.", "On entend que personne ne s'est appliqué.",
            "J'ai essayé de l'aimer, en vain.", "La magie d'autrefois a disparu.",
            "J'attendais bien plus d'un groupe aussi doué.", "Cela me donne mal à la tête.",
            "Le refrain de \"Passeur\" n'est que du bruit.", "Une écoute suffit largement.",
        ),
    },
    facts=(
        "Le disque compte douze titres et dure une quarantaine de minutes.",
        "Il a été enregistré à {town} en {year}.", "Le troisième titre est instrumental.",
        "Je l'ai écouté dans le train en allant au travail.",
        "Il y a aussi un titre bonus à la fin.",
        "Le premier single est passé un moment à la radio.", "Le groupe a un nouveau batteur.",
        "Mon frère possède tous les disques précédents.",
        "On connaissait déjà deux des titres grâce à la tournée.",
        "J'ai aussi les deux premiers albums.",
        "L'enregistrement a eu lieu dans une vieille église.",
        "Le quatrième titre a une touche de R&B.", "Tous les textes figurent dans le livret.",
        "Le coffret réunit CD & DVD.", "Certaines chansons sont chantées à deux voix.",
        "Le dernier titre dure neuf minutes.",
    ),
    closings={
        GOOD: (
            "À recommander vivement.", "Je le conseille à tout le monde.", "Merci, {artist} !",
            "Achetez-le, vous ne le regretterez pas.",
            "J'attends déjà le prochain avec impatience.",
            "Il vaut largement son prix.", "Un disque à avoir chez soi.",
            "Encore, s'il vous plaît !",
        ),
        BAD: (
            "À éviter.", "Je ne le conseille à personne.", "De l'argent gaspillé.",
            "Je vais donner le mien.", "Plus jamais.", "Je revends mon exemplaire.",
            "Gardez votre argent, {artist} peut mieux faire.", "À emprunter d'abord, à la rigueur.",
        ),
    },
    summaries={
        GOOD: ("Tout simplement {adj}", "Un vrai trésor", "{artist} au sommet", "J'adore !",
               "{adj}, d'un bout à l'autre", "Un pur bonheur", "Ne manquez pas {album}",
               "{adj} & {adj2}"),
        BAD: ("Tout simplement {adj}", "Une vraie déception", "{artist} au plus bas", "À fuir !",
              "{adj}, d'un bout à l'autre", "Rien que du bruit", "N'achetez pas {album}",
              "{adj} & {adj2}"),
    },
)

# Japanese sentences come as polite|plain; adjectives as polite|plain|connecting form.
JAPANESE = Bank(
    folder="jp",
    category="ミュージック",
    gap="",
    quotes=(("「", "」"), ("『", "』"), ('"', '"')),
    bands=(
        "夜行レモン", "月のプール団", "ガラスの汽笛", "水色電報", "カモメ郵便局", "真鍮の庭",
        "遠雷クラブ",
        "テン・メリディアン", "モスグレイヴ", "ハルとタイプライター", "Tin Meridian",
        "Rosk & Daughters",
        "オルゴール商会", "三日月モーター",
    ),
    albums=(
        "雨傘を借りた日", "時計のない部屋", "塩の地図", "遅い路面電車", "猫のための灯台",
        "九番線の絵葉書",
        "砂利と蜂蜜", "渡し船への手紙", "火曜日の果樹園", "十一個の濡れたランタン",
        "小さな夜と高い木",
    ),
    towns=("札幌", "仙台", "金沢", "京都", "神戸", "福岡", "那覇", "名古屋"),
    months=("一月", "三月", "五月", "六月", "八月", "十月", "十一月"),
    aspects=(
        "歌声", "ギター", "演奏", "歌詞", "メロディー", "アレンジ", "ドラム", "表題曲", "一曲目",
        "後半の曲",
        "バラード", "コーラス", "ライブ音源", "ピアノ", "新曲", "サビ", "ベースライン",
        "デュエット曲",
    ),
    adjectives={
        GOOD: (
            "素晴らしいです|素晴らしい|素晴らしく", "最高です|最高だ|最高で",
            "美しいです|美しい|美しく",
            "見事です|見事だ|見事で", "心に響きます|心に響く|心に響き",
            "感動的です|感動的だ|感動的で",
            "完璧です|完璧だ|完璧で", "魅力的です|魅力的だ|魅力的で", "秀逸です|秀逸だ|秀逸で",
            "新鮮です|新鮮だ|新鮮で", "格別です|格別だ|格別で", "心地よいです|心地よい|心地よく",
            "聴きごたえがあります|聴きごたえがある|聴きごたえがあり", "圧巻です|圧巻だ|圧巻で",
        ),
        BAD: (
            "ひどいです|ひどい|ひどく", "退屈です|退屈だ|退屈で", "最悪です|最悪だ|最悪で",
            "雑です|雑だ|雑で", "つまらないです|つまらない|つまらなく", "平凡です|平凡だ|平凡で",
            "期待はずれです|期待はずれだ|期待はずれで", "単調です|単調だ|単調で",
            "物足りないです|物足りない|物足りなく", "中途半端です|中途半端だ|中途半端で",
            "薄っぺらいです|薄っぺらい|薄っぺらく", "残念です|残念だ|残念で",
            "印象に残りません|印象に残らない|印象に残らず",
            "聴くに堪えません|聴くに堪えない|聴くに堪えず",
        ),
    },
    opinions=(
        "{np}は{adj}。", "{np}がとにかく{adj}。", "特に{np}が{adj}。", "{np}は本当に{adj}。",
        "何と言っても{np}が{adj}。", "{np}も{np2}も{adj}。", "{np}は{te}、{np2}も{adj2}。",
        "個人的には{np}が{plain}と{think}。", "正直に言って、{np}は{adj}。",
    ),
    things={
        GOOD: (
            "ジャケットはきれいです|ジャケットはきれいだ", "配送は早かったです|配送は早かった",
            "特典のポスターは嬉しいです|特典のポスターは嬉しい",
            "値段は手ごろでした|値段は手ごろだった",
            "ブックレットは豪華です|ブックレットは豪華だ", "梱包は丁寧でした|梱包は丁寧だった",
            "写真はおしゃれです|写真はおしゃれだ",
        ),
        BAD: (
            "ジャケットは地味です|ジャケットは地味だ", "配送は遅かったです|配送は遅かった",
            "特典は付いていません|特典は付いていない", "値段は高めでした|値段は高めだった",
            "ブックレットは薄いです|ブックレットは薄い",
            "ケースは割れていました|ケースは割れていた",
            "写真はぼやけています|写真はぼやけている",
        ),
    },
    verdicts={
        GOOD: (
            "買って正解でした|買って正解だった", "すっかり気に入りました|すっかり気に入った",
            "何度でも聴きたくなります|何度でも聴きたくなる",
            "音楽そのものは大満足です|音楽そのものは大満足だ",
        ),
        BAD: (
            "買って後悔しました|買って後悔した", "すっかり冷めました|すっかり冷めた",
            "二度と聴く気になれません|二度と聴く気になれない",
            "音楽そのものは不満です|音楽そのものは不満だ",
        ),
    },
    contrasts=(
        "{a}が、{b}。", "たしかに{a}が、{b}。", "{a_plain}けれど、{b}。", "{b}。ただ、{a}。",
        "{b}。{a_plain}けれども。", "{a}。それでも{b}。",
    ),
    openings=(
        "{month}に{artist}の{album}を買いました。|{month}に{artist}の{album}を買った。",
        "{album}は{artist}の三枚目のアルバムです。|{album}は{artist}の三枚目のアルバムだ。",
        "友人から誕生日にもらったCDです。|友人から誕生日にもらったCDだ。",
        "{artist}は何年も前から聴いています。|{artist}は何年も前から聴いている。",
        "他の方のレビューを読んで{album}を注文しました。|他の人のレビューを読んで{album}を注文した。",
        "{town}で{artist}のライブを見て、このCDを買いました。|{town}で{artist}のライブを見て、これを買った。",
        "{artist}はラジオで偶然知りました。|{artist}はラジオで偶然知った。",
        "姉に{album}を借りました。|姉に{album}を借りた。",
        "{month}から{album}の発売を待っていました。|{month}から{album}の発売を待っていた。",
        "初めてレビューを書きます。|初めてレビューを書く。",
        "{artist}のCDは全部持っています。|{artist}のCDは全部持っている。",
        "{artist}の新作です。|{artist}の新作。",
    ),
    shouts={
        GOOD: ("嬉しい驚きでした！|嬉しい驚き！", "名盤です！|名盤だ！",
               "待っていた甲斐がありました。|待った甲斐があった。",
               "さすが{artist}です。|さすが{artist}。", "これは宝物です。|これは宝物だ。"),
        BAD: ("がっかりしました。|がっかりした。",
              "どうしてこうなったのでしょうか。|どうしてこうなった。",
              "申し訳ないですが、失敗作です。|悪いが、失敗作だ。",
              "{artist}に何があったのでしょう。|{artist}に何があった。",
              "高評価の理由が分かりません。|高評価の理由が分からない。"),
    },
    statements={
        GOOD: (
            "届いてから毎日聴いています。|届いてから毎日聴いている。",
            "持っている中で一番好きなアルバムです。|持っている中で一番好きなアルバムだ。",
            "どの曲も耳に残ります。|どの曲も耳に残る。",
            "聴き始めてすぐ笑顔になりました。|聴き始めてすぐ笑顔になった。",
            "家族みんなが気に入っています。|家族みんなが気に入っている。",
            "{artist}の最高傑作だと思います。|{artist}の最高傑作だと思う。",
            "聴くたびに鳥肌が立ちます。|聴くたびに鳥肌が立つ。",
            "聴けば聴くほど好きになります。|聴けば聴くほど好きになる。",
            "曲の流れがとても自然です。|曲の流れがとても自然だ。",
            "丁寧に作られているのが伝わってきます。|丁寧に作られているのが伝わってくる。",
            "気がつくと口ずさんでいます。|気がつくと口ずさんでいる。",
            "捨て曲が一つもありません。|捨て曲が一つもない。",
            "こんなに楽しめるとは思いませんでした。|こんなに楽しめるとは思わなかった。",
            "音質もクリアで聴きやすいです。|音質もクリアで聴きやすい。",
            "\"渡し船\"のサビで涙が出ました。|\"渡し船\"のサビで涙が出た。",
        ),
        BAD: (
            "三曲目で止めてしまいました。|三曲目で止めてしまった。",
            "持っている中で一番聴かないアルバムです。|持っている中で一番聴かないアルバムだ。",
            "どの曲も耳に残りません。|どの曲も耳に残らない。",
            "聴き始めてすぐ眠くなりました。|聴き始めてすぐ眠くなった。",
            "お金を返してほしいです。|お金を返してほしい。",
            "{artist}らしさがどこにもありません。|{artist}らしさがどこにもない。",
            "もう棚でほこりをかぶっています。|もう棚でほこりをかぶっている。",
            "聴けば聴くほど嫌になります。|聴けば聴くほど嫌になる。",
            "どの曲も同じに聞こえます。|どの曲も同じに聞こえる。",
            "手抜きなのが伝わってきます。|手抜きなのが伝わってくる。",
            "好きになろうとしましたが、無理でした。|好きになろうとしたが、無理だった。",
            "昔の輝きがありません。|昔の輝きがない。",
            "才能ある人たちだけに、裏切られた気分です。|才能ある人たちだけに、裏切られた気分だ。",
            "音がこもっていて聴きづらいです。|音がこもっていて聴きづらい。",
            "\"渡し船\"のサビはただの騒音です。|\"渡し船\"のサビはただの騒音だ。",
        ),
    },
    facts=(
        "全十二曲で、四十分ほどです。|全十二曲で、四十分ほど。",
        "{year}年に{town}で録音されたそうです。|{year}年に{town}で録音されたそうだ。",
        "三曲目はインストです。|三曲目はインスト。",
        "通勤電車の中で聴きました。|通勤電車の中で聴いた。",
        "最後にボーナストラックが入っています。|最後にボーナストラックが入っている。",
        "最初のシングルはラジオでよく流れていました。|最初のシングルはラジオでよく流れていた。",
        "今作からドラマーが交代しています。|今作からドラマーが交代している。",
        "以前のアルバムは兄が全部持っています。|以前のアルバムは兄が全部持っている。",
        "二曲はツアーで演奏済みです。|二曲はツアーで演奏済みだ。",
        "古い教会で録音されています。|古い教会で録音されている。",
        "四曲目にはR&Bの要素があります。|四曲目にはR&Bの要素がある。",
        "CD&DVDの二枚組です。|CD&DVDの二枚組。",
        "最後の曲は九分あります。|最後の曲は九分ある。",
        "前の二枚も持っています。|前の二枚も持っている。",
    ),
    closings={
        GOOD: (
            "おすすめです。|おすすめ。", "ぜひ聴いてみてください。|ぜひ聴いてほしい。",
            "次回作も楽しみです。|次回作も楽しみだ。",
            "{artist}に感謝します。|{artist}に感謝。",
            "値段以上の価値があります。|値段以上の価値がある。",
            "一生聴き続けます。|一生聴き続けると思う。",
            "迷っている方はぜひどうぞ。|迷っているなら買うべき。",
        ),
        BAD: (
            "おすすめできません。|おすすめできない。",
            "買わないほうがいいです。|買わないほうがいい。",
            "次はもう買いません。|次はもう買わない。",
            "お金の無駄でした。|お金の無駄だった。", "中古に出します。|中古に出す。",
            "まず借りて聴くことを勧めます。|まず借りて聴くことを勧める。",
            "{artist}ならもっとできるはずです。|{artist}ならもっとできるはず。",
        ),
    },
    summaries={
        GOOD: ("{adj}", "名盤です", "さすが{artist}", "大満足", "買って正解", "{album}最高",
               "宝物&感動"),
        BAD: ("{adj}", "失敗作です", "{artist}、どうした", "不満", "買って後悔", "{album}は残念",
              "退屈&手抜き"),
    },
)
# fmt: on

# --- from banks to reviews ------------------------------------------------------------------------


class Writer:
    """Writes the sentences of one review in a language that builds clauses from verbs."""

    def __init__(self, bank, chance):
        self.bank, self.chance = bank, chance
        self._decks = {}
        self.quotes = chance.pick(bank.quotes)
        self.artist = chance.pick(bank.bands)
        self.album = chance.pick(bank.albums)

    def deal(self, name, mood=None):
        if (name, mood) not in self._decks:
            cards = getattr(self.bank, name)
            self._decks[name, mood] = Deck(self.chance, cards[mood] if mood else cards)
        return self._decks[name, mood].deal()

    def line(self, name, mood=None):
        return self._capital(self._filled(self.deal(name, mood)))

    def summary(self, mood):
        slots = {"adj": self.deal("adjectives", mood), "adj2": self.deal("adjectives", mood)}
        slots = {name: word.split("|")[0] for name, word in slots.items()}
        return self._capital(self._filled(self.deal("summaries", mood), **slots))

    def opinion(self, mood):
        (be, form), np = self._aspect()
        adjective = self._adjectives(mood, form)
        slots = {"np": np, "Np": self._capital(np), "be": be, "acc": _accusative(np)}
        slots |= {"adj": adjective(), "adj2": adjective()}
        slots |= {"opp": self._adjectives(OPPOSITE[mood], form)()}
        return self._capital(self.deal("opinions").format(**slots))

    def contrast(self, mood):
        """A sentence with something of the other mood in it, and no doubt about which one wins."""
        other = OPPOSITE[mood]
        yielding = self.deal("things", other) if self.chance.happens(0.5) else self._clause(other)
        winning = self.deal("verdicts", mood) if self.chance.happens(0.4) else self._clause(mood)
        slots = _orders("a", yielding) | _orders("b", winning)
        return self._capital(self.deal("contrasts").format(**slots))

    def _clause(self, mood):
        (be, form), np = self._aspect()
        return np, be, self._adjectives(mood, form)()

    def _aspect(self):
        if "aspects" not in self._decks:
            pairs = [(key, np) for key, nps in self.bank.aspects.items() for np in nps]
            self._decks["aspects"] = Deck(self.chance, pairs)
        return self._decks["aspects"].deal()

    def _adjectives(self, mood, form):
        return lambda: _agree(self.deal("adjectives", mood), form)

    def _filled(self, template, **slots):
        opening, closing = self.quotes
        return template.format(
            artist=self.artist,
            album=f"{opening}{self.album}{closing}",
            town=self.chance.pick(self.bank.towns),
            month=self.chance.pick(self.bank.months),
            year=1992 + self.chance.below(18),
            **slots,
        )

    @staticmethod
    def _capital(sentence):
        return sentence[:1].upper() + sentence[1:]


class JapaneseWriter(Writer):
    """Keeps one review either polite or plain throughout."""

    def __init__(self, bank, chance):
        super().__init__(bank, chance)
        self.plain = int(chance.happens(0.35))

    def line(self, name, mood=None):
        return self._filled(self.deal(name, mood).split("|")[self.plain])

    def opinion(self, mood):
        one, two = (self.deal("adjectives", mood).split("|") for _ in range(2))
        return self.deal("opinions").format(
            np=self.deal("aspects"),
            np2=self.deal("aspects"),
            adj=one[self.plain],
            adj2=two[self.plain],
            plain=one[1],
            te=one[2],
            think=("思います", "思う")[self.plain],
        )

    def contrast(self, mood):
        other = OPPOSITE[mood]
        a = self.deal("things", other) if self.chance.happens(0.5) else self._clause(other)
        b = self.deal("verdicts", mood) if self.chance.happens(0.4) else self._clause(mood)
        a, b = a.split("|"), b.split("|")
        template = self.deal("contrasts")
        return template.format(a=a[self.plain], b=b[self.plain], a_plain=a[1])

    def _clause(self, mood):
        np = self.deal("aspects")
        return "|".join(f"{np}は{form}" for form in self.deal("adjectives", mood).split("|"))


def _agree(adjective, form):
    """French agreement; English and German adjectives only ever have form 0."""
    masculine, *irregular = adjective.split("|")
    feminine = irregular[0] if irregular else masculine + "e" * (not masculine.endswith("e"))
    plural = irregular[1] if len(irregular) > 1 else masculine + "s" * (masculine[-1] not in "sx")
    return (masculine, feminine, plural, feminine + "s")[form]


def _accusative(np):
    """German: the masculine article changes, and an adjective after it; all else stays."""
    article, *rest = np.split()
    if article != "der":
        return np
    if len(rest) > 1:
        rest[0] += "n"
    return " ".join(["den", *rest])


def _orders(name, clause):
    """The clause as a main clause, and, for German, with its verb first or last."""
    subject, verb, rest = clause
    main = f"{subject} {verb} {rest}"
    return {
        name: main,
        name.upper(): Writer._capital(main),
        f"{name}_first": f"{verb} {subject} {rest}",
        f"{name}_last": f"{subject} {rest} {verb}",
    }


BANKS = (ENGLISH, GERMAN, FRENCH, JAPANESE)


def _sentences(writer, mood, stars, count):
    """The middle of a review: mostly the reviewer's mood, more mixed at 2 and 4 stars."""
    mixed = 0.3 if stars in (2, 3, 4) else 0.12
    yield writer.contrast(mood) if writer.chance.happens(mixed) else writer.opinion(mood)
    for _ in range(count - 1):
        if stars == 3:
            mood = OPPOSITE[mood]
        kind = writer.chance.below(100) / 100
        if kind < mixed:
            yield writer.contrast(mood)
        elif kind < mixed + 0.15:
            yield writer.line("facts")
        elif kind < mixed + 0.4:
            yield writer.line("statements", mood)
        else:
            yield writer.opinion(mood)


def _paragraphs(writer, mood, stars, number):
    """The sentences of a review by paragraph; a seventh of the reviews are one or two sentences."""
    chance = writer.chance
    if number in LONG:
        body = list(_sentences(writer, mood, stars, LONG[number]))
        third = len(body) // 3
        body[0] = writer.line("openings")
        body.append(writer.line("closings", mood))
        return [body[:third], body[third : 2 * third], body[2 * third :]]
    if chance.happens(0.14):
        lone = [writer.opinion(mood)]
        return [lone if chance.happens(0.5) else [writer.line("statements", mood), *lone]]
    start = [writer.line("shouts", mood) if chance.happens(0.4) else writer.line("openings")]
    body = list(_sentences(writer, mood, stars, 2 + chance.below(4)))
    end = [writer.line("closings", mood)] if chance.happens(0.7) else []
    if len(body) > 2 and chance.happens(0.6):
        return [start + body[:1], body[1:] + end]
    return [start + body + end]


# The first two are how the real files break lines; the third is what some shops' pages left there.
BREAKS = ("\n ", "\n \n ", "<br /><br />", "\n\n")


def _compose(bank, chance, number, stars):
    mood = GOOD if number % 2 == 0 else BAD
    writer = (JapaneseWriter if bank is JAPANESE else Writer)(bank, chance)
    paragraphs = [bank.gap.join(part) for part in _paragraphs(writer, mood, stars, number)]
    text = chance.pick(BREAKS).join(paragraphs)
    if number in WITH_C1:
        text = _with_c1(text)
    quoting = bank is ENGLISH or chance.happens(0.3)
    title = writer.album if chance.happens(0.8) else f"{writer.album} / {writer.artist}"
    return Review(
        stars, _web(text, quoting), _web(writer.summary(mood), quoting), _web(title, quoting)
    )


def _with_c1(text):
    """Windows-1252 punctuation read as Latin-1, which leaves control characters in the text."""
    plain = text.replace(". ", "\x85 ", 1).replace("。", "\x85\x85", 1).replace("'", "\x92")
    quotes = {"„": "\x93", "“": "\x94", "「": "\x91", "」": "\x92"}
    return plain.translate(str.maketrans(quotes))


def _web(text, quoting):
    """Escape as the web page did; a known ampersand stays bare on pages without quoting."""
    bare = "R&B" in text and not quoting
    for plain, escaped in (("&", "&" if bare else "&amp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(plain, escaped)
    return text.replace('"', "&quot;").replace("'", "&#39;") if quoting else text


def _stars(chance, number, neutral):
    if neutral and chance.happens(0.3):
        return 3
    if number % 2 == 0:
        return 5 if chance.happens(0.7) else 4
    return 1 if chance.happens(0.55) else 2


def _pool(bank):
    """All files of one language: name to reviews, no text twice before the copies are planted."""
    seen: set[str] = set()
    pool = {}
    sizes = {"train": LABELLED, "test": LABELLED}
    if bank in (ENGLISH, JAPANESE):
        sizes["unlabeled"] = UNLABELLED
    for name, size in sizes.items():
        chance = Chance(f"xlt_flax {bank.folder} {name}")
        pool[name] = [_fresh(bank, chance, i, name == "unlabeled", seen) for i in range(size)]
    if bank is JAPANESE:
        pool["test"][EMPTY_TEXT] = replace(pool["test"][EMPTY_TEXT], text="")
    for (into, target), (source, original) in COPIES:
        pool[into][target] = pool[source][original]
    return {name: Chance(f"order {bank.folder} {name}").shuffled(r) for name, r in pool.items()}


def _fresh(bank, chance, number, neutral, seen):
    stars = _stars(chance, number, neutral)
    while True:
        review = _compose(bank, chance, number, stars)
        if review.text not in seen:
            seen.add(review.text)
            return review


# --- from reviews to files ------------------------------------------------------------------------

SITES = {"de": "www.example.com/de", "fr": "www.example.com/fr", "jp": "www.example.com/jp"}
MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
BADGES = ("REAL NAME", "TOP 1000 REVIEWER", "TOP 500 REVIEWER")
BETWEEN = {"de": "\n\n", "fr": "\n\n\n", "jp": "\n\n"}


def _xml(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _element(tag, inner):
    return f"<{tag}>{inner}</{tag}>" if inner else f"<{tag} />"


def _date(language, chance):
    day, month, year = 1 + chance.below(28), chance.below(12), 2003 + chance.below(7)
    if language == "jp":
        return f"{year}/{month + 1}/{day}"
    name = MONTHS[language].split()[month]
    return f"{day}. {name} {year}" if language == "de" else f"{day} {name} {year}"


def _votes(language, chance):
    total = chance.below(30)
    helpful = chance.below(total + 1)
    pair = (total, helpful) if language == "jp" else (helpful, total)
    return "".join(_element("value", str(votes)) for votes in pair)


def _badges(chance):
    if chance.happens(0.65):
        return ""
    first = chance.below(len(BADGES))
    chosen = BADGES[first : first + 1 + chance.below(2)]
    return "".join(_element("value", badge) for badge in chosen)


def _english_item(review):
    return (
        f"<item>\n\t<summary>{_xml(review.summary)}\n</summary>"
        f"\n\t<rating>{review.stars}.0</rating>"
        f"\n\t<text>{_xml(review.text)}\n</text>"
        f"\n\t<category>music</category>\n\t</item>\n"
    )


def _item(bank, review, number, chance):
    language, asin = bank.folder, f"B0SMP{number:05d}"
    url = f"http://{SITES[language]}/product-reviews/{asin}/"
    if language == "de" and chance.happens(0.3):
        url += f"?ie=UTF8&showViewpoints=0&pageNumber={2 + chance.below(8)}"
    fields = [("category", bank.category), ("rating", f"{review.stars}.0")]
    fields += [("realname", "")] if language == "de" else []
    fields += [("asin", asin), ("url", _xml(url)), ("text", _xml(review.text))]
    fields += [("title", _xml(review.title)), ("summary", _xml(review.summary))]
    fields += [("date", _date(language, chance)), ("location", "")]
    fields += [("helpfulness_votes", _votes(language, chance)), ("reviewer", "")]
    fields += [("badges", _badges(chance))] if language != "de" else []
    inner = "".join(_element(tag, value) for tag, value in fields)
    return f"<item>{inner}</item>{BETWEEN[language]}"


def write_reviews(folder):
    for bank in BANKS:
        for name, reviews in _pool(bank).items():
            chance = Chance(f"fields {bank.folder} {name}")
            if bank is ENGLISH:
                items = [_english_item(review) for review in reviews]
            else:
                items = [_item(bank, review, i, chance) for i, review in enumerate(reviews)]
            path = folder / bank.folder / "music" / f"{name}.review"
            path.parent.mkdir(parents=True, exist_ok=True)
            document = f'<?xml version="1.0" encoding="utf-8"?>\n<items>{"".join(items)}</items>'
            path.write_bytes(document.encode())


# --- the tokenizer folder -------------------------------------------------------------------------

SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def _texts(folder):
    """The unescaped summaries and texts of every file below the folder, in a fixed order."""
    import html
    from xml.etree import ElementTree

    for path in sorted(folder.rglob("*.review")):
        for item in ElementTree.parse(path).getroot():
            yield html.unescape(item.findtext("summary", ""))
            yield html.unescape(item.findtext("text", ""))


def _vocabulary(texts):
    """Train the WordPiece vocabulary.

    The trainer numbers the ``##`` letters in the order of a hash map, and breaks ties by number.
    Naming all letters in advance, as if they were special tokens, makes it deterministic.
    """
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=False)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    words: set[str] = set()
    for text in texts:
        normal = tokenizer.normalizer.normalize_str(text)
        words.update(word for word, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal))
    ascii = string.ascii_letters + string.digits  # so that a reader's own sentence has few [UNK]
    letters = sorted({letter for word in words for letter in word} | set(ascii))
    inner = sorted({"##" + letter for word in words for letter in word[1:] + ascii})
    trainer = trainers.WordPieceTrainer(
        vocab_size=VOCABULARY, special_tokens=[*SPECIAL, *letters, *inner], show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    vocabulary = tokenizer.get_vocab()
    return sorted(vocabulary, key=vocabulary.get)


def _dump(path, content):
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def write_tokenizer(folder, reviews):
    from tokenizers import BertWordPieceTokenizer

    pieces = _vocabulary(list(_texts(reviews)))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    numbers = {piece: number for number, piece in enumerate(pieces)}
    tokenizer = BertWordPieceTokenizer(
        numbers, lowercase=False, strip_accents=False, handle_chinese_chars=True
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    _dump(folder / "tokenizer_config.json", _tokenizer_settings())
    _dump(folder / "config.json", _model_settings(len(pieces)))


def _tokenizer_settings():
    names = ("pad_token", "unk_token", "cls_token", "sep_token", "mask_token")
    return {
        "tokenizer_class": "BertTokenizerFast",
        "do_lower_case": False,
        "tokenize_chinese_chars": True,
        "strip_accents": False,
        "model_max_length": 512,
        **dict(zip(names, SPECIAL, strict=True)),
    }


def _model_settings(vocabulary_size):
    return {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "vocab_size": vocabulary_size,
        "hidden_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 256,
        "hidden_act": "gelu",
        "hidden_dropout_prob": 0.1,
        "attention_probs_dropout_prob": 0.1,
        "max_position_embeddings": 512,
        "type_vocab_size": 2,
        "initializer_range": 0.02,
        "layer_norm_eps": 1e-12,
        "pad_token_id": SPECIAL.index("[PAD]"),
    }


def main():
    parser = argparse.ArgumentParser(description="Write the sample that the package ships.")
    parser.add_argument("--reviews", action="store_true", help="leave the tokenizer folder alone")
    only_reviews = parser.parse_args().reviews
    write_reviews(REVIEWS)
    if not only_reviews:
        write_tokenizer(TOKENIZER, REVIEWS)


if __name__ == "__main__":
    main()
