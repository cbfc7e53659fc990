"""Write the small SHINRA data set that the package ships.

    python tools/make_shinra_sample.py       # needs nothing but Python

It writes below ``xlt_flax/data/sample/shinra/`` the five files of such a data set, in the formats
of the real ones: training lines, target lines, development data, a class list and a dump. Every
sentence and every class was written for this sample; the people, places and works are invented.

The articles are short, and as those of an encyclopedia begin by saying what their subject is. Words
of one class stand in articles of others (a singer has songs, a record has a band), so that some
pages are mistaken. Their letters are those that the shipped ``tiny-bert`` knows.

What real files have, these have on purpose:

* classes of very different sizes, from 56 pages to 6;
* pages of two classes, 3% of all;
* pages without text: some are not in the dump, one has an empty one there;
* an empty class id beside a real one, and a page with no other;
* pages in the dump that nothing asks for;
* development data that names classes in Japanese, once in full-width letters.

The texts are the same on every run: all chance comes from ``make_sample.Chance``.
"""

import gzip
import json
from collections import Counter
from dataclasses import dataclass

from make_sample import SAMPLE, Chance, Deck

FOLDER = SAMPLE / "shinra"
TRAIN, DEVELOPMENT, TARGET = "train", "development", "target"
ANNOTATOR = "HAND.SAMPLE.202201"
OTHER_PAGES = 60  # of the dump, that no file asks for
# Which file the pages of a class go to, in turn.
SHARES = (TRAIN, TRAIN, DEVELOPMENT, TRAIN, TRAIN, DEVELOPMENT, TRAIN, TARGET)


@dataclass(frozen=True)
class Class:
    """A leaf: its id, names, how many pages have it, and what is written on them.

    `titles` is what its pages are `called`; `first` says what one is, `more` goes on. Slots: {t}
    the title, and those of `_Writer`.
    """

    id: str
    english: str
    japanese: str
    pages: int
    titles: tuple
    first: tuple
    more: tuple
    called: str = "{}"


# fmt: off
BRANCHES = (
    ("1", "Being", "生き物"), ("1.1", "Person", "人物"), ("1.2", "Animal", "動物"),
    ("2", "Place", "場所"),
    ("3", "Thing", "物"), ("3.1", "Work", "作品"),
    ("4", "Organisation", "組織"),
    ("5", "Event", "出来事"),
)

SURNAMES = ("高木", "水沢", "三上", "古沢", "大岡", "平木", "高見", "小沢", "月岡", "福沢", "船木",
            "鳥沢", "五木", "木戸")
GIVEN = ("美月", "直人", "正人", "真由美", "秀一", "一平", "晴美", "直美", "文人", "新一", "理美",
         "華", "真一", "由美", "晴人", "輝")
TOWNS = ("札幌", "仙台", "福岡", "神戸", "京都", "金沢", "高岡", "平戸", "水沢")
NAMES = ("メリル", "コトラ", "アマナ", "グレイル", "ハルト", "シグレ", "トマリ", "ノルド", "マール",
         "ブレンド", "カナリ", "オルガ", "タルト", "ロマン", "スタル", "リラ", "ジオン", "サラン",
         "テラム", "イルマ", "ガラム", "デルタ", "ポルト", "ビスト", "ケルン", "エイド", "ナギ")
PLACES = ("音岡", "鳥台", "晴沢", "船戸", "雷沢", "月台", "楽岡", "灯戸", "葉沢", "砂岡", "笛台",
          "猫戸", "歌沢", "絵岡", "書台", "蜜沢", "雨戸沢", "金台", "水岡", "木台", "小鳥沢",
          "大砂", "古台", "新沢", "美沢", "火岡", "美台", "遠沢", "上砂", "中台")
THINGS = ("雨の夜", "遠い灯", "時の砂", "笑う猫", "八月の庭", "水の音", "古い手紙", "月と船",
          "雷の前", "眠る都", "金色の葉", "最後の電車", "夜の鳥", "蜂蜜の日", "無題の曲",
          "一人の夜", "声のない歌", "返らない日", "大きな木", "小さな神", "火の色", "昔の顔",
          "木の耳", "傘の中")

WORDS = ("気分", "感動", "後悔", "単色", "無心", "好み", "思い出", "素直", "平気", "自由", "手立て",
         "目的", "理由", "表裏", "流行", "前後", "遠回り", "見方")
PEOPLE = tuple(surname + given for surname in SURNAMES for given in GIVEN)

