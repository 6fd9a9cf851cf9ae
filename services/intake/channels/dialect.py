"""How people write who write no Mandarin, as far as an answer turns on it."""

import re

from services.intake.channels.english import read_english_wish
from shared.simplified import simplify


def read_dialect(text: str) -> str:
    """In simplified signs and Mandarin words, where it matters to a short answer."""
    plain = _REFUSALS.sub(lambda match: _REFUSED[match.group()], simplify(text))
    return plain.translate(_CANTONESE)


def read_mandarin(text: str) -> str:
    """As `read_dialect`, with the words of Cantonese too: for what is looked for within a text."""
    plain = _WORDS.sub(lambda match: _MANDARIN[match.group()], simplify(text))
    return plain.translate(_CANTONESE)


def read_spoken_wish(text: str) -> str:
    """As `read_dialect`, with what is asked for in Mandarin words: 俾張輪椅我 is 给张轮椅我, and
    that is 给我张轮椅; “2 quilts” is 棉被2床. Of simplified text too."""
    plain = read_dialect(read_english_wish(text))
    plain = _WISHES.sub(lambda match: _WISHED[match.group()], plain)
    return _TO_ME.sub(r"给我\2\1", plain)


# How Cantonese is written; 収 is what a Japanese keyboard gives.
_CANTONESE = str.maketrans("咗嘅喇嚟畀俾哋佢仲収", "了的啦来给给们他还收")
_REFUSED = {"唔好再": "不要再", "唔好发": "不要发", "咪再": "别再", "唔使再": "不用再"}
_REFUSALS = re.compile("|".join(_REFUSED))
_WISHED = {
    "唔该晒": "谢谢",
    "唔该": "麻烦",
    "唔使": "不用",
    "唔够": "不够",
    "唔到": "不到",
    "唔起": "不起",
    "冇人": "没人",
    "冇钱": "没钱",
    "冇米": "没米",
    "冇得": "没有",
    "冇": "没有",
    "揾": "找",
    "搵": "找",
    "想攞返": "想要",
    "想攞": "想要",
    "攞返": "拿",
    "攞": "拿",
    "买返": "买",
    "要返": "要",
    "换返": "换",
    "整返": "修",
    "整好": "修好",
    "倾下偈": "聊天",
    "倾吓偈": "聊天",
    "倾偈": "聊天",
    "倾计": "聊天",
    "睇医生": "看病",
    "睇病": "看病",
    "执屋": "打扫",
    "执下屋": "打扫",
    "帮手": "帮忙",
    "屋企": "家里",
    "細路": "孩子",
    "细路仔": "小孩",
    "细路": "小孩",
    "老豆": "爸爸",
    "老窦": "爸爸",
    "老母": "妈妈",
    "阿仔": "儿子",
    "个仔": "儿子",
    "个女": "女儿",
    "我阿妈": "我妈妈",
    "我阿爸": "我爸爸",
    "我阿婆": "我奶奶",
    "我阿嫲": "我奶奶",
    "我阿爷": "我爷爷",
    "雪柜": "冰箱",
    "冷气机": "空调",
    "冷气": "空调",
    "棉胎": "棉被",
    "冚被": "棉被",
    "被铺": "棉被",
    "尿片": "尿不湿",
    "冷衫": "衣服",
    "衫裤": "衣服",
    "助听机": "助听器",
    "水煲": "热水壶",
    "煲水壶": "热水壶",
    "而家": "现在",
    "依家": "现在",
    "啲": "些",
    "嗰": "那",
    "蚊鸡": "元",
}
"""For wishes alone: 食, 饮 and 返 are parts of things that Mandarin calls the same."""
_WISHES = re.compile("|".join(sorted(map(re.escape, _WISHED), key=len, reverse=True)))
_TO_ME = re.compile(
    "给(?!我)([^给我,;、。!?\\s]{1,12})我(爸爸|妈妈|老婆|老公|奶奶|爷爷|儿子|女儿|小孩|孩子|家人)?(?![\u4e00-\u9fff])"
)
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
