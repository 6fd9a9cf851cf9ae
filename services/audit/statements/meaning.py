"""What a statement's columns say of a row beside its amount: that money came in, and stayed.

A bank has a column for the direction, a payment channel one for the state, another for the kind;
each names them its own way. They are known by what their headers have in common, and a row is
refused for any of them. Whatever is left unread is looked through for the few words that say in one
cell that the row is no gift. Every refusal names the column, for who knows better may ignore it.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from services.audit.statements.messages import (
    DIRECTION_OUTGOING,
    DIRECTION_UNCLEAR,
    KIND_OF_NO_GIFT,
    ROW_REVERSED,
    STATE_UNFINISHED,
)
from services.audit.statements.vocabulary import (
    UNDONE,
    is_bank_kind,
    is_bank_memo,
    is_bank_name,
    is_bank_word,
    is_nothing_undone,
    split_first,
)
from shared.sheets import ABSENT_WORDS, CURRENCY_GUARD, Guard, check_not_foreign
from shared.sheets.messages import UNIT_UNCLEAR
from shared.text import fold_text, fold_word

_IN_WORDS = "收入|收款|收到|收|转入|汇入|流入|存入|存款|存|入账|入|进账|进|贷方|贷记|贷|来账|来款"
_OUT_WORDS = "支出|支取|支|付款|付|转出|汇出|流出|取出|取款|取|出账|出|借方|借记|借|往账"
_OF_MONEY = "(?:资金|款项|转账|现金|银行|账户|交易)*"
_INCOMING = re.compile(
    rf"{_OF_MONEY}(?:{_IN_WORDS})|\+|c|cr|crdt|credit|in|income|incoming|received"
)
_OUTGOING = re.compile(
    rf"{_OF_MONEY}(?:{_OUT_WORDS})|d|dr|dbit|debit|out|outgoing|expense|payment|paid"
)
_LEAVES = re.compile("(?<!支)付|[扣缴]|支(?!付宝)|[取提]现|取款|转出|汇出|流出|消费|代发")
_NOT = re.compile("[不未无]|退|失败")
_OTHERWISE = re.compile("收[款到付入]|[转汇流存]入|入账|到账|来[账款]|对方|客户|他行")
"""支付宝收款, 对方付款: whoever pays there, it is not we for certain."""
_FINISHED = re.compile(
    r"(?:交易|支付|付款|收款|转账|汇款|处理|记账|入账|到账|捐款|捐赠|订单|对方|款项|资金|审核|审批|复核|业务)?"
    r"(?:已经?)?(?:成功|完成|完结|结束|入账|到账|收款|收钱|收讫|收到|收入|付款|支付|记账|存入|存入零钱|正常"
    r"|有效|生效|结算|清算|转入|汇入|流入|捐赠|捐款|捐出|到帐|入帐|记帐)"
    r"|success(?:ful|fully)?|succeeded|completed?|finished|paid|settled|posted|booked|ok|normal"
    r"|active"
)
_REVIEWED = re.compile(
    r"(?:审核|审批|复核|审查)?已?(?:通过|审核|审批|复核|核实|确认)|approved|confirmed"
)
_REVIEW = re.compile("单据|审核|审批|复核|审查|流程|凭证|登记")
"""A transaction may be approved and not carried out; of a paper it is the last word."""
_YES = frozenset({"是", "已", "y", "yes", "t", "true", "√", "✓", "✔"})
_NOTHING = ABSENT_WORDS | frozenset(
    {"否", "0", "n", "no", "false", "f", "正常", "未作废", "未发生", "normal"}
)

_BESIDE_THE_MONEY = re.compile(
    r"发票|开票|收据|(?:打印|回单|公示|通知|短信|阅读).*(?:状态|情况|标志|标识)|是否.*(?:打印|公示|通知)"
)
_REVERSAL_HEADER = re.compile(
    rf"^(?!.*(?:[可未][退撤冲返]|refundable)).*(?:{UNDONE}|已退(?:金额|款)|void)"
)
_NO_DIRECTION = (
    r"[额数卡率号]|方式|账户|户名|合同|协议|进出口|出入口|人(?!民)|双方|款方|行$|机构|网点|渠道|通道|平台|工具"
    r"|日期|时间|地[址点]|原因|凭证|项目|科目|捐[赠款助]?方向|资助|帮扶|服务|专业|研究|就业"
)
_BEEN_REVERSED = re.compile("(?:交易|记账|转账)?(?:已|被|已被)(?:冲正|冲销|抹账|红冲)")
_DIRECTION_HEADER = re.compile(
    rf"^(?!.*(?:{_NO_DIRECTION})).*(?:借贷|收支|收付|进出|存取|出入账|流向|方向"
    rf"|(?:{_IN_WORDS})[/|\\、或与\-](?:{_OUT_WORDS})|(?:{_OUT_WORDS})[/|\\、或与\-](?:{_IN_WORDS})"
    r"|^d/?c|^dr/?cr|^cr/?dr|debit/?credit|credit/?debit|creditdebit|direction|in/?out)"
)
_STATE_HEADER = re.compile(
    r"^(?!.*(?:对账|打印|回单|核销|认领|公示|通知|阅读|票据))"
    r".*(?:状态|(?:交易|处理|支付|付款|收款|业务|执行|记账|审核|审批)结果|status|state$"
    r"|是否已?(?:到账|入账|成功|支付|付款|收款|完成|有效|收讫|捐[赠款]))"
)
_HAPPENED = re.compile("到账|入账|成功|支付|付款|收款|完成|有效|收讫|捐[赠款]|审核|审批|通过|确认")
_KIND_HEADER = re.compile(r"类型|类别|种类|分类|性质|业务名称|交易名称|交易码|type$|kind$|category")
_GIVER_HEADER = re.compile(
    r"^(?!.*摘要).*(?:附言|备注|留言|用途|意向|寄语|祝福|心愿|remark|note|message|purpose)"
)
_PARTY_HEADER = re.compile(
    "单位|户名|姓名|部门|职务|地址|银行|(?:公司|对方|账户|机构|企业)名称|[人方行]$"
)
_CREDIT = "贷方|收入|存入|收款金额|转入金额|credit|deposit|moneyin|paidin"
_DEBIT = "借方|支出|支取|付出|转出|取出|汇出|流出|debit|withdrawal|moneyout|paidout"
_NO_AMOUNT = (
    "日期|时间|账号|账户|户名|行名|银行|次数|笔数|类型|类别|用途|原因|摘要|备注|说明|单位|机构|卡"
    "|[出款取入][方人行]|date|time|account|name"
)
_PAID = re.compile("付款金额")
_RECEIVED = re.compile("收款金额")
"""The two sides of a bank's pair; 付款金额 by itself is what the giver paid."""
_ACCOUNT_HEADER = re.compile(
    r"(?:对方|收款|交易对手)[人方]?(?:的)?(?:银行)?(?:账[号户]|卡号)(?:\(.*\))?$"
    "|counterpartyaccount|beneficiaryaccount|payeeaccount"
)
"""Of who was paid. What a gift came from is nobody's business."""
_OWN_ACCOUNT_HEADER = re.compile("(?:本方|我方|本单位|查询|本)(?:银行)?(?:账[号户]|卡号)")
_ACCOUNT_BESIDE = re.compile(r"对方(?:银行)?(?:账[号户]|卡号)")
COUNTERPARTY = "counterparty"
OTHER_SIDES = ("other_side", "paid_side")
"""Names of guards."""
_OTHER_UNIT = re.compile("(?:人民币)?(?:[百千万亿]|百万)元|角|分")
_STATE_OF_NO_GIFT = re.compile(
    r"(?:交易|支付|付款|订单|转账|汇款)?已?"
    r"(?:失败|关闭|取消|撤销|作废|冲正|冲销|退款|退回|退汇|退票|全额退款|部分退款)"
    r"|未支付|待支付|未付款|待付款|未到账|待到账|未入账|待入账|未成功|处理中"
    r"|failed|failure|closed|cancell?ed|refunded|reversed|pending|voided"
)