CLASSES = (
    Class("0", "Concept", "概念", 16, WORDS,
          ("{t}とは、人の心の動きを言う言葉である。", "{t}は、物の見方を表す言葉である。",
           "{t}とは、時に流されるものを言う。", "{t}は、ものの見え方を言う。"),
          ("言葉としては古い。", "一つの解はない。", "{person}は、これを時の流れと書いた。",
           "行いの目的でもある。", "人により言うことは同じでない。", "物の名ではない。")),
    Class("1.1.1", "Singer", "歌手", 56, PEOPLE,
          ("{t}は、{town}生まれの歌手である。", "{t}は、{town}を中心に歌う歌手。",
           "{t}は、{year}年生まれの歌い手である。", "{t}は、{band}で歌う歌手である。"),
          ("高い声が魅力である。", "{year}年に最初の曲を出した。", "代表曲は「{thing}」である。",
           "今も毎年ライブを続けている。", "歌声には力がある。", "{town}の音楽会で歌った。",
           "アルバムは{n}枚ある。", "始めはピアノを演奏していた。")),
    Class("1.1.2", "Writer", "作家", 24, PEOPLE,
          ("{t}は、{town}生まれの作家である。", "{t}は、{town}に家のある作家。",
           "{t}は、絵本で知られる作家である。", "{t}は、新聞に文を書いた作家である。"),
          ("本を{n}巻書いた。", "代表作は「{thing}」である。", "分かりやすい文で知られる。",
           "{year}年に初めて本を出した。", "今も毎日、夜に書いている。", "歌詞も書いた。",
           "作家になる前は郵便局にいた。")),
    Class("1.2.1", "Bird", "鳥類", 26, NAMES,
          ("{t}は、{town}の木に見られる小さな鳥である。", "{t}は、夜に声を出す鳥。",
           "{t}は、金色の鳥である。", "{t}は、水の上に見られる大きな鳥である。"),
          ("声が美しい。", "葉の裏に家を作る。", "目が大きく、色は薄い。", "雨の前に声を出す。",
           "木の上で眠る。", "{month}月に遠い地方へ渡る。", "庭でも見られる。")),
    Class("1.2.2", "Cat", "猫", 9, NAMES,
          ("{t}は、{town}の郵便局にいた猫である。", "{t}は、{town}で知られた猫である。",
           "{t}は、{person}の家の猫。"),
          ("毎日、庭で眠っていた。", "{year}年に生まれた。", "絵本に書かれた。",
           "目の色は二つとも別である。", "電車を見るのが好きだった。", "耳が小さい。")),
    Class("2.1", "City", "都市", 40, PLACES,
          ("{t}は、水と木の都である。", "{t}は、{town}から遠くない都である。",
           "{t}は、{n}000人がいる都会。", "{t}は、古い家が続く地方の都である。"),
          ("電車の路線が{n}本通る。", "古い通りがある。", "{year}年に今の名になった。",
           "{month}月に音楽会がある。", "大きな庭園で知られる。", "人は毎年、出て行く。",
           "新聞が{n}つある。", "昔は船で人が通った。")),
    Class("2.2", "Garden", "庭園", 14, PLACES,
          ("{t}は、{town}にある庭園である。", "{t}は、水と砂で作られた庭園。",
           "{t}は、{year}年に作られた庭である。"),
          ("木と葉が美しい。", "鳥も見られる。", "{month}月の色がよい。", "夜は灯が入る。",
           "水の音が聞こえる。", "{person}の書いた本に出る。")),
    Class("2.3", "Railway line", "鉄道路線", 28, PLACES,
          ("{t}は、{town}と{town2}を通る電車の路線である。", "{t}は、{town}の古い路線。",
           "{t}は、{year}年に始まった電車の路線である。"),
          ("毎日{n}本の電車が通る。", "昔は汽車が通っていた。", "{year}年に全線が電気になった。",
           "{month}月の大雨で止まった。", "水路の上を通る。", "車は{n}番線まである。")),
    Class("2.10", "Canal", "運河", 6, PLACES,
          ("{t}は、{town}を流れる水路である。", "{t}は、{year}年に作られた水路。"),
          ("小さな船が通る。", "水は遠くから流れて行く。", "都の中を流れる。", "流れは遅い。",
           "電車の路線が上を通る。")),
    Class("3.1.1", "Song", "楽曲", 36, THINGS,
          ("「{t}」は、{person}の曲である。", "「{t}」は、{band}が{year}年に出した曲。",
           "「{t}」は、{town}の古い歌である。", "「{t}」は、{person}が書いた曲である。"),
          ("ピアノの音で始まる。", "ラジオで流れて知られた。", "歌詞は{person}が書いた。",
           "サビのメロディーが美しい。", "{n}分の曲である。", "アルバムの{n}曲目に入る。",
           "のちに{band}も演奏した。")),
    Class("3.1.2", "Book", "書籍", 12, THINGS,
          ("「{t}」は、{person}が書いた本である。", "「{t}」は、{year}年に出た絵本。",
           "「{t}」は、{town}の作家が書いた書物である。"),
          ("{n}巻まで続いた。", "絵は{person}による。", "今も読まれている。", "猫と鳥が出る。",
           "訳が{n}つある。", "紙の色が薄い。")),
    Class("3.1.3", "Newspaper", "新聞", 12, PLACES,
          ("{t}は、{town}の新聞である。", "{t}は、{year}年に始まった新聞。",
           "{t}は、{town}と{town2}で読まれる新聞である。"),
          ("毎日、早い時に配られる。", "音楽の評も出る。", "{n}面から作られる。",
           "{person}も文を書いた。", "都で{n}000部が売られる。"), called="{}新聞"),
    Class("3.1.4", "CD", "CD", 22, THINGS,
          ("「{t}」は、{band}のアルバムである。", "「{t}」は、{person}が{year}年に出したアルバム。",
           "「{t}」は、{band}の{n}枚目のCDである。"),
          ("{n}曲が入っている。", "{town}で録音された。", "ジャケットの絵は{person}による。",
           "ドラムの音が大きい。", "レコードとCDで出た。", "歌手の{person}が一曲に入った。",
           "{month}月に出た。")),
    Class("3.2", "Ship", "船舶", 13, NAMES,
          ("{t}は、{town}と{town2}を渡る船である。", "{t}は、{year}年に作られた船。",
           "{t}は、郵便を送る船である。"),
          ("{n}00人を入れる。", "火の力で動いた。", "夜は灯が見える。", "名は作家が付けた。",
           "水の上の家と言われる。", "{year}年の雷雨で止まった。")),
    Class("4.1", "Band", "楽団", 18, NAMES,
          ("{t}は、{town}の楽団である。", "{t}は、{n}人組の楽団。",
           "{t}は、{year}年に始まった楽団である。"),
          ("ドラムとギターとベースの楽団である。", "最初のアルバムは「{thing}」である。",
           "{year}年に一度、止まった。", "歌は{person}。", "毎年ツアーをする。",
           "{town}の教会で演奏した。")),
    Class("4.2", "Post office", "郵便局", 8, PLACES,
          ("{t}は、{town}にある郵便局である。", "{t}は、{year}年に作られた郵便局。"),
          ("手紙や本を届ける。", "{n}人が勤める。", "一日に{n}00の手紙が届く。",
           "日曜は行われない。", "古い家の中にある。"), called="{}郵便局"),
    Class("4.3", "Church", "教会", 10, PLACES,
          ("{t}は、{town}にある教会である。", "{t}は、{year}年に作られた教会。"),
          ("日曜に歌の会がある。", "古いオルゴールの音が聞こえる。", "庭に大きな木がある。",
           "{person}の絵がある。", "神の声を聞いた人の絵本が残る。"), called="{}教会"),
    Class("5.1", "Concert", "音楽会", 8, PLACES,
          ("{t}は、{month}月に{town}で行われる音楽会である。", "{t}は、{year}年に始まった音楽会。"),
          ("{n}組の楽団が演奏する。", "{person}も歌った。", "夜まで続く。", "雨で一度、止まった。",
           "CDも売られる。"), called="{}音楽会"),
    Class("5.2", "Storm", "嵐", 6, PLACES,
          ("{t}は、{year}年に{town}であった雷雨である。", "{t}は、{month}月の大きな雷雨。"),
          ("雨は{n}日続いた。", "電車が全て止まった。", "{n}00の家に水が入った。",
           "新聞は毎日これを報じた。"), called="{}雷雨"),
    Class("9", "Ignored", "対象外", 8, NAMES,
          ("{t}には、次のものがある。", "{t}は、次のものを言う。"),
          ("{person}の曲。", "{town}の新聞。", "{town}を通る路線。", "{band}のアルバム。",
           "{town2}の地名。", "{person}が書いた本。")),
)
# fmt: on

