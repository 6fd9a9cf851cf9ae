"""What a statement's columns say of a row beside its amount: that money came in, and stayed.

A bank has a column for the direction, a payment channel one for the state, another for the kind;
each names them its own way. They are known by what their headers have in common, and a row is
refused for any of them. Whatever is left unread is looked through for the few words that say in one
cell that the row is no gift.
"""

import re
from dataclasses import replace

from services.audit.messages import (
    DIRECTION_OUTGOING,
    KIND_OF_NO_GIFT,
    ROW_REVERSED,
    STATE_UNFINISHED,
)
from shared.sheets import ABSENT_WORDS, CURRENCY_GUARD, Guard, check_not_foreign
from shared.sheets.messages import UNIT_UNCLEAR
from shared.text import fold_word

_INCOMING = frozenset(
    {"收入", "收", "贷", "贷方", "入账", "转入", "汇入", "存入", "进账", "入", "进", "存", "来账"}
    | {"收款", "存款", "贷记", "+", "c", "cr", "crdt", "credit", "in", "income", "incoming"}
)
_FINISHED = re.compile(
    r"(?:交易|支付|付款|收款|转账|汇款|处理|记账|入账|到账|捐款|捐赠|订单|对方|款项)?已?"
    r"(?:成功|完成|完结|结束|入账|到账|收款|收钱|收讫|付款|支付|记账|存入|存入零钱|正常|有效|结算)"
    r"|success(?:ful|fully)?|succeeded|completed?|finished|paid|settled|posted|booked|ok|normal|active"
)
_NOTHING = ABSENT_WORDS | frozenset(
    {"否", "0", "n", "no", "false", "f", "正常", "未退款", "未冲正", "未撤销", "未冲销", "未退回"}
    | {"无退款", "非冲正", "未作废", "未发生", "normal"}
)

_UNDONE = (
    "冲正|冲销|冲账|红冲|红字|抹账|撤销|撤单|作废|退款|退汇|退回|退票|退费|退还|返还"
    "|refund|revers|chargeback|cancel"
)
_OF_THE_BANK = "利息|结息|手续费|服务费|工本费|管理费|年费|账户费|短信费|提现|interest|withdraw"
_OUTGOING = "支出|转出|付款$|代付|代发|扣款|代扣|取款|支取|payout"
_GIVEN = "捐|善|赠|爱心|资助|助学"

_REVERSAL_HEADER = re.compile(rf"{_UNDONE}|void")
_DIRECTION_HEADER = re.compile(
    r"(?:借贷|借/贷|借\|贷|借方/贷方|收支|收/支|收付|收/付|进出|进/出|存取|存/取|出入账|入账/出账"
    r"|收入/支出|支出/收入|流向|方向|^d/?c|^dr/?cr|^cr/?dr|debit/?credit|credit/?debit|creditdebit"
    r"|direction|in/?out)(?!.*[额数])"
)
_STATE_HEADER = re.compile(
    r"^(?!.*(?:对账|打印|回单|核销|开票|发票|认领|公示|通知|阅读|票据|收据))"
    r".*(?:状态|(?:交易|处理|支付|付款|收款|业务|执行|记账)结果|status|state$)"
)
_KIND_HEADER = re.compile(r"类型|类别|种类|性质|业务名称|交易名称|交易码|type$|kind$|category")
_CREDIT = "贷方|收入|存入|收款金额|转入金额|credit|deposit|moneyin|paidin"
_DEBIT = "借方|支出|支取|付出|转出|取出|付款金额|debit|withdrawal|moneyout|paidout"
_NO_AMOUNT = "日期|时间|账号|账户|户名|行名|银行|次数|笔数|date|time|account|name"
_MEMO_LENGTH_MAX = 12
_KIND = re.compile(f"{_UNDONE}|{_OF_THE_BANK}|{_OUTGOING}")
_MEMO = re.compile(
    rf"(?!.*(?:{_GIVEN}))(?:.*(?:{_UNDONE}|{_OF_THE_BANK}).*|支出|转出|取款|支取|借方?|借记|debit|dr)"
)
_OTHER_UNIT = re.compile("(?:人民币)?(?:[百千万亿]|百万)元|角|分")
_BANKS_OWN = re.compile(
    r"(?:(?:活期|定期|存款|批量|账户|季度|银行|代收|代扣|转账|短信)*(?:利息|结息|手续费|服务费|管理费)"
    r"|冲正|抹账|退款|退汇|退票|提现)(?:收入|支出)?"
)
_STATE_OF_NO_GIFT = re.compile(
    r"(?:交易|支付|付款|订单|转账|汇款)?已?(?:失败|关闭|取消|撤销|作废|冲正|退款|全额退款|部分退款)"
    r"|未支付|待支付|待付款|处理中|failed|failure|closed|cancell?ed|refunded|reversed|pending|voided"
)


