"""What is wrong with a statement, or a row of one, in both languages."""

from shared.errors import Message

MAPPING_UNREADABLE = Message(
    "mapping_unreadable", "列映射不是 TOML：{reason}", "the mapping is no TOML: {reason}"
)
MAPPING_WRONG = Message(
    "mapping_wrong", "写法：字段=列名", "written as amount=value, not as {text}"
)
COLUMNS_UNMAPPED = Message(
    "columns_unmapped",
    "可用 --column 或 --set 指明是哪一列",
    "say which column it is with --column or --set",
)
GIVER_UNNAMED = Message(
    "giver_unnamed", "没有名称，登记为{name}", "without a name: entered as given by {name}"
)
REFERENCE_PERSONAL = Message(
    "reference_personal",
    "流水号一栏是手机号或身份证号，不作流水号保存；这笔按到账时间、名称和金额识别",
    "a phone or ID number is no reference and is left out: the gift is known by moment, giver, sum",
)
AMOUNT_REVERSED = Message(
    "amount_reversed",
    "负数是银行的冲正或退款，不是捐款：请查到原来那一笔的账本条目，"
    "用 guanjia audit reversal propose 提出冲正，由另一人批准",
    "a negative amount is a reversal or refund and no gift: find the entry of the gift it undoes, "
    "and propose to reverse it (guanjia audit reversal propose); another person approves",
)
DIRECTION_OUTGOING = Message(
    "direction_outgoing",
    "“{header}”一列写的是“{text}”，不是收入：只导入到账的善款，退款请按退款登记；"
    "这一列与款项无关的，用 --ignore {header} 不看这一列",
    "column {header} says {text}, not that money came in: record a refund as a refund; "
    "where the column is not of this money, --ignore {header}",
)
DIRECTION_UNCLEAR = Message(
    "direction_unclear",
    "“{header}”一列写的是“{text}”，看不出是收入还是支出：请填“收入”或“支出”（贷或借）；"
    "这一列与款项无关的，用 --ignore {header} 不看这一列",
    "column {header} says {text}, neither that money came in nor that it left: state credit or "
    "debit; where the column is not of this money, --ignore {header}",
)
BANK_FILE_BROKEN = Message(
    "bank_file_broken",
    "银行文件无法完整读出（{reason}）：请从网银重新下载",
    "the bank's file cannot be read to its end ({reason}): download it again",
)
CAMT_OTHER = Message(
    "camt_other",
    "这是 camt.{kind}，不是日终对账单：请下载 camt.053",
    "this is camt.{kind} and no statement of a day: download camt.053",
)
ACCOUNTS_SEVERAL = Message(
    "accounts_several",
    "一个文件应是一个账户的对账单，这里有 {count} 个：请按账户分别下载",
    "one file is one account's statement, here are {count}: download them one by one",
)
BALANCE_DIFFERENT = Message(
    "balance_different",
    "期初余额 {opening} 加发生额 {moved} 不等于期末余额 {closing}：文件不完整，请重新下载",
    "opening {opening} and movements {moved} do not make closing {closing}: the file is incomplete",
)
BALANCE_BROKEN = Message(
    "balance_broken",
    "余额 {balance} 元与第 {line} 行的余额 {before} 元及发生额接不上：可能缺了行、重了行或金额读错",
    "balance {balance} does not follow from {before} in row {line}: a row may be missing or twice",
)
BILL_SUM_DIFFERENT = Message(
    "bill_sum_different",
    "账单末尾写收入合计 {stated} 元，各行相加是 {counted} 元：文件不完整，请重新下载",
    "the bill states {stated} received, its rows make {counted}: the file is incomplete",
)
KIND_OF_NO_GIFT = Message(
    "kind_of_no_gift",
    "“{header}”一列写明“{text}”，不是捐款：支出、利息、手续费、退款、冲正不按善款导入；"
    "确是捐款的，请改掉这几个字；这一列与款项无关的，用 --ignore {header} 不看这一列",
    "column {header} says {text}, which is no gift: outgoings, interest, fees, refunds and "
    "reversals are not imported; where it is a gift after all, take these words out; where the "
    "column is not of this money, --ignore {header}",
)
ROW_REVERSED = Message(
    "row_reversed",
    "“{header}”一列有内容：这一笔已全部或部分退回，未入账；请按实际留下的金额填写，并清空这一列；"
    "这一列与款项无关的，用 --ignore {header} 不看这一列",
    "column {header} is filled in: all or part of it went back. State what remained, and empty it; "
    "where the column is not of this money, --ignore {header}",
)
STATE_UNFINISHED = Message(
    "state_unfinished",
    "“{header}”一列写的是“{text}”，不是“成功”，未入账；款项确已到账的，请把状态改为“成功”；"
    "这一列与款项无关的，用 --ignore {header} 不看这一列",
    "column {header} says {text}, not success: where the money did arrive, write success; "
    "where the column is not of this money, --ignore {header}",
)
ROW_WRONG = Message("row_wrong", "行号不正确", "not a row's number")
REFERENCE_REUSED = Message(
    "reference_reused",
    "流水号已用于另一笔善款：若是另一个账户的流水，请加 --account 账户名 再导入",
    "its reference is another gift's: if it is of another account, import it with --account NAME",
)
GIFT_ASKED = Message(
    "gift_asked",
    "同一流水号下已有另一位捐赠人或另一金额的善款，未入账：由财务核对是不是另一笔"
    "（财务页，或 guanjia audit gift-question）",
    "a gift of another giver or sum came under this reference, so it is not entered: finance says "
    "whether it is another one (guanjia audit gift-question)",
)
GIFT_NOT_ASKED = Message(
    "gift_not_asked", "这笔善款不用核对，或已有人核对", "nothing is asked of it, or it was answered"
)
GIFT_MAY_BE_KNOWN = Message(
    "gift_may_be_known",
    "疑似同一笔，未入账：可能就是 {where}；是同一笔的不用再做什么",
    "not entered, since it may be a gift of before: {where}; leave it so where it is the same",
)

