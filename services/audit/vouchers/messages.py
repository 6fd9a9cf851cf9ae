"""What is answered to vouchers and their files, in both languages."""

from shared.errors import Message

PUBLIC_TEXT_PERSONAL = Message(
    "public_text_personal",
    "这段文字会永久公开在账本上，里面像有手机号或身份证号：请改写文件的名称或编号，不写人名和号码",
    "this text stands on the public log for ever and seems to hold a phone or ID number: write the "
    "document's name or number, and nobody's",
)
ATTACHMENT_UNKNOWN = Message(
    "attachment_unknown",
    "没有这个附件：请先上传凭证的扫描件，再从列表里选",
    "there is no such file: add the scan of the voucher first, then choose it",
)
TRANSFER_NEEDS_SCAN = Message(
    "transfer_needs_scan",
    "限定性基金的钱划出，须附捐赠人同意或备案文件的扫描件：请先上传附件，再提出",
    "money of a restricted fund moves with the scan of the donors' consent or of the filing: add "
    "the file, then propose it",
)
TRANSFER_NEEDS_DOCUMENT = Message(
    "transfer_needs_document",
    "限定性基金的钱划出，依据须写明文件名称或编号（至少 {least} 个字）",
    "money of a restricted fund moves by a document: write its name or number, at least {least} "
    "characters",
)
ATTACHMENT_KIND = Message(
    "attachment_kind",
    "附件只收 PDF、JPG、PNG",
    "a voucher's file is PDF, JPG or PNG",
)
ATTACHMENT_SIZE = Message(
    "attachment_size",
    "附件须有内容，且不超过 2 MB：请压缩或分开扫描",
    "a file has 1 to 2,000,000 bytes: scan it smaller",
)
ATTACHMENT_NOTE = Message(
    "attachment_note",
    "请写明是什么凭证，如“1月手续费回单”；不要写人名",
    "say what it is, such as the bank's slip of January's fee; nobody's name",
)
LINE_ENTERED = Message(
    "line_entered",
    "这条银行流水已入账或已核对，不能再记一次；请核对银行流水号和金额",
    "this line of the bank is entered or answered already: check its reference and amount",
)
FEE_UNKNOWN = Message("fee_unknown", "没有提出过这笔管理费", "nobody proposed this fee")
FEE_NOT_PROPOSED = Message("fee_not_proposed", "该笔管理费不在待审核状态", "this fee is {state}")
BANK_ENTRY_UNKNOWN = Message(
    "bank_entry_unknown", "没有这笔银行利息或手续费", "there is no such interest or charge"
)
BANK_ENTRY_NOT_PROPOSED = Message(
    "bank_entry_not_proposed",
    "这笔银行利息或手续费不在待批准状态",
    "this interest or charge is {state}",
)
REFUND_UNKNOWN = Message("refund_unknown", "没有提出过这笔退款", "nobody proposed this refund")
REFUND_NOT_PROPOSED = Message(
    "refund_not_proposed", "该笔退款不在待审核状态", "this refund is {state}"
)
STOCK_UNKNOWN = Message(
    "stock_unknown",
    "账上没有这种物资：请核对基金、品名和单位，与入库时写的一致",
    "the books have no such goods: write fund, item and unit as they were received",
)
COUNT_BEFORE_GOODS = Message(
    "count_before_goods",
    "这种物资{first_zh}才第一次入库，盘点日期不能更早：请核对日期",
    "the first goods of this stock came on {first_en}: a count is not dated before that day",
)
COUNT_EXCEEDS = Message(
    "count_exceeds",
    "盘点数须在 0 与账上的 {in_stock} 之间：多出来的物资请按收到的捐赠登记",
    "a count is between 0 and the {in_stock} of the books: enter what is more as received",
)
COUNT_OUTDATED = Message(
    "count_outdated",
    "提出这次盘点之后，另一次盘点已核销：请否决这一次，按现在的账重新盘点",
    "another count was written off after this one was proposed: decline it, and count again",
)
VALUE_WITHOUT_BASIS = Message(
    "value_without_basis",
    "单价和计价依据要一起写，或都不写",
    "write the value of one unit together with its basis, or neither",
)
PLACES_DIFFER = Message(
    "places_differ",
    "各地点的数量合计 {placed}，盘点数是 {counted}：须相等，每个地点只写一次",
    "the places have {placed} together, the count is {counted}: they are equal, each place once",
)
PLACES_UNREAD = Message(
    "places_unread",
    "存放地点请写成“地点 数量”，多个地点用分号隔开，如 茶山驿站 10；南城驿站 7",
    "write a station and its number, stations apart by semicolons: North 10; South 7",
)
COUNT_UNKNOWN = Message("count_unknown", "没有提出过这次盘点", "nobody proposed this count")
COUNT_NOT_PROPOSED = Message("count_not_proposed", "该盘点不在待审核状态", "this count is {state}")
SEARCH_EMPTY = Message("search_empty", "请至少写一项要找的", "say at least one thing to look for")
NAMES_UNREACHABLE = Message(
    "names_unreachable",
    "现在查不到姓名，请稍后再试，或按编号、金额、日期查找",
    "names cannot be looked up now: try again later, or search by id, sum or day",
)
NAMESAKES_TOO_MANY = Message(
    "namesakes_too_many",
    "同名的人超过{most}个，查不全：请按捐赠人编号查找，或按金额、日期查找（不填姓名）",
    "more than {most} people have this name, too many to search: look by the giver's id, or by "
    "sum or day without the name",
)
INVOICE_DAY_WRONG = Message(
    "invoice_day_wrong",
    "开票日期不能早于到账日，也不能晚于今天",
    "an invoice is issued after the gift arrived, and not in the future",
)
INVOICE_OF_NOTHING = Message(
    "invoice_of_nothing",
    "这笔捐赠已全部退回，不能再开票据；已开的请作废",
    "the whole gift was given back: it gets no invoice, and one that was issued is voided",
)
INVOICE_EXISTS = Message(
    "invoice_exists",
    "这笔捐赠已登记票据 {number}；原票据作废重开的，请注明替换",
    "the gift has invoice {number}; where that one was void, say that the new one replaces it",
)
INVOICE_OF_ANOTHER = Message(
    "invoice_of_another",
    "这个票据号码已登记在另一位捐赠人名下，请核对号码",
    "this number is another giver's invoice: check it",
)
