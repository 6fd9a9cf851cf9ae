"""What intake answers when something is wrong."""

from collections.abc import Mapping

from services.intake.model import SaidReason
from shared.errors import Message

# --- what a request must say ---

UNIT_NOT_FEN = Message(
    "unit_not_fen",
    "金额请以“分”为单位：unit 填 fen，quantity 填分数（200元填20000）",
    "give money in fen: unit `fen`, quantity in fen (CNY 200 is 20000)",
)
MONEY_WITH_ITEM = Message(
    "money_with_item",
    "申请资金时不要填物品；申请物品时请填物品的单位",
    "money has no item; for goods give the item's own unit",
)
NEED_MISSING = Message(
    "need_missing",
    "请填写所求：金额（列名写“金额”或“金额(元)”），或者数量、单位和物品",
    "say what is needed: a sum in the column of amounts, or quantity, unit and item",
)
NEED_TWICE = Message(
    "need_twice",
    "金额和物品只填所求的一种，另一种请写在内容或备注里",
    "ask for a sum or for goods: write the other into the text",
)
ROW_ENDED = Message(
    "row_ended",
    "状态写的是“{text}”：只登记尚待办理的诉求，已办结、撤销或不符合的请从表中去掉",
    "its state says {text}: leave out what was done, withdrawn or refused",
)
ITEM_MISSING = Message(
    "item_missing",
    "请填写需要什么物品或服务，例如“棉被”",
    "say which item or service is needed, such as a quilt",
)
ITEM_WITH_NUMBER = Message(
    "item_with_number",
    "物品名称里不要写电话、证件号等号码：请只写物品，其余写在内容里",
    "no phone or ID number in the item: name the item alone, and write the rest into the text",
)
QUANTITY_IS_PHONE = Message(
    "quantity_is_phone",
    "数量或金额像是一个手机号码，请核对各栏",
    "the quantity or sum looks like a mobile number: check the columns",
)
ITEM_UNKNOWN = Message(
    "item_unknown",
    "物品目录中没有这一物品：请填写目录中的名称（guanjia catalogue list），或请目录管理员增加",
    "the catalogue has no such item: use a name of it, or ask its keeper to add one",
)
UNIT_UNKNOWN = Message(
    "unit_unknown",
    "单位请填写量词，例如床、袋、台、公斤、小时；其他说明请写在内容里",
    "give a unit that things are counted in, such as kg or hours; other words go into the text",
)
SERVICE_UNKNOWN = Message(
    "service_unknown", "没有这项服务，请从 services 中选择", "no such service_code: see services"
)
TOWN_UNKNOWN = Message(
    "town_unknown",
    "没有这个镇街代码，请填写东莞镇街的9位代码，例如茶山镇 441900103",
    "no such town: use the 9 digit code of a town of Dongguan, such as 441900103",
)
VILLAGE_ELSEWHERE = Message(
    "village_elsewhere",
    "村（居）代码不属于所填镇街，前9位应与镇街代码相同",
    "the village is not in that town: its first 9 digits must be the town's code",
)
PHONE_NOT_MOBILE = Message(
    "phone_not_mobile",
    "不是手机号码，请填写11位手机号，例如 13800138000",
    "not a mobile number: give its 11 digits, such as 13800138000",
)
CONTACT_MISSING = Message(
    "contact_missing",
    "微心愿请填写手机号、微信或收集人，以便告知进展",
    "a wish needs a phone, a WeChat openid or a collector, so that somebody can be told",
)
TEXT_TOO_SHORT = Message(
    "text_too_short",
    "微实事请说明地点和要做的事（至少4个字）",
    "a project needs a text that says where and what (at least 4 characters)",
)

# --- what a form on the public page must say ---

