"""What is answered who asks for his own data."""

from shared.errors import Message

PROOF_OVER = Message(
    "proof_over",
    "验证已过期或不是这一页的，请重新取一个验证码",
    "that code is over, or of another page: take a new one",
)
PROOF_AWAITED = Message(
    "proof_awaited",
    "还没有收到您的短信或微信。请把上面那句话原样发给我们，过一会儿再点“我已发送”",
    "your message has not come yet: send us the line above, and press again in a moment",
)
CONTACT_NOT_OWN = Message(
    "contact_not_own",
    "您用来验证的手机或微信，登记的不是您本人的，或不止一人在用，不能在网上办理。"
    "请带身份证到村（居）委会，或打{phone}，由工作人员核对身份后办理",
    "the phone or account that you proved is not recorded as yours alone: take your ID card to the "
    "committee, or call {phone}",
)
CONTACTS_SEVERAL = Message(
    "contacts_several",
    "您名下登记了不止一个联系方式，网上分不清哪一个现在是您的。"
    "请带身份证到村（居）委会，或打{phone}，由工作人员核对身份后办理",
    "more than one contact is recorded as yours, and we cannot tell which is: take your ID card to "
    "the committee, or call {phone}",
)
OWN_CORRECTION_EMPTY = Message(
    "own_correction_empty",
    "请至少填一项要更正的内容",
    "fill in at least one thing that is wrong",
)
OWN_CORRECTIONS_MANY = Message(
    "own_corrections_many",
    "您刚刚已经提过更正，请等工作人员处理，或打{phone}",
    "you have just sent corrections: wait until staff read them, or call {phone}",
)
ERASURE_WHILE_HELP_COMES = Message(
    "erasure_while_help_comes",
    "有帮助正在送来，现在还不能删除。收到后请先在求助页面上确认，再来删除；"
    "不想要了，请先打{phone}取消",
    "help is on its way, so nothing is erased yet: confirm it once it came; to cancel it, "
    "call {phone}",
)
