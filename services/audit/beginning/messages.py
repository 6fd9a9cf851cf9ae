"""What is answered to who sets up a foundation's books, in both languages."""

from shared.errors import Message

BOOKS_BEGUN = Message(
    "books_begun",
    "该基金会已有账本条目，会计科目表不能再改：科目自第一条起固定",
    "the foundation's log has entries: its chart of accounts stays as it is from the first on",
)
CHART_WRONG = Message(
    "chart_wrong", "会计科目表不能使用：{reason}", "this chart of accounts cannot be used: {reason}"
)
CHART_UNKNOWN = Message("chart_unknown", "没有提出过这份科目表", "nobody proposed this chart")
CHART_NOT_PROPOSED = Message(
    "chart_not_proposed", "该科目表不在待审核状态", "this chart is {state}"
)
OPENING_UNKNOWN = Message(
    "opening_unknown", "没有提出过这次期初余额", "nobody proposed these opening balances"
)
OPENING_NOT_PROPOSED = Message(
    "opening_not_proposed", "该期初余额不在待审核状态", "these opening balances are {state}"
)
TOTAL_DIFFERS = Message(
    "total_differs",
    "各基金合计 {counted} 元，与原账套的合计 {stated} 元不符：请核对后重新提出",
    "the funds come to {counted} yuan, the program before says {stated}: compare them again",
)
FUND_MOVED = Message(
    "fund_moved",
    "基金 {id} 已有收支或列了两次：期初余额须是该基金的第一笔",
    "money moved in fund {id} already, or it stands there twice: opening balances come first",
)
ACCOUNT_NOT_TAKEN = Message(
    "account_not_taken",
    "科目 {code} 的余额不能接收：只接收货币资金（1001、1002、1009）和净资产（3101、3102）；"
    "应收应付请先结清",
    "balances of account {code} are not taken over: money (1001, 1002, 1009) and net assets (3101, "
    "3102) are; settle what is owed first",
)
SIDE_WRONG = Message(
    "side_wrong",
    "科目 {code} 的余额须在{side}，且只写一方",
    "the balance of account {code} stands on one side, {side_en}",
)
SUM_DIFFERS = Message(
    "sum_differs",
    "科目 {code} 的余额 {stated} 元与其明细科目合计 {counted} 元不等：请补齐明细，或只写一级",
    "account {code} has {stated} yuan and its sub-accounts {counted}: write all of them, or none",
)
FUND_UNBALANCED = Message(
    "fund_unbalanced",
    "基金 {id} 的货币资金 {assets} 元与净资产 {net} 元不等",
    "fund {id} has {assets} yuan of money and {net} of net assets",
)
