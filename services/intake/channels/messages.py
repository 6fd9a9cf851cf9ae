"""Problem texts of what channels and providers send: bodies, signatures, receipts, old files."""

from shared.errors import Message

# --- what providers push ---

BODY_TOO_LARGE = Message("body_too_large", "内容过大", "the body is too large")
BODY_NOT_JSON = Message("body_not_json", "内容不是 JSON", "the body is not JSON")
BODY_NOT_XML = Message("body_not_xml", "内容不是 XML", "the body is not XML")
BODY_NOT_DECRYPTABLE = Message(
    "body_not_decryptable", "无法解密", "cannot be decrypted with this key"
)
ROOT_NOT_XML = Message("root_not_xml", "根元素应为 xml", "the root element should be xml")
DECLARATION_FORBIDDEN = Message(
    "declaration_forbidden", "不接受 DTD 或实体", "no DTD, entity or instruction"
)
SIGNATURE_DIFFERENT = Message("signature_different", "签名不符", "the signature does not match")
TIMESTAMP_FAR = Message(
    "timestamp_far",
    "签名时间与现在相差超过{minutes}分钟",
    "signed more than {minutes} minutes from now",
)
AES_KEY_WRONG = Message(
    "aes_key_wrong", "EncodingAESKey 应为43个字符", "EncodingAESKey has 43 characters"
)
RECEIPTS_NOT_ARRAY = Message("receipts_not_array", "回执应为数组", "receipts come as an array")
RECEIPTS_TOO_MANY = Message(
    "receipts_too_many", "一次最多{most}条回执", "at most {most} receipts in one push"
)
RECEIPT_NOT_OBJECT = Message("receipt_not_object", "应为对象", "an object is expected")
FIELD_MISSING = Message("field_missing", "缺少或不是文本", "missing or not a text")
STATUS_UNKNOWN = Message(
    "status_unknown", "状态应为 {success} 或 {failure}", "{success} or {failure}"
)
TIME_WRONG = Message(
    "time_wrong", "时间格式应为 2015-10-17 08:03:04", "a time looks like 2015-10-17 08:03:04"
)
TIME_NOT_UNIX = Message("time_not_unix", "应为 Unix 秒", "unix seconds expected")
PHONE_UNREADABLE = Message("phone_unreadable", "不是电话号码", "not a phone number")
DEGREES_UNREADABLE = Message("degrees_unreadable", "应为度数", "degrees expected")
DEGREES_OUT_OF_RANGE = Message("degrees_out_of_range", "超出范围", "out of range")

# --- the hospitals' needs of 2020 ---

ROW_NOT_NEED = Message(
    "row_not_need",
    "此行不是需求（字段应以“需求:”开头）",
    "not a need: the field must begin with the word for need",
)
NEED_OVER = Message("need_over", "该物品不再需要或未填写数量", "not needed, or nothing was said")
NEED_QUANTITY_WRONG = Message(
    "need_quantity_wrong", "数量应为整数", "the quantity is no whole number"
)
CITY_UNKNOWN = Message("city_unknown", "未知的城市", "unknown city")
HOSPITAL_MISSING = Message("hospital_missing", "缺少医院名称", "the hospital is missing")