# --- columns that somebody passes over, or takes for others ---

STATEMENT_COLUMN_COUNTS = Message(
    "statement_column_counts",
    "“{header}”列不能不看，也不能当作别的列：第 {line} 行写着“{text}”，"
    "说明那不是一笔到账的人民币捐款",
    "column “{header}” can neither be ignored nor be another: row {line} says “{text}”, and so is "
    "no gift in yuan that came in",
)
STATEMENT_COLUMN_NO_AMOUNT = Message(
    "statement_column_no_amount",
    "“{header}”列是余额或付出的钱，不是到账金额：请选到账金额的列",
    "column “{header}” is a balance, or what was paid: choose the column of what came in",
)

# --- what finance says of a line ---

BANK_ANSWER_EXISTS = Message(
    "bank_answer_exists",
    "这条银行流水已有人写明，请由另一人在财务页决定",
    "somebody said what it is: another approves or declines that",
)
BANK_ANSWER_UNKNOWN = Message(
    "bank_answer_unknown", "没有人写明过这条银行流水", "nobody answered it"
)
BANK_ANSWER_NOT_PROPOSED = Message(
    "bank_answer_not_proposed", "这条核对结果不在待审核状态", "this answer is {state}"
)
BANK_ANSWER_UNFIT = Message(
    "bank_answer_unfit",
    "这条流水不能记到这个付款编号：{why}；请核对编号",
    "it cannot be entered under this reference: {why_en}; check the reference",
)
BANK_QUESTION_CLOSED = Message("bank_question_closed", "这条银行流水已有人核对", "it was answered")
PAYABLE_ASKED = Message(
    "payable_asked",
    "对接 {id} 有银行流水还没有核对（{questions}），银行可能已经付了："
    "请先在“付款单”页写明那条流水是什么",
    "a line of the bank on {id} is not answered ({questions}): it may be paid. Say first what that "
    "line is",
)
