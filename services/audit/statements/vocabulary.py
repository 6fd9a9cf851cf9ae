"""The words by which banks and payment channels say that a row is no gift.

How much a word weighs depends on whose it is. What a giver wrote is the record of his will: only a
text that is nothing but a bank's own word costs the money. In a bank's own column a word within a
short text is enough, and a column of kinds is the bank's throughout. All take a folded word.
"""

import re
from typing import Literal

OwnKind = Literal["", "interest", "charge"]

UNDONE = (
    "冲正|冲销|冲账|红冲|红字|抹账|撤销|撤单|作废|退款|退汇|退回|退票|退费|退还|返还"
    "|refund|revers|chargeback|cancel"
)
_FEES = "利息|结息|手续费|工本费|账户费|短信费"
_OF_THE_BANK = f"{_FEES}|服务费|管理费|年费|提现|interest|withdraw"
_GIFT = "捐|善|赠|爱心|资助|助学"

# No word of these is made of others: a text has one reading, and long ones cost no time.
_WAYS = (
    "转账|跨行|行内|本行|他行|同城|异地|网上银行|手机银行|网银|银行|企业|电子|柜台|柜面|atm|pos"
    "|自助|现金|批量|实时|普通|快捷|微信|支付宝|财付通|云闪付|银联|大额|小额|汇款|汇兑|对公|对私|个人|单位"
    "|账户|资金|余额|信用卡|借记卡|卡|系统内|境内|境外|人民币|定期|活期|存款|对外|往来|内部|商户|零钱"
)
_OUT = (
    "支出|转出|汇出|划出|付出|流出|调出|出账|取款|取现|支取|提取|取出|提现|提款|往账|扣款|扣收|扣划|扣费"
    "|代付|消费|购汇|刷卡|转支|现支|转取|还款|缴费|缴税|扣税"
)
_SURELY_OUT = (
    "支出|转出|汇出|划出|流出|取款|取现|支取|提现|提款|扣款|扣划|代付|代发|[购售]汇|对外(?:付款|支付|转账|汇款)"
    "|payout|transferout|outgoing"
)
_LIKELY_OUT = (
    r"消费(?![者券品])|刷卡(?!支付)|工资(?!卡)|薪酬|缴税|扣税|税款|税费|社保|公积金|报销|还款|缴费|扣费|扣收|[水电]费"
    r"|采购(?![部员中])|网购|购物|购买|取钱|出金|发红包|转账[给至]|拨款|purchase"
    r"|货款|工程款|租金|房租|押金|保证金|贷款(?!公司)|借款|理财(?!公司)|赎回|本金|本息"
    r"|(?<!交易)(?<!在线)(?<!客户)(?<!对方)(?<!已)付款$"
)
_PLAIN = "支|付|出|取|借方?|借记|debit|dr"
_BALANCE = (
    "(?:期初|期末|上期|本期|上日|昨日|当日|上年|本年|上月|本月|年初|年末|月初|月末|承前页?|开户)+"
    "(?:余额|结余|结存)|(?:上年|上月|上期|本期|本月)?(?:余额)?结转(?:下页|下期|下月|下年|本年)?"
    "|(?:本期|本月|本日|本年|累计|借方|贷方)*发生额(?:合计)?"
)
"""What lies in the account, where a row of money that came in would stand."""
_OWN_MOVES = (
    "同名|定期转|转定期|转存定期|定活互转|存款到期|到期(?:兑付|转存)|通知存款|资金归集|内部转账|到银行卡|零钱通|亲属卡"
    "|分账|充值|退货"
)
"""Money that was the account's own before, or is nobody's gift."""

