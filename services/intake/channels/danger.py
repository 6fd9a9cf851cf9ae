"""Words that say that somebody may be in danger: a rule, so that none is missed."""

import re

from services.intake.channels.dialect import read_dialect
from shared.text import fold_text


def find_danger(text: str) -> tuple[str, ...]:
    """Those that stand in it; a person looks at such a message at once. Never raises."""
    folded = _HARMLESS.sub("", read_dialect(fold_text(text).casefold()))
    return tuple(dict.fromkeys(match.group() for match in _EMERGENCY.finditer(folded)))


_BEATER = (
    "(?:老公|丈夫|男人|爸爸?|父亲|妈妈?|后妈|后爸|继父|继母|儿子|儿媳|女婿|老师|同学|邻居|房东"
    "|老板|人|他|她)"
)
_OFTEN = "(?:又|老是|经常|天天|一直|在)?"
_MISSED = "(?:孩子|小孩|老人家?|儿子|女儿|孙子|孙女|妈妈?|爸爸?|母亲|父亲|奶奶|爷爷|老伴)"
_EMERGENCY = re.compile(
    "救命|救救(?:我|他|她|孩子|老人|命)|自杀|自残|轻生|寻死|想死|不想活|活不下去|不活了|没法活|"
    "跳(?:楼|河|桥|江|湖|海)|投[河江湖海]|坠楼|上吊|割[腕脉]|喝农药|服毒|遗[书言]|想不开|一了百了"
    "|吃了.{0,6}(?:安眠药|整瓶|一瓶.{0,2}药)|结束(?:自己|生命)|想结束(?:一切|了)|叫不醒"
    "|活够了|不如死|死了算了|让我死|去死|我要死了|快要?死了|没有?活路|救我|出人命|人命关天"
    "|杀人|砍[人我他她]|打死|家暴|被打|被人打|强奸|性侵|猥亵|拐卖|绑架|虐待"
    f"|被{_BEATER}{_OFTEN}殴?打(?![扰断电听印搅动])|{_BEATER}{_OFTEN}打我(?!的?(?:电话|手机|微信|工资))"
    "|有人(?:要|在)?[打杀砍]我|唔想活|唔想做人|生无可恋|楼上?跳下|喝了?.{0,3}农药"
    "|着火|起火|火灾|(?:煤气|燃气)(?:泄漏|泄露|味)|漏(?:煤气|燃气)|中毒|触电|溺水|落水(?!管)|被困"
    "|困在(?:电梯|屋里|家里|水里)|水淹进|饿死|冻死|吐血|[摔跌]倒了?.{0,3}(?:起不来|动不了)"
    f"|烧到?(?:39|4[012])度?|{_MISSED}(?:走失|走丢|失踪|丢了|不见了)(?!.*(?:手环|手表|定位))"
    "|昏迷|昏过去|不省人事|(?:摔|跌)倒.{0,4}(?:流血|出血|昏)|晕倒|昏倒|休克|抽搐|窒息|快不行了|没气了|没有?呼吸|不能呼吸|喘不过气|呼吸困难"
    "|血流不止|流血不止|大出血|心脏病发|救护车"
    "|撑不下去了|活[着得]没(?:有)?意思|拿(?:着)?刀(?!削|切)"
    r"|\bsos\b|suicide|kill myself|want to die|i(?:'| a)?m dying"
)
_HARMLESS = re.compile(
    "救命之恩|救命恩人|救命稻草|救命钱|想死你|被打扰|被打断|被打湿|棉被|被子|被褥|跳楼价|跳楼大甩卖"
    "|自杀式|(?:预防|防止|防)(?:溺水|触电|走失|火灾|煤气中毒)"
)
