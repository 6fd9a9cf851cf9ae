"""A donor's answer to a proposal by SMS or WeChat: yes or no, and the number that he was sent.

`Y4821`, `4821 同意`, `不同意 4821`, `N4821 太远了`. Both have to be there, the number once, and
around them only thanks and, with a no, a reason in words that are known here. Whatever else stands
beside them, a person reads: “不行12345，我没收到钱” is no donor's no.
"""

import re
from dataclasses import dataclass, field

from shared.contracts.events import DonorVerdict
from shared.contracts.events.donors import DeclineCause
from shared.simplified import simplify
from shared.text import fold_text

LENGTH_MAX = 80
WORDS_AFTER_MAX = 40


@dataclass(frozen=True, slots=True)
class DonorAnswer:
    """code: empty for “Y” or “N” alone. cause: why not, as far as the words say it; they themselves
    are not passed on.

    has_letter: said with Y or N, as we asked a donor to, not in words that may answer anything.
    """

    verdict: DonorVerdict
    code: str
    cause: DeclineCause = "other"
    has_letter: bool = field(default=False, compare=False)


def read_donor_answer(text: str) -> DonorAnswer | None:
    """Never raises. Who asks (“同意4821？”) has not answered."""
    if "?" in fold_text(text):
        return None
    plain = _MARKS.sub(" ", simplify(fold_text(text).casefold())).strip()
    if len(plain) > LENGTH_MAX:
        return None
    if match := _ALONE.fullmatch(plain):
        return DonorAnswer("decline" if match["no"] else "accept", "", has_letter=True)
    for pattern in (_WORD_FIRST, _CODE_FIRST):
        if match := pattern.fullmatch(plain):
            return _read_match(match)
    return None


def offers_help(text: str) -> bool:
    """我想帮忙, 想捐: of simplified text. Who offers, and asks for nothing."""
    return _GIVING.fullmatch(text) is not None


def _read_match(match: re.Match[str]) -> DonorAnswer | None:
    rest = match["rest"].strip()
    if len(rest) > WORDS_AFTER_MAX:
        return None
    has_letter = bool(_LETTER.search(match["said"]))
    if match["no"]:
        cause = _find_cause(rest)
        no = DonorAnswer("decline", match["code"], cause, has_letter)
        return no if _WHY.fullmatch(rest) else None
    yes = DonorAnswer("accept", match["code"], has_letter=has_letter)
    return yes if _COURTESY.fullmatch(rest) else None


def _find_cause(rest: str) -> DeclineCause:
    if _CAPACITY.search(rest):
        return "capacity"
    return "scope" if _SCOPE.search(rest) else "other"