_NEGATED = re.compile(
    rf"(?:不[求必用需要须再会予]?|无[需须]?|未|勿|非)(?:要求?|发生|申请|再)?(?:{UNDONE})"
)
_SENT = rf"(?:(?:{_WAYS})*(?:{_OUT})|对外(?:付款|支付|转账|汇款))(?:款|金额|交易|业务)?"
_EXACT = re.compile(
    rf"{_SENT}"
    r"|代发(?:工资|薪酬|奖金|劳务费|业务|款)?|(?:发放?)?工资|代扣代缴"
    rf"|(?:(?:{_WAYS}|短信|季度|年度|代收|代扣)*(?:{_FEES})"
    r"|(?:银行|账户|短信|网银|电子|季度|年度)+(?:服务费|管理费|年费))(?:收入|支出)?"
    rf"|(?:已|全额|部分|交易|{_WAYS})*(?:{UNDONE})(?:交易|成功|金额)?|{_PLAIN}|{_BALANCE}"
    "|interest|withdrawal|refund|reversal|reversed"
)
_FEE = re.compile(
    rf"(?:{_WAYS}|短信|季度|年度|平台|技术|通道|支付|信息|托管)*(?:服务费|管理费|年费)"
)
_INTEREST = re.compile(rf"(?:{_WAYS}|季度|年度)*(?:利息|结息)(?:收入)?|interest(?:income)?")
_CHARGE = re.compile(
    rf"(?:{_WAYS}|短信|季度|年度|代扣)*(?:手续费|工本费|账户费|短信费)(?:支出)?"
    r"|(?:银行|账户|短信|网银|电子|季度|年度)+(?:服务费|管理费|年费)(?:支出)?"
)
_BANK = re.compile("银行|信用社|[支分]行|财付通|支付宝|微信支付|bank")
_MEMO_LENGTH_MAX = 12
_MEMO_SURE = re.compile(_SURELY_OUT)
_MEMO = re.compile(
    f"{UNDONE}|{_FEES}|提现|interest|withdraw|{_LIKELY_OUT}|(?<!委托)代扣|{_OWN_MOVES}"
)
_KIND_SURE = re.compile(f"{_SURELY_OUT}|对外捐赠|拨付|发放")
_KIND = re.compile(f"{UNDONE}|{_OF_THE_BANK}|{_LIKELY_OUT}|代扣(?!$)|{_OWN_MOVES}")
_PART = re.compile(r"[\s()|/\\,、;:_\-]+")
_NAME = re.compile(
    r"(?:(?:活期|定期|存款|批量|账户|季度|银行|代收|代扣|转账|短信)*(?:利息|结息|手续费|服务费|管理费)"
    rf"|冲正|抹账|退款|退汇|退票|提现)(?:收入|支出)?|{_BALANCE}|(?:账户|当前|可用)?余额"
)
_NOTHING_UNDONE = re.compile(
    rf"(?:无|没有|未|尚未|从未|非|不)(?:有|发生|申请|发起|需|予|存在|被)?(?:{UNDONE})"
    r"(?:申请|记录|金额|信息|交易|款|发生|情况)?|未退|不涉及|未申请|未发起|无申请|无记录|none|notrefunded|norefunds?"
)


def is_bank_word(word: str) -> bool:
    """Whether it is nothing but a bank's word for what is no gift: 手续费, 跨行转出, 冲正."""
    return _EXACT.fullmatch(word) is not None


def is_sent(word: str) -> bool:
    """Whether a bank's kind of transaction is money that left: 往账, 网银转出."""
    return re.fullmatch(_SENT, word) is not None


def find_own_kind(word: str) -> OwnKind:
    """Whether a bank's word says what it pays, 结息, or what it takes for itself, 账户管理费."""
    if _INTEREST.fullmatch(word):
        return "interest"
    return "charge" if _CHARGE.fullmatch(word) else ""


def is_bank_memo(word: str, first: str) -> bool:
    """Whether a bank's column says that this is no gift. first: the word before the first mark."""
    if any(_EXACT.fullmatch(each) or _FEE.fullmatch(each) for each in (word, first)):
        return True
    rest = _NEGATED.sub("", word)
    if len(word) > _MEMO_LENGTH_MAX:
        return False
    if _MEMO_SURE.search(rest):
        return True
    return _MEMO.search(rest) is not None and not re.search(_GIFT, word)


def is_bank_kind(word: str) -> bool:
    """Whether a kind of transaction is no gift: one of its parts is none."""
    return any(_is_bank_kind(part) for part in _PART.split(word) if part)


def is_bank_name(word: str) -> bool:
    """Whether it stands where a giver's name would: 批量结息."""
    return _NAME.fullmatch(word) is not None


def is_bank_party(word: str) -> bool:
    """Whether the other side is the bank itself, or not named: interest of a company is another's
    business."""
    return not word or is_bank_name(word) or _BANK.search(word) is not None


def is_nothing_undone(word: str) -> bool:
    """无退款申请, 未冲正."""
    return _NOTHING_UNDONE.fullmatch(word) is not None


def split_first(text: str) -> str:
    """What stands before the first mark: 对外付款-张三-货款."""
    return next((part for part in _PART.split(text, maxsplit=2) if part), "")


def _is_bank_kind(word: str) -> bool:
    if _EXACT.fullmatch(word) or _KIND_SURE.search(word):
        return True
    rest = _NEGATED.sub("", word)
    return _KIND.search(rest) is not None and not re.search(_GIFT, word)