def check_incoming(text: str, field: str, header: str = "") -> str:
    """Raises Invalid unless each word of it says that money came in: 贷, 贷(收入), CR. What says
    neither, as 不计收支 or an empty cell, is no payment of ours either."""
    words = [word for word in re.split(r"[()|/\-]", fold_word(text)) if word]
    incoming = [word for word in words if _INCOMING.fullmatch(word)]
    if words and len(incoming) == len(words):
        return text
    goes_out = not incoming and (text.strip() == "-" or any(map(_goes_out, words)))
    message = DIRECTION_OUTGOING if goes_out else DIRECTION_UNCLEAR
    raise message.invalid(field, header=header or field, text=text)


def _goes_out(word: str) -> bool:
    if _OUTGOING.fullmatch(word):
        return True
    is_doubtful = _NOT.search(word) or _OTHERWISE.search(word)
    return _LEAVES.search(word) is not None and not is_doubtful


def check_finished(text: str, field: str, header: str = "") -> str:
    """Raises Invalid."""
    word, title = fold_word(text), fold_word(header or field)
    is_yes = word in _YES or (word == "1" and "是否" in title)
    is_finished = (
        _FINISHED.fullmatch(word)
        or (is_yes and _HAPPENED.search(title))
        or (_REVIEWED.fullmatch(word) and _REVIEW.search(title))
    )
    if not is_finished:
        raise STATE_UNFINISHED.invalid(field, header=header or field, text=text)
    return text


def check_designation(text: str, field: str, header: str = "") -> str:
    """Of what a giver wrote: refused only where it is a bank's own word. Raises Invalid."""
    if is_bank_word(fold_word(text)):
        raise KIND_OF_NO_GIFT.invalid(field, header=header or field, text=text)
    return text


def check_unread(text: str, field: str) -> None:
    """Of a column that nothing is known of. Raises Invalid."""
    check_not_foreign(text, field)
    word = fold_word(text)
    if _OTHER_UNIT.fullmatch(word):
        raise UNIT_UNCLEAR.invalid(field, stated=text, unit="元")
    if _STATE_OF_NO_GIFT.fullmatch(word):
        raise STATE_UNFINISHED.invalid(field, header=field, text=text)
    title = fold_word(field)
    if _GIVER_HEADER.search(title) or _PARTY_HEADER.search(title):
        check_designation(text, field)
    elif is_bank_memo(word, fold_word(split_first(fold_text(text)))):
        raise KIND_OF_NO_GIFT.invalid(field, header=field, text=text)