TEXT_MISSING = Message(
    "text_missing", "请写几句您需要什么帮助", "say in a few words what would help"
)
TEXT_TOO_LONG = Message(
    "text_too_long",
    "最多写{most}个字，现在有{length}个字，请写短一些",
    "at most {most} characters; these are {length}",
)
NAME_MISSING = Message("name_missing", "请填写姓名", "give a name")
TOWN_MISSING = Message(
    "town_missing",
    "请选择镇街；说不清就选最后一项",
    "choose a town; the last one where you do not know",
)
CONSENT_MISSING = Message(
    "consent_missing",
    "请看过“个人信息怎样使用”，同意后打勾",
    "read what becomes of your data, and tick the box if you agree",
)

# --- who may do what to a request or person ---

REQUEST_UNKNOWN = Message("request_unknown", "没有这个诉求编号", "no such request")
PERSON_UNKNOWN = Message("person_unknown", "没有这个人员编号", "no such person")
AREA_FOREIGN = Message("area_foreign", "不在您的辖区", "not in your area")

PARTIES_TOO_MANY = Message(
    "parties_too_many",
    "一次最多登记{most}个相关方，请分批提交",
    "at most {most} parties in one call: send them in portions",
)
PERSON_ELSEWHERE = Message(
    "person_elsewhere",
    "此人由其他镇街登记，请联系当地或市级工作人员办理",
    "another town registered this person: ask its staff, or the city's, to do it",
)
ID_NUMBER_TAKEN = Message(
    "id_number_taken",
    "这个证件号码和姓名已登记在 {person_id} 名下：如果是同一人，请合并两条记录",
    "{person_id} has this ID number and name: merge the two records if they are one person",
)
ID_NUMBER_ELSEWHERE = Message(
    "id_number_elsewhere",
    "这个证件号码和姓名已登记在您辖区以外的一条记录名下：请核对号码；确是本人的，请市级工作人员合并",
    "a record outside your area has this ID number and name: check it, or have the city's staff "
    "merge the two if they are one person",
)
ENTRY_UNREADABLE = Message(
    "entry_unreadable", "请填写姓名（不能写“合计”）", "give a name, which is no total"
)
FILE_MISSING = Message("file_missing", "请选择一个文件", "choose a file")
ROWS_TOO_MANY = Message(
    "rows_too_many",
    "一次最多导入{most}行；请分成几个文件，或用 guanjia import requests 导入",
    "at most {most} rows at a time: make several files, or use `guanjia import requests`",
)
UPLOAD_UNKNOWN = Message(
    "upload_unknown",
    "没有这个文件，或已超过24小时被删除；请重新上传",
    "no such file, or it was deleted after 24 hours: upload it again",
)
SUGGESTION_UNKNOWN = Message("suggestion_unknown", "没有这条疑似提示", "no such suggestion")
IDENTITY_SAME = Message(
    "identity_same",
    "这些记录的身份证号相同，是同一个人；如果身份证号登记错了，请先更正身份证号，再分开",
    "these records say one ID number, so they are one person: if it is wrong, correct it first",
)
MERGE_LATE = Message(
    "merge_late",
    "两件都已有对接，或合并的已经太多，不能再合并；请分别办理",
    "both have matches, or too many go with it already: handle them apart",
)
PERSON_SAME = Message(
    "person_same",
    "这是同一条记录，请填写另一条记录的人员编号",
    "this is one record: give the id of the other",
)
NOTE_NUMBERED = Message(
    "note_numbered",
    "请不要写电话、证件号等7位以上的数字",
    "no numbers of seven digits or more: no phones, no ID numbers",
)
SEARCH_EMPTY = Message(
    "search_empty",
    "请填写手机号、姓名、证件号码或微信 openid 中的一项",
    "give a phone, a name, an ID number or an openid to look for",
)
LEVEL_TOO_LOW = Message(
    "level_too_low",
    "此诉求须由{level_zh}级审批",
    "this request needs an approver of the {level}",
)
LEVEL_BY_SUM = Message(
    "level_by_sum",
    "近{days}天为同一人（或同户）公开和批准的资金连同这件，须由{who_zh}：已转交，请勿拆分审批",
    "with the money of the last {days} days for this person or household it needs {who}: it waits "
    "there now",
)
RECORDER_SAME = Message(
    "recorder_same",
    "登记与审批须由不同的人办理，请交由另一位审批人",
    "another than who recorded it has to approve it",
)
SIGHTING_MISSING = Message(
    "sighting_missing",
    "这位申请人还没有工作人员见过，不能拨款：请收集人先登记“已见到本人”，"
    "或在审批时填写怎样见到本人（上门、窗口或驿站、视频）",
    "no member of staff has met this person: a collector says that he has, or the approval says "
    "how: visit, office or video",
)
SIGHTING_DATE_WRONG = Message(
    "sighting_date_wrong",
    "见面日期须在最近{days}天之内，且不晚于今天",
    "the person was met in the last {days} days, and not after today",
)
SIGHTING_OWN = Message(
    "sighting_own",
    "超过限额的资金，见到本人的人与审批的人须不同：请由另一位工作人员登记见面情况，再来审批",
    "of more money than opens by itself another has to have met the person than approves it",
)
CORRECTION_LATE = Message(
    "correction_late",
    "此行先前登记的诉求 {id} 已有对接，或已完结、撤回、未通过，不能再用表格更正："
    "请先撤回该诉求（或等对接结束），再换一个编号登记",
    "the request of this row, {id}, is {state} or has matches: withdraw it, or wait for its end, "
    "and record the row under another number",
)
VOUCHING_EMPTY = Message(
    "vouching_empty",
    "请填写怎样见到本人（上门、窗口或驿站、视频），或核实的困难类别和依据",
    "say how the person was met (visit, office or video), or which class was checked and by what",
)
STATE_UNSUITABLE = Message(
    "state_unsuitable",
    "诉求当前状态为 {state}，不能进行此操作",
    "the request is {state}: this cannot be done now",
)

