"""How people write who write no Mandarin, as far as an answer turns on it."""

import re

from shared.simplified import simplify


def read_dialect(text: str) -> str:
    """In simplified signs and Mandarin words, where it matters to a short answer."""
    plain = _REFUSALS.sub(lambda match: _REFUSED[match.group()], simplify(text))
    return plain.translate(_CANTONESE)


def read_mandarin(text: str) -> str:
    """As `read_dialect`, with the words of Cantonese too: for what is looked for within a text."""
    plain = _WORDS.sub(lambda match: _MANDARIN[match.group()], simplify(text))
    return plain.translate(_CANTONESE)


# How Cantonese is written; 収 is what a Japanese keyboard gives.
_CANTONESE = str.maketrans("咗嘅喇嚟畀俾哋佢仲収", "了的啦来给给们他还收")
_REFUSED = {"唔好再": "不要再", "唔好发": "不要发", "咪再": "别再", "唔使再": "不用再"}
_REFUSALS = re.compile("|".join(_REFUSED))
_MANDARIN = {
    "唔该": "谢谢",
    "唔见": "不见",
    "唔": "不",
    "冇": "没有",
    "畀人": "被人",
    "俾人": "被人",
    "比人打": "被人打",
    "喺": "在",
    "食": "吃",
    "饮": "喝",
    "樽": "瓶",
    "成瓶": "整瓶",
    "成樽": "整瓶",
    "成日": "天天",
    "成晚": "整晚",
    "话要": "说要",
    "斩": "砍",
    "斬": "砍",
    "落去": "下去",
    "落嚟": "下来",
    "落来": "下来",
    "落楼": "下楼",
    "跌亲": "摔倒",
    "跌咗": "摔了",
    "瞓": "睡",
    "捱": "熬",
    "我个仔": "我儿子",
    "我个女": "我女儿",
    "佢个仔": "他儿子",
    "佢个女": "他女儿",
    "阿仔": "儿子",
    "阿女": "女儿",
    "细路": "孩子",
    "老豆": "爸爸",
    "老窦": "爸爸",
    "老母": "妈妈",
    "阿爸": "爸爸",
    "阿妈": "妈妈",
    "阿婆": "奶奶",
    "阿嫲": "奶奶",
    "阿公": "爷爷",
    "阿伯": "爷爷",
    "屋企": "家里",
    "𨋢": "电梯",
    "嗰": "那",
    "啲": "些",
    "火烛": "火灾",
    "火燭": "火灾",
    "差人": "警察",
    "攞": "拿",
    "搵": "找",
    "倾偈": "聊天",
    "返": "回",
}
_WORDS = re.compile("|".join(sorted(map(re.escape, _MANDARIN), key=len, reverse=True)))
