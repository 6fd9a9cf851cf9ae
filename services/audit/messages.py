"""What audit answers when something is wrong, in both languages.

Codes are a noun and what is the matter with it: `fund_unknown`. Templates are `str.format`'s.
Reasons that stand on the log or in events (`unknown_fund`) are the ledger's, not these.
"""

from collections.abc import Mapping

from shared.errors import Message

# --- what a bank or partner sends ---

ID_TOO_LONG = Message("id_too_long", "id 过长", "at most {most} characters")
AMOUNT_TOO_LARGE = Message(
    "amount_too_large", "数额超出账本可表示的范围", "more than the ledger can count"
)
GIFT_TOO_LARGE = Message(
    "gift_too_large",
    "一笔捐赠不超过 1000 亿元：请核对金额的单位（分）",
    "one gift is at most 100,000,000,000 yuan: check the unit, fen",
)
REFUND_BEFORE_GIFT = Message(
    "refund_before_gift",
    "退款日期早于捐赠到账日期：请核对日期，改正后重新提交；银行来源用同一编号重发",
    "the refund is dated before its gift: correct the date and send it again, a bank under the "
    "same id",
)
GIFT_WAITS = Message(
    "gift_waits",
    "这笔捐赠还在等基金设立，尚未入账：基金批准或否决后，用同一编号重发退款",
    "the gift waits for its fund: once that is decided, send the refund again under the same id",
)
MOMENT_IMPLAUSIBLE = Message(
    "moment_implausible",
    "到账时间早于 2000 年或晚于今天，请对照银行流水核对年份",
    "before the year 2000 or after today: compare it with the bank's statement",
)
SOURCE_OF_NO_PAYMENTS = Message(
    "source_of_no_payments",
    "来源 {source} 只能发送捐款；付款、退汇、退款、管理费由 GUANJIA_PAYMENT_SOURCES 的来源发送",
    "{source} may state gifts alone: payments, what came back, refunds and fees come from the "
    "sources in GUANJIA_PAYMENT_SOURCES",
)
MONTH_CLOSED = Message(
    "month_closed",
    "{month} 已结账，不再记入该月的账；确需补记的，由财务两人先反结账，再重发这一笔",
    "{month} is closed and takes no entry with its date: two of finance open it again, then send "
    "it anew",
)
ITEM_WITH_NUMBER = Message(
    "item_with_number",
    "品名和单位永久公开在账本上，不能有电话、证件号等号码：改正后用同一编号重发",
    "item and unit stand on the public log for ever and hold no phone or ID number: correct them "
    "and send it again under the same id",
)
UNIT_NOT_OF_GOODS = Message(
    "unit_not_of_goods", "金额不能按物资入账", "money is not received as goods"
)

# What the ledger refuses of what a bank sent, by the log's own reason.
FACT_UNKNOWN_FUND = Message(
    "fact_unknown_fund",
    "没有开立这个基金，未入账；请核对基金编号，再用新的编号发送",
    "this fund is not open, so nothing was entered: check it, then send it under a new id",
)
FACT_ID_REUSED = Message(
    "fact_id_reused",
    "同一编号已用于不同的内容，未入账；请换一个新的编号",
    "this id came with other content before, so nothing was entered: use a new id",
)
FACT_NOT_COMMITTED = Message(
    "fact_not_committed",
    "这个对接没有已确认的承诺，未登记拨付；请核对对接编号",
    "nothing is committed for this match, so no payment was entered: check its id",
)
FACT_EXCEEDS_COMMITMENT = Message(
    "fact_exceeds_commitment",
    "超过该承诺尚未拨付的金额，未登记；请与财务核对",
    "more than is outstanding of this commitment: ask finance",
)
FACT_UNKNOWN_DONATION = Message(
    "fact_unknown_donation",
    "没有这笔已入账的捐赠，未登记退款；请核对捐赠编号",
    "no such gift was entered, so no refund was: check its id",
)
FACT_EXCEEDS_GIFT = Message(
    "fact_exceeds_gift",
    "超过这笔捐赠可退的金额，未登记退款；请与财务核对",
    "more than can be given back of this gift: ask finance",
)
FACT_INSUFFICIENT_FUNDS = Message(
    "fact_insufficient_funds",
    "基金余额不足，未登记；请与财务核对",
    "the fund has less than that, so nothing was entered: ask finance",
)
FACT_EXCEEDS_FEE_LIMIT = Message(
    "fact_exceeds_fee_limit",
    "超过本年度可提取的管理费，未登记；请与财务核对",
    "more than this year's fee may be: ask finance",
)
FACT_REFUSED = Message(
    "fact_refused", "账本没有入账；请与财务核对", "the ledger did not enter it: ask finance"
)

# --- proposals of two people ---

