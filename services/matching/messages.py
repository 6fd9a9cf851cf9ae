"""Every code that matching answers with, in Chinese and English."""

from collections.abc import Mapping

from services.matching.model.labels import (
    RELATION_LABELS,
    STATE_LABELS,
    MatchState,
    RelationState,
)
from shared.errors import Message

# --- who may serve whom (eligibility.py) ---

OFFER_EXCLUDED = Message(
    "offer_excluded", "这项资源已不再用于这项诉求", "the offer is not asked again for it"
)
FUND_EXCLUDED = Message(
    "fund_excluded", "这个基金不能支付这项诉求", "the fund cannot pay for this request"
)
DONOR_EXCLUDED = Message(
    "donor_excluded", "捐赠方已婉拒这项诉求", "the donor said no to this request"
)
OWN_REQUEST = Message(
    "own_request",
    "求助人就是这位捐赠人本人，不能用自己的资源资助自己；请由其他捐赠方帮助",
    "the donor is the person who asks: somebody else has to give",
)
RELATED_PARTY = Message(
    "related_party",
    "受助人是基金管理人的利害关系人，不能由该基金资助",
    "the person is a related party of the fund",
)
DONOR_UNKNOWN = Message(
    "donor_unknown",
    "没有登记过捐赠方 {donor}；请先登记（POST /parties），再填写答复中的编号",
    "nobody is registered as {donor}: register the donor first and give the id that is answered",
)
WORD_FROM_PARTY = Message(
    "word_from_party",
    "您见过这位求助人或为其登记过，不能再代捐赠方答复；请由同事办理",
    "you met the person or recorded the request: a colleague has to answer for the donor",
)
WORD_OUTDATED = Message(
    "word_outdated",
    "这项诉求在发出验证码之后有变动，与短信所说不符；请向捐赠方说明后重新发送验证码",
    "the request changed after the code was sent: tell the donor, and have a new code sent",
)
# The donor is not told why: that somebody is called like a related party is nothing to tell him.
NAMESAKE_UNCHECKED = Message(
    "namesake_unchecked",
    "这项对接须由基金会财务人员先核实：请与基金会联系，核实之后即可接受",
    "somebody of the foundation's finance has to check this first: ask them, and accept then",
)
UNIT_DIFFERS = Message(
    "unit_differs", "单位或物品与诉求不符", "another unit or item than the request's"
)
OFFER_UNSUITABLE = Message(
    "offer_unsuitable", "这项诉求不在资源的服务范围内", "the request is not what the offer is for"
)
FUND_TERMS_OUTSIDE = Message(
    "fund_terms_outside",
    "这项诉求不在该基金章程所定的类别、对象或镇街之内，请换一个基金",
    "the fund's terms are for other categories, classes or towns: choose another fund",
)
NEED_EXCEEDED = Message("need_exceeded", "超过诉求尚需的数量", "more than the request still needs")
PAYMENT_UNSETTLED = Message(
    "payment_unsettled",
    "该求助的前一笔款项已拨付而未落实：须由财务两人冲正该笔拨付，或批准再次拨付，之后才能再对接资金",
    "the request was paid and the help did not arrive: two people of finance reverse the payment, "
    "or approve a second one, first",
)
OFFER_EXCEEDED = Message("offer_exceeded", "超过资源可用的数量", "more than the offer still has")
CAP_EXCEEDED = Message(
    "cap_exceeded", "超过每项诉求的上限", "more than the offer gives to one request"
)
CASES_EXCEEDED = Message(
    "cases_exceeded", "同时服务的诉求已达上限", "the offer serves as many as it may"
)
NEED_NOT_IN_CAMPAIGN = Message(
    "need_not_in_campaign", "这项诉求不属于专项行动", "the request is not in the campaign"
)

# --- why nothing is proposed or claimed now ---

PAIR_UNKNOWN = Message("pair_unknown", "没有这项诉求或资源", "no such request or offer")
NEED_NOT_OPEN = Message("need_not_open", "这项诉求已不再开放", "the request is not open any more")
OFFER_NOT_OPEN = Message("offer_not_open", "这项资源现在不可用", "the offer is not open now")
OFFER_NOT_FOR_CLAIM = Message(
    "offer_not_for_claim",
    "这项资源只由平台推荐，不能自行认领",
    "the offer is proposed, not claimed",
)
OFFER_NOT_FOR_PROPOSAL = Message(
    "offer_not_for_proposal",
    "这项资源只由捐赠方自行认领",
    "the offer is claimed by its donor alone",
)
NUMBER_TAKEN = Message("number_taken", "这项对接已经提出过", "it was proposed already")
CAMPAIGN_NOT_ON = Message("campaign_not_on", "专项行动不在进行期间", "the campaign is not on")
DONOR_NOT_IN_CAMPAIGN = Message(
    "donor_not_in_campaign", "捐赠方未加入专项行动", "the donor is not in the campaign"
)
BUDGET_EXCEEDED = Message(
    "budget_exceeded", "超过专项行动的预算", "more than the campaign's budget"
)