def check_giver(text: str, field: str, header: str = "") -> str:
    """Raises Invalid where what stands for a name is the bank's own word."""
    if is_bank_name(fold_word(text)):
        raise KIND_OF_NO_GIFT.invalid(field, header=header or field, text=text)
    return text


def is_givers_column(header: str) -> bool:
    """Whether what stands there is the giver's own: a word of the bank's may be his."""
    return _GIVER_HEADER.search(fold_word(header)) is not None


def is_reversed(title: str, word: str) -> bool:
    """Whether a bank's own column says of the row itself that it was reversed: 交易状态 已冲正,
    是否已冲正 是. What only says 冲正 may be the row that reverses another."""
    if _BEEN_REVERSED.fullmatch(word):
        return any(header.search(title) for header in (_STATE_HEADER, _REVERSAL_HEADER))
    return word in _YES and re.search("是否已?被?(?:冲正|冲销|抹账)", title) is not None


def find_own_account(headers: Sequence[str]) -> int | None:
    """The column of the account that the statement is of: 本方账号, or 账号 where the other side's
    has a column of its own."""
    words = [fold_word(header) for header in headers]
    has_other = any(_ACCOUNT_BESIDE.search(word) for word in words)
    for at, word in enumerate(words):
        if _OWN_ACCOUNT_HEADER.fullmatch(word) or (has_other and word == "账号"):
            return at
    return None


def build_guards(amount_header: str) -> tuple[Guard, ...]:
    """amount_header: what the file calls its amounts; the other side of it must be empty."""
    word = fold_word(amount_header)
    is_debit = re.search(f"{_DEBIT}|{_PAID.pattern}", word) is not None
    other_side = re.compile(rf"^(?!.*(?:{_NO_AMOUNT})).*(?:{_CREDIT if is_debit else _DEBIT})")
    in_yuan = re.search("人民币|本币|rmb|cny", word) is not None
    return (
        Guard("beside_the_money", _BESIDE_THE_MONEY, _take_any),
        replace(CURRENCY_GUARD, check=_take_any) if in_yuan else CURRENCY_GUARD,
        Guard("reversal", _REVERSAL_HEADER, _check_nothing_reversed),
        Guard("direction", _DIRECTION_HEADER, check_incoming, takes_blank=False),
        Guard("other_side", other_side, _check_empty_side),
        Guard("paid_side", _PAID, _check_empty_side, beside=_RECEIVED),
        Guard("state", _STATE_HEADER, check_finished),
        Guard("kind", _KIND_HEADER, _check_kind),
        Guard(COUNTERPARTY, _ACCOUNT_HEADER, _take_any),
    )


_BALANCE = re.compile("余额|结余|balance")


def check_passed_over(guard: Guard, header: str, text: str) -> None:
    """Of a cell whose column somebody ignores, or takes for another: what it must not say all the
    same. A state may be of somebody's membership; one that says that it failed is of the money.
    Raises Invalid."""
    if guard.name in ("currency", "reversal", "direction", *OTHER_SIDES):
        guard.check(text, header)
    elif guard.name == "state" and _STATE_OF_NO_GIFT.fullmatch(fold_word(text)):
        raise STATE_UNFINISHED.invalid(header, header=header, text=text)


def is_no_amount(header: str, headers: Sequence[str]) -> bool:
    """Whether it is what the account has, or what left it where another column is what came in."""
    words = [fold_word(each) for each in headers]
    word = fold_word(header)
    goes_out = re.search(_DEBIT, word) is not None and re.search(_CREDIT, word) is None
    return _BALANCE.search(word) is not None or (
        goes_out and any(re.search(_CREDIT, each) for each in words)
    )


def _take_any(_text: str, _field: str) -> None:
    """No gift is refused for it: a foreign amount beside the one in yuan, an invoice."""


def _check_nothing_reversed(text: str, field: str) -> None:
    word = fold_word(text)
    if word not in _NOTHING and not is_zero(text) and not is_nothing_undone(word):
        raise ROW_REVERSED.invalid(field, header=field)


def _check_empty_side(text: str, field: str) -> None:
    if not is_nothing(text):
        raise DIRECTION_OUTGOING.invalid(field, header=field, text=text)


def _check_kind(text: str, field: str) -> None:
    if is_bank_kind(fold_word(text)):
        raise KIND_OF_NO_GIFT.invalid(field, header=field, text=text)


def is_nothing(text: str) -> bool:
    """Of an amount: empty, 0.00, or what banks write into the side that a row has not: -, --, /."""
    return not text or fold_word(text) in ABSENT_WORDS or is_zero(text)


def is_zero(text: str) -> bool:
    return re.fullmatch(r"[¥+\-]*(?:0+(?:\.0*)?|\.0+)元?", fold_word(text)) is not None
