"""What is wrong with a sheet, a row or a cell, and what is said of a row that is read."""

from shared.errors import Message

# --- the file ---

FILE_TOO_LARGE = Message(
    "file_too_large",
    "文件过大（解压后最多 {megabytes} MB），请拆分后再导入",
    "the file is too large (at most {megabytes} MB unpacked): split it",
)
FILE_FORMAT_UNKNOWN = Message(
    "file_format_unknown",
    "这不是可读取的表格：请另存为 .xlsx 或 CSV（UTF-8）",
    "not a readable sheet: save it as .xlsx or as CSV (UTF-8)",
)
ENCODING_UNKNOWN = Message(
    "encoding_unknown",
    "第 {line} 行起的文字编码无法识别：请另存为 UTF-8 编码的 CSV",
    "the encoding is not known from line {line} on: save the file as CSV in UTF-8",
)
COLUMNS_MISSING = Message(
    "columns_missing",
    "表头缺少列：{labels}。可用的列：{known}",
    "the header row lacks columns: {names}",
)
COLUMN_UNKNOWN = Message(
    "column_unknown", "文件中没有这些列：{headers}", "the file has no columns {headers}"
)
COLUMNS_REPEATED = Message(
    "columns_repeated",
    "有两列都表示“{label}”：{headers}；请只保留一列",
    "two columns mean {field}: {headers}; keep one of them",
)
UNIT_UNCLEAR = Message(
    "unit_unclear",
    "表上注明“{stated}”，与所用的金额单位“{unit}”不符："
    "请改成一致，善款可在列映射的 [amounts] 写明单位",
    "the sheet says {stated}, which is not the unit of its amounts, {unit}: make them agree, for "
    "donations by [amounts] of the mapping",
)
SHEET_FOREIGN = Message(
    "sheet_foreign",
    "表上注明“{stated}”：只登记人民币，请按入账的人民币金额填写；金额本来就是人民币的，"
    "请加 --set currency=CNY",
    "the sheet says {stated}, and only yuan are recorded: state the amounts as they were credited; "
    "where they are in yuan already, say --set currency=CNY",
)

# --- the row ---

QUOTE_UNCLOSED = Message(
    "quote_unclosed",
    "第 {opened} 行的引号没有正确闭合",
    "a quote opened in line {opened} is never closed",
)
CELLS_SURPLUS = Message(
    "cells_surplus",
    "单元格多于表头（金额中的逗号须加引号，或去掉）",
    "more cells than the header has (a comma within an amount needs quotes, or none)",
)
HEADER_CHANGED = Message(
    "header_changed",
    "第 {line} 行另有一个表头，各列与前面的不同：请把两个表分成两个文件",
    "line {line} has another header, of other columns: cut the two tables into two files",
)
BYTES_DAMAGED = Message(
    "bytes_damaged",
    "此行含有无法识别的字节或乱码",
    "the row has a stray byte or garbled characters",
)
TOTAL_DIFFERENT = Message(
    "total_different",
    "合计 {stated} 元与以上各行之和 {counted} 元不符",
    "the total {stated} is not the sum of the rows above, {counted}",
)

# --- the cell ---

VALUE_MISSING = Message("value_missing", "请填写“{label}”", "{field} is missing")
VALUE_REWRITTEN = Message(
    "value_rewritten",
    "“{label}”已被表格软件改写，原来的数字已丢失：请把该列设为文本格式后重新填写",
    "a spreadsheet program rewrote {field} and lost its digits: format the column as text",
)
VALUE_ERROR = Message(
    "value_error",
    "“{label}”是表格软件的错误值或未显示完整的数字",
    "{field} is an error of a spreadsheet program, or a number it did not show",
)
VALUE_MERGED = Message(
    "value_merged",
    "“{label}”是几行合并的单元格，不知道每行各是多少：请取消合并，逐行填写",
    "the cell of {field} is merged over several rows: write it in each of them",
)
ROW_EXAMPLE = Message(
    "row_example",
    "这是填写示例，不登记；确有此人请去掉“示例”字样",
    "this row is an example and not recorded; where it is somebody, take that word away",
)
NAME_DAMAGED = Message(
    "name_damaged",
    "姓名里有字丢失（显示为 ? 或 □）：请补上这个字，生僻字可写拼音",
    "letters of the name are lost (? or □): write them again, a rare one in pinyin",
)
NAME_WITH_NUMBER = Message(
    "name_with_number",
    "姓名里写了号码：请把电话、证件号写到各自的列",
    "the name holds a number: phones and ID numbers have columns of their own",
)
NAMES_SEVERAL = Message(
    "names_several",
    "一格写了几个人的姓名：请一人一行",
    "several names in one cell: write a row for each person",
)
WORD_UNKNOWN = Message("word_unknown", "“{label}”应为：{labels}", "{field} is one of: {names}")

# --- said of a row that is read ---

DIGITS_DOUBTFUL = Message(
    "digits_doubtful",
    "“{label}”超过 15 位且以零结尾，可能已被表格软件改写，请核对",
    "{field} has more than 15 digits and ends in zeros: a spreadsheet program may have cut it",
)
VALUE_CUT = Message(
    "value_cut",
    "“{label}”过长，只保留前 {length} 个字",
    "{field} is too long: only {length} characters are kept",
)
VALUE_DROPPED = Message("value_dropped", "“{label}”未登记：{why}", "{field} is left out: {why_en}")