# --- messages of people ---

MESSAGE_UNKNOWN = Message(
    "message_unknown",
    "没有这条来信，或它不在您的辖区",
    "no such message, or it is not of your area",
)
MESSAGE_HANDLED = Message(
    "message_handled",
    "这条来信已经处理（{by}），请刷新列表",
    "somebody handled this message already ({by}): look at the list again",
)
NONE_TICKED = Message(
    "none_ticked",
    "请勾选要一并处理的来信",
    "tick the messages that this is about",
)
REACH_MISSING = Message(
    "reach_missing",
    "来信可能涉及人身安全：请先联系本人，再选怎样联系上的",
    "somebody may be in danger: reach the person first, then say how (contacted)",
)
HANDLER_SAME = Message(
    "handler_same",
    "您登记或核实过这位申请人，或经手送达，不能再代他解读收货答复，请交由另一位工作人员处理",
    "who recorded or met the person, or handed the help over, does not read his answer for him: "
    "another has to",
)
MATCH_NOT_AWAITED = Message(
    "match_not_awaited",
    "这项诉求没有这个对接，请核对对接编号",
    "that request has no such match: check its number",
)
ANSWER_FOREIGN = Message(
    "answer_foreign",
    "这条来信不是从该申请人的联系方式发来的，不能作为他本人的收货确认；可登记为备注，或上门核实后代为确认",
    "it was not sent from this person's contact: note it, or see the person and confirm for him",
)
ANSWER_INCOMPLETE = Message(
    "answer_incomplete",
    "请选择是哪一件诉求（或填编号、六位尾号），并选择对方说收到了还是没有收到",
    "say which request it answers (its number or six signs), and how (received, not_received)",
)
REQUEST_MISSING = Message(
    "request_missing",
    "请选择是哪一件诉求，或填编号、六位尾号",
    "say which request it belongs to: choose it, or give its number or six signs",
)
REFERENCE_SEVERAL = Message(
    "reference_several",
    "有{count}件诉求是这个尾号，请选择其中一件，或填完整编号",
    "{count} requests end so: choose one of them, or give the whole number",
)
DELIVERIES_SEVERAL = Message(
    "deliveries_several",
    "这件诉求有{count}次送达等待答复，请选择是哪一次，或填完整的对接编号",
    "{count} deliveries of that request wait for an answer: choose one, or give the match",
)
DELIVERY_MISSING = Message(
    "delivery_missing",
    "这件诉求没有等待答复的送达，可作为备注；要更正已确认的送达，请填对接编号",
    "no delivery of that request waits for an answer: make it a note, or give the match",
)
SENDER_UNREACHABLE = Message(
    "sender_unreachable",
    "来信没有可用的大陆手机号或微信，请在 applicant 里填写联系方式，或填写收集人",
    "the message has no mobile number of the mainland nor account: give a contact, or a collector",
)
LOOKUP_EMPTY = Message(
    "lookup_empty",
    "请输入编号、姓名或手机号",
    "give a reference, a name or a phone number",
)

