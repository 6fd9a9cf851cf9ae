"""Who wants no more messages of ours, as people write it.

Read generously: it costs nothing that “恢复” does not bring back. What is wanted less of than
messages, or otherwise than by them, is read by a person.
"""

import re

from services.intake.channels.spoken_goods import THING

STOP_REST_MAX = 10
"""So many letters may stand beside the words that say it."""


def has_stop(words: str) -> bool:
    """words: without references, blanks, signs and courtesies."""
    if not _STOP.search(words) or _NO_STOP.search(words):
        return False
    return len(_STOP.sub("", words)) <= STOP_REST_MAX


def says_more(words: str) -> bool:
    """Whether a person reads it all the same: “没收到，退订”, “我换号了，别发”."""
    return bool(_MORE.search(_STOP.sub("", words)))


_MORE = re.compile(
    "收到|没收|未收|没到|未到|到账|领到|拿到|送到|^1|1$|申请|诉求|心愿|去世|过世|(?<![烦气吓累急])死了|不在了|换了?号|换了?人"
    "|身故|病故|走了|没了|不在世|住院|搬[走家]|不是|打错|发错|送错|坏了|投诉|举报|起诉|取消"
    "|我?(?:还|只|急)?(?:想要|需要|要(?!求|退|停|取|拒|屏|是|不))"
)
_STOP = re.compile(
    "退订|退定|推订|取消订阅|(?:取消|关闭|关掉|停掉)(?:短信|通知|接收|信息|消息|推送)+"
    "|把?我?从?(?:你们的?)?名单[里中上]?(?:删除?|移除|去掉)|(?:把?我)?(?:移出|剔出)(?:你们的?)?名单|把?我拉黑"
    "|删除?(?:掉|了)?我的(?:手机|电话)?号码?|把我的?(?:手机|电话)?号?码?(?:从.{0,6})?删"
    "|停止给我们?发(?:短信|通知)*|取消我的(?:短信|通知)|取消发送|不要收(?:短信|通知)"
    "|(?:不要|别)再?给这个号码发(?:短信|通知)*|(?:把)?(?:这个|该)号码删除?"
    "|dontsend(?:me)?(?:any|more)*(?:sms|messages?|texts?|notices?)|nomore(?:sms|messages?|texts?)|停止(?:发送|接收|通知|短信)+|拒收|拒绝接收|屏蔽"
    "|(?:不|拒绝)接?收(?:短信|信息|消息|通知)|拒绝(?:短信|通知)|再发[我就]*(?:投诉|举报|报警)"
    "|(?:请|麻烦)?(?:不要|别|勿|不用|甭)再?(?:给我|给我们|跟我|向我)?再?(?:发送|发(?![霉愁火烧展生现脾票工放]))(?:短信|"
    "信息|消息|通知|了|来|给我)*"
    "|(?:不要|别|勿|不用|甭)再?(?:来(?:短信|信息|消息)|通知我?们?了?)|stopsending(?:me)?(?:messages?|sms|texts?)*"
    "|(?:不想|不愿意?|不再)再?(?:接?收到?|看到?)(?:你们的|这些|这种)?(?:短信|信息|消息|通知)"
    "|(?:请|麻烦)?(?:不要|别|勿|不用|甭)再?(?:打扰|骚扰)(?:我们?)?"
    "|^(?:我们?)?(?:不要|不用|不需要)(?:你们的|这些|这种)?(?:短信|信息|消息|通知)"
    "|^td(?![\u4e00-\u9fff])|td$|unsubscribe|^stop|stop$"
)
_KIN = (
    "(?:女儿|儿子|老公|老婆|丈夫|妻子|妈妈?|爸爸?|母亲|父亲|爷爷|奶奶|外公|外婆|哥哥|弟弟|姐姐|妹妹"
    "|孙子|孙女|邻居|社工)"
)
_NO_STOP = re.compile(
    "(?:不|没|别|未|误|勿)(?:是|想|愿意?|用|要|必|有|人|打算|能|会|该)*(?:退订|取消订阅|拒收|屏蔽|td)"
    "|(?:取消|解除|撤销|撤回)退订|怎么|如何|怎样|为什么|退订费"
    "|(?:没|没有)让.{0,3}退订|[他她们]退订|(?:帮|替|给)(?!(?:我们?|忙)退订).{1,4}退订|退订.*(?:恢复|重新)|退订错|错退订|退错"
    # What they want no more of is a thing, at a time or on this phone: a person reads it.
    f"|(?:不要|别|勿|不用|甭)再?(?:给我们?)?再?(?:发|送).{{0,3}}(?!东西){THING}|打电话|打给|(?:发|通知|联系|找)(?:短信|信息|消息|通知)?[给到]?我?的?{_KIN}"
    "|晚上|夜里|半夜|凌晨|中午|白天|上班|太早|太晚"
)