# --- offers ---

OFFER_UNKNOWN = Message("offer_unknown", "没有这项资源", "no such offer")
OFFER_WITHDRAWN = Message(
    "offer_withdrawn", "这项资源已撤回；请重新登记", "it was withdrawn: register another"
)
MONEY_NOT_IN_FEN = Message(
    "money_not_in_fen",
    "资金的单位请写 fen（分）：{quantity}{unit}即 quantity 写 {fen}、unit 写 fen；"
    "表格导入可直接写元",
    "money is in fen: {quantity} {unit} are quantity {fen}, unit fen",
)
MONEY_WITH_ITEM = Message(
    "money_with_item",
    "资金不写物品：捐资金请去掉 item，捐物资请把 unit 改为物品的单位（如袋、件）",
    "money has no item: leave the item out, or give the item's own unit",
)
TOWN_CITYWIDE = Message(
    "town_citywide",
    "这是全市或全区的代码，不是镇街：资源面向全市请留空，紧急状态请逐一写明镇街",
    "this code is a whole city's: leave it empty for the city, or name each town",
)
VILLAGE_FOREIGN = Message(
    "village_foreign",
    "村（社区）代码的前9位不是本市的镇街，请核对",
    "the first 9 digits of a village's code are no town of the city",
)
ITEM_WITH_NUMBER = Message(
    "item_with_number",
    "物品和单位里不要写电话、证件号等号码",
    "no phone or ID number in the item or its unit",
)
ITEM_UNKNOWN = Message(
    "item_unknown",
    "物品目录中没有“{item}”，不会自动对接：请改用目录中的名称（guanjia catalogue list），"
    "或请目录管理员增加",
    "no such name in the catalogue, so no match: use one of its names, or ask its keeper",
)
CAMPAIGN_MISSING = Message(
    "campaign_missing",
    "没有专项行动 {campaign}，设立之前不会对接：请核对编号，或撤回后不写专项行动重新登记",
    "there is no campaign {campaign} yet; nothing is matched before: check its id, or register the "
    "offer without one",
)
DONOR_NOT_YET_JOINED = Message(
    "donor_not_yet_joined",
    "捐赠方还没有加入专项行动 {campaign}，加入之前不会对接",
    "the donor has not joined campaign {campaign}; nothing is matched before he does",
)
FUND_NOT_OPENED = Message(
    "fund_not_opened",
    "没有查到已开立的基金 {fund}：请核对编号；基金由财务两人开立之前不会拨款",
    "no fund {fund} is known to be open: check its id; nothing is paid before it is opened",
)
BASE_MISSING = Message(
    "base_missing", "有服务半径须有中心位置", "a radius needs the place it is around"
)
CELL_INVALID = Message("cell_invalid", "不是有效的h3网格编号", "this is not an h3 cell")
VALIDITY_PAST = Message("validity_past", "有效期已过", "this time has passed")
VALIDITY_REVERSED = Message("validity_reversed", "有效期早于开始日", "it ends before it begins")
QUANTITY_MISSING = Message("quantity_missing", "请写明数量", "say how much")
QUANTITY_PROMISED = Message(
    "quantity_promised",
    "已承诺或已送达 {promised}，不能更少",
    "{promised} are promised or given",
)

# --- mandates: on whose word money is offered ---

