"""What is wrong with a planners' file (guanjia matching solve), in Chinese and English."""

from shared.errors import Message

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
PLACE_UNPAIRED = Message(
    "place_unpaired",
    "lat 和 lon 要么都写，要么都不写",
    "lat and lon are given together or not at all",
)
RADIUS_UNCENTRED = Message(
    "radius_uncentred", "写了 radius_km 就要写 lat 和 lon", "a radius needs lat and lon"
)
