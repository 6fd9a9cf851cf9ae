"""What shared code answers when something is wrong, and pydantic's own errors in Chinese.

Codes are a noun and what is the matter with it: `type_unknown`. Templates are `str.format`'s.
"""

from collections.abc import Mapping

from shared.errors import Message

# --- who may come in ---

UNAUTHENTICATED = Message("unauthenticated", "请提供有效的凭证", "a valid token is needed")
AREA_LIMITED = Message(
    "area_limited",
    "您的凭证只限一个镇街或村（居）；这里的内容不分镇街，请由全市范围的人员办理",
    "your credential is for one town or village: this has no area, ask somebody of the whole city",
)
FORBIDDEN = Message("forbidden", "无权进行此操作", "not allowed for this role")
FORM_STALE = Message(
    "form_stale",
    "这个页面放得太久，或不是从本站打开的；请返回，刷新页面后再试",
    "this page is too old, or not ours: go back, load it again and try once more",
)
LINK_INVALID = Message(
    "link_invalid", "链接无效或已过期", "this link is not valid, or not any more"
)
LINK_UNKNOWN = Message(
    "link_unknown",
    "没有这个链接，或不归您管；请粘贴短信、微信中的完整网址，或填写诉求、对接、资源、捐赠的编号",
    "no such link, or not yours: give the whole address, or the id of what it is about",
)
REQUESTS_TOO_MANY = Message(
    "requests_too_many",
    "请求过于频繁，请 {seconds} 秒后再试",
    "too many requests: try again in {seconds} s",
)

# --- a donor's word over the phone ---

SIGN_IN_CODE_WRONG = Message(
    "sign_in_code_wrong",
    "号码或验证码不对，或验证码已过期：请核对，或重新发送",
    "the phone or the code is wrong, or the code has ended: check them, or have another sent",
)
WORD_UNKNOWN = Message(
    "word_unknown",
    "没有这次电话代办，或不是由您发起的；请重新发送验证码",
    "no such word, or another asked for it: have a new code sent",
)
WORD_USED = Message(
    "word_used",
    "这个验证码已用过；要再办一件事，请重新发送验证码",
    "this code was used: each act needs a new one",
)
WORD_ENDED = Message(
    "word_ended",
    "验证码已超过十分钟，或已输错五次；请重新发送验证码",
    "ten minutes or five tries are over: have a new code sent",
)
WORD_CODE_WRONG = Message(
    "word_code_wrong",
    "验证码不对，还可再试 {tries} 次；请捐赠方念一遍短信中的六位数字",
    "not the code, {tries} tries left: ask the donor to read the six digits again",
)
WORD_CODES_TOO_MANY = Message(
    "word_codes_too_many",
    "您今天输错验证码的次数过多，明天再办，或请同事办理",
    "you entered too many wrong codes today: go on tomorrow, or ask a colleague",
)
WORDS_TOO_MANY = Message(
    "words_too_many",
    "今天已向这位捐赠方发送过五次验证码，明天再办，或请他用自己的链接办理",
    "five codes were sent to this donor today: go on tomorrow, or let him use his own link",
)

# --- HTTP ---

ADDRESS_UNKNOWN = Message("address_unknown", "没有这个地址", "{detail}")
BODY_TOO_LARGE = Message(
    "body_too_large",
    "内容过大，请分批提交",
    "the body is larger than this address takes: send it in parts",
)
METHOD_NOT_ALLOWED = Message("method_not_allowed", "这个地址不接受这种方法", "{detail}")
REQUEST_INVALID = Message("request_invalid", "请求有误", "{detail}")
JSON_NAME_REPEATED = Message(
    "json_name_repeated",
    "同一个对象里有重名的字段，无法确定以哪个为准：请只写一次",
    "a name stands twice in one object: write it once",
)
JSON_NUMBER_WRONG = Message(
    "json_number_wrong", "NaN、Infinity 不是 JSON 的数", "NaN and Infinity are no numbers in JSON"
)
JSON_UNREADABLE = Message("json_invalid", "内容不是 JSON", "the content is no JSON")
UNAVAILABLE = Message("unavailable", "服务暂不可用，请稍后再试", "try again later")
FAILED_HERE = Message(
    "failed_here",
    "系统出了问题，已经记下；请过几分钟再试，还不行请联系工作人员",
    "we failed, and it is on record: try again in some minutes, or tell the staff",
)

# --- events and commands ---