SECOND_PERSON_NEEDED = Message(
    "second_person_needed",
    "提出人不能审核自己的提议",
    "the one who proposed it cannot also decide on it",
)
PROPOSAL_CHANGED = Message(
    "proposal_changed",
    "内容在您打开页面之后有变化，请重新看过再决定",
    "it changed after you opened the page: read it again, then decide",
)
FUND_UNKNOWN = Message("fund_unknown", "没有这个基金：{id}", "no such fund: {id}")
FUND_NOT_OPEN = Message(
    "fund_not_open",
    "基金 {id} 没有开立（{state}），未导入：请核对基金编号",
    "fund {id} is {state}, so nothing was sent: check its id",
)
FUND_NOT_PROPOSED = Message("fund_not_proposed", "该基金不在待审核状态", "this fund is {state}")
TRANSFER_UNKNOWN = Message("transfer_unknown", "没有这个划转", "there is no such transfer")
TRANSFER_NOT_PROPOSED = Message(
    "transfer_not_proposed", "该划转不在待审核状态", "this transfer is {state}"
)
REVERSAL_UNKNOWN = Message("reversal_unknown", "没有这个冲正", "there is no such reversal")
REVERSAL_NOT_PROPOSED = Message(
    "reversal_not_proposed", "该冲正不在待审核状态", "this reversal is {state}"
)

MANDATE_UNKNOWN = Message("mandate_unknown", "没有这个授权：{id}", "no such mandate: {id}")
MANDATE_NOT_PROPOSED = Message(
    "mandate_not_proposed", "该授权不在待审核状态", "this mandate is {state}"
)

# --- mandates ---

MANDATE_PAST = Message(
    "mandate_past", "授权的截止时间已过，请重新填写", "this time has passed: give a later one"
)
CONSENT_IN_FUTURE = Message(
    "consent_in_future", "同意的时间晚于现在，请核对", "the consent would be given in the future"
)
MANDATE_OF_FUND = Message(
    "mandate_of_fund",
    "合作方只能就捐赠人自己的捐赠（gifts）申请授权；动用基金的款项请联系基金管理人（财务）提出",
    "a partner asks for mandates on a donor's gifts; the fund's managers for those on its money",
)
STANDING_OF_GIFTS = Message(
    "standing_of_gifts",
    "自动资助只用于基金本身的钱；捐赠人自己的捐款由他本人在“常设同意”页面设置",
    "a fund gives its own money by itself; of his gifts the donor says so on his own page",
)
STANDING_ODD = Message(
    "standing_odd",
    "每项上限不能高于每月上限，请核对",
    "the limit for one request is above that of a month",
)
CATEGORY_UNREAD = Message(
    "category_unread",
    "没有“{text}”这个类别，请写：{options}",
    "there is no category {text}: write one of {options}",
)
DATE_UNREAD = Message(
    "date_unread", "请写成 2027-06-30 这样的日期", "write a day such as 2027-06-30"
)
MANDATES_WAIT = Message(
    "mandates_wait",
    "贵单位已有 {most} 项授权申请等待答复，暂不能再提：请捐赠人先答复，或撤回不再需要的，"
    "已过期的也要撤回",
    "{most} mandates that you asked for wait already: the donors answer first, or you revoke those "
    "that are not needed any more, those past their time too",
)
REFERENCE_MISSING = Message(
    "reference_missing",
    "请写明依据：会议纪要、协议或备案号",
    "name the document that allows it: a minute, an agreement, a filing",
)
DONOR_ANSWER_NEEDED = Message(
    "donor_answer_needed",
    "没有捐赠人的同意记录，须由捐赠人本人通过链接同意",
    "no consent of the donor is on record: he has to give it himself, by his link",
)
DONOR_WORD_NEEDED = Message(
    "donor_word_needed",
    "没有捐赠人本人答复的授权，一年内合计不超过 {most} 元，这一份会超过：请他打开收到的链接，"
    "或由客服电话代办",
    "without the donor's own answer no more than {most} yuan in all are given in a year, and this "
    "would be more: he says so himself, "
    "by his link, or over the phone with a code",
)

# --- funds and transfers ---

FUND_EXISTS = Message("fund_exists", "该基金编号已被使用", "this fund id is taken")
FOUNDATION_UNKNOWN = Message("foundation_unknown", "没有这个基金会", "there is no such foundation")
FUNDS_NOT_PAIRED = Message(
    "funds_not_paired",
    "只能在同一基金会的两个基金之间划转",
    "only between two funds of one foundation",
)
FUND_INSUFFICIENT = Message(
    "fund_insufficient",
    "该基金可用只有 {remaining} 元，请核对金额",
    "only {remaining} yuan are left in the fund; check the amount",
)

# --- reversals ---

