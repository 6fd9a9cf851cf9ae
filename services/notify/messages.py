"""What notify answers when something is wrong."""

from shared.errors import Message

NOTICE_UNKNOWN = Message("notice_unknown", "没有这条通知", "there is no such notice")
MEMBER_UNKNOWN = Message(
    "member_unknown",
    "登记簿中没有这个工号；请用 guanjia staff list 查看",
    "nobody of this staff number is in the register: see `guanjia staff list`",
)
SEARCH_UNREADABLE = Message(
    "search_unreadable",
    "查询条件不对：日期请写成 2026-05-20，状态和内容请从列表中选择",
    "the search cannot be read: write a day as 2026-05-20 and choose state and purpose",
)
TASK_UNKNOWN = Message(
    "task_unknown",
    "没有这项电话告知，或不在您的范围内",
    "there is no such call to make, or it is not in your area",
)
TASK_DONE = Message(
    "task_done",
    "这项电话告知已经办完，请刷新页面",
    "this call has been made already: open the page again",
)
TASK_OUTCOME_MISSING = Message("task_outcome_missing", "请选择结果", "choose what came of the call")
NOTICE_NOT_UNCLEAR = Message(
    "notice_not_unclear", "这条通知的结果是清楚的", "what became of this notice is known"
)

# --- the words of a notice ---

TEMPLATE_VARIABLES = Message(
    "template_variables",
    "短信内容须恰好使用变量 {wanted}，每个一次",
    "the text of the SMS has exactly the variables {wanted}, each once",
)
TEMPLATE_LONG = Message(
    "template_long",
    "变量填满时共{units}字，超过{segments}条短信，请缩短",
    "with long variables it has {units} units, more than {segments} SMS: make it shorter",
)
TEMPLATE_EMPTY = Message("template_empty", "请填写内容", "write something here")
TEMPLATE_APPEALS = Message(
    "template_appeals",
    "通知不得募捐，短信服务商会拒绝，请改写",
    "a notice does not ask for donations; the providers refuse it",
)
TEMPLATE_LINKS = Message(
    "template_links",
    "短信模板不得带网址；微信通知会自动带链接",
    "no link in a template: WeChat's notice carries one by itself",
)
TEMPLATE_FIELD_LONG = Message(
    "template_field_long",
    "有{length}字，微信最多{most}字，请缩短",
    "{length} characters; WeChat takes {most}",
)
WORDS_NEED_ID = Message(
    "words_need_id",
    "服务商在编号 {id} 下批准的是别的内容，会照那份发出。请先报批新内容，再填批准后的新编号",
    "the provider approved another text under {id} and would send that: have the new one approved "
    "first, then give its new id",
)
WORDS_UNKNOWN = Message("words_unknown", "没有这种通知", "there is no such notice")
WORDS_WAITING = Message(
    "words_waiting",
    "已有一份修改等待复核，请先通过或撤下",
    "a change waits to be approved: approve or drop it first",
)
WORDS_SAME = Message("words_same", "与现在的内容相同", "it says this already")
WORDS_GONE = Message(
    "words_gone",
    "这份修改已通过或撤下，请刷新后再看",
    "this change was approved or dropped: look again",
)
WORDS_OWN = Message(
    "words_own",
    "修改与复核须由不同的人办理，请交由另一位系统管理员复核",
    "another than proposed it has to approve it",
)