BY_ID = {each.id: each for each in CLASSES}
PAIRS = (
    ("1.1.1", "1.1.2"), ("3.1.1", "3.1.4"), ("2.2", "4.3"), ("1.1.1", "1.1.2"), ("1.2.1", "3.1.2"),
    ("3.2", "5.1"), ("3.1.1", "3.1.2"), ("1.2.2", "3.1.2"), ("3.1.1", "3.1.4"), ("2.1", "2.2"),
    ("1.1.1", "1.1.2"),
)  # fmt: skip
NO_TEXT, NOT_THERE = (3, 40), (17, 90)  # numbers of pages whose text is empty, or not in the dump
ONLY_EMPTY, ALSO_EMPTY = 5, 8  # of training pages with an empty class id, alone or beside another


@dataclass(frozen=True)
class Page:
    """A page before it is written: ids of its classes, "" where the dump has no text."""

    id: int
    title: str
    classes: tuple
    text: str


class _Writer:
    """Composes pages; each title is given once a kind, with a number where they run out."""

    def __init__(self):
        self.chance = Chance("shinra pages")
        self._decks = {}
        self._given: Counter[str] = Counter()
        self._next_id = 1000

    def page(self, classes):
        those = [BY_ID[each] for each in classes]
        title = those[0].called.format(self._title(those[0].titles))
        self._next_id += 1 + self.chance.below(40)
        return Page(self._next_id, title, classes, self._text(those, title))

    def other(self):
        """A page that no file asks for."""
        return self.page((self.chance.pick(CLASSES).id,))

    def _title(self, titles):
        title = self._deal(titles)
        self._given[title] += 1
        return title if self._given[title] == 1 else f"{title}{self._given[title]}"

    def _text(self, those, title):
        sentences = [self._filled(self._deal(each.first), title) for each in those]
        for _ in range(1 + self.chance.below(4)):
            sentences.append(self._filled(self._deal(self.chance.pick(those).more), title))
        return " ".join(dict.fromkeys(sentences))

    def _filled(self, sentence, title):
        town = self._deal(TOWNS)
        return sentence.format(
            t=title,
            person=self._deal(PEOPLE),
            town=town,
            town2=self.chance.pick([each for each in TOWNS if each != town]),
            band=self._deal(NAMES),
            thing=self._deal(THINGS),
            year=1880 + self.chance.below(140),
            month=1 + self.chance.below(12),
            n=2 + self.chance.below(8),
        )

    def _deal(self, cards):
        return self._decks.setdefault(cards, Deck(self.chance, cards)).deal()


