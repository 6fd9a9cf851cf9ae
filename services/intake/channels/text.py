"""What a person wrote by SMS or WeChat, understood without I/O. The order of words is free.

    心愿 生活物资 200元 茶山镇 低保 张三

Whatever is not understood for sure is said to be so (`Wanted.sure`), never guessed.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from services.intake.channels.words import (
    CATEGORY_WORDS,
    CLASS_WORDS,
    KIND_WORDS,
    MEASURES,
    NUMERALS,
    SURNAMES,
    find_keyword_categories,
)
from shared.contracts.values import MONEY_UNIT, BeneficiaryClass, Category, Kind, Need
from shared.towns import CITY_WIDE, codes_by_name, towns

RECEIVED_WORDS = frozenset({"1", "收到", "已收到", "收到了", "确认收到", "已经收到"})
NOT_RECEIVED_WORDS = frozenset(
    {"没收到", "没有收到", "未收到", "还没收到", "还没有收到", "尚未收到", "没收到货"}
)
OPT_OUT_WORDS = frozenset({"退订", "t", "td", "n", "r"})
BINDING_DIGITS = 8
NAMELESS = "未留姓名"

_SEPARATORS = re.compile(r"[\s,;、。!?…|/]+")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_AMOUNT = re.compile(r"[¥￥]?(?<![\d.])(\d{1,9}(?:\.\d{1,2})?)(万?)(?:元|块钱|块|圆)(?:整|人民币)?")
_PHONE = re.compile(r"(?<!\d)(?:\+?86)?1[3-9]\d{9}(?!\d)")
_NAMED = re.compile(r"(?:姓名:?|我叫|我是|名字:?)([\u4e00-\u9fff]{2,4})(?![\u4e00-\u9fff])")
_NUMBER = rf"(\d{{1,6}}|[{''.join(NUMERALS)}])"
_MEASURE = "|".join(sorted(MEASURES, key=len, reverse=True))
_COUNT_FIRST = re.compile(rf"^{_NUMBER}({_MEASURE})([\u4e00-\u9fff]{{1,10}})$")
_ITEM_FIRST = re.compile(rf"^([\u4e00-\u9fff]{{1,10}}?){_NUMBER}({_MEASURE})$")
_BIND = re.compile(rf"^绑定(?:手机|手机号|手机号码|微信)?[\s,:;、]*(\d{{{BINDING_DIGITS}}})?$")
_HAN = re.compile(r"^[\u4e00-\u9fff]{2,4}$")


@dataclass(frozen=True, slots=True)
class Received:
    """“It arrived.”"""


@dataclass(frozen=True, slots=True)
class NotReceived:
    """“It did not arrive.”"""


@dataclass(frozen=True, slots=True)
class OptedOut:
    """“Send me nothing more.”"""


@dataclass(frozen=True, slots=True)
class Bind:
    """“This phone and this WeChat are mine.” code: empty from who asks for one."""

    code: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A need. sure: category, one amount or item and the town were all said, each once."""

    kind: Kind
    category: Category
    beneficiary_class: BeneficiaryClass
    need: Need
    town_code: str
    name: str = field(repr=False)
    sure: bool


@dataclass(frozen=True, slots=True)
class Unclear:
    """Too little to record: neither an amount nor an item with a number."""


Understood = Received | NotReceived | OptedOut | Bind | Wanted | Unclear


def understand(text: str) -> Understood:
    """Never raises."""
    plain = unicodedata.normalize("NFKC", text).strip()
    word = plain.strip("。.!,;\"'“” ").casefold()
    if word in RECEIVED_WORDS:
        return Received()
    if word in NOT_RECEIVED_WORDS:
        return NotReceived()
    if word in OPT_OUT_WORDS:
        return OptedOut()
    if match := _BIND.match(word):
        return Bind(match.group(1) or "")
    return _parse_need(_THOUSANDS.sub("", plain))


