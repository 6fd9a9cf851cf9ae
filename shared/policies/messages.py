"""What is answered where a table of policies is wrong."""

from shared.errors import Message

POLICIES_UNREADABLE = Message(
    "policies_unreadable",
    "政策表读不出来：{reason}",
    "the table of policies cannot be read: {reason}",
)
POLICY_ROW_WRONG = Message("policy_row_wrong", "第{line}行：{zh}", "line {line}: {en}")
POLICY_TWICE = Message(
    "policy_twice", "代码 {code} 出现了两次", "the code {code} stands there twice"
)
POLICY_CODE_WRONG = Message(
    "policy_code_wrong",
    "代码只能用小写字母和下划线，例如 medical_aid",
    "a code has small letters and underscores, such as medical_aid",
)
POLICY_WORD_UNKNOWN = Message(
    "policy_word_unknown",
    "没有“{word}”这一类，可填：{labels}",
    "no such word: {word}",
)
POLICY_DAYS_WRONG = Message(
    "policy_days_wrong", "答复工作日请填1到120的整数", "days are a whole number from 1 to 120"
)
