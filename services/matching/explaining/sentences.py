"""An explanation for people: who, how long, how far, and why; no points (details.py has them)."""

from collections.abc import Iterator

from services.matching.eligibility import GROUPS, Group
from services.matching.explaining.details import format_quantity
from services.matching.explaining.explanation import Explanation, Missing, Score
from shared.contracts.values import LABELS, MONEY_UNIT
from shared.towns import town_name

ANOTHER = "（其他资源 another offer）"
BESIDE_M = 100  # nearer than that is beside it

# Of offers that may not serve a request: how many, and why.
_RULED_OUT: dict[Group, tuple[str, str]] = {
    "category": ("{n} 份不帮这一类（{category}）", "{n} serve other categories"),
    "area": ("{n} 份不到{town}，或离得太远", "{n} do not reach this place"),
    "restriction": ("{n} 份限定了别的对象或用途", "{n} are for others or other purposes"),
    "declined": ("{n} 份的捐赠方已婉拒", "{n} were declined"),
    "budget": ("{n} 份已经用完", "{n} are used up"),
    "open_cases": ("{n} 份同时办理的件数已满", "{n} take no further case now"),
    "cap": ("{n} 份给单件的限额已到", "{n} may give no more to one request"),
}
# Why a candidate stands behind another: by the term that differs most.
_BEHIND: dict[str, tuple[str, str]] = {
    "distance": ("离得更远", "farther away"),
    "specialism": ("还能帮别的类别，先留着", "it can serve other categories too"),
    "unreliability": ("以往答复或送达较少", "it answered or delivered less often"),
    "load": ("已经给出较多", "it has given much already"),
    "scarcity": ("别处更急需要它", "it is needed more urgently elsewhere"),
}


def format_explanation(explanation: Explanation) -> list[str]:
    return [
        _format_heading(explanation),
        *_format_givers(explanation),
        *_format_others(explanation),
        *_format_unmatched(explanation),
    ]


def _format_heading(explanation: Explanation) -> str:
    subject, standing = explanation.subject, explanation.standing
    quantity = _format_need(explanation, explanation.asked)
    facts = (
        LABELS.get(subject.beneficiary_class, f"困难等级第 {standing.tier} 级"),
        town_name(subject.town_code),
        LABELS.get(subject.category, subject.category),
        f"需要{quantity}",
        f"等了{standing.days_waited}天",
    )
    zh = "，".join(fact for fact in facts if fact)
    return f"{zh} · {quantity} asked for, waited {standing.days_waited} days"


def _format_need(explanation: Explanation, units: int) -> str:
    return f"{explanation.item} {format_quantity(units, explanation.unit)}".strip()


def name_resource(explanation: Explanation) -> str:
    """轮椅; 资金."""
    if explanation.unit == MONEY_UNIT:
        return "资金"
    return explanation.item or explanation.unit


def format_distance(metres: int | None) -> str:
    """1.2公里; empty where it is not known."""
    if metres is None:
        return ""
    return "就在旁边" if metres < BESIDE_M else f"{metres / 1000:.1f}公里"


def _format_offer(score: Score) -> str:
    distance = format_distance(score.metres)
    return f"{score.offer}（{distance}）" if distance else score.offer


def _format_givers(explanation: Explanation) -> Iterator[str]:
    for score in explanation.givers:
        amount, offer = format_quantity(score.given, explanation.unit), _format_offer(score)
        space = "" if offer.endswith("）") else " "
        yield f"由 {offer}{space}提供 {amount} · {offer} gives {amount}"


def _format_others(explanation: Explanation) -> Iterator[str]:
    """Behind those that give; where none gives, the last lines say why."""
    if not explanation.givers:
        return
    for score in explanation.others:
        zh, en = _find_reason(explanation.givers[-1], score)
        offer = _format_offer(score)
        yield f"没有选 {offer}：{zh} · not {offer}: {en}"


def _find_reason(giver: Score, score: Score) -> tuple[str, str]:
    if not score.has_case:
        return "同时办理的件数已满", "it takes no further case now"
    differences = {term: getattr(score, term) - getattr(giver, term) for term in _BEHIND}
    term = max(differences, key=lambda name: differences[name])
    if differences[term] > 0:
        return _BEHIND[term]
    return "已经够了，不必再多一家", "no further donor is needed"


# --- why nobody could help ------------------------------------------------------------------------


def _format_unmatched(explanation: Explanation) -> Iterator[str]:
    if not explanation.unmatched:
        return
    rest = _format_need(explanation, explanation.unmatched)
    yield f"还缺{rest} · still wanted: {rest}"
    name = name_resource(explanation)
    if explanation.candidates:
        yield _format_candidates(explanation, name)
    elif not any(explanation.ruled_out.values()):
        yield f"没有人提供{name} · nobody offers any"
    else:
        yield _format_ruled_out(explanation, name)


def _format_ruled_out(explanation: Explanation, name: str) -> str:
    subject, counts = explanation.subject, explanation.ruled_out
    words = {
        "town": town_name(subject.town_code) or "这里",
        "category": LABELS.get(subject.category, subject.category),
    }
    groups = [group for group in GROUPS if counts[group]]
    zh, en = (
        mark.join(_RULED_OUT[group][language].format(n=counts[group], **words) for group in groups)
        for language, mark in ((0, "，"), (1, ", "))
    )
    total = sum(counts.values())
    return f"有 {total} 份{name}，但都帮不了：{zh} · {total} offers, but {en}"


def _format_candidates(explanation: Explanation, name: str) -> str:
    missing = explanation.missing
    if missing is None:
        return f"能提供{name}的都已给了 · all who can give it have given"
    if missing.no_case:
        return (
            f"能提供{name}的，同时办理的件数都已满，办完一件就能再接 · all who can give it have "
            "as many cases as they take; each that ends frees one"
        )
    return _format_missing(missing, explanation.unit, name)


def _format_missing(missing: Missing, unit: str, name: str) -> str:
    more = format_quantity(missing.quantity, unit)
    wait_zh = "" if missing.days is None else f"再等约{missing.days}天，或"
    wait_en = "" if missing.days is None else f"{missing.days} more days, or "
    return (
        f"能提供{name}的，先给了更急、或一样急但等得更久的人；{wait_zh}再有 {more}，就会轮到 · all "
        f"went to who needs it more or waited longer; {wait_en}{more} more would do"
    )
