"""What intake answers who cannot sign in."""

from shared.errors import Message

ACCOUNT_UNKNOWN = Message("account_unknown", "没有这个账号", "no such account")
CODE_WRONG = Message(
    "code_wrong",
    "动态码不对或已过期，请输入验证器里现在显示的六位数字",
    "that code is wrong or over: type the six digits that your authenticator shows now",
)
INVITATION_USED = Message(
    "invitation_used",
    "这个邀请已经用过；请直接登录，忘了密码请管理员重新邀请",
    "this invitation has been used: sign in, or ask for a new one if you forgot your password",
)
PASSWORD_EXPIRED = Message(
    "password_expired",
    "您的密码已到期，请先更改密码再登录",
    "your password has expired: change it, then sign in",
)
PASSWORD_GUESSABLE = Message(
    "password_guessable",
    "这个密码太容易猜到，请换一个，例如几个不相干的词",
    "that password is easy to guess: choose another, such as a few unrelated words",
)
PASSWORD_SHORT = Message(
    "password_short", "密码至少{least}个字符", "a password has at least {least} characters"
)
PASSWORDS_DIFFERENT = Message(
    "passwords_different", "两次输入的密码不一样", "the two passwords are not the same"
)
SIGN_IN_LOCKED = Message(
    "sign_in_locked",
    "连续多次没有输对，暂时锁定；请{minutes}分钟后再试，或找管理员解锁",
    "too many wrong tries: wait {minutes} min, or ask an administrator to unlock it",
)
SIGN_IN_WRONG = Message(
    "sign_in_wrong",
    "账号、密码或动态码不对（动态码只能用一次）",
    "name, password or code is wrong (a code works once)",
)
