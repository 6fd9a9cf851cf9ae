"""What intake answers who cannot sign in."""

from shared.errors import Message

ACCOUNT_UNKNOWN = Message("account_unknown", "没有这个账号", "no such account")
CLAIMS_OF_SEVERAL_AREAS = Message(
    "claims_of_several_areas",
    "您的单位账号对应不止一个地区，一次登录只能办理一个地区的事，请管理员调整",
    "your organisation's account stands for several areas, and a session is of one: ask your "
    "administrator",
)
CLAIMS_WITHOUT_ROLE = Message(
    "claims_without_role",
    "您的单位账号现在没有可以在这里使用的角色，请管理员核对",
    "your organisation's account has no role here at present: ask your administrator",
)
CODE_WRONG = Message(
    "code_wrong",
    "动态码不对或已过期，请输入验证器里现在显示的六位数字",
    "that code is wrong or over: type the six digits that your authenticator shows now",
)
IDENTITY_TAKEN = Message(
    "identity_taken",
    "您的单位账号已经关联了账号 {account}，请用它登录；要换一个，请管理员处理",
    "your organisation's account is linked to {account} already: sign in as that, or ask your "
    "administrator",
)
IDENTITY_UNKNOWN = Message(
    "identity_unknown",
    "您的单位账号还没有关联这里的账号；请打开管理员发给您的邀请，在那里关联",
    "your organisation's account is linked to none here: open the invitation that your "
    "administrator sent you, and link it there",
)
INVITATION_USED = Message(
    "invitation_used",
    "这个邀请已经用过；请直接登录，忘了密码请管理员重新邀请",
    "this invitation has been used: sign in, or ask for a new one if you forgot your password",
)
ORGANISATION_AWAY = Message(
    "organisation_away",
    "单位的统一登录暂时没有回应，请稍后再试，或找管理员",
    "your organisation's sign-in does not answer: try again later, or ask your administrator",
)
ORGANISATION_REFUSED = Message(
    "organisation_refused",
    "单位的统一登录没有完成，请再登录一次",
    "the sign-in at your organisation did not come to its end: sign in again",
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
RIGHTS_EMPTY = Message("rights_empty", "角色对照表里没有一行", "the table of roles has no row")
RIGHTS_ROLE_UNKNOWN = Message(
    "rights_role_unknown", "没有这个角色，可填：{roles}", "no such role; one of: {codes}"
)
RIGHTS_ROW_WRONG = Message("rights_row_wrong", "第{line}行：{zh}", "line {line}: {en}")
RIGHTS_UNREADABLE = Message(
    "rights_unreadable",
    "角色对照表读不出来：{reason}",
    "the table cannot be read: {reason}",
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