BUG = Message("bug", "程序错误", "bug: {name}")
KEY_REUSED = Message(
    "idempotency_key_reused",
    "同一编号已用于不同的内容；请换一个新的编号",
    "this key was used for other content; use a new one",
)
SEQUENCE_MISSING = Message(
    "sequence_missing", "缺少 sequence 或 subject", "sequence and subject are required"
)
SIGNATURE_WRONG = Message(
    "signature_wrong", "消息头 {header} 缺失或不正确", "header {header} is missing or wrong"
)
SOURCE_NOT_ALLOWED = Message(
    "source_not_allowed",
    "来源 {source} 无权写入 {topic}",
    "source {source} may not publish to {topic}",
)
TYPE_UNKNOWN = Message(
    "type_unknown", "此主题不接受类型 {type}", "type {type} is not accepted on this topic"
)
UNREADABLE = Message("unreadable", "消息无法读取", "unreadable: {name}")

# --- dead letters ---

DEAD_LETTER_UNKNOWN = Message("dead_letter_unknown", "没有这条死信", "no such dead letter")
DEAD_LETTER_NOT_OPEN = Message(
    "dead_letter_not_open", "没有这条未处理的死信", "no such open dead letter"
)
REPLAY_FAILED = Message("replay_failed", "重放仍然失败", "still fails: {reason}")

# --- amounts and quantities ---

AMOUNT_ABBREVIATED = Message(
    "amount_abbreviated",
    "科学记数法会丢失数字：请把该列设为数值格式，写出全部数字",
    "written with an exponent, digits may be lost: write the number out",
)
AMOUNT_FRACTIONAL = Message(
    "amount_fractional",
    "金额含不足一分的部分：请在原表中保留两位小数后再导入",
    "has parts of a fen that are no float noise: state it with two decimals",
)
AMOUNT_OUT_OF_RANGE = Message(
    "amount_out_of_range", "金额须大于零且不过大", "not more than zero, or too large"
)
AMOUNT_SIGNED = Message(
    "amount_signed",
    "金额须为正数；退款请按退款登记",
    "only money that came in: record a refund as a refund",
)
AMOUNT_WRONG = Message(
    "amount_wrong",
    "金额不正确，如 11,361.50 或 300万元",
    "not an amount, such as 11,361.50",
)
CURRENCY_FOREIGN = Message(
    "currency_foreign",
    "只登记人民币：外币请按入账的人民币金额填写，币种写“人民币”或 CNY",
    "only yuan are recorded: state the amount in yuan as it was credited, and its currency as CNY",
)
QUANTITY_WRONG = Message(
    "quantity_wrong",
    "数量应为整数，如 20 或 1,000",
    "not a whole number of this unit, such as 20 or 1,000",
)

# --- phones ---

PHONE_ABBREVIATED = Message(
    "phone_abbreviated",
    "手机号已被表格软件改写，数字已丢失：请把该列设为文本格式后重新填写",
    "a spreadsheet program rewrote the number and lost digits: format the column as text",
)
PHONE_BESIDE = Message(
    "phone_beside_words",
    "手机号旁还有其他文字：这里只填11位号码，其余请写到备注",
    "other words stand beside the number: give its 11 digits alone, and the rest as a remark",
)
PHONE_FIXED = Message("phone_fixed", "这是固定电话，收不到短信", "a fixed line, which gets no SMS")
PHONE_FOREIGN = Message(
    "phone_foreign",
    "目前只登记内地手机号（+86）",
    "only mobile numbers of the mainland (+86) are recorded",
)
PHONE_MASKED = Message("phone_masked", "号码有遮盖，不完整", "some digits are masked")
PHONE_SEVERAL = Message("phone_several", "只能填写一个手机号", "one number only")
PHONE_WRONG = Message(
    "phone_wrong",
    "手机号应为11位数字，以1开头",
    "a mobile number has 11 digits and begins with 1",
)

# --- moments and places ---

MOMENT_WRONG = Message(
    "moment_wrong",
    "日期或时间不正确，请写成 2027-12-01 或 2027-12-01 08:30",
    "not a date or time: write it as 2027-12-01 or 2027-12-01 08:30",
)
TOWN_UNKNOWN = Message(
    "town_unknown",
    "没有这个镇街，请填写全称（如茶山镇）或9位代码",
    "no such town: give its full name in Chinese or its 9 digit code",
)
VILLAGE_UNKNOWN = Message(
    "village_unknown",
    "村（社区）代码应为12位数字",
    "a village's code has 12 digits",
)

# --- pydantic ---