MANDATE_MISSING = Message(
    "mandate_missing",
    "资金须注明授权编号（mandate_id）：由捐赠人本人通过链接同意，或由基金管理人两人批准；"
    "请联系基金的财务人员办理",
    "money needs a mandate: given by the donor by his link, or by two of the fund's managers; "
    "ask the fund's finance staff",
)
MANDATE_UNKNOWN = Message(
    "mandate_unknown",
    "没有生效的授权 {id}；如刚刚批准，请稍后再试",
    "no mandate {id} is in force; if it was given just now, try again in a moment",
)
MANDATE_ENDED = Message(
    "mandate_ended",
    "授权已撤回或到期，请重新申请授权",
    "the mandate was revoked or has run out: ask for a new one",
)
# By the field of the offer that is not the mandate's, or reaches beyond it.
MANDATE_DIFFERENCES: Mapping[str, Message] = {
    "source": Message(
        "mandate_foreign", "这项授权不是给您的", "this mandate is for another partner"
    ),
    "donor_id": Message(
        "mandate_donor_differs", "授权是另一捐赠人的", "the mandate is in another donor's name"
    ),
    "fund_id": Message(
        "mandate_fund_differs", "授权是另一基金的", "the mandate is on another fund's money"
    ),
    "quantity": Message("mandate_exceeded", "超过授权的金额", "more than the mandate is for"),
    "categories": Message(
        "mandate_categories_exceeded",
        "授权限于某些类别，请按授权写明类别",
        "the mandate is for certain categories: name those",
    ),
    "beneficiary_classes": Message(
        "mandate_classes_exceeded",
        "授权限于某些困难类别，请按授权写明困难类别",
        "the mandate is for certain beneficiary classes: name those",
    ),
    "town_codes": Message(
        "mandate_towns_exceeded",
        "授权限于某些镇街，请按授权写明镇街",
        "the mandate is for certain towns: name those",
    ),
}

# --- needs and the claim menu ---

NEED_UNKNOWN = Message("need_unknown", "没有这项诉求", "no such request")
REQUEST_ID_MALFORMED = Message(
    "request_id_malformed", "诉求编号格式不正确", "this is not a request id"
)
UNIT_MISSING = Message(
    "unit_missing", "按数量筛选须写明单位（资金为 fen）", "say of which unit; money is fen"
)
PLACE_UNKNOWN = Message("place_unknown", "翻页标记不正确", "not a place in the menu")

# --- matches ---

MATCH_UNKNOWN = Message("match_unknown", "没有这项对接", "no such match")
MATCH_ID_MALFORMED = Message("match_id_malformed", "对接编号格式不正确", "this is not a match id")
# A match that is in another state than what is asked for needs.
MATCH_STATES: dict[MatchState, Message] = {
    state: Message(
        f"match_{state}", f"这项对接的状态是“{label}”，不能这样处理", f"the match is {state}"
    )
    for state, label in STATE_LABELS.items()
}
MATCH_STATES["expired"] = Message(
    "match_expired",
    "已过答复时间，已先请别人，不用再答复",
    "its time to answer is over and others are asked first: no answer is needed",
)
MATCH_OVER = Message(
    "match_over",
    "这项对接已结束（{state_zh}），链接已停用；如有疑问，请联系村（居）委会",
    "this match is over ({state}) and its link with it; ask the village committee",
)
OFFER_OVER = Message(
    "offer_over",
    "这项资源已撤回，链接已停用；要继续捐助，请联系为您登记的机构重新登记",
    "this offer was withdrawn and its link with it; have another registered",
)
CONFIRMER_SAME = Message(
    "confirmer_same",
    "登记、接受、送达的人，见过本人、为其登记或补正过诉求的人，都不能代本人确认收到："
    "请由另一位工作人员见到后确认，或由本人回复“1”",
    "who recorded, accepted or delivered it, met the person, or recorded or mended any request for "
    "them may not confirm: another member of staff does who saw it, or the person answers `1`",
)
EVIDENCE_MISSING = Message(
    "evidence_missing",
    "代本人确认须写明看到了什么：evidence 填 visit（上门见到本人）、signature（本人或监护人签收）"
    "或 photo（现场照片）",
    "say what you saw: evidence is visit, signature or photo",
)
RATER_SAME = Message(
    "rater_same",
    "登记、接受、送达的人，见过本人、为其登记或补正过诉求的人，都不能代本人评价："
    "请由另一位工作人员询问本人后填写，或由本人在链接中评价",
    "who handled it, met the person or recorded for them may not rate it: another of staff asks",
)
MATCH_RATED = Message("match_rated", "这项对接已经评价过", "it was rated already")
REOPENING_LATE = Message(
    "reopening_late",
    "重新对接的期限已于{until_zh}届满，请联系村（居）委会",
    "this was possible until {until_en} (UTC+8)",
)
LEDGER_DIFFERS = Message(
    "ledger_differs", "账本所记与对接不符", "the ledger speaks of another match or amount"
)

# --- campaigns ---