ENTRY_UNREADABLE = Message("entry_unreadable", "不是账本条目", "this is no entry")
ENTRY_NOT_REVERSIBLE = Message(
    "entry_not_reversible", "{kind} 不能冲正", "a {kind} cannot be reversed"
)
ENTRY_NOT_PUBLISHED = Message(
    "entry_not_published",
    "该条目尚未公布，请稍后再试；若一直如此，请告知系统管理员",
    "this entry is not published yet: try again, or tell the operator if it stays so",
)
ENTRY_DIFFERS = Message(
    "entry_differs",
    "数据库中的条目与已公布的账本不同，不能冲正；请告知系统管理员",
    "the database holds another entry than the published log: tell the operator",
)
REVERSAL_EXISTS = Message(
    "reversal_exists", "该条目已有冲正", "a reversal of this entry is {state}"
)
YEAR_CLOSED = Message(
    "year_closed", "该条目所在年度已结账", "the ledger year of this entry is closed"
)
GIFT_REFUNDED = Message("gift_refunded", "该捐赠已退款", "a part of this gift was refunded")
COMMITMENT_SETTLED = Message("commitment_settled", "该承诺已结清", "this commitment was settled")
STOCK_INSUFFICIENT = Message(
    "stock_insufficient", "库存仅 {in_stock}", "only {in_stock} are in stock"
)

# --- what is due, and orders to pay it ---

PAYABLE_UNKNOWN = Message("payable_unknown", "没有这笔应付：{id}", "nothing is due for {id}")
PAYABLE_HELD = Message(
    "payable_held",
    "对接 {id} 在确认之后未落实，不能付款：请先冲正它的“确认应付”，已在付款单里的先撤销付款单",
    "the match {id} fell after it was confirmed: reverse what is due; cancel an order that has it",
)
PAYABLE_PAID = Message("payable_paid", "对接 {id} 的应付已付清，不再付款", "{id} is paid")
PAYABLE_ORDERED = Message(
    "payable_ordered",
    "对接 {id} 已在付款单 {order} 里：不在别处再付；要改，先撤销或否决该付款单",
    "{id} is in the order {order}: cancel or decline that one first",
)
PAYEE_MISSING = Message(
    "payee_missing",
    "对接 {id} 还没有登记收款账户，请先登记",
    "nobody named the account to pay for {id}: name it first",
)
PAYEE_OWN = Message(
    "payee_own", "账户是您登记的，请由另一人批准", "you named an account of it: another approves it"
)
ORDER_OF_TWO_FOUNDATIONS = Message(
    "order_of_two_foundations",
    "一张付款单只付一个基金会的款，请分开提出",
    "an order pays for one foundation: propose two",
)
ORDER_UNKNOWN = Message("order_unknown", "没有这张付款单", "there is no such payment order")
ORDER_NOT_PROPOSED = Message("order_not_proposed", "该付款单不在待审核状态", "it is {state}")
ORDER_NOT_APPROVED = Message("order_not_approved", "该付款单未经批准或已撤销", "it is {state}")
ORDER_NOT_EXPORTED = Message(
    "order_not_exported", "该付款单还没有导出，请先导出", "export it first"
)
PAYABLES_UNCHOSEN = Message("payables_unchosen", "请至少选一笔应付", "choose at least one")
ORDER_EXPORTED = Message(
    "order_exported",
    "该付款单已导出，可能已交银行，不能撤销；未付成的由银行退汇记回",
    "it was exported and may be at the bank: what it does not pay comes back as a line of its own",
)
BATCH_FILE_TAKEN = Message(
    "batch_file_taken",
    "批量文件已由 {who} 于 {when} 取走：请向他核实是否已上传，再上传一次会付两次；"
    "确实遗失的，一人申请重新发放，另一人同意",
    "{who} has the bank's file since {when}: ask whether it is uploaded, a second upload pays "
    "twice. Where it is lost, one asks for it anew and another agrees",
)
BATCH_FILE_NOT_YOURS = Message(
    "batch_file_not_yours",
    "这份批量文件不在您手里：请看付款单页面由谁取走；还没有人取的，点“取走文件”，再下载",
    "you do not have this file: the order's page says who does; if nobody, take it there first",
)
BATCH_FILE_NOT_TAKEN = Message(
    "batch_file_not_taken",
    "批量文件还没有人取走，可直接下载",
    "nobody has the file yet: download it",
)
BANK_LINE_ASKED = Message(
    "bank_line_asked",
    "这笔银行流水对不上任何待付的付款（{doubt}），未入账，已交财务核对",
    "this line fits no payment that waits ({doubt}): nothing was entered, finance is asked",
)
UNDONE_NO_CREDIT = Message(
    "undone_no_credit",
    "undone 只用于银行自己标明已冲正的收入：direction 写 paid，memo 不写付款编号，不写 own_kind",
    "undone is for a credit that the bank marks as reversed: state it with direction paid, without "
    "the reference of a payment and without own_kind",
)
PAYMENT_REFERENCE_WRONG = Message(
    "payment_reference_wrong",
    "没有这个付款编号；请按付款单页上“附言”一栏写，如 GJABCDEFGHJK-001",
    "no such payment: write the reference as the order's page has it, such as GJABCDEFGHJK-001",
)
LINE_NOT_WAITING = Message(
    "line_not_waiting",
    "这一笔不在等银行：未导出的请撤销付款单；银行已付的等退汇",
    "it does not wait for the bank: cancel an order that was not exported; what was paid comes "
    "back as a line of the statement",
)
LINE_ASKED = Message(
    "line_asked",
    "银行有一条流水提到这一笔，还没有核对，银行可能已经付了：请先在“付款单”页写明那条流水是什么",
    "a line of the bank names it and is not answered: it may be paid. Say first what that line is",
)
RELEASE_EXISTS = Message(
    "release_exists", "这一笔已有人提出释放，请由另一人决定", "it is proposed: another decides"
)
RELEASE_UNKNOWN = Message(
    "release_unknown", "没有提出过释放这一笔", "nobody proposed to release it"
)
RELEASE_NOT_PROPOSED = Message(
    "release_not_proposed", "这一笔的释放不在待审核状态", "this release is {state}"
)
DOUBTS: Mapping[str, tuple[str, str]] = {
    "reference_missing": ("附言里没有付款编号", "its 附言 has no reference"),
    "order_unknown": ("没有这个付款编号", "no such reference"),
    "order_not_exported": ("这张付款单还没有导出", "the order was not exported"),
    "amount_differs": ("金额不符", "another amount"),
    "account_differs": ("收款账号不符", "another account"),
    "line_paid": ("这一笔已经付过", "this one is paid already"),
    "line_not_paid": ("这一笔没有付出过", "this one was not paid"),
    "line_paid_again": (
        "这一笔付过两次，退回的是哪一次",
        "it was paid twice: which of the two came back",
    ),
    "line_released": ("这一笔已按“银行未付”释放", "two people said that the bank did not pay it"),
    "line_entered": ("这条流水已按别的用途入账", "the line was entered as something else"),
    "own_line": (
        "银行的利息或手续费：请在财务页凭凭证记入一个基金（提出“银行利息”或“银行手续费”）",
        "the bank's interest or charge: enter it with a voucher, on the finance page",
    ),
}
"""Why a line of the bank closes nothing, in Chinese and in English."""