def compose():
    """{file: its pages}, and all pages of the dump in the order of their ids."""
    writer = _Writer()
    wanted = [(each.id,) for each in CLASSES for _ in range(each.pages)]
    wanted = writer.chance.shuffled([*wanted, *PAIRS, *[None] * OTHER_PAGES])
    pages = [(writer.other() if each is None else writer.page(each), each) for each in wanted]
    files: dict[str, list[Page]] = {TRAIN: [], DEVELOPMENT: [], TARGET: []}
    place: Counter[str] = Counter()
    for page, asked in pages:
        if asked is not None:
            files[SHARES[place[asked[0]] % len(SHARES)]].append(page)
            place[asked[0]] += 1
    return files, [page for page, _ in pages]


def _line(page, classes):
    named = {ANNOTATOR: [{"prob": 1, "ENE": each} for each in classes]} if classes else {}
    return {"page_id": str(page.id), "title": page.title, "ENEs": named}


def _training_classes(number, page):
    if number == ONLY_EMPTY:
        return ("",)
    return (*page.classes, "") if number == ALSO_EMPTY else page.classes


def _development_line(number, page):
    names = ":".join(BY_ID[each].japanese for each in page.classes)
    wide = names.translate({ord("C"): "Ｃ", ord("D"): "Ｄ"}) if number % 2 else names
    return f"{page.id}\t{wide}\n"


def _class_lines():
    nodes = {id: (english, japanese) for id, english, japanese in BRANCHES}
    nodes |= {each.id: (each.english, each.japanese) for each in CLASSES}
    for id, (english, japanese) in sorted(nodes.items()):
        children = [other for other in nodes if other.rpartition(".")[0] == id]
        yield {
            "ENE_id": id,
            "name": {"en": english, "ja": japanese},
            "children_category": children,
            "parent_category": id.rpartition(".")[0],
        }


def _dump_lines(pages):
    for number, page in enumerate(pages):
        if number in NOT_THERE:
            continue
        yield {"index": {"_type": "page", "_id": str(page.id)}}
        text = "" if number in NO_TEXT else page.text
        yield {"title": page.title, "namespace": 0, "language": "ja", "text": text}


def _json_lines(values):
    return "".join(json.dumps(value, ensure_ascii=False) + "\n" for value in values)


def contents():
    """{name of a file: its text}, before the dump is packed."""
    files, dumped = compose()
    train = [_line(page, _training_classes(i, page)) for i, page in enumerate(files[TRAIN])]
    development = [_development_line(i, page) for i, page in enumerate(files[DEVELOPMENT])]
    return {
        "train.jsonl": _json_lines(train),
        "target.jsonl": _json_lines(_line(page, ()) for page in files[TARGET]),
        "development.tsv": "".join(development),
        "classes.jsonl": _json_lines(_class_lines()),
        "dump.json.gz": _json_lines(_dump_lines(dumped)),
    }


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in contents().items():
        data = text.encode()
        packed = gzip.compress(data, mtime=0) if name.endswith(".gz") else data
        (FOLDER / name).write_bytes(packed)


if __name__ == "__main__":
    main()
