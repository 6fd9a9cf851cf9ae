"""From an understood text to a request, and the texts that answer whoever wrote."""

from services.intake.channels.text import Wanted
from shared.contracts.events import Applicant, RequestSubmitted
from shared.contracts.values import Area, Channel
from shared.errors import Problem
from shared.messaging.decision import Answer

HOW_TO_WRITE = (
    "请写明诉求：类型 类别 金额或物品数量 镇街 困难类别 姓名，"
    "例如“心愿 生活物资 200元 茶山镇 低保 张三”。收到帮助后回复“收到”，没有收到回复“没收到”。\n"
    "Write kind, category, amount or item, town, class and name, as in the example."
)
THANKS = "已确认收到，谢谢。Thank you, it is noted that it arrived."
NOT_ARRIVED = (
    "已记下您没有收到：刚办结的会重新安排，时间较久的请联系村(居)委会。"
    "Noted that it did not arrive: what is recent is arranged anew."
)
NOTHING_AWAITED = "目前没有等待您确认的帮助。Nothing waits for your confirmation now."
HOW_TO_BIND = (
    "要让微信和手机都能收到通知、都能确认：请先在微信公众号里回复“绑定”，再用手机短信发来所给的验证码。"
    "To use both, write 绑定 on WeChat first and send us its code by SMS."
)
BOUND = "已绑定微信和手机。Your WeChat and phone are bound."
CONTACT_UNPROVEN = (
    "您的联系方式由捐赠方提供，尚未由您本人或工作人员核实，回复暂不能作为确认；请联系村(居)委会。"
    "A giver named this contact as yours: please ask the committee, your word is not counted yet."
)
SEVERAL_AWAITED = (
    "这个号码有几个人的帮助在等待确认，不能确定是哪一个：请在收到的通知链接里确认，或联系村(居)委会。"
    "Several people wait at this number: please confirm by the link in the message."
)
OPTED_OUT = "已为您退订通知。You will get no more notices."
WELCOME = f"欢迎使用莞家。Welcome to Guanjia.\n{HOW_TO_WRITE}"


_ANSWER_OF_MEANING = {
    "received": THANKS,
    "not_received": NOT_ARRIVED,
    "opted_out": OPTED_OUT,
    "contact_unproven": CONTACT_UNPROVEN,
    "bound": BOUND,
    "several_awaited": SEVERAL_AWAITED,
}


def make_request(
    wanted: Wanted, channel: Channel, text: str, *, phone: str | None, openid: str | None
) -> RequestSubmitted:
    """The whole text goes along, for whoever has to judge it."""
    return RequestSubmitted(
        kind=wanted.kind,
        category=wanted.category,
        beneficiary_class=wanted.beneficiary_class,
        channel=channel,
        need=wanted.need,
        area=Area(town_code=wanted.town_code),
        applicant=Applicant(name=wanted.name, phone=phone, wechat_openid=openid),
        text=text[:4000],
    )


def format_answer(answer: Answer) -> str:
    """What the person who wrote is answered."""
    body = answer.body
    if problems := body.get("problems"):
        return "\n".join(f"{problem['zh']} {problem['en']}" for problem in problems)
    if meaning := body.get("meaning"):
        return _ANSWER_OF_MEANING.get(meaning, NOTHING_AWAITED)
    number = body["request_id"]
    match body["decision"]:
        case "opened":
            return f"诉求已登记并公开对接，编号 {number}。Recorded and open."
        case "duplicate":
            return f"与未完结的诉求 {body['duplicate_of']} 相同，无需重复提交。Already recorded."
        case _:
            reasons = "；".join(reason["zh"] for reason in body.get("waits_for", ()))
            because = f"（{reasons}）" if reasons else ""
            return f"诉求已登记，等待审批{because}，编号 {number}。Recorded, waiting for approval."


def format_binding_code(code: str) -> str:
    return (
        f"请在10分钟内用您本人的手机回复我们的短信：绑定 {code}。不要告诉别人。"
        f"Within 10 minutes send us “绑定 {code}” by SMS from your own phone; tell nobody."
    )


def format_problems(problems: tuple[Problem, ...]) -> str:
    return "\n".join(f"{problem.zh} {problem.en}" for problem in problems)