CAMPAIGN_CITYWIDE = Message(
    "campaign_citywide", "专项行动面向全市", "a campaign is for the whole city"
)
EMERGENCY_UNKNOWN = Message("emergency_unknown", "没有这次应急", "no such emergency")
EMERGENCY_OF_INTAKE = Message(
    "emergency_of_intake",
    "这次应急是在“应急”页面启动的，请在那里提前结束",
    "this one was declared on the page of emergencies: end it there",
)
EMERGENCY_END_UNPROPOSED = Message(
    "emergency_end_unproposed",
    "没有待确认的提前结束：先由一位市级审批人员提出，七天内由另一位确认",
    "nobody proposed to end it within seven days: one of the city proposes, another approves",
)
EMERGENCY_END_OWN = Message(
    "emergency_end_own",
    "提前结束是您提出的，请另一位市级审批人员确认",
    "you proposed it: another of the city approves",
)
EMERGENCY_OVER = Message("emergency_over", "这次应急已经结束", "this emergency is over")
CAMPAIGN_UNKNOWN = Message("campaign_unknown", "没有这个专项行动", "no such campaign")
CAMPAIGN_EXISTS = Message(
    "campaign_exists", "已有这个编号的专项行动", "there is a campaign of this id"
)
CAMPAIGN_OVER = Message("campaign_over", "专项行动已结束", "the campaign is over")
REQUEST_NOT_OPEN = Message(
    "request_not_open", "不是对接中的诉求：{request_id}", "no open request: {request_id}"
)
PERIOD_EMPTY = Message("period_empty", "结束时间须晚于开始时间", "it must end after it starts")
PERIOD_PAST = Message("period_past", "结束时间已过", "this time has passed")

# --- standing consents ---

CONSENT_EMPTY = Message(
    "consent_empty",
    "请填写资金的两个上限（每项、每月），或填写物资和服务每月的件数",
    "give both limits for money, or a number of requests a month for goods and time",
)
CONSENT_LONG = Message("consent_long", "常设同意最长一年", "it lasts a year at most")
CONSENT_OFTEN = Message(
    "consent_often", "今天已办理{most}次，请明天再办", "{most} times today: try tomorrow"
)
CONSENT_UNKNOWN = Message("consent_unknown", "没有常设同意", "there is no standing consent")
CONSENT_UNCONFIRMED = Message(
    "consent_unconfirmed",
    "请先勾选“我明白”，再按“开始常设同意”",
    "tick that you understand what it does, then begin",
)
TERM_UNKNOWN = Message("term_unknown", "请从所列的选项中选择", "choose among those that are listed")

# --- a donor signs in ---

# --- related parties ---

RELATION_UNKNOWN = Message(
    "relation_unknown", "没有这项利害关系的申报", "no such relation is declared"
)
RELATION_STATES: Mapping[RelationState, Message] = {
    state: Message(f"relation_{state}", f"这项利害关系{label}", f"it is {state}")
    for state, label in RELATION_LABELS.items()
}
CHECK_MISSING = Message("check_missing", "没有待复核的事项", "no check is due")
CHECKER_SAME = Message(
    "checker_same", "申报与复核须由不同的人办理", "another than the maker has to check it"
)

# --- rounds ---

ROUND_UNKNOWN = Message(
    "round_unknown", "没有这一轮，或已过保存期限", "no such round, or it has expired"
)
ROUND_CLOSED = Message("round_closed", "本轮已截止", "already closed")
ROUND_UNFINISHED = Message("round_unfinished", "上一轮未完", "one is not done yet")

# --- the day on which help comes ---

COMING_DAY_WRONG = Message(
    "coming_day_wrong",
    "送达日期请选今天起{days}天以内的一天",
    "choose a day from today on, within {days} days",
)

COMING_DAY_OFTEN = Message(
    "coming_day_often",
    "送达日期已改过多次（最多{most}次），请直接打电话与对方约定",
    "the day was said {most} times: agree on it by phone",
)

# --- pages behind links ---

REASON_UNKNOWN = Message("reason_unknown", "请选择所列原因之一", "choose one of those")
NOTHING_CHOSEN = Message(
    "nothing_chosen",
    "请先勾选要答复的对接，再按“接受所选”或“婉拒所选”",
    "choose those you answer first, then accept or decline them",
)
ACT_UNKNOWN = Message("act_unknown", "请选择接受或婉拒", "choose to accept or to decline")
STARS_WRONG = Message("stars_wrong", "请选择一至五星", "choose one star to five")

# --- how a giver is told ---

PREFERENCE_UNKNOWN = Message(
    "preference_unknown", "请从所列的方式和语言中选择", "choose a listed way and language"
)
PREFERENCE_UNREACHABLE = Message(
    "preference_unreachable",
    "现在读不到您的通知设置，没有改动；请过几分钟再试",
    "your settings cannot be read now and nothing was changed: try again in some minutes",
)