def check_incoming(text: str, field: str) -> str:
    """Raises Invalid unless each word of it says that money came in: 贷, 贷(收入), CR."""
    words = [word for word in re.split(r"[()|/\-]", fold_word(text)) if word]
    if not words or not all(word in _INCOMING for word in words):
        raise DIRECTION_OUTGOING.invalid(field)
    return text


def check_finished(text: str, field: str) -> str:
    """Raises Invalid."""
    if not _FINISHED.fullmatch(fold_word(text)):
        raise STATE_UNFINISHED.invalid(field)
    return text


def check_memo(text: str, field: str) -> str:
    """Of what may say anything: a few words by which a bank marks what is no gift. Raises."""
    word = fold_word(text)
    if len(word) <= _MEMO_LENGTH_MAX and _MEMO.fullmatch(word):
        raise KIND_OF_NO_GIFT.invalid(field, text=text)
    return text


def check_unread(text: str, field: str) -> None:
    """Of a column that nothing is known of. Raises Invalid."""
    check_not_foreign(text, field)
    if _OTHER_UNIT.fullmatch(fold_word(text)):
        raise UNIT_UNCLEAR.invalid(field, stated=text, unit="元")
    if _STATE_OF_NO_GIFT.fullmatch(fold_word(text)):
        raise STATE_UNFINISHED.invalid(field)
    check_memo(text, field)


def check_giver(text: str, field: str) -> str:
    """Raises Invalid where what stands for a name is the bank's own word."""
    if _BANKS_OWN.fullmatch(fold_word(text)):
        raise KIND_OF_NO_GIFT.invalid(field, text=text)
    return text


def build_guards(amount_header: str) -> tuple[Guard, ...]:
    """amount_header: what the file calls its amounts; the other side of it must be empty."""
    is_debit = re.search(_DEBIT, fold_word(amount_header)) is not None
    other_side = re.compile(rf"^(?!.*(?:{_NO_AMOUNT})).*(?:{_CREDIT if is_debit else _DEBIT})")
    in_yuan = re.search("人民币|本币|rmb|cny", fold_word(amount_header)) is not None
    return (
        replace(CURRENCY_GUARD, check=_take_any) if in_yuan else CURRENCY_GUARD,
        Guard("reversal", _REVERSAL_HEADER, _check_nothing_reversed),
        Guard("direction", _DIRECTION_HEADER, check_incoming),
        Guard("other_side", other_side, _check_empty_side),
        Guard("state", _STATE_HEADER, check_finished),
        Guard("kind", _KIND_HEADER, _check_kind),
    )


def _take_any(_text: str, _field: str) -> None:
    """The amount says itself that it is in yuan: the column is of the money it was."""


def _check_nothing_reversed(text: str, field: str) -> None:
    if fold_word(text) not in _NOTHING and not _is_zero(text):
        raise ROW_REVERSED.invalid(field, header=field)


def _check_empty_side(text: str, field: str) -> None:
    if fold_word(text) not in ABSENT_WORDS and not _is_zero(text):
        raise DIRECTION_OUTGOING.invalid(field)


def _check_kind(text: str, field: str) -> None:
    word = fold_word(text)
    if _MEMO.fullmatch(word) or (_KIND.search(word) and not re.search(_GIVEN, word)):
        raise KIND_OF_NO_GIFT.invalid(field, text=text)


def _is_zero(text: str) -> bool:
    return re.fullmatch(r"[¥+\-]*(?:0+(?:\.0*)?|\.0+)元?", fold_word(text)) is not None