# --- paid once ---

PAYMENTS_SETTLED = Message(
    "payments_settled",
    "该求助没有已拨付而未落实的款项，无须批准再次拨付；编号可用 GET /unsettled-payments 查询",
    "nothing was paid for nothing of this request",
)
PAYMENTS_CHANGED = Message(
    "payments_changed",
    "提出之后又有款项未落实或已冲正：请先否决，再重新提出",
    "what was paid for nothing has changed since: decline it and propose anew",
)
SECOND_PAYMENT_EXISTS = Message(
    "second_payment_exists",
    "该求助的再次拨付已提出，请由另一人批准或否决",
    "it is proposed already: another person approves or declines it",
)
SECOND_PAYMENT_UNKNOWN = Message(
    "second_payment_unknown",
    "没有提出过该求助的再次拨付：{id}",
    "nobody proposed a second payment of {id}",
)
SECOND_PAYMENT_NOT_PROPOSED = Message(
    "second_payment_not_proposed",
    "该求助的再次拨付不在待审核状态",
    "this second payment is {state}",
)

# --- what people look for ---

DONATION_UNKNOWN = Message("donation_unknown", "没有这个捐赠", "there is no such donation")
DONOR_DIFFERS = Message(
    "donor_differs",
    "这笔捐赠不是这位捐赠人的；凭证链接只发给捐赠人本人",
    "this gift is another donor's, and a receipt's link is for its donor alone",
)
GIFT_REFUSED = Message("gift_refused", "该笔捐赠未入账", "the ledger refused this gift")
SOURCE_UNKNOWN = Message(
    "source_unknown",
    "没有登记来源 {source}；已登记: {known_zh}",
    "no bank is registered as {source}; registered: {known_en}",
)

# --- the log for everybody ---

ENTRY_UNKNOWN = Message("entry_unknown", "没有这个账本条目", "there is no such entry")
CHECKPOINT_UNKNOWN = Message("checkpoint_unknown", "没有这个检查点", "there is no such checkpoint")
TILE_UNKNOWN = Message("tile_unknown", "没有这个数据块", "there is no such tile")
LOG_UNKNOWN = Message("log_unknown", "没有这个账本日志", "there is no such log")
KEY_UNKNOWN = Message("key_unknown", "没有这个密钥", "there is no such key")
