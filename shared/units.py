"""Units of goods and services in English; the catalogue names them in Chinese."""

from collections.abc import Mapping

_ONE_AND_MORE: Mapping[str, tuple[str, str]] = {
    "个": ("piece", "pieces"),
    "件": ("piece", "pieces"),
    "台": ("piece", "pieces"),
    "张": ("piece", "pieces"),
    "条": ("piece", "pieces"),
    "床": ("piece", "pieces"),
    "辆": ("vehicle", "vehicles"),
    "盏": ("lamp", "lamps"),
    "项": ("item", "items"),
    "袋": ("bag", "bags"),
    "包": ("pack", "packs"),
    "箱": ("box", "boxes"),
    "盒": ("box", "boxes"),
    "瓶": ("bottle", "bottles"),
    "桶": ("can", "cans"),
    "罐": ("tin", "tins"),
    "套": ("set", "sets"),
    "双": ("pair", "pairs"),
    "对": ("pair", "pairs"),
    "副": ("pair", "pairs"),
    "本": ("volume", "volumes"),
    "份": ("portion", "portions"),
    "餐": ("meal", "meals"),
    "处": ("place", "places"),
    "间": ("room", "rooms"),
    "户": ("household", "households"),
    "人": ("person", "persons"),
    "次": ("time", "times"),
    "场": ("session", "sessions"),
    "小时": ("hour", "hours"),
    "天": ("day", "days"),
    "月": ("month", "months"),
    "米": ("m", "m"),
    "平方米": ("m²", "m²"),
    "公斤": ("kg", "kg"),
    "升": ("l", "l"),
    "吨": ("t", "t"),
}


def name_unit(unit: str, quantity: int) -> str:
    """In English; one that has no English name stays as it was written."""
    one, more = _ONE_AND_MORE.get(unit, (unit, unit))
    return one if quantity == 1 else more