# --- why a request waits for an approver ---

WAIT_REASONS: Mapping[SaidReason, Message] = {
    "town_missing": Message(
        "town_missing", "没有写明镇街，由市级核定", "the town is not known: the city decides"
    ),
    "need_large": Message(
        "need_large", "数额超过可直接公开的限额", "more than what opens by itself"
    ),
    "kind_project": Message(
        "kind_project", "民生微实事须经审批", "a public work needs an approval"
    ),
    "category_other": Message(
        "category_other", "类别不明确，须由工作人员归类", "somebody has to find its category"
    ),
    "danger_named": Message(
        "danger_named",
        "文字中提到人身危险，请先联系本人，再由工作人员决定",
        "the words name danger to life: call the person first, then somebody decides",
    ),
    "item_unclear": Message(
        "item_unclear",
        "所写物品与目录不完全相符，须由工作人员核对",
        "what was written is no item of the catalogue: somebody has to look at it",
    ),
    "person_unseen": Message(
        "person_unseen",
        "首次申请资金，须先由工作人员见到本人",
        "the first money to a person waits until a member of staff has met him",
    ),
    "person_often": Message(
        "person_often",
        "同一人近期直接公开的诉求已达上限",
        "this person has as much as opens by itself in a time",
    ),
    "household_often": Message(
        "household_often",
        "同一家庭户近期直接公开的诉求已达上限",
        "this household has as much as opens by itself in a time",
    ),
    "contact_often": Message(
        "contact_often",
        "同一手机号或微信近期直接公开的诉求已达上限",
        "this phone or account has as much as opens by itself in a time",
    ),
    "request_separated": Message(
        "request_separated",
        "曾被系统误判为重复，已恢复，待审批",
        "once called a duplicate by the machine; it waits for an approver",
    ),
    "meeting_due": Message("meeting_due", "由联席会议审议", "the joint meeting decides it"),
    "policy_answered": Message(
        "policy_answered",
        "部门已答复，仍需帮助",
        "the department answered: help is still needed",
    ),
    "was_returned": Message(
        "was_returned", "退回补正后重新送审", "it was returned and mended: an approver looks again"
    ),
    "phone_unproven": Message(
        "phone_unproven",
        "网上登记，工作人员会先打电话核实",
        "asked on the web page: a member of staff calls first",
    ),
    "guardian_missing": Message(
        "guardian_missing",
        "未满14周岁，须先征得监护人同意",
        "a child under 14: a guardian has to agree first",
    ),
    "channel_often": Message(
        "channel_often",
        "该渠道今天直接公开的诉求已达上限",
        "this channel has as much as opens by itself in a day",
    ),
}

# --- a person's own data ---

CONSENT_ABSENT = Message(
    "consent_absent", "本人没有同意过，或已经撤回", "there is no such consent, or it has ended"
)
CONSENT_UNPROVEN = Message(
    "consent_unproven",
    "从公开网页提出的求助，不能在这里改变同意：请联系村（居）委会，或拨打12345",
    "a request of the public page cannot change what a person agreed to: ask the committee",
)
GUARDIAN_ABSENT = Message(
    "guardian_absent",
    "申请人未满14周岁：请联系监护人，在“本人同意”一栏记下监护人同意后再批准",
    "who asks is under 14: speak with the guardian and note his consent before you approve",
)
ERASURE_UNREAD = Message(
    "erasure_unread",
    "请先看过删除会带来什么，打勾后再删除",
    "read what erasing does, and tick the box",
)
