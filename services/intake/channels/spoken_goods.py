"""Things and how many, as people write them in a text: 2床棉被, 棉被两床, 5袋米2桶油, 求轮椅."""

import re
from collections.abc import Sequence
from functools import cache

from services.intake.channels.words import (
    HINT_WORDS,
    MEASURES,
    NUMERALS,
    SERVICES,
    UNITS_OF_THINGS,
    find_spoken_categories,
    find_thing,
    list_things,
)
from shared.catalogue import Entry
from shared.contracts.values import LABELS, Category, Need, Value

_GENERIC = (
    "钱 款 款项 善款 现金 资金 救助金 慰问金 慰问品 助学金 补助 补助金 补贴 生活费 "
    "捐款 爱心款 善心款 床 桌子 椅子 衣服 "
    "转账 红包 东西 物资 物品 货 礼物 礼品 帮助 包裹 快递 被子 米 油 米油 药 药品 饭 餐 "
    "饭菜 货物 生活物资 爱心物资 家具 电器"
)
_THINGS = sorted({*HINT_WORDS, *_GENERIC.split()}, key=len, reverse=True)
THING = f"(?:{'|'.join(_THINGS)})"
"""A word for what is given."""

_NUMBER = rf"(\d{{1,6}}|[{''.join(NUMERALS)}])"
_MEASURE = "|".join(sorted(MEASURES, key=len, reverse=True))
_COUNT_FIRST = re.compile(rf"^{_NUMBER}({_MEASURE})([\u4e00-\u9fff]{{1,10}})$")
_ITEM_FIRST = re.compile(rf"^([\u4e00-\u9fff]{{1,10}}?){_NUMBER}({_MEASURE})$")
_UNNUMBERED = re.compile(rf"^({_MEASURE})([\u4e00-\u9fff]{{2,10}})$")
"""张轮椅: one, in the way of Cantonese."""
_KILOGRAMS = re.compile(r"(?<=\d)\s?kg", re.IGNORECASE)
_SEVERAL = re.compile(
    rf"(?<=[\u4e00-\u9fff])(?=(?:\d{{1,6}}|[{''.join(NUMERALS)}])(?:{_MEASURE})[\u4e00-\u9fff])"
)
"""Where the next thing begins: 5袋米|2桶油."""
AND = re.compile("以及|还有|还要|再要|另外|加上|加|和|跟|及")
_AFTER_COUNT = re.compile(rf"[\u4e00-\u9fff]+?(?:\d{{1,6}}|[{''.join(NUMERALS)}])(?:{_MEASURE})")
_OWNERS = re.compile(
    "^(?:给|帮|为)?(?:我|家里)?的?(?:小孩|孩子|宝宝|婴儿|老人家?|爷爷|奶奶|妈妈?|老妈|爸爸?|老爸|母亲|父亲|外婆|外公"
    "|婆婆|公公|老伴|老公|老婆|女儿|儿子|孙子|孙女)(?:(?:想要|想|要|求|申请|需要|买|借)+|的|用的?)?"
)
_VERBS = re.compile(
    "^(?:能不能|能否|可否|可以|希望|我们|我|想|要|求助|求|申请|需要|需|缺少|缺|帮忙|帮|解决|提供|给我们|给我|给|又|也|还|再|另外|领取|领|借|买|捐助|捐|送|麻烦|谢谢|请|拿|找|安排|急需|求求|就是)++"
)

_WISH = re.compile(
    r"^(?:我们|我|俺|咱)?(?:还|也|就|好|很)?(?:想要|需要|急需|想|要|求|缺)"
    rf"(?P<unit>{_MEASURE})?(?P<item>[\u4e00-\u9fff]{{1,6}}?)(?:[吧呢啊呀啦了])?$"
)
"""我要米, 要对鞋: a word of one letter counts where a wish and nothing else stands before it."""
_LACK = re.compile(
    "^(?:我们|我|俺|咱)?(?:家里|家|屋企|屋里)?(?:已经|都|又|快|就)?(?:没有|没|冇|缺)"
    "(?P<item>[\u4e00-\u9fff]{1,4}?)(?:煮饭|做饭|下锅|吃|食|用|穿|盖|睡)(?:[吧呢啊呀啦了])?$"
)
"""冇米煮饭, 没床睡."""
_SOFTLY = re.compile("(?:[吧呢啊呀啦了]|[和跟及加]|以及|还有|还要|另外)+$")


