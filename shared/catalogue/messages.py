"""What is said of a catalogue file that is wrong."""

from shared.errors import Message

WORD_AMBIGUOUS = Message(
    "catalogue_word_ambiguous",
    "“{word}”既是{owner}又是{other}：请只留在一处",
    "a word means two items, {word}: {owner} and {other}; keep it in one of them",
)
SUBSTITUTE_UNKNOWN = Message(
    "catalogue_substitute_unknown",
    "{item}的替代品“{word}”不是目录中的物品：请先增加这一行",
    "the substitute {word} of {item} is no item of the catalogue: add its row first",
)
CATALOGUE_UNREADABLE = Message(
    "catalogue_unreadable",
    "无法读取物品目录文件：{reason}",
    "the catalogue's file cannot be read: {reason}",
)
ROW_WRONG = Message("catalogue_row_wrong", "第{line}行：{zh}", "line {line}: {en}")
