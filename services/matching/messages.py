"""Every code that matching answers with, in Chinese and English."""

from shared.errors import Message

# --- who may serve whom (eligibility.py) ---

OFFER_EXCLUDED = Message(
    "offer_excluded", "这项资源已不再用于这项诉求", "the offer is not asked again for it"
)
FUND_EXCLUDED = Message(
    "fund_excluded", "这个基金不能支付这项诉求", "the fund cannot pay for this request"
)
DONOR_EXCLUDED = Message(
    "donor_excluded", "捐赠方已婉拒这项诉求", "the donor said no to this request"
)
RELATED_PARTY = Message(
    "related_party",
    "受助人是基金管理人的利害关系人，不能由该基金资助",
    "the person is a related party of the fund",
)
UNIT_DIFFERS = Message(
    "unit_differs", "单位或物品与诉求不符", "another unit or item than the request's"
)
OFFER_UNSUITABLE = Message(
    "offer_unsuitable",
    "这项诉求不在资源的服务范围内",
    "the request is not what the offer is for",
)
NEED_EXCEEDED = Message("need_exceeded", "超过诉求尚需的数量", "more than the request still needs")
OFFER_EXCEEDED = Message("offer_exceeded", "超过资源可用的数量", "more than the offer still has")
CAP_EXCEEDED = Message(
    "cap_exceeded", "超过每项诉求的上限", "more than the offer gives to one request"
)
CASES_EXCEEDED = Message(
    "cases_exceeded", "同时服务的诉求已达上限", "the offer serves as many as it may"
)
NEED_NOT_IN_CAMPAIGN = Message(
    "need_not_in_campaign", "这项诉求不属于专项行动", "the request is not in the campaign"
)

# --- pages behind links ---

REASON_UNKNOWN = Message("reason_unknown", "请选择所列原因之一", "choose one of those")
STARS_WRONG = Message("stars_wrong", "请选择一至五星", "choose one star to five")

# --- planners' files (guanjia matching solve) ---

FILE_NOT_UTF8 = Message("file_not_utf8", "文件不是 UTF-8 编码", "the file is not UTF-8")
FILE_NOT_JSON = Message(
    "file_not_json",
    "第 {line}:{column} 处不是 JSON",
    "no JSON at line:column {line}:{column}: {reason}",
)
FILE_TOO_DEEP = Message("file_too_deep", "嵌套过深", "it is nested too deeply")
ID_REPEATED = Message("id_repeated", "编号与 {first} 重复", "the id is that of {first}")
CAMPAIGN_UNLISTED = Message(
    "campaign_unlisted", "campaigns 中没有 {id}", "there is no {id} in campaigns"
)
CLASSES_TOO_MANY = Message(
    "classes_too_many",
    "困难类别超过 {most} 种",
    "there are more than {most} beneficiary classes",
)
WEIGHTS_TOO_LARGE = Message(
    "weights_too_large",
    "权重过大：请减小 level_points 或 level_max",
    "these weights are too large for so many requests: lower level_points or level_max",
)

PLACE_UNPAIRED = Message(
    "place_unpaired",
    "lat 和 lon 要么都写，要么都不写",
    "lat and lon are given together or not at all",
)
RADIUS_UNCENTRED = Message(
    "radius_uncentred", "写了 radius_km 就要写 lat 和 lon", "a radius needs lat and lon"
)