def fold_measures(text: str) -> str:
    """50kg is 50公斤; 2 袋大米, as phones write it, is 2袋大米. 2 张三 stays."""
    return _compile_apart().sub(r"\1", _KILOGRAMS.sub("公斤", text))


@cache
def _compile_apart() -> re.Pattern[str]:
    things = "|".join(map(re.escape, list_things()))
    number = rf"(\d|(?<![\u4e00-\u9fff])[{''.join(NUMERALS)}])"
    return re.compile(rf"{number}\s+(?=(?:{_MEASURE})(?:{things}))")


def take_goods(tokens: Sequence[str], *, is_any: bool) -> tuple[list[Need], list[str]]:
    """棉被2床, 2床棉被, 求两床棉被, 5袋米2桶油. is_any: in a form; in prose only things that are
    known. Second: the tokens that are none."""
    needs: list[Need] = []
    rest: list[str] = []
    for token in tokens:
        goods = [need for part in _split_goods(token) if (need := _parse_good(part))]
        if goods and (is_any or all(_is_thing(need.item) for need in goods)):
            needs += goods
        else:
            rest.append(token)
    return sorted(set(needs), key=lambda need: (need.item, need.unit, need.quantity)), rest


def _split_goods(token: str) -> list[str]:
    """A thing and how many it is, each; whole where a part of it says something else."""
    whole = _VERBS.sub("", token)
    joined = [part for part in AND.split(whole) if part]
    if len(joined) > 1 and all(map(_parse_good, joined)):
        return joined
    for parts in (_SEVERAL.split(whole), _AFTER_COUNT.findall(whole)):
        if len(parts) > 1 and "".join(parts) == whole and all(map(_parse_good, parts)):
            return parts
    return [token]


def split_named(token: str) -> list[str]:
    """想要轮椅和棉被: each thing, where all parts name one; else the whole."""
    parts = [part for part in AND.split(token) if part]
    is_list = len(parts) > 1 and all(name_thing(part) or _parse_good(part) for part in parts)
    return parts if is_list else [token]


def _is_thing(item: str) -> bool:
    """By a word of one letter too, where nothing else is said: 一袋米."""
    return item in HINT_WORDS or find_thing(item) is not None


def _parse_good(token: str) -> Need | None:
    bare = _SOFTLY.sub("", _OWNERS.sub("", _VERBS.sub("", token)))
    if match := _COUNT_FIRST.match(bare):
        number, unit, item = match.groups()
    elif match := _ITEM_FIRST.match(token):
        item, number, unit = match.groups()
    elif (match := _UNNUMBERED.match(bare)) and match[2] in list_things():
        unit, item, number = match[1], match[2], "一"
    elif (match := _WISH.match(token)) and match["unit"] and find_thing(match["item"]):
        unit, item, number = match["unit"], match["item"], "一"
    else:
        return None
    quantity = NUMERALS.get(number) or int(number)
    item = _OWNERS.sub("", _VERBS.sub("", item))
    return Need(unit=unit, quantity=quantity, item=item) if quantity and item else None


_COUNT = re.compile(
    rf"(?:我?想?要|需要|就要|就)?{_NUMBER}({_MEASURE})?(?:就够了?|就行了?|就好了?|就可以了?|吧|左右)?"
)


def count_named(thing: str, count: str) -> Need | None:
    """“2床”, “两个”, “2”, of who named only a thing before."""
    entry, match = name_thing(thing) or find_thing(thing), _COUNT.fullmatch(count)
    if entry is None or match is None:
        return None
    quantity = NUMERALS.get(match[1]) or int(match[1])
    return (
        Need(unit=match[2] or entry.unit, quantity=quantity, item=entry.name) if quantity else None
    )


