"""Short answers: whole texts and no guesses; negation first; help at once before everything."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake.channels.answers import Sense, read_answer

SAID: dict[Sense, str] = {
    Sense.RECEIVED: (
        "1|１|收到|已收到| 收到！|收到了。|收到，谢谢|收到👍|1 收到|已经收到了|收到了谢谢你们|"
        "2床棉被收到了"
        "|收到01EA5F|收到 01EA5F|01EA5F 收到|东西收到了，谢谢|钱已到账|已收到200元|"
        "你们送的棉被收到了"
        "|收到[强]|都收到了|收到了收到了|好的收到|我收到了|今天上午收到200元了|收到啦|ok收到|"
        "回复1|１ 收到"
        "|1.|1、|收到.|收到編號01EA5F|200元收到，感谢|收到，辛苦了|1。谢谢|RECEIVED, thanks"
        "|已签收|收到了，感谢党和政府|米和油都收到了|轮椅昨天送到家了|收到，非常满意|收到谢谢🙏🙏"
        "|钱到账了，谢谢好心人|昨天下午已经收到|已收|收到收到"
        "|棉被已收到，很暖和|东西拿到了|药送来了|爱心款已到账|收到捐款500元，谢谢|今日收到米两袋"
        "|收悉|已经领到了|都拿到啦|1，谢谢|【收到】"
        "|收到,谢谢社工小王|您好，收到了|轮椅收到了很好用|慰问金收到，感恩|快递收到了|500块收到了"
        "|收到！！！|嗯收到了|已经收到轮椅了"
        "|是的，收到了|对，收到了|有收到|有收到棉被，谢谢|已查收|妥收，谢谢|棉被已经用上了"
    ),
    Sense.NOT_RECEIVED: (
        "没收到|没有收到。| 未收到！|还没收到|没有收到啊|没收到500元|钱没到|东西还没有送来|"
        "一直没收到东西"
        "|我没有收到|没有|还没有呢|沒收到|至今未收到|没收到 01EA5F|500元没收到|什么都没收到|"
        "没拿到钱|冇收到|Not received.|I didn't receive it yet|never arrived"
        "|没收到轮椅|到现在都没收到|还没到|未到账|钱还没到账|没有收到任何东西|一直没人送来|没送来"
        "|没见到东西|没有人送来|至今没有收到轮椅|我还没有收到呢"
        "|没领到|没有拿到米|还是没收到，请查一下|没收到，怎么回事|未收到，谢谢"
        "|没收到啊，你们送哪去了|都没收到|2床棉被没收到"
        "|no, not received|根本没收到|没收到任何物资|说送了可是没收到|没有到货|还未收到"
        "|从来没收到过|米没到|没有啊|冇收到啊|冇|冇啊"
    ),
    Sense.PARTLY: (
        "收到一半|只收到1床|收到了但是坏了|还差一床没收到|没收齐|收到的少了一袋米|"
        "棉被是坏的，收到了"
        "|只收到一袋米|米收到了，油没收到|收到两床，还差一床|轮椅收到但轮子坏了|少了一桶油"
        "|收到的棉被是旧的破的|收到一部分|一半收到|只到了500元"
        "|钱少了200|衣服收到，不合身|收到了，可是药过期了"
    ),
    Sense.STOP: (
        "退订|T|td|Ｔ| 退订 |退订，谢谢|TD退订|退订！！别发了|不要再发短信了|取消订阅|STOP|"
        "我要退订|别再发了"
        "|请不要再给我发短信|不想再收到短信|Unsubscribe|拒收|烦死了，退订"
        "|不要短信|请勿打扰|别再骚扰我了|我们不需要你们的通知"
        "|请停止发送短信|不要发了|别发短信了|退订谢谢|TD，谢谢|退定|我不想收到你们的短信了"
        "|取消短信|以后不要再发|请勿再发|不用再发信息给我"
        "|STOP please|删除我的号码|不要再给我发消息了，烦|拒收短信|T谢谢|tuiding|不再接收"
        "|请不要打扰|别再给我发了|取消通知|不想收短信"
        "|关闭短信通知|屏蔽短信|退出|停发|停止短信|莫再发了|不要再打扰我们|no more sms"
    ),
    Sense.START: (
        "恢复|START|恢复通知|取消退订|取消拒收|解除屏蔽|重新订阅|恢复短信，谢谢|开始接收通知"
        "|我要恢复短信|重新接收短信|请继续发短信给我|恢复接收|start|开通短信|我想重新收到通知"
        "|继续给我发通知|解除退订|订阅短信|恢复发送"
        "|可以继续发短信了|撤销退订|请恢复通知|重新开通|我要接收短信|UNSTOP|恢复订阅"
        "|再给我发短信吧|开启通知"
    ),
    Sense.NO: "N|n|R|Ｎ|n.",
    Sense.THANKS: "谢谢|谢谢你们的200元|感谢政府|👍|谢谢大家的帮助|非常感谢|好的",
    Sense.NEEDLESS: (
        "不需要200元了|不用了|不要了|棉被不需要了|取消申请|不用送了谢谢"
        "|我不需要了，让给别人吧|不用了，留给更需要的人|500元不用给我了，谢谢|米不用再送我了"
        "|轮椅不需要了|已经有了，不用送了|我家已经有轮椅了，不要了|撤销申请|不申请了|取消我的申请"
        "|问题解决了，不用了|不需要帮助了|米不要了，给别人吧"
        "|谢谢，不用了|算了不要了|棉被不用了谢谢|已经解决了|申请取消|床不要了|我自己买了，不用了"
        "|钱不用了|不必送了|不要送了"
    ),
    Sense.CALL: (
        "请打电话给我，有急事|给我回个电话|请联系我|回电"
        "|请给我打电话|有空回个电话|麻烦联系一下我|能不能打电话给我|call me please|打电话给我吧"
        "|请社工联系我|麻烦回电|叫人联系我"
        "|找人打电话给我|尽快联系我|急！请回电|可以打给我吗|请电话联系"
    ),
    Sense.EMERGENCY: (
        "救命，我不想活了|我要投诉，再不解决就没命了，救命|有人晕倒了|想自杀|收到，我不想活了"
        "|我活不下去了|想跳楼|孩子晕倒了快来|老公家暴我|我想结束一切|妈妈喝农药了"
        "|没有意思，不如死了|我不想活了，轮椅也不要了|家里起火了|煤气中毒"
        "|老人没呼吸了|快来人啊要出人命了|割脉|我要自杀|被人打得很惨，救我|有人要跳桥|救命啊"
        "|想死的心都有|遗言|心脏病发作，快叫救护车|孩子走失了"
        "|吃了一整瓶药|活够了|我要死了|要打死我|他要打死我我都不敢回家|快打死我了|天天被打，八天没出门|打死都不想活了|流血不止|落水了|触电了|中毒了|喘不过气了，快救我"
        "|孩子三天没吃饭了|没饭吃，饿了两天|家里煤气漏了|小孩掉进河里了|被锁在家里出不去|我爸心脏病犯了|割了手腕"
        "|爸爸一直打妈妈|水淹到床了|我想结束这一切|撑不住了不想撑了|被房东赶出来了，睡街上"
    ),
    Sense.REFERENCE: "01EA5F|01ea5f|编号：01EA5F",
    Sense.UNKNOWN: (
        "收到了吗|收到没有|收到？|邻居收到了|李四收到了|没收到短信|收到骗子短信|怎么退订|"
        "收到钱了吗？|200"
        "|可能收到了|好像没收到|明天能收到|应该收到了|等收到再说|没说收到|不是没收到|"
        "收不收到都行|假的收到"
        "|说收到其实没收到|收到传票|家里老人瘫痪，求一辆轮椅，茶山镇|生活物资 三百元 茶山镇|"
        "你好||11|12|不想退订|我没有要退订|不要屏蔽"
        "|邻居说收到了没有|你是谁|什么收到|收到什么|这是什么短信|谁发的"
        "|收到通知，但没收到东西吗|钱什么时候到账|为什么不批|我没有申请过"
        "|你们是骗子吗|收到没|是不是收到就要回1|我妈说可能收到了|不知道收没收到"
        "|地址错了|李四的收到了|换了号码|没人退订|如果没收到怎么办"
        "|12345|收到你们的短信了|妈妈说收到了|不麻烦了|去年车祸残疾|想打听一下|退订要钱吗"
    ),
}
WRITTEN: dict[Sense, str] = {
    Sense.RECEIVED: (
        "东西到家了|奶奶收到棉被了|爷爷的轮椅收到了，谢谢社区|已经领回来了|收到转账了|米已送到我家|回1|収到|都到齐了"
        "|已收到志愿者送的米|孩子的书包收到了|yes received|I got it, thanks|we received the rice"
    ),
    Sense.NOT_RECEIVED: (
        "没有人联系我也没收到|一分钱没收到|什么东西都没收到|没收到呢，能帮忙查一下吗"
        "|人没来，东西也没收到|not yet"
        "|没收到，能帮我查一下吗？"
    ),
    Sense.PARTLY: (
        "少给了一袋|一部分|只有一半|才一部分啊|米收到了油没有|被子太薄了，收到了|收到了，尺码小了|只到账300元|收到的米有虫|油漏了，米收到"
    ),
    Sense.STOP: (
        "停|不必再发|我要退出|请把我从名单里删除|请停止给我发短信|取消我的短信|我不要收短信|取消发送"
        "|不要给这个号码发短信|don't send me messages|no sms please|请把这个号码删除"
        "|发错人了，别发了"
        "|这不是我的号码，请勿再发|打错了，不要再发|以后不用发短信了|please stop texting me"
    ),
    Sense.START: (
        "可以发短信给我了|又可以发了|还是发给我吧|之前退订了，现在想恢复|不小心退订了，请恢复|误退订，恢复一下"
        "|再次订阅|重新打开短信|resume|subscribe|我想恢复短信通知"
    ),
    Sense.NEEDLESS: "不用帮忙了，谢谢|已自行解决|撤销吧|麻烦取消我的诉求|不需要修了",
    Sense.CALL: "方便的话回个电|需要人工|我想找人说话",
    Sense.EMERGENCY: (
        "我快撑不下去了|老人摔倒流血了|活得没意思，想走了|妈妈昏过去了|他拿刀|奶奶突然不省人事"
        "|i want to die"
        "|help me please i am dying|我老公拿刀要砍我"
    ),
    Sense.UNKNOWN: (
        "他们都收到了|他们收到了|隔壁奶奶收到了|李奶奶收到了|停电了|停水三天了怎么办|收到了吗？能帮我查一下吗"
        "|短信收不到|短信没收到|他退订了|帮我妈退订|没让你退订|发不了短信|退烧了|恢复得怎么样|恢复供水了吗"
        "|社工收到了|志愿者领到了|你们收到了吧|短信收到了"
        "|I got the SMS|we received the letter|i got the wrong rice|I got the broken bed"
        "|I got no sms|there was no sms|don't send rice|don't text him"
        "|我到家了|老人到家了|孩子到家了|孩子到了|奶奶到了|大家到齐了|我们到齐了"
        "|我拿刀削苹果|没有饭吃了|老人没有收入|取消订单怎么弄|收到要交税吗|再给我一袋米"
    ),
}
HEARD: dict[Sense, str] = {
    Sense.RECEIVED: (
        "收到了，很好用|棉被收到了，很暖和|收到，感谢党和政府|昨天就收到了|收到嘅，唔该|收到咗|我老妈收到了|"
        "我妈收到轮椅了|已收|已收到货物|钱已经打到卡里了|收到惹|ok了收到|收到了，辛苦你们跑一趟|"
        "东西已经送过来了|师傅来修好了|屋顶修好了谢谢|扶手装好了|received thx"
    ),
    Sense.NOT_RECEIVED: (
        "没收到呀，怎么回事|钱没打过来|没有啊，什么都没有|收不到|没收到，请核实|没有收到,急|一直没有|"
        "仲未收到|冇收到喎，麻煩查下|没打到卡里|我爸没收到，帮忙查一下"
    ),
    Sense.PARTLY: (
        "收到8袋，应该10袋|收到一件，还有一件没到|棉被收到了，油没收到|数量不对|少了一半|米发霉了|药过期了|"
        "不是我要的|尺码不对，太小了|发错了|少了一袋米|说好两床只收到一床"
    ),
    Sense.STOP: (
        "退定|请停止|再发我投诉|不想收|不收短信|拒绝短信|取消推送|关闭通知|关掉短信|勿扰|T D"
        "|删除我的号码|把我的号码删了"
    ),
    Sense.START: (
        "重新开通|继续发吧|可以继续发短信|我想重新收到通知|继续发送|打开通知|我又想收通知了"
    ),
    Sense.THANKS: "3Q|thx|唔该晒|多谢晒|好|知道了|明白|行|新年快乐|okk|了解",
    Sense.NEEDLESS: (
        "已经解决了|问题已解决|我们自己买了|已经买好了|儿子买了，不用了|算了不要了|心愿取消|已经有人送了"
    ),
    Sense.CALL: "请电联|请致电|请联系13800138000|我要找工作人员|转人工|人工服务",
    Sense.EMERGENCY: (
        "孩子发烧40度怎么办|老公打我|他又打我了|老人摔倒起不来了|爸爸没呼吸了|喝了农药|心脏病发作|吐血了|"
        "生无可恋|我要结束生命|想从楼上跳下去|快饿死了|煤气泄露|触电了|孩子不见了|老人走失了|被老公打|"
        "有人打我|水淹进屋了|被困住了|呼吸困难|唔想做人|屋企漏煤氣"
    ),
    Sense.UNKNOWN: (
        "不要发霉的米|别发愁|收到通知|收到验证码|收到了不满意|收到了，不好用|东西收到，谢谢，还想要一袋米|"
        "收到米了，还需要油|没修好|屋顶还没修好谢谢|我自己修好了|不要再打电话来|td线路坏了|停止低保怎么办|"
        "村委说收到了|不知道收到没|没解决|电话费没钱交|只有一个人住|才到东莞三天|"
        "棉被打湿了|老人经常走失，想要定位手环|落水管坏了"
    ),
}
"""More ways of saying the same, tried by somebody who had not read the rules."""
CASES = [
    (text, sense)
    for said in (SAID, WRITTEN, HEARD)
    for sense, texts in said.items()
    for text in texts.split("|")
]


@pytest.mark.parametrize(("text", "sense"), CASES)
def test_what_people_write_means_what_it_says(text: str, sense: Sense) -> None:
    assert read_answer(text).sense is sense


@pytest.mark.parametrize(
    "text",
    [
        *("救命之恩永世不忘", "谢谢救命恩人", "被打扰了", "打死蚊子", "孩子被打分不及格"),
        *("我要棉被，打死都不去收容所", "打死也不会签字", "大米被打八折", "工资被打8.5折"),
        *("煤气费200元，茶山镇", "热死了，求风扇一台，茶山镇", "救命钱，住院费2万元，虎门镇"),
    ],
)
def test_who_thanks_for_his_life_is_in_no_danger(text: str) -> None:
    assert read_answer(text).sense is not Sense.EMERGENCY


def test_an_answer_names_what_it_is_about() -> None:
    assert read_answer("收到 01ea5f、01EA60").references == ("01EA5F", "01EA60")
    whole = "收到 M-R-0000000000000001ea5f-O-abc-1"
    assert read_answer(whole).references == ("01EA5F",)
    assert read_answer("500000元收到了").references == ()
    assert read_answer("都收到了").is_about_all
    assert not read_answer("收到了").is_about_all


def test_who_is_in_haste_is_urgent() -> None:
    assert read_answer("请打电话给我，有急事").is_urgent
    assert not read_answer("请回电").is_urgent


_AROUND = st.sampled_from(
    ["", " ", "！", "。", "~", "👍", "，谢谢", "谢谢你们", "\u200b", "\n", "啊"]
)
_RECEIVED = st.sampled_from(["收到", "1", "已收到", "2床棉被收到了", "收到01EA5F"])
_NOT = st.sampled_from(["没收到", "没有收到", "还没收到", "未收到", "没收到500元", "500元没收到"])


@given(_RECEIVED, _AROUND, _AROUND)
def test_courtesies_change_nothing(text: str, first: str, second: str) -> None:
    assert read_answer(text + first + second).sense is Sense.RECEIVED


@given(_NOT, _AROUND, _AROUND)
def test_a_negation_is_never_a_yes(text: str, first: str, second: str) -> None:
    assert read_answer(text + first + second).sense is Sense.NOT_RECEIVED


@given(_RECEIVED, st.sampled_from(["吗", "吗？", "?", "没有", "了没", "没"]))
def test_a_question_is_no_answer(text: str, question: str) -> None:
    assert read_answer(text + question).sense not in (Sense.RECEIVED, Sense.NOT_RECEIVED)


_DOUBTS = ("不", "没", "未", "假", "骗", "谁", "别人", "邻居", "等", "才", "如果", "可能", "怎么")


@given(st.sampled_from(_DOUBTS), st.sampled_from(["收到", "收到了", "已收到", "钱收到了"]))
def test_a_doubt_before_it_is_no_yes(doubt: str, text: str) -> None:
    assert read_answer(doubt + text).sense is not Sense.RECEIVED


@given(st.text(max_size=200))
def test_nothing_that_is_written_raises(text: str) -> None:
    read_answer(text)


_HARD = [
    "已",
    "我",
    "你们送",
    "收到",
    "了",
    "没",
    "还",
    "1",
    "床",
    "一",
    "的",
    "谢",
    "都",
    "东西",
    "元",
]


@given(st.lists(st.sampled_from(_HARD), max_size=60).map("".join))
def test_nothing_takes_long(text: str) -> None:
    started = time.thread_time()
    read_answer(text)
    assert time.thread_time() - started < 0.2
