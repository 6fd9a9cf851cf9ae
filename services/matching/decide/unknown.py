"""What is answered where there is no such thing, or none that the caller may see."""

from typing import Literal

from shared.messaging.decision import Answer, refusal

Thing = Literal["match", "offer", "need", "campaign", "emergency", "relation", "round"]

NO_SUCH: dict[Thing, tuple[str, str]] = {
    "match": ("没有这项对接", "no such match"),
    "offer": ("没有这项资源", "no such offer"),
    "need": ("没有这项诉求", "no such request"),
    "campaign": ("没有这个专项行动", "no such campaign"),
    "emergency": ("没有这个应急区域", "no such emergency"),
    "relation": ("没有这项利害关系的申报", "no such relation is declared"),
    "round": ("没有这一轮，或已过保存期限", "no such round, or it has expired"),
}


def no_such(thing: Thing) -> Answer:
    return refusal(404, f"{thing}_unknown", *NO_SUCH[thing])