@dataclass(slots=True)
class _Reading:
    """The text while its parts are taken out of it."""

    rest: str

    def take(self, pattern: re.Pattern[str]) -> list[re.Match[str]]:
        matches = list(pattern.finditer(self.rest))
        self.rest = pattern.sub(" ", self.rest)
        return matches

    def take_words(self, words: Mapping[str, str]) -> set[str]:
        """What the words found stand for; a longer word hides the shorter one in it."""
        return {words[match.group(0)] for match in self.take(_compile_any(words))}

    @property
    def tokens(self) -> list[str]:
        return [token for token in _SEPARATORS.split(self.rest) if token]


def _compile_any(words: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(re.escape(w) for w in sorted(words, key=len, reverse=True)))


_TOWN_WORDS = {name: code for code, name in towns().items()}


def _parse_need(text: str) -> Wanted | Unclear:
    reading = _Reading(text)
    reading.take(_PHONE)
    names = [match.group(1) for match in reading.take(_NAMED)]
    amounts = {_parse_fen(match) for match in reading.take(_AMOUNT)} - {0}
    town_codes = reading.take_words(_TOWN_WORDS) or _take_short_towns(reading)
    classes = reading.take_words(CLASS_WORDS)
    kinds = reading.take_words(KIND_WORDS)
    categories = reading.take_words(CATEGORY_WORDS)
    goods = _take_goods(reading)
    needs = [*(_make_money_need(a) for a in sorted(amounts)), *goods]
    if not needs:
        return Unclear()
    names = names or _find_names(reading.tokens)
    categories = categories or find_keyword_categories(text)
    sure = (
        len(needs) == len(categories) == len(town_codes) == 1 and max(len(kinds), len(classes)) <= 1
    )
    return Wanted(
        kind=Kind(_get_single(kinds, Kind.WISH)),
        category=Category(_get_single(categories, Category.OTHER)) if sure else Category.OTHER,
        beneficiary_class=BeneficiaryClass(_get_single(classes, BeneficiaryClass.GENERAL)),
        need=needs[0],
        town_code=_get_single(town_codes, CITY_WIDE),
        name=names[0] if len(set(names)) == 1 else NAMELESS,
        sure=sure,
    )


def _get_single(values: set[str], otherwise: str) -> str:
    return next(iter(values)) if len(values) == 1 else otherwise


def _parse_fen(match: re.Match[str]) -> int:
    yuan = Decimal(match.group(1)) * (10_000 if match.group(2) else 1)
    return int(yuan * 100)


def _make_money_need(fen: int) -> Need:
    return Need(unit=MONEY_UNIT, quantity=fen)


def _take_short_towns(reading: _Reading) -> set[str]:
    """茶山 is a town only when it stands alone: 中堂 and 长安 are other words too."""
    codes = codes_by_name()
    towns_alone = [token for token in reading.tokens if token in codes]
    reading.rest = " ".join(token for token in reading.tokens if token not in codes)
    return {codes[token] for token in towns_alone}


def _take_goods(reading: _Reading) -> list[Need]:
    """棉被2床, 2床棉被, 两床棉被."""
    needs, rest = [], []
    for token in reading.tokens:
        need = _parse_good(token)
        if need:
            needs.append(need)
        else:
            rest.append(token)
    reading.rest = " ".join(rest)
    return sorted(set(needs), key=lambda need: (need.item, need.unit, need.quantity))


def _parse_good(token: str) -> Need | None:
    if match := _COUNT_FIRST.match(token):
        number, unit, item = match.groups()
    elif match := _ITEM_FIRST.match(token):
        item, number, unit = match.groups()
    else:
        return None
    quantity = NUMERALS.get(number) or int(number)
    item = item.removeprefix("需要").removeprefix("要")
    return Need(unit=unit, quantity=quantity, item=item) if quantity and item else None


def _find_names(tokens: list[str]) -> list[str]:
    """Two to four Han characters that begin with a surname and say nothing else."""
    return [
        token
        for token in tokens
        if _HAN.match(token) and token.startswith(SURNAMES) and not find_keyword_categories(token)
    ]
