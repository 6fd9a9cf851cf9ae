"""From an understood text to a request, and the texts that answer whoever wrote."""

from collections.abc import Mapping, Sequence

from services.intake.channels.text import Draft
from shared.contracts.events import Applicant, RequestSubmitted
from shared.contracts.values import TEXT_MAX, Area, Category, Channel
from shared.errors import Problem
from shared.messaging.decision import Answer

HOW_TO_WRITE = (
    "请写明需要什么、在哪个镇街、为谁，例如“棉被2床，茶山镇，张三”。"
    "收到帮助后回复“收到”，没有收到回复“没收到”。\n"
    "Write what is needed, in which town and for whom, for example: "
    "2 quilts, Chashan, NAME Zhang San. "
    "When help has come, write RECEIVED; if it has not, NOT RECEIVED."
)
UNREAD = (
    "您的留言已收下，工作人员会查看并与您联系。如需求助，请写明需要什么、在哪个镇街、为谁，"
    "例如“棉被2床，茶山镇，张三”。\nYour message is kept and somebody will read it."
)
NOTED = (
    "您的留言已收下，工作人员会查看并与您联系；在此之前，等您确认的帮助不算收到。"
    "Somebody will read it; until then nothing counts as received."
)
ARRIVED = (
    "收到帮助了吗？收到了请回复“收到”，没有收到请回复“没收到”。"
    "Did it arrive? Please write RECEIVED for yes, NOT RECEIVED for no."
)
THANKED = "不客气。Thank you for writing."
THANKS = "已确认收到，谢谢。Thank you, it is noted that it arrived."
NOT_ARRIVED = (
    "已记下您没有收到：刚办结的会重新安排，时间较久的请联系村(居)委会。"
    "Noted that it did not arrive: what is recent is arranged anew."
)
NOTHING_AWAITED = (
    "目前没有等待您确认的帮助，您的留言已转给工作人员查看。"
    "Nothing waits for your confirmation now; somebody will read what you wrote."
)
HOW_TO_BIND = (
    "要让微信和手机都能收到通知、都能确认：请先在微信公众号里回复“绑定”，再用手机短信发来所给的验证码。"
    "To use both, write BIND on WeChat first and send us its code by SMS."
)
BOUND = "已绑定微信和手机。Your WeChat and phone are bound."
PROVEN = "已验证，请回到网页继续。Proved: go on at your page."
PROOF_UNKNOWN = (
    "这个验证码不对或已过期，请在网页上重新取一个。That code is wrong or over: take a new one."
)
CONTACT_UNPROVEN = (
    "您的联系方式由捐赠方提供，尚未由您本人或工作人员核实，回复暂不能作为确认；请联系村(居)委会。"
    "A giver named this contact as yours: please ask the committee, your word is not counted yet."
)
OPTED_OUT = (
    "已停止发送微信通知；手机短信通知不受影响（可用短信回复“退订”停止）。回复“恢复”可重新接收。"
    "No more notices on WeChat; those by SMS go on. Write START to get them again."
)
RESUMED = "已恢复微信通知。You will get notices on WeChat again."
KEPT_WITH_IT = "已收下，会随您的诉求一起交给工作人员。It is kept with your request."
FILE_COMING = (
    "已收到，保存好后会随您的诉求交给工作人员；保存不了的，工作人员会请您重发。"
    "It goes with your request; if it cannot be kept, you are asked to send it again."
)
VIDEO_UNKEPT = (
    "视频无法保存，工作人员看不到里面的内容；请改发照片、语音，或写几句话。"
    "Videos cannot be kept: please send a picture or a voice message, or write."
)
WELCOME = f"欢迎使用莞家。Welcome to Guanjia.\n{HOW_TO_WRITE}"

DONOR_HEARD = (
    "已收到您的答复，办理结果马上通知您。Your answer is heard; you are told what came of it."
)

QUESTIONS: Mapping[str, str] = {
    "what": (
        "请问需要什么、需要多少？例如“轮椅1辆”，或“医疗救助2000元”。"
        "What is needed, and how much? For example: 1 wheelchair, or 2000 yuan for medical care."
    ),
    "where": (
        "请问在哪个镇街？例如“茶山镇”，也可以发送位置。"
        "In which town, such as Chashan? A location will do."
    ),
    "whom": (
        "请问是为谁申请？请回复姓名，例如“张三”。For whom is it? For example: NAME Zhang San."
    ),
    "what_again": (
        "抱歉没看明白需要什么。请写一样东西和数量，例如“棉被2床”；要钱请写用途和金额，例如“学费2000元”。"
        "Please write one thing and how many, such as 2 quilts, or a sum and what it is for."
    ),
    "where_again": (
        "抱歉没看明白是东莞的哪个镇街。请只写一个，例如“虎门镇”；说不清请回复“不知道”。"
        "Please write one town of Dongguan, such as Humen, or NOT SURE."
    ),
    "whom_again": (
        "请写姓名：为自己申请写您的姓名，为别人申请写他的姓名，例如“张三”。"
        "Please write the name, yours or that of whom you ask for, such as NAME Zhang San."
    ),
}