VALIDATION_OTHER = "不符合要求（{type}）"
# By pydantic's type of error, with its limits filled in. Left out is what only code can get wrong,
# never input. No template repeats the input, which may be personal.
VALIDATION_ZH: Mapping[str, str] = {
    "missing": "缺少这一项",
    "extra_forbidden": "不认识的字段",
    "invalid_key": "字段名应为文字",
    "json_invalid": "不是正确的 JSON",
    "json_type": "应为 JSON 文本",
    "recursion_loop": "内容循环引用",
    "recursion_depth_exceeded": "嵌套过深",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "dataclass_type": "应为对象",
    "named_tuple_type": "应为列表",
    "none_required": "应为空",
    "greater_than": "应大于 {gt}",
    "greater_than_equal": "不能小于 {ge}",
    "less_than": "应小于 {lt}",
    "less_than_equal": "不能大于 {le}",
    "multiple_of": "应为 {multiple_of} 的倍数",
    "finite_number": "应为有限的数字",
    "too_short": "至少要有 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "iterable_type": "应为列表",
    "string_type": "应为文字",
    "string_unicode": "含有无法识别的字符",
    "string_too_short": "至少要有 {min_length} 个字符",
    "string_too_long": "最多 {max_length} 个字符",
    "string_pattern_mismatch": "格式不对，应符合 {pattern}",
    "string_not_ascii": "只能用英文字母、数字和半角符号",
    "enum": "应为 {expected} 之一",
    "dict_type": "应为对象",
    "mapping_type": "应为对象",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "set_type": "应为列表",
    "frozen_set_type": "应为列表",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_parsing_size": "数字过大",
    "int_from_float": "应为整数",
    "float_type": "应为数字",
    "float_parsing": "应为数字",
    "bytes_type": "应为文字",
    "bytes_too_short": "至少要有 {min_length} 个字节",
    "bytes_too_long": "最多 {max_length} 个字节",
    "bytes_invalid_encoding": "编码不正确，应为 {encoding}",
    "value_error": "不符合要求：{error}",
    "assertion_error": "不符合要求：{error}",
    "literal_error": "应为 {expected} 之一",
    "date_type": "应为日期，例如 2026-01-31",
    "date_parsing": "应为日期，例如 2026-01-31",
    "date_from_datetime_parsing": "应为日期，例如 2026-01-31",
    "date_from_datetime_inexact": "应为日期，不带时间",
    "date_past": "应为过去的日期",
    "date_future": "应为将来的日期",
    "time_type": "应为时间，例如 08:30",
    "time_parsing": "应为时间，例如 08:30",
    "datetime_type": "应为 ISO 8601 时间",
    "datetime_parsing": "应为 ISO 8601 时间",
    "datetime_object_invalid": "应为 ISO 8601 时间",
    "datetime_from_date_parsing": "应为 ISO 8601 时间",
    "datetime_past": "应为过去的时间",
    "datetime_future": "应为将来的时间",
    "timezone_naive": "时间不应带时区",
    "timezone_aware": "时间要带时区，例如 2026-01-01T08:00:00+08:00",
    "timezone_offset": "时区不正确",
    "time_delta_type": "应为时长，例如 PT30M",
    "time_delta_parsing": "应为时长，例如 PT30M",
    "union_tag_invalid": "{discriminator} 应为 {expected_tags} 之一",
    "union_tag_not_found": "缺少 {discriminator}",
    "url_type": "应为网址",
    "url_parsing": "应为网址",
    "url_syntax_violation": "应为网址",
    "url_too_long": "网址最多 {max_length} 个字符",
    "url_scheme": "网址应以 {expected_schemes} 开头",
    "uuid_type": "应为 UUID",
    "uuid_parsing": "应为 UUID",
    "uuid_version": "应为第 {expected_version} 版 UUID",
    "decimal_type": "应为数字",
    "decimal_parsing": "应为数字",
    "decimal_max_digits": "最多 {max_digits} 位数字",
    "decimal_max_places": "最多 {decimal_places} 位小数",
    "decimal_whole_digits": "整数部分最多 {whole_digits} 位",
}

# --- persons as partners know them ---

DONOR_FOREIGN = Message(
    "donor_foreign",
    "不是发给您的捐赠方编号：请先用 POST /parties 登记捐赠方，再填它返回的 person_id",
    "no id that was given to you: register the donor by POST /parties, and use its person_id",
)

# --- numbers of ID cards ---

ID_NUMBER_OLD = Message(
    "id_number_old",
    "15位的旧身份证号已停用，请填写二代身份证上的18位号码",
    "ID numbers of 15 digits are no longer valid: give the 18 characters of the card",
)
ID_NUMBER_OTHER = Message(
    "id_number_other",
    "不是18位居民身份证号（有遮盖、位数不对或是其他证件）",
    "no ID number of 18 characters: masked, of another length, or of another paper",
)
ID_NUMBER_DOUBTFUL = Message(
    "id_number_doubtful",
    "身份证号末三位是000，可能是被表格软件改写的：请对照证件核实，再在本人页面上填写",
    "the ID number ends in 000, as a spreadsheet program cuts one: check the card, then enter it "
    "on the person's page",
)
ID_NUMBER_WRONG = Message(
    "id_number_wrong",
    "身份证号有误（出生日期或校验码不符），请对照证件核对每一位",
    "no such ID number: its date of birth or check digit is wrong; compare it with the card",
)