def is_good(text: str) -> bool:
    """Whether it names a thing that is known and says nothing else: 轮椅, 我想要棉被, 一台风扇."""
    goods, _ = take_goods([text], is_any=False)
    return name_thing(text) is not None or bool(goods)


def name_thing(text: str) -> Entry | None:
    """The thing that a text names and nothing else: 轮椅, 我想要棉被."""
    word = _SOFTLY.sub("", _OWNERS.sub("", _VERBS.sub("", text)))
    if word in list_things():
        return find_thing(word)
    wish = _WISH.match(text) or _LACK.match(text)
    return find_thing(wish["item"]) if wish and not wish.groupdict().get("unit") else None


def is_wish(token: str) -> bool:
    """我要米, 要对鞋, 冇米煮饭: a thing that is known is asked for, by these words alone."""
    wish = _WISH.match(token) or _LACK.match(token)
    return wish is not None and find_thing(wish["item"]) is not None


def find_category_named(tokens: Sequence[str]) -> Category | None:
    """Of the one thing that they name."""
    entries = {entry for token in tokens if (entry := name_thing(token))}
    return entries.pop().category if len(entries) == 1 else None


def find_named(tokens: Sequence[str]) -> list[Need]:
    """Things that stand for one where no number does, each alone or as asked for: 要轮椅."""
    entries = [entry for token in tokens if (entry := name_thing(token))]
    units = ((entry, UNITS_OF_THINGS.get(entry.name)) for entry in entries)
    return [Need(unit=unit, quantity=1, item=entry.name) for entry, unit in units if unit]


def find_things(text: str) -> set[Entry]:
    """All of the catalogue that the text names; a longer word hides the shorter one in it."""
    entries = map(find_thing, _compile_things().findall(text))
    return {entry for entry in entries if entry is not None}


@cache
def _compile_things() -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(list_things(), key=len, reverse=True))))


def find_uncounted(text: str, category: Category | None) -> list[Need]:
    """求轮椅: one, if no number stands by it. 屋顶漏水: one repair. Where it is money that helps,
    the sum must be said."""
    things = {word for word in UNITS_OF_THINGS if word in text}
    if len(things) == 1:
        return [_count_thing(things.pop(), text)]
    if category in SERVICES and not things:
        return [Need(unit="次", quantity=1, item=LABELS[category])]
    return []


def _count_thing(thing: str, text: str) -> Need:
    """“低保户黄伯需要轮椅两辆”."""
    counted = re.search(rf"{thing}{_NUMBER}({_MEASURE})", text) or re.search(
        rf"{_NUMBER}({_MEASURE})[\u4e00-\u9fff]{{0,2}}{thing}", text
    )
    if counted is None:
        return Need(unit=UNITS_OF_THINGS[thing], quantity=1, item=thing)
    number, unit = counted.groups()
    return Need(unit=unit, quantity=NUMERALS.get(number) or int(number) or 1, item=thing)


# --- several things in one message ---

WISHES_MAX = 5
"""In one message; who writes more is asked."""


class SpokenWish(Value):
    """What is asked for besides, in the same words."""

    need: Need
    category: Category | None = None


def tell_apart(needs: list[Need], category: Category | None, text: str) -> list[SpokenWish]:
    """What is asked for, money first, each with its category. None where one thing is said twice,
    or more than can be. category: of the text as a whole, where it asks for one thing."""
    if len(needs) <= 1:
        return [SpokenWish(need=need, category=category) for need in needs]
    things = {need.item: find_thing(need.item) for need in needs if not need.is_money}
    names = {item: entry.name if entry else item for item, entry in things.items()}
    is_twice = len({names.get(need.item, "") for need in needs}) < len(needs)
    if is_twice or len(needs) > WISHES_MAX:
        return []
    categories = {item: entry.category for item, entry in things.items() if entry}
    purposes = find_spoken_categories(text) - set(categories.values())
    purpose = purposes.pop() if len(purposes) == 1 else None
    wishes = (
        SpokenWish(need=need, category=purpose if need.is_money else categories.get(need.item))
        for need in needs
    )
    return sorted(wishes, key=lambda wish: not wish.need.is_money)