_GIVING = re.compile(
    "(?:请问|你好|您好)?(?:我们公司|我们|我司|本人|我)?(?:也|很)?(?:想要|想|要|愿意|可以)"
    "(?:帮忙|帮人|(?:帮|帮助)(?:别人|他人|人|大家|有需要的人|有困难的人)|捐[赠助献款钱物]?"
    "|捐(?:一?[点些])?(?:衣服|东西|物资|米|书|钱)|[做当](?:志愿者|义工))"
)
_MARKS = re.compile(
    r"[\s\ufe0f\U0001f3fb-\U0001f3ff😊🙂😀😃😄😁👍👌👏🙏❤✅💪🌹🤝,.;:!?~、，。；：！？“”\"'()（）\[\]【】<>《》+\-_/\\|·…—]+"
)
_HELLO = "(?:(?:收到|好的|嗯+|您好|你好|抱歉|不好意思|对不起|谢谢) ?)?"
_WHO = (
    f"{_HELLO}(?:(?:我们?(?:公司|商会|协会|这边)?|我司|本人|公司|本会|我方) ?)?"
    "(?:(?:回复|答复|回|选择?) ?)?"
)
_ALL = "(?:(?:全部|全|都|一起|统统) ?)?"
_NOW = "(?:(?:确认|确定|决定|还是|暂时|暂|现在|目前|先|就|也) ?)?"
_DO = "(?:同意|接受|接收|认领|支持|参与|参加|对接)"
_AFTER = "(?: ?(?:全部|了|吧|哦|啊))?"
# A no comes first: 不同意 holds 同意.
_REFUSE = (
    "(?:唔(?:得|要|想|得闲|制|同意|接受)|不(?:同意|接受|愿意?|行|可以|能|会|用|方便|考虑|认领|答应|支持|参与|参加|对接|需要|想要?|要|接)"
    "|不(?= )|暂不|算了|做不了|没有?办法|没法|无法(?: ?提供)?|无力|婉拒|拒绝|谢绝|回绝|放弃)"
    f"(?: ?{_DO})?"
)
_AGREE = (
    f"(?:(?:愿意|同意|可以|确认|决定|想要?|要|会|能) ?{_DO}"
    "|同意|接受|接收|愿意|可以|好的?|行|得|认领|答应|没问题|确认|支持|通过|我来|对接)"
)
_NO = f"{_ALL}{_NOW}(?:{_REFUSE}(?: ?(?:no|n))?|no|n){_AFTER}"
_YES = f"{_ALL}{_NOW}(?:{_AGREE}(?: ?(?:yes|y))?|yes|y|ok){_AFTER}"
_ALONE = re.compile("(?:回复 ?)?(?:y|yes|(?P<no>n|no))(?: ?(?:谢谢|好的))?")
_VERDICT = f"(?P<said>(?P<no>{_NO})|(?P<yes>{_YES}))"
_LETTER = re.compile("[yn]")
# An amount or a count is no code, nor is a part of a longer number.
_CODE = (
    "(?:加上? ?)?(?:全部 ?)?(?:(?:编号|号码|数字|代码|验证码|回复码|尾号|no) ?)?"
    "(?<![0-9])(?P<code>[0-9]{4,5})(?![0-9])"
)
_NO_UNIT = r"(?! ?(?:元|块|圆|万|千|百|个|袋|床|件|份|台|辆|斤|公斤|kg|箱|套|年|月|日|号))"
_WORD_FIRST = re.compile(rf"{_WHO}{_VERDICT} ?{_CODE}{_NO_UNIT}(?P<rest>.*)")
_CODE_FIRST = re.compile(
    rf"{_WHO}{_CODE}{_NO_UNIT} ?(?:的|加上?|这[项个笔件])? ?{_WHO}{_VERDICT}(?P<rest>.*)"
)
# What is repeated over what people write gives nothing back (`*+`), so it takes linear time.
_THANKS = (
    "谢谢|感谢|抱歉|对不起|不好意思|你们|您们?|你|大家|辛苦|请?(?:尽快|及时)?安排"
    "|了|的|吧|啊|哦|呢|好|thanks?|ok"
)
_COURTESY = re.compile(
    f"(?: |{_AGREE}|yes|y|全部|全|都|一起|我们|我|公司|这[项个笔件]|对接|项目|收到|{_THANKS})*+"
)
_CAPACITY_WORDS = (
    "没钱|没空|捐过|太多|余力|资金|紧张|困难|人手|暂时|最近|目前|没有?时间|忙|预算|用完|没货|缺货"
)
_SCOPE_WORDS = "太?远|范围|不在|送不到|不提供|不做|没有?这|不合适|不符"
_BESIDE = (
    "我们|我司|公司|本人|我|这边|这里|这次|这个|这项|这些|这种|那边|那里|项目|服务|业务|区域|地区|镇街|"
    "现在|近期|今年|本月|这个月|已经|已|都|也|就|实在|确实|真的|比较|有点|有些|很|太|不够|不足|有限|"
    "轮椅|棉被|大米|能力|时间|没有|没|无法|无|因为|由于|原因|距离|路|离|车|仓库|库存|物资|货|经费|是|在|有|下次|再说|以后"
)
_WHY = re.compile(
    f"(?: |{_CAPACITY_WORDS}|{_SCOPE_WORDS}|{_REFUSE}|no|n|全部|{_BESIDE}|{_THANKS})*+"
)
_CAPACITY = re.compile(_CAPACITY_WORDS)
_SCOPE = re.compile(_SCOPE_WORDS)
