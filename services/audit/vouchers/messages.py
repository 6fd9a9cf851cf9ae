"""What is answered to vouchers and their files, in both languages."""

from shared.errors import Message

ATTACHMENT_UNKNOWN = Message(
    "attachment_unknown",
    "没有这个附件：请先上传凭证的扫描件，再从列表里选",
    "there is no such file: add the scan of the voucher first, then choose it",
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
REFUND_UNKNOWN = Message("refund_unknown", "没有提出过这笔退款", "nobody proposed this refund")
REFUND_NOT_PROPOSED = Message(
    "refund_not_proposed", "该笔退款不在待审核状态", "this refund is {state}"
)