PROGRESS: Mapping[str, str] = {
    "progress_none": (
        "没有查到正在办理的诉求。如需求助，请写明需要什么、在哪个镇街、为谁，例如“棉被2床，茶山镇，张三”。"
        "No case of yours is open here. To ask for help, write for example: "
        "2 quilts, Chashan, NAME Zhang San."
    ),
    "progress_where": (
        "办理进展请在网页“我的求助”或通知里的链接查看，也可联系村(居)委会。"
        "See it under “My requests”, by the link in our notices, or ask your committee."
    ),
    "progress_waiting": (
        "您最近的诉求正在审核，有结果会通知您；进展也可在网页“我的求助”查看。It is being reviewed."
    ),
    "progress_returned": (
        "您最近的诉求还缺少情况，请按之前的通知补充，或联系村(居)委会。"
        "Something is missing: see our notice."
    ),
    "progress_open": (
        "您最近的诉求已受理，正在寻找帮助，有确定的进展会通知您。We are looking for help."
    ),
    "progress_promised": (
        "您最近的诉求已落实帮助，等待送达；收到后请回复“收到”。"
        "Help is on its way. When it has come, write RECEIVED."
    ),
    "progress_delivered": (
        "您最近的帮助显示已送达：收到请回复“收到”，没收到请回复“没收到”。"
        "It is said to have arrived. Write RECEIVED, or NOT RECEIVED."
    ),
}

PLAIN: Mapping[str, str] = {
    "ended": (
        "已停止本次登记，没有登记新的诉求。工作人员会查看；需要帮助时请再来信。"
        "Stopped; nothing new was recorded. Write again when you need help."
    ),
    "withdrawn": (
        "您说不再需要，工作人员会与您确认；确认前已登记的诉求照常办理。"
        "We will ask you before anything stops."
    ),
    "giving": (
        "谢谢您愿意帮助别人！请在莞家网页“我要帮忙”登记，或联系村(居)委会。求助请回复“求助”。"
        "Thank you! Offer help on our page Help somebody. To ask for help, write REQUEST."
    ),
    "none_awaited": (
        "目前没有等待您确认的帮助；您的来信已收下，工作人员会查看。"
        "No help waits for your confirmation; we will read your message."
    ),
    "added": (
        "您补充的内容已记在您的诉求上，工作人员会查看并更正。"
        "It is noted on your request; somebody will read it and put it right."
    ),
    "urgent_noted": (
        "已加急转给处理您来信的工作人员。现在就有危险，请拨110、120或119。"
        "It goes to those who see to your message. In danger now? Call 110, 120 or 119."
    ),
}

_ANSWERS: Mapping[str, str] = {
    "received": THANKS,
    "not_received": NOT_ARRIVED,
    "opted_out": OPTED_OUT,
    "resumed": RESUMED,
    "contact_unproven": CONTACT_UNPROVEN,
    "bound": BOUND,
    "thanks": THANKED,
    "unread": UNREAD,
    "noted": NOTED,
    "arrived": ARRIVED,
    "repeated": THANKED,
    "kept": KEPT_WITH_IT,
    "file": FILE_COMING,
    "video": VIDEO_UNKEPT,
    "donor": DONOR_HEARD,
    **QUESTIONS,
    **PROGRESS,
    **PLAIN,
}


def format_towns(names: Sequence[str], *, may_number: bool) -> str:
    """may_number: a number alone answers nothing else that we asked."""
    listed = "还是".join(names)
    numbers = "，".join(f"{name}请回复{at}" for at, name in enumerate(names, 1))
    how = f"{numbers}；都不是请回复镇街名称" if may_number else "请回复镇街名称"
    return (
        f"收到您发的位置。请问是{listed}？{how}，例如“茶山镇”。"
        "Which town is the place in? Write its number or its name."
    )


def format_emergency(hotline: str) -> str:
    return (
        f"您的留言已立即转给工作人员。现在就需要帮助，请马上拨打：报警110，急救120，火警119，"
        f"心理援助{hotline}（24小时）。您并不孤单。"
        f"Somebody reads this at once. Call 110, 120 or 119 now; {hotline} listens day and night."
    )


def format_which(references: Sequence[str]) -> str:
    listed = "、".join(references)
    return (
        f"您有{len(references)}项帮助等待确认，请问是哪一项？请回复“收到”或“没收到”加编号，"
        f"例如“收到 {references[-1]}”；都收到了请回复“都收到了”。编号：{listed}。"
        "Which one do you mean? Write RECEIVED or NOT RECEIVED and its number."
    )


def build_typed_request(
    draft: Draft,
    channel: Channel,
    text: str,
    *,
    phone: str | None,
    openid: str | None,
    cell: str | None = None,
) -> RequestSubmitted:
    """Of a draft that misses nothing. The whole text goes along, for whoever has to judge it."""
    if draft.need is None or draft.town_code is None or draft.name is None:
        raise ValueError("the draft misses something")
    return RequestSubmitted(
        kind=draft.kind,
        category=draft.category or Category.OTHER,
        beneficiary_class=draft.beneficiary_class,
        channel=channel,
        need=draft.need,
        area=Area(town_code=draft.town_code, village_code=draft.village_code, cell=cell),
        applicant=Applicant(name=draft.name, phone=phone, wechat_openid=openid),
        text=text[:TEXT_MAX],
    )


def format_answer(answer: Answer) -> str:
    """What the person who wrote is answered."""
    body = answer.body
    if problems := body.get("problems"):
        return "\n".join(f"{problem['zh']} {problem['en']}" for problem in problems)
    if references := body.get("references"):
        return format_which(references)
    if meaning := body.get("meaning"):
        return format_code(meaning)
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


def format_code(code: str) -> str:
    """A question's slot, what became of a message, or what somebody meant by it."""
    return _ANSWERS.get(code, NOTHING_AWAITED)


def format_binding_code(code: str) -> str:
    return (
        f"请在10分钟内用您本人的手机回复我们的短信：绑定 {code}。不要告诉别人。"
        f"Within 10 minutes send us “BIND {code}” by SMS from your own phone; tell nobody."
    )


def format_problems(problems: tuple[Problem, ...]) -> str:
    return "\n".join(f"{problem.zh} {problem.en}" for problem in problems)
