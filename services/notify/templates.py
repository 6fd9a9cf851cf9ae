"""The words: one fixed template per purpose, as registered with the providers.

Status notices only; both providers ban appeals for donations, and a variable of an SMS takes at
most six characters and no link. `{1}` is the last six characters of the request's or donation's
number, so that two notices about different things never have the same content. `{2}` is the donor,
by name only where he consents and the name is short enough, the code of a donor's word over the
phone, or what the event says, such as a hotline's number. In a digest for staff `{1}` is the time
of day, `{2}` how many wait (`channels.py` fills them).
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Template:
    """sms_id, wechat_id: as the simulators know them; settings replace them by the approved ones.

    status, hint: WeChat's `thing` fields, at most 20 characters each.
    """

    sms_id: str
    sms: str
    title: str
    status: str
    hint: str
    with_amount: bool = False
    with_donor: bool = False
    with_code: bool = False
    with_count: bool = False
    with_detail: bool = False

    @property
    def wechat_id(self) -> str:
        return f"guanjia-{self.sms_id}"


TEMPLATES: Mapping[str, Template] = {
    "request_recorded": Template(
        "2400001",
        "您的诉求已登记，正在审核，结果会再通知您。尾号{1}。",
        "诉求进度提醒",
        "已登记，正在审核",
        "审核结果会再通知您",
    ),
    "request_opened": Template(
        "2400002",
        "您的诉求已受理，正在为您寻找帮助，有确定的进展会通知您。尾号{1}。",
        "诉求进度提醒",
        "已受理，正在寻找帮助",
        "有确定的进展会通知您",
    ),
    "request_declined": Template(
        "2400003",
        "您的诉求未通过审核，可向村(居)委会了解原因或重新提交。尾号{1}。",
        "诉求进度提醒",
        "未通过审核",
        "可向村(居)委会了解原因",
    ),
    "request_opened_part": Template(
        "2400051",
        "您的诉求已部分批准，正在为您寻找帮助；数额和理由可向村(居)委会了解。尾号{1}。",
        "诉求进度提醒",
        "已部分批准，正在寻找帮助",
        "点击查看批准数额和理由",
    ),
    "request_returned": Template(
        "2400052",
        "您的诉求还缺少情况，请联系村(居)委会补充，补充后继续审核。尾号{1}。",
        "诉求进度提醒",
        "需要您补充情况",
        "点击查看缺什么并补充",
    ),
    "request_merged": Template(
        "2400091",
        "您反映的诉求与已登记的一件相同，已合并办理，进展会继续通知您。尾号{1}。",
        "诉求进度提醒",
        "与已登记的相同，合并办理",
        "进展会继续通知您",
    ),
    "request_committed": Template(
        "2400092",
        "您反映的诉求已落实帮助，正在安排。尾号{1}。",
        "诉求进度提醒",
        "已落实帮助，正在安排",
        "办结时会再通知您",
    ),
    "request_delivered": Template(
        "2400093",
        "您反映的诉求，帮助已送达，正在核实。尾号{1}。",
        "诉求进度提醒",
        "帮助已送达，正在核实",
        "办结时会再通知您",
    ),
    "request_closed": Template(
        "2400094",
        "您反映的诉求已办结，感谢您的关心。尾号{1}。",
        "诉求进度提醒",
        "已办结",
        "感谢您的关心",
    ),
    "request_separated": Template(
        "2400095",
        "您反映的诉求已恢复单独办理，进展会再通知您。尾号{1}。",
        "诉求进度提醒",
        "已恢复单独办理",
        "进展会再通知您",
    ),
    "request_referred": Template(
        "2400053",
        "您的诉求已转有关部门优先办理，最迟{2}答复，结果会再通知您。尾号{1}。",
        "诉求进度提醒",
        "已转有关部门优先办理",
        "点击查看转到哪里、何时答复",
        with_detail=True,
    ),
    "request_budgeted": Template(
        "2400054",
        "您反映的事项已列入财政项目办理，完工后会再通知您。尾号{1}。",
        "诉求进度提醒",
        "已列入财政项目办理",
        "完工后会再通知您",
    ),
    "request_settled": Template(
        "2400055",
        "您的诉求已办结。如有问题，请联系村(居)委会。尾号{1}。",
        "诉求进度提醒",
        "诉求已办结",
        "点击查看怎样办结",
    ),
    "match_proposed": Template(
        "2400004",
        "有一项对接等待您答复，请在有效期内联系对接社工或莞家驿站办理。尾号{1}。",
        "对接待确认提醒",
        "有一项对接等待您答复",
        "请在有效期内点击办理",
    ),
    "match_committed": Template(
        "2400005",
        "您的诉求已由{2}落实帮助，正在安排，送达前会有人与您联系。尾号{1}。",
        "诉求进度提醒",
        "已落实帮助，正在安排",
        "送达前会有人与您联系",
        with_donor=True,
    ),
    "match_delivered": Template(
        "2400006",
        "您的帮助已送达，收到请回复1，没有收到请回复“没收到”。尾号{1}。",
        "帮助送达确认",
        "帮助已送达，请确认",
        "点击确认收到，也可回复1",
    ),
    "match_reopened": Template(
        "2400009",
        "已记录您没有收到帮助，正在重新安排，有确定的进展会通知您。尾号{1}。",
        "诉求进度提醒",
        "没有收到，正在重新安排",
        "有确定的进展会通知您",
    ),
    "match_not_arrived": Template(
        "2400010",
        "您支持的一项对接，对方反映没有收到，对接社工会与您联系核实。尾号{1}。",
        "对接进度提醒",
        "对方反映没有收到",
        "对接社工会与您联系核实",
    ),
    "match_reminded": Template(
        "2400021",
        "有一项对接尚未答复，即将到期，请尽快联系对接社工或莞家驿站办理。尾号{1}。",
        "对接即将到期提醒",
        "有一项对接即将到期",
        "请在到期前点击办理",
    ),
    "match_expired": Template(
        "2400022",
        "一项对接到期未答复，已先请他人帮助；您仍可随时认领，不影响今后对接。尾号{1}。",
        "对接进度提醒",
        "到期未答复，已先请他人",
        "您仍可随时认领",
    ),
    "match_fell_through": Template(
        "2400023",
        "很抱歉，原已落实的帮助未能兑现，我们正在继续为您寻找，有进展会通知您。尾号{1}。",
        "诉求进度提醒",
        "原定帮助未能兑现",
        "正在继续寻找，会再通知您",
    ),
    "match_refused": Template(
        "2400024",
        "您接受的一项对接，因基金余额、用途或回避规定未能落实，款项未动。尾号{1}。",
        "对接进度提醒",
        "基金不能拨付，未能落实",
        "款项未动，可认领其他诉求",
    ),
    "match_not_needed": Template(
        "2400025",
        "您的一项对接已取消：对方已撤回诉求，为其预留的资源已退回给您。尾号{1}。",
        "对接进度提醒",
        "对方已撤回诉求",
        "预留的资源已退回",
    ),
    "match_given_up": Template(
        "2400026",
        "您的一项对接未能送达，已登记为未完成，诉求已转请他人帮助。尾号{1}。",
        "对接进度提醒",
        "未能送达，已转请他人",
        "如有疑问请联系对接社工",
    ),
    "ledger_disbursed": Template(
        "2400007",
        "您支持的款项已按约定用途拨付，可在公开账本核对。尾号{1}。",
        "款项拨付通知",
        "款项已按约定用途拨付",
        "可在公开账本核对",
        with_amount=True,
    ),
    "ledger_received": Template(
        "2400008",
        "您的款项已到账，并已记入公开账本。尾号{1}。",
        "款项到账通知",
        "款项已到账",
        "已记入公开账本，点击看凭证",
        with_amount=True,
    ),
    "mandate_proposed": Template(
        "2400011",
        "有一项款项使用授权等待您答复，请联系对接社工或莞家驿站办理。尾号{1}。",
        "授权待确认提醒",
        "有一项授权等待您答复",
        "点击查看金额、用途和期限",
    ),
    "staff_payment_unsettled": Template(
        "2400031",
        "截至{1}，新增{2}笔已付款项所属对接未成，请财务尽快冲销或说明。",
        "财务待办提醒",
        "已付款项待冲销或说明",
        "请尽快办理",
        with_count=True,
    ),
    "staff_payment_refused": Template(
        "2400032",
        "截至{1}，新增{2}笔款项因诉求已付过而未拨付，请财务尽快核实。",
        "财务待办提醒",
        "款项因已付过而未拨付",
        "请尽快核实",
        with_count=True,
    ),
    "staff_approval_waiting": Template(
        "2400033",
        "截至{1}，新增{2}件诉求待您审批，请尽快办理。",
        "审批待办提醒",
        "有诉求待您审批",
        "请尽快办理",
        with_count=True,
    ),
    "staff_message_waiting": Template(
        "2400034",
        "截至{1}，新增{2}条群众来信待您查看，请尽快办理。",
        "来信待办提醒",
        "有群众来信待您查看",
        "请尽快办理",
        with_count=True,
    ),
    "staff_message_urgent": Template(
        "2400035",
        "紧急：截至{1}，新增{2}条来信可能涉及人身安全，请立即查看并联系本人。",
        "紧急来信提醒",
        "来信可能涉及人身安全",
        "请立即查看并联系本人",
        with_count=True,
    ),
    "staff_case_due": Template(
        "2400061",
        "截至{1}，有{2}件诉求即将到期，请尽快办理，以免超期。",
        "办理时限提醒",
        "有诉求即将到期",
        "请尽快办理",
        with_count=True,
    ),
    "staff_case_overdue": Template(
        "2400062",
        "截至{1}，有{2}件诉求已经超期，请立即办理。",
        "办理时限提醒",
        "有诉求已经超期",
        "请立即办理",
        with_count=True,
    ),
    "staff_case_escalated": Template(
        "2400063",
        "截至{1}，有{2}件诉求超期未办，上报您督办，请过问。",
        "超期督办提醒",
        "有诉求超期未办",
        "请督促办理",
        with_count=True,
    ),
    "staff_person_untold": Template(
        "2400064",
        "截至{1}，有{2}件进展因申请人没有电话和微信未能通知，请当面告知本人。",
        "当面告知提醒",
        "有进展未能通知到本人",
        "请当面告知",
        with_count=True,
    ),
    "staff_regular_overdue": Template(
        "2400066",
        "截至{1}，有{2}项巡查、走访或服务到期未做，请尽快安排。",
        "日常工作提醒",
        "巡查走访到期未做",
        "请尽快安排",
        with_count=True,
    ),
    "request_overdue": Template(
        "2400065",
        "很抱歉，您的诉求超过了承诺的办理时间，已催办并报告上级，有进展会通知您。尾号{1}。",
        "诉求进度提醒",
        "办理超时，很抱歉，已催办",
        "有进展会通知您",
    ),
    "word_accept": Template(
        "2400027",
        "您请工作人员代为接受一项对接，验证码{2}，10分钟内有效。非本人要求请勿告知。尾号{1}。",
        "电话代办验证码",
        "请查看短信中的验证码",
        "非本人要求请勿告知",
        with_code=True,
    ),
    "word_decline": Template(
        "2400028",
        "您请工作人员代为婉拒一项对接，验证码{2}，10分钟内有效。非本人要求请勿告知。尾号{1}。",
        "电话代办验证码",
        "请查看短信中的验证码",
        "非本人要求请勿告知",
        with_code=True,
    ),
    "word_give": Template(
        "2400029",
        "您请工作人员代为给出一项款项使用授权，验证码{2}，10分钟内有效。非本人要求请勿告知。尾号{1}。",
        "电话代办验证码",
        "请查看短信中的验证码",
        "非本人要求请勿告知",
        with_code=True,
    ),
    "word_withdraw": Template(
        "2400030",
        "您请工作人员代为拒绝或收回一项授权，验证码{2}，10分钟内有效。非本人要求请勿告知。尾号{1}。",
        "电话代办验证码",
        "请查看短信中的验证码",
        "非本人要求请勿告知",
        with_code=True,
    ),
    # What somebody wrote by SMS is answered: at most a few a day, `intake/decide/messages.py`.
    "message_unread": Template(
        "2400041",
        "您的来信已收下，工作人员会查看。求助请回复：需要什么、哪个镇街、为谁。尾号{1}。",
        "来信处理提醒",
        "来信已收下",
        "工作人员会查看并联系您",
    ),
    "message_emergency": Template(
        "2400042",
        "您的来信已转给工作人员。紧急请立即拨打110或120，心理援助请拨{2}。尾号{1}。",
        "来信处理提醒",
        "已转给工作人员",
        "紧急请拨打110或120",
        with_detail=True,
    ),
    "message_which": Template(
        "2400043",
        "您有几项帮助等待确认，请回复“收到”或“没收到”加通知里的尾号，如：收到{2}。尾号{1}。",
        "帮助送达确认",
        "有几项帮助等待确认",
        "请回复收到加编号",
        with_detail=True,
    ),
    "message_opted_out": Template(
        "2400044",
        "已停止向本号码发送短信通知，微信通知不受影响。如需恢复，请回复“恢复”。尾号{1}。",
        "通知设置提醒",
        "已停止短信通知",
        "回复恢复可重新接收",
    ),
    "message_resumed": Template(
        "2400045",
        "已恢复向本号码发送短信通知。如不需要，请回复“退订”。尾号{1}。",
        "通知设置提醒",
        "已恢复短信通知",
        "回复退订可停止接收",
    ),
    "message_what": Template(
        "2400046",
        "请问需要什么、需要多少？请直接回复，例如：轮椅1辆，或医疗救助2000元。尾号{1}。",
        "诉求登记提醒",
        "请问需要什么",
        "请直接回复",
    ),
    "message_where": Template(
        "2400047",
        "请问在哪个镇街？请直接回复镇街名称，例如：茶山镇。尾号{1}。",
        "诉求登记提醒",
        "请问在哪个镇街",
        "请直接回复镇街名称",
    ),
    "message_whom": Template(
        "2400048",
        "请问是为谁申请？请直接回复姓名，例如：张三。尾号{1}。",
        "诉求登记提醒",
        "请问是为谁申请",
        "请直接回复姓名",
    ),
}


def count_sms_units(sign_name: str, text: str) -> int:
    """UTF-16 units of the text as it arrives: up to 70 are one SMS."""
    return len(f"【{sign_name}】{text}".encode("utf-16-le")) // 2
