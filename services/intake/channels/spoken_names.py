"""Whose name a text says, as people write it: 张三, 我叫张三, 我妈妈王芳.

What somebody is says no name: 我是低保户, 我是他邻居.
"""

import re

from services.intake.channels.english import CALLED
from services.intake.channels.words import (
    CLASS_SIGNS,
    NAMELIKE_WORDS,
    SURNAMES,
    find_keyword_categories,
    find_thing,
)
from shared.towns import index_codes_by_name

# Words left over beside a name: more is prose, where a name is not to be told from other words.
WORDS_BESIDE_NAME_MAX = 2

_NAME = "(?P<name>[\u4e00-\u9fff]{2,4})(?![\u4e00-\u9fff])"
_CALLED = re.compile(
    f"(?P<verb>(?:姓名|名字|申请人|求助人|受助人)(?:是|系|为|叫|:)?|[我他她]叫|我就?[是系]|名叫){_NAME}"
)
_HAN = re.compile(r"^[\u4e00-\u9fff]{2,4}$")
_RELATIVE = (
    "(?:父亲|母亲|爸爸|妈妈|老爸|老妈|老豆|阿爸|阿妈|爸|妈|小朋友|小孩子?|宝宝|细路仔?"
    "|爷爷|奶奶|外公|外婆|阿公|阿婆|阿爷|阿嫲|公公|婆婆|丈夫|妻子|老公|老婆|儿子|女儿|孙子|孙女"
    "|岳父|岳母|大伯|伯父|伯母|嫂子|侄子|侄女|外甥女?"
    "|哥哥|弟弟|姐姐|妹妹|叔叔|阿姨|舅舅|姑姑|老人家?|孩子|家人|亲戚|朋友|同事|邻居)"
)
_RELATIVE_CALLED = re.compile(
    f"{_RELATIVE}(?:(?:今年|现在|已经)*(?:\\d{{1,3}}|[一二三四五六七八九十]{{1,3}})多?岁了?[,、]?)?(?:名?叫){_NAME}"
)
"""细路仔叫张小明, 我妈妈今年70岁叫陈阿妹; 妈妈叫王师傅来 is no name."""
_FOR_WHOM = re.compile(
    "^(?:(?:是|为|给|帮|替)|(?:我|他|她)?(?:叫|姓名|名字|的名字)(?:是|叫|系)?|申请人|本人|我自己|自己|我就?[是系]?"
    f"|(?:我|他|她)?(?:家)?的?{_RELATIVE})++"
)
_ASKED_FOR = re.compile("(?:申请|用|要)?的?$")
_NOT_IN_NAMES = re.compile("[谢请求需要帮给的了吗呢没不在是很们这那就都也有被病药钱我他她姓]")
_NO_NAMES = (
    "本人 自己 保密 匿名 不详 未知 没有 取消 全家 一家 大家 家属 家长 亲属 患者 学生 工人 农民 "
    "租客 业主 居民 村民 社工 店主 老板 单亲 大学 小学 初中 中学 退休 外来 外地 新来 打工 无业 "
    "失业 代办 姓 什么 随便 某某 公司 单位 学校 干部 你好 您好 好的 可以 明天"
)
"""What people answer, or are, and nobody is called; with whatever is written behind."""
_PLACES = (
    "北京 天津 上海 重庆 河北 山西 辽宁 吉林 黑龙江 江苏 浙江 安徽 福建 江西 山东 河南 湖北 湖南 "
    "广东 海南 四川 贵州 云南 陕西 甘肃 青海 内蒙古 广西 西藏 宁夏 新疆 香港 澳门 台湾"
)
_PROVINCES = frozenset(_PLACES.split())
_TRADE = re.compile(
    "(?:[人工户员者民属妈爸匠]|司机|血压|家长|代表|学生|[儿女]子?|儿童|老人|军人|师傅|志愿者|(?<=.[\u4e00-\u9fff])生)$"
)
"""How what somebody is ends: 湖南人, 钟点工, 网格员, 高中生."""


def take_called(text: str) -> tuple[set[str], str]:
    """The names that are said to be ones (我叫张三, NAME Zhang San), and the text without them."""
    names: set[str] = set()

    def take(match: re.Match[str]) -> str:
        name = match["name"]
        verb = match.groupdict().get("verb", "")
        is_weak = not verb or (verb.startswith("我") and verb.endswith(("是", "系")))
        is_name = _is_name(name) and not _TRADE.search(name) if is_weak else _may_be_called(name)
        if is_name:
            names.add(name)
        return " " if is_name else match.group()

    rest = _RELATIVE_CALLED.sub(take, _CALLED.sub(take, text))
    names |= {match["name"] for match in CALLED.finditer(rest)}
    return names, CALLED.sub(" ", rest)


def find_names(tokens: list[str], *, is_form: bool) -> set[str]:
    """Two to four Han characters that begin with a surname and say nothing else, in a form."""
    names = {token for token in tokens if _is_name(token)}
    return names if is_form and len(tokens) - len(names) <= WORDS_BESIDE_NAME_MAX else set()


def find_answered_name(tokens: list[str]) -> str | None:
    """Of who was asked for it: “张三”, “我叫张三”, “我妈妈王芳”."""
    words = [_ASKED_FOR.sub("", _FOR_WHOM.sub("", token), count=1) for token in tokens]
    words = [word for word in words if word]
    names = {word for word in words if _is_name(word)}
    if len(words) == 1 and not _TRADE.search(words[0]):
        names |= {word for word in words if _may_be_called(word)}
    return names.pop() if len(names) == 1 and len(words) <= 1 + WORDS_BESIDE_NAME_MAX else None


def _is_name(token: str) -> bool:
    """谢 is a surname, and 谢谢 is none."""
    if not token.startswith(SURNAMES) or find_thing(token) is not None:
        return False
    return _may_be_called(token, token[1:])


def _may_be_called(token: str, rest: str = "") -> bool:
    return bool(
        _HAN.match(token)
        and token not in NAMELIKE_WORDS
        and token not in CLASS_SIGNS
        and token not in _PROVINCES
        and not token.startswith(tuple(_NO_NAMES.split()))
        and not _NOT_IN_NAMES.search(rest or token)
        and not find_keyword_categories(token)
        and not _is_relative(token)
        and token.removesuffix("人") not in index_codes_by_name()
    )


def _is_relative(token: str) -> bool:
    """我妈妈, 老人: somebody, and not who. 王奶奶 is how people call her."""
    return _FOR_WHOM.sub("", token) == ""
