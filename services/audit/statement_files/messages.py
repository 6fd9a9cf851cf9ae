"""What is wrong with a file that finance takes in by page."""

from shared.errors import Message

STATEMENT_FILE_MISSING = Message("statement_file_missing", "请选择一个文件", "choose a file")
STATEMENT_FILE_UNKNOWN = Message(
    "statement_file_unknown",
    "没有这个文件，或已删除：请重新上传",
    "no such file, or it was deleted: upload it again",
)
STATEMENT_FILE_EXISTS = Message(
    "statement_file_exists", "这个文件已经提交", "this file is proposed already"
)
STATEMENT_FILE_NOT_PROPOSED = Message(
    "statement_file_not_proposed", "这个文件不在待审核状态", "this file is {state}"
)
STATEMENT_ROWS_TOO_MANY = Message(
    "statement_rows_too_many",
    "一次最多 {most} 行：请按日期分成几个文件，或请系统管理员用 guanjia import donations 导入",
    "at most {most} rows at a time: cut it by days, or ask an operator (guanjia import donations)",
)
STATEMENT_EMPTY = Message(
    "statement_empty",
    "没有可以入账的行：请看被拒绝的原因，或说明各列是什么",
    "no row can be entered: see why they are refused, or say what the columns are",
)
STATEMENT_TOTAL_DIFFERS = Message(
    "statement_total_differs",
    "文件里的合计或余额与各行不符：可能少了行、重了行或金额读错，请先核对原文件；查明原因后勾选再提交",
    "the total or the balances in the file do not fit its rows: one may be missing, twice or "
    "misread; compare with the file, and tick the box once you know why",
)
STATEMENT_SOURCE_UNKNOWN = Message(
    "statement_source_unknown",
    "没有可用的银行来源：请系统管理员签发银行凭据（guanjia keys issue）",
    "no bank may report gifts: ask an operator for a bank's credential (guanjia keys issue)",
)
STATEMENT_COLUMN_TWICE = Message(
    "statement_column_twice",
    "“{label}”选了两列：{headers}；请只选一列",
    "two columns are {label}: {headers}; choose one",
)
