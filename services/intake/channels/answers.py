"""What a short answer means: it arrived or did not, stop, start again, thanks, help at once.

A text means something only where all of it is understood: “收到了吗” and “邻居收到了” are read by a
person. What asks for help at once is the exception: a word is enough, whatever stands around it.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from services.intake.channels.danger import find_danger
from services.intake.channels.dialect import read_dialect
from services.intake.channels.progress_words import asks_progress, presses
from services.intake.channels.spoken_goods import THING
from services.intake.channels.stopping import has_stop, says_more
from services.intake.channels.words import MEASURES
from shared.text import fold_text

REFERENCE_DIGITS = 6
ANSWER_LENGTH_MAX = 60


class Sense(StrEnum):
    """NO: “n” or “r”, which is no to one question and “stop” to a carrier. GRIEF: tears alone."""

    RECEIVED = "received"
    NOT_RECEIVED = "not_received"
    PARTLY = "partly"
    REFERENCE = "reference"
    NO = "no"
    STOP = "opted_out"
    START = "resumed"
    THANKS = "thanks"
    GRIEF = "grief"
    PROGRESS = "progress"
    PRESSING = "pressing"
    NEEDLESS = "needless"
    GIVING = "giving"
    CALL = "call"
    EMERGENCY = "emergency"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ShortAnswer:
    """references: the numbers it names. is_about_all: “都收到了”.

    is_about_delivery: it speaks of something that came or did not, so it asks for nothing new.
    says_more: than that notices shall stop; a person reads it too.
    """

    sense: Sense
    references: tuple[str, ...] = ()
    is_about_all: bool = False
    is_about_delivery: bool = False
    is_urgent: bool = False
    says_more: bool = False


def read_answer(text: str) -> ShortAnswer:
    """Never raises."""
    folded = read_dialect(fold_text(text).casefold())
    if find_danger(text) or "🆘" in text:
        return ShortAnswer(Sense.EMERGENCY, is_urgent=True)
    if len(folded) > ANSWER_LENGTH_MAX:
        return ShortAnswer(Sense.UNKNOWN)
    references, rest = _take_references(_HELP_ASKED.sub("", folded))
    plain = _squeeze(_MISTAKEN.sub("", rest))
    if not plain and not references:
        return ShortAnswer(_read_picture(folded))
    sense = _find_sense(plain, is_asking="?" in rest or plain.endswith("吗"))
    return ShortAnswer(
        sense=sense,
        references=references,
        is_about_all=sense in (Sense.RECEIVED, Sense.NOT_RECEIVED) and bool(_ALL.search(plain)),
        is_about_delivery=sense in _ABOUT_DELIVERY or bool(_DELIVERY.search(plain)),
        is_urgent=sense is Sense.CALL and bool(_HASTE.search(plain)),
        says_more=sense is Sense.STOP and says_more(plain),
    )


def is_greeting(text: str) -> bool:
    """你好, 有人吗: it says nothing yet."""
    return _OPENING.fullmatch(_squeeze(fold_text(text).casefold())) is not None


def _find_sense(plain: str, *, is_asking: bool) -> Sense:
    """Of a text without references, blanks and signs. Negation comes first."""
    words = _PARTICLES.sub("", _COURTESIES.sub("", plain))
    if not plain:
        return Sense.REFERENCE
    if not words:
        return Sense.UNKNOWN if _GREETING.fullmatch(plain) else Sense.THANKS
    if asks_progress(words):
        return Sense.PROGRESS
    if presses(words):
        return Sense.PRESSING
    for sense, pattern in _STANDING_ALONE:
        if pattern.fullmatch(words):
            return Sense.UNKNOWN if is_asking else sense
    if has_stop(words) and not is_asking:
        return Sense.STOP
    if is_asking:
        return Sense.CALL if _CALL.search(words) else Sense.UNKNOWN
    if _OUR_MESSAGES.fullmatch(words) or _GIVERS_GOT.match(words):
        return Sense.UNKNOWN
    if _PARTLY.search(words):
        return Sense.PARTLY
    for sense, pattern in _WHOLE:
        if pattern.fullmatch(words):
            return sense
    if _THANKS_FOR.fullmatch(plain):
        return Sense.THANKS
    return Sense.CALL if _is_call(words) else Sense.UNKNOWN


def _is_call(words: str) -> bool:
    if _NO_CALL.search(words):
        return False
    return bool(_CALL.search(words)) and len(_CALL.sub("", words)) <= CALL_REST_MAX


def _take_references(text: str) -> tuple[tuple[str, ...], str]:
    """A number of ours, in full or its last digits; no amount is one."""
    digits = (match["whole"] or match["end"] for match in _REFERENCE.finditer(text))
    references = (each[-REFERENCE_DIGITS:].upper() for each in digits)
    return tuple(dict.fromkeys(references)), _REFERENCE.sub(" ", text)


def _squeeze(text: str) -> str:
    """Letters and digits alone, and a point within a number; WeChat writes pictures as [强]."""
    text = _PICTURES.sub("", text)
    marks = (mark for mark in text if unicodedata.category(mark)[0] in "LN" or mark == ".")
    return "".join(marks).strip(".")


def _read_picture(text: str) -> Sense:
    """A thumb up, or tears, and nothing else."""
    if _SAD.search(text):
        return Sense.GRIEF
    is_picture = any(unicodedata.category(mark) == "So" for mark in text)
    return Sense.THANKS if is_picture or _PICTURES.search(text) else Sense.UNKNOWN


_SAD = re.compile(
    r"[😭😢😥😰😨😱😓😞😔😟🙁☹😣😖😩😫😡😠🤬👎💔😿🥺]"
    r"|\[(?:流泪|大哭|难过|快哭了|委屈|发怒|抓狂|可怜|心碎|弱|衰|骷髅|咒骂|撇嘴|苦涩)\]"
)
_PICTURES = re.compile(r"\[[\u4e00-\u9fffa-z]{1,6}\]")
_REFERENCE = re.compile(
    r"(?:(?:尾号|编号|号码|no\.?)\s*:?\s*)?"
    r"(?:(?:m-)?r-(?P<whole>[0-9a-f]{20})(?:-o-[0-9a-z]+-\d+)?"
    r"|(?<![0-9a-z.])(?P<end>[0-9a-f]{6})(?![0-9a-z]|\.\d|\s*(?:元|块|圆|万)))"
)

# “没收到，能帮忙查一下吗？” asks for help, not whether it came.
_HELP_ASKED = re.compile(
    "(?:能不能|可不可以|可否|能否|可以|能)(?:请|麻烦)?(?:你们?|您)?帮(?:忙|我们?)?再?(?:查|问|看|催|核实)"
    r"(?:一下|看看|下)?吗?\s*[?]*$"
)
_HASTE = re.compile("急|马上|立刻|立即|尽快|赶快|快点")
_DELIVERY = re.compile("收到|没收|未收|到账|领到|拿到|送到|没到|未到|received|arrived")
_ALL = re.compile("都|全|两[个笔项份]|all")

# A word in a loop gives nothing back (`?>`), and no word is two others: whatever is written is read
# in one way, so it takes no time to find that it means nothing.
_COURTESIES = re.compile(
    "(?:非常|万分|十分|真的|太|好|多|衷心|真心)?(?:感谢|谢谢|感恩|感激|多谢|谢啦|谢了|拜谢|致谢|谢|唔该)"
    "(?:你们|您们|大家|各位|政府|党|领导|好心人|爱心人士|爱心企业|工作人员|社区|村委|莞家|"
    "(?:社工|志愿者|网格员)(?:[小老][\u4e00-\u9fff])?|[和与及](?=政府|社区|莞家|大家)|"
    "你|您|了|啦|啊|哦|晒)*"
    "|(?:(?:东西|物资|物品|质量)(?:都|也)?)?(?:很|非常|十分|特别|真|太|挺)"
    "(?:好用|合身|合适|满意|暖和|喜欢|实用|开心|高兴|感动|温暖|及时|好)"
    "|(?:(?:东西|物资|物品|质量)(?:都|也)?)?(?:很|真的?|还)?不错|辛苦(?:你们|您们|大家|各位|你|您|了|啦|跑一趟)*|麻烦(?:你们|您们|你|您|了)|给你们添麻烦了"
    "|你们?好|您们?好|大家好|领导好|早上好|上午好|下午好|晚上好|没有?问题|好人一生平安|祝.{0,8}"
    "|(?:新年|新春|春节|中秋|节日)快乐"
    "|(?:真)?(?:不|唔)好意思|(?:很|非常)?抱歉|对不(?:起|住)|打扰(?:你们?|您)?了"
    "|好的|好嘞|好滴|嗯嗯?|哦哦?|[噢喔](?=.)|okay|ok+了?|thanks?|thankyou|thx|3q|hello|hi|please"
)

# “看错了，收到了”: the word before is taken back. “弄错了” alone may be said of whoever sent it.
# Without the pause it says the opposite: “没看到收到”, “回错收到了”.
_MISTAKEN = re.compile(
    r"^(?:(?:不好意思|对不起|抱歉)[\s,;、。!~…]*)?"
    r"(?:(?>刚才|刚刚|之前|刚|我)++(?:搞|弄)错"
    r"|(?>刚才|刚刚|之前|刚|我)*+(?:看错|说错|记错|回错|没看[到见]|没注意到?|没留意))了?"
    r"[\s,;、。!~…]+(?=.*收)"
)
_PARTICLES = re.compile("(?<=.)[啊呀哈哟噢]+$")  # “1啊”: what only gives the tone
_GREETINGS = "你们?好|您们?好|大家好|领导好|[早上中下晚]+[上午]好|hello|hi|please"
_GREETING = re.compile(f"(?:{_GREETINGS})+")
_OPENING = re.compile(f"(?:{_GREETINGS}|请问|在吗|在不在|有人吗)+")
_NUMBER = "(?:[0-9]+(?:\\.[0-9]+)?|[一二两三四五六七八九十百千万零半]+)"
_MEASURE = "(?:" + "|".join(sorted(MEASURES, key=len, reverse=True)) + ")"
_MONEY = f"{_NUMBER}(?:万|千|百)?(?:元整|元钱|元|块钱|块|圆)"
# What is counted may be anything: “2床棉被”, “1个电饭煲”.
_COUNTED = (
    f"{_NUMBER}{_MEASURE}(?:的)?"
    f"(?:(?!收|没|未|不|只|少|到|领|拿|{_NUMBER}{_MEASURE})[\\u4e00-\\u9fff]){{0,6}}"
)
_OBJECT = (
    f"(?:(?:这|那|该|此|那些|这些)?[笔批些份个]?(?:{_MONEY}|{_COUNTED}|"
    f"{THING}{_NUMBER}{_MEASURE}|{THING}))"
)
_OBJECTS = f"(?:{_OBJECT}[和跟与及]?){{0,4}}"
_GIVER = (
    "(?>(?:你们|您们|你|您|大家|各位|领导|党|政府|社区|村里|村委|居委会|好心人|爱心人士|"
    "爱心企业|社工|工作人员|志愿者|他们(?=送|发|寄|捐|给|转)|莞家)"
    "(?>送来|发来|寄来|捐赠|给我们|给我|[发寄捐转给]|送(?![到达]))*的?)"
)
_SELF = (
    "(?>我们|我家|我这边|我这里|这边|本人|我的?(?:老妈|老爸|妈妈?|爸爸?|母亲|父亲|爷爷|奶奶|外婆|外公|老伴"
    "|老公|老婆|丈夫|妻子|儿子|女儿|孩子)|我|俺|咱们|咱|家里|老人家?"
    "|(?:奶奶|爷爷|外婆|外公|孩子|老伴)的?(?=.*[收领拿])|卡里)"
)
_WHEN = (
    "(?>就|又|原来|其实|后来|终于|总算|这会儿?|今天|今日|昨天|昨日|前天|今早|昨晚|刚刚|刚才|刚|早上|上午|中午|下午|晚上|现在|已经|已|早就|确认|"
    "确定|确实|真的|均|都|全部|全|也"
    "|两个|两笔|两项|两份|回复|短信|目前|到现在|至今|到今天|等了?很久)"
)
_LEAD = f"(?>{_GIVER}|{_SELF}|{_WHEN})*"
_YES = "(?>是的|对的|是啊|对啊|对|有)?"
_TAIL = (
    "(?>了|啦|啊|呀|哦|喔|噢|哈|咯|喽|嘞|呢?啊|的|过|好(?!心)|齐|完|妥|全部|都|哟|耶|诶|惹|捏"
    "|哒|喎)*"
)
_CAME = (
    "(?:收到|查收|妥收|收妥|收讫|收悉|收好|领回来|领到|领了|领取|拿到手|拿到|到账|到手|送到(?:我?家|门口|手)?|送达|送来|签收|收下|收了|到[了啦]|"
    "已到|(?<=已)收(?![费入])|打到(?:卡|账户|账)[里上]|(?:打|转|送)(?:过来|进来)|送上门|用上了"
    "|received|arrived|gotit|got)"
)
# Help that is done and not handed over.
_DONE = (
    "(?>师傅|工人|人家)?(?>来|上门)?(?:屋顶|房顶|房子|屋|墙|电线|电路|水管|水龙头|门窗?|窗户?|扶手|马桶|厕所"
    "|卫生间|地面|灯|空调|床)?(?>都|已经|已|全部|终于|帮我们?|给我们?)*(?:修|装|安装|换|弄|搞|做|改造)好了?"
)
# “你们送来的”: the giver took the word.
_CAME_FROM = f"(?<=送来){_TAIL}|(?<=送来的){_TAIL}(?>{_CAME}{_TAIL})*"
_NOT = (
    "(?>还是|一分钱|(?:什么|啥)东西|还|都|一直|从来|从|并|根本|完全|什么|啥|也|仍然|仍|依然|至今|到现在|压根)*(?:没有|没|"
    "未曾|未|尚未|不曾|冇|无|木有)(?:有)?(?:人)?(?:给我们?|见|看)?"
)
_ARRIVE = (
    "(?:收到|收|拿到|拿|领到|领|到账|送到|送来|送达|送过来|送|发|见到|看到|见|来|寄到|寄来|寄"
    "|转过来|转|打过来|打到(?:卡|账户|账)[里上]|到)"
)

CALL_REST_MAX = 12

_ASKING = "(?:我们?(?:要|想)|请|请?帮我|麻烦|可以)?"
_NOTICES = "(?:恢复|接收|收到?|发送|发|开通|订阅|给我们?|短信|通知我?|信息|消息)*[吧了]?"
# An SMS, a letter or a call is received too, and so is what is wrong.
_GOODS = (
    "(?:rice|oil|food|money|cash|transfer|medicine|wheelchair|quilt|blanket|bed|desk|clothe|good|thing"
    "|item|gift|parcel|package)s?"
)
_STANDING_ALONE: tuple[tuple[Sense, re.Pattern[str]], ...] = (
    (
        Sense.RECEIVED,
        re.compile(f"(?:回复?)?1|y1|已收|(?:yes|we|i)*(?:received|got)(?:it|(?:the|my)?{_GOODS})?"),
    ),
    (
        Sense.STOP,
        re.compile(
            "(?:回复?)?td?|nomore|tui|tuiding|(?:please)?nosms(?:please)?|donttext(?:me)?|退|退定|退出|停发|不再接收|不接收|停[啦了吧]?|不必再?发了?|我要退出|莫再?发了?|请?停止|勿扰|不想收了?"
        ),
    ),
    (
        Sense.THANKS,
        re.compile(
            "好|好了|行|知道[了啦]?|晓得[了啦]?|明白[了啦]?|了解[了啦]?|好呢|好咧|好哒|恭喜发财|感恩有你们?"
        ),
    ),
    (Sense.NO, re.compile("n|r|no")),
    (
        Sense.START,
        re.compile(
            f"{_ASKING}(?:(?:取消|解除|撤销|撤回)(?:退订|拒收|屏蔽|免打扰)|不退订了?|恢复|开通|开启|订阅){_NOTICES}|"
            f"{_ASKING}(?=.*(?:信|通知|消息|接收|开通|订阅))"
            f"(?:开始|继续|重新|再|打开|我要|我想){_NOTICES}|start|unstop"
            f"|继续发送?[吧了]?|我?(?:又|还)(?:想|要)收到?{_NOTICES}"
            "|.{0,6}退订了?(?:现在|请|帮我|我|想|要)*恢复(?:一下|短信|通知)*[吧了]?"
            "|再次订阅|重新打开(?:短信|通知)+|resume|subscribe"
            "|(?:又|现在)?可以(?:继续|再)?发(?:短信|通知)?给?我?了|还是发给我[吧了]?"
        ),
    ),
)
# Of our messages, not of help.
_OUR_MESSAGES = re.compile(
    "(?:短信|通知|信息|消息)(?:都|也|还|一直|又|已经?)*(?:收不到|没收到|没有收到|未收到|收到)了?"
)
_GIVERS_GOT = re.compile(
    "(?:社工|志愿者|工作人员|村委|居委会|社区|村里|政府|党|领导|莞家|你们|您们|您|你)"
    f"{_WHEN}*(?:没有?|未|还没)?(?:收到|收了|收下|领|拿到|签收)"
)
_PARTLY = re.compile(
    "(?:收到?|领到?|拿到?|送来|到|来)了?的?(?:一半|半数|一部分|部分|少了|不全|不齐|不够|缺|一点)"
    "|(?:一半|部分|少了|缺了?|还差|没全|没齐|不全|不齐|坏|破|烂|漏(?![水雨风到])了?|太薄|太小|太大|发霉|过期|错|不对).{0,6}(?:收|"
    "领|拿|到)"
    "|(?:只|仅|就|才)(?>收到?|领到?|拿到?|给了?|送来)(?!了?[的啊呀哦]*$).{1,12}"
    f"|(?:只|仅|就|才)(?:有|到账?了?|来了?)(?:{_MONEY}|{_NUMBER}{_MEASURE}(?!人|孩|女|老|残)|[0-9])"
    "|(?:没|没有|未)(?:收|到|领|拿|送)(?:全|齐|够|完)"
    "|(?:收到?|领到?|拿到?|送来)(?!了?通知|了?短信).{0,10}(?:但|可是|不过|却|坏|破|烂|错|过期|"
    "有虫|生虫|[小大短长]了|发霉|不能用|用不了|不合身|不合适|用不上|少|缺|差|应该|本来|说好)"
    "|(?<![没未不说])(?<!没有)(?:收到|领到|拿到|送来)了?(?!其实).{1,14}(?:没有?|未|冇)"
    "(?:收|到|送|领|拿|来)(?!.*吗)"
    "|^(?:[大米面油奶粉牛药饭菜品东西物资]{1,4})(?:都|已经|已|全)*(?:发霉|过期|变质|馊|坏掉)了?$"
    "|^(?:数量|尺码|尺寸|型号|颜色|质量)(?:不对|不合适?|不符|有问题|太[小大])"
    "|^(?:这|都)?不是我们?(?:想|需)?要的|^(?:送|发|拿|寄)错了?"
    f"|^少(?:给|发|送)?了?(?:一半|{_NUMBER}{_MEASURE}{THING}?)$"
    "|^(?:才|只有?|只是|仅|就)?(?:一部分|部分|一半|小半|大半|一半多)(?:而已|[的啊呀])?$"
)
_NOBODY_CAME = "(?:(?:也|都)?(?:没有?|无)人(?:联系|找)过?我们?[也又都]?|人[也都]?没有?来)?"
_SAID_SENT = "(?:(?:说|都说)?(?:已经?)?送(?:到|来|达|出)?了?(?:但是?|可是|不过|却))?"
_WHY = (
    "(?>请|麻烦|帮我|帮忙|再|查|核实|问|看|催|一下|下|很?急|等着用|怎么回事|咋回事|什么情况|怎么办|为什么|"
    "你们?送(?:到|去)?(?:哪里?|哪儿)(?:去)?了|不知道)*"
)
_SOLVED = (
    "(?>我家|我们|我|家里|问题|事情|自己|现在|已经|已|都)*"
    f"(?:有|买|借到|解决|处理好?){_OBJECTS}了{_OBJECTS}"
)
_WHOLE: tuple[tuple[Sense, re.Pattern[str]], ...] = (
    (
        Sense.PARTLY,
        re.compile(
            f"{_OBJECT}{_CAME}{_TAIL}{_OBJECT}{_NOT}{_ARRIVE}{_TAIL}"
            f"|{_OBJECT}{_NOT}{_ARRIVE}{_TAIL}{_OBJECT}{_CAME}{_TAIL}"
            f"|{_OBJECT}{_CAME}{_TAIL}{_OBJECT}(?:还)?(?:没有|没)"
            f"|{_OBJECTS}少了(?:{_OBJECT}|{_NUMBER})"
        ),
    ),
    (
        Sense.NOT_RECEIVED,
        re.compile(
            f"(?:no)?{_NOBODY_CAME}{_SAID_SENT}{_LEAD}{_OBJECTS}(?>{_WHEN}|{_SELF})*{_NOT}{_ARRIVE}(?:到|过|着|来|呢|啊)?{_TAIL}"
            f"(?:任何|什么|你们的|您的|你的)?{_OBJECTS}{_TAIL}{_WHY}"
        ),
    ),
    (
        Sense.NOT_RECEIVED,
        re.compile(
            "(?:no)?i?(?:have|has|did)?(?:not|nt|never|notyet)(?:yet)?(?:receiv|arriv|got|get)(?:ed?)?"
            "(?:it|yet|anything|money)*|(?:no)?nothing(?:received|arrived|came)(?:yet)?|(?:no)?notyet"
        ),
    ),
    (
        Sense.NOT_RECEIVED,
        re.compile(
            f"{_LEAD}(?:一直)?(?:还没有?|没有|没|冇|没呢|没啊|尚未|收不到)[呢啊呀哦]*"
            "(?:(?:什么|啥)?[都也]没有[啊呀]?)?很?急?"
        ),
    ),
    (
        Sense.RECEIVED,
        re.compile(
            f"1?{_YES}{_LEAD}{_OBJECTS}(?>{_WHEN}|{_SELF})*(?:{_CAME_FROM}|(?>{_CAME}{_TAIL})+)"
            f"(?:{_GIVER})?{_OBJECTS}{_TAIL}1?"
        ),
    ),
    # People come home, and meet, too.
    (Sense.RECEIVED, re.compile(f"(?:(?:{_OBJECT})+{_WHEN}*(?:到家|到齐)|都到齐|{_DONE}){_TAIL}")),
    (
        Sense.NEEDLESS,
        re.compile(
            f"(?:{_SOLVED})?{_LEAD}{_OBJECTS}(?:现在|已经|暂时|真的|我们?|就|也|算了)*"
            f"(?:不需要|不用|不要|不必|不麻烦|用不着|无需|不申请|取消|撤回|撤销|算)"
            f"(?:再|我的?|申请|这个|那个)*{_OBJECTS}"
            f"(?:申请|诉求|心愿|帮助|再?(?:送给?|给|捐给?)(?:我们?)?)*{_TAIL}"
            "(?:请|就)?(?:(?:让|留|转)?给(?:别人|别的人|其他人|更?有?需要的(?:人|家庭)?)[吧了]*)?"
            f"|我?(?:想要|要|想)(?:撤回|撤销|取消)(?:诉求|申请|心愿|求助)?{_TAIL}|{_SOLVED}|申请(?:取消|撤回|撤销){_TAIL}|算了不要了|已经好了不用来了"
            f"|(?:请|麻烦)?(?:帮我)?(?:取消|撤销|撤回)我的?(?:申请|诉求|心愿)|撤销吧|(?:不用|不需要)(?:帮忙|修|来修)了"
            f"|(?:已经?)?自行解决了?|(?:心愿|诉求)(?:取消|撤回){_TAIL}|已?经?有人[送给]了|(?:问题|事情)?(?:已经|已|都)解决"
            f"|(?:儿子|女儿|亲戚|自己)*(?:已经|已)?买(?:好|到)?了(?:不用了|不要了)?"
        ),
    ),
)
_THANKS_FOR = re.compile(
    f"(?:非常|十分|万分|真的|太|多)?(?:感谢|谢谢|多谢|感恩|感激|谢)(?:{_GIVER}|{_SELF}|的|给|"
    f"送|捐|对)*"
    f"{_OBJECTS}(?:和|与|的|支持|关心|关怀|帮助|爱心|关爱)*{_TAIL}"
)
_CALL = re.compile(
    "(?:请|麻烦|能不能|可以|可否)?(?:给我|跟我|和我|与我)?(?:回个?|打个?|来个?)?电话(?!费|卡|手表|机)(?:给我|"
    "联系我)?|回电|来电|打给我|电联|致电"
    "|^(?:转|接|找|要|需要)?人工(?:服务|客服)?$|回个电|^我?想?找人(?:说话|聊聊?|谈谈?)$"
    "|找(?:一下)?(?:你们)?(?:工作人员|客服|社工|负责人)|联系1[3-9][0-9]{9}"
    "|(?:请|麻烦)?(?:尽快|马上|赶快)?(?:联系|找)(?:一下)?我|callme"
)
_NO_CALL = re.compile("(?:不要|别|不用|勿|不必)(?:再|老)?(?:给我|跟我)?(?:打|来|回)电?话?")
_ABOUT_DELIVERY = frozenset({Sense.RECEIVED, Sense.NOT_RECEIVED, Sense.PARTLY, Sense.NEEDLESS})
