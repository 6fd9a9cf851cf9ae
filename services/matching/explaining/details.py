"""An explanation in numbers, for who wants to check it: Chinese first, English beside it."""

from collections.abc import Iterator

from services.matching.eligibility import GROUPS
from services.matching.explaining.explanation import Explanation, Missing, Score
from shared.money import format_yuan

_TERMS = (
    ("base", "基数", "base"),
    ("distance", "距离", "distance"),
    ("specialism", "专长", "specialism"),
    ("unreliability", "可靠度", "reliability"),
    ("load", "负担", "load"),
    ("scarcity", "紧缺", "scarcity"),
)


def format_details(explanation: Explanation) -> list[str]:
    return [
        *_format_heading(explanation),
        *_format_givers(explanation),
        *_format_others(explanation),
        *_format_ruled_out(explanation),
        *_format_unmatched(explanation),
    ]


def format_quantity(units: int, unit: str) -> str:
    """Money in yuan, the rest in its unit."""
    return f"¥{format_yuan(units)}" if unit == "fen" else f"{units:,} {unit}"


def _format_heading(explanation: Explanation) -> Iterator[str]:
    s = explanation.standing
    quantity = format_quantity(explanation.asked, explanation.unit)
    yield f"诉求 {explanation.request} 需要 {quantity} {explanation.item}".rstrip() + (
        f" · request {explanation.request} asks for {quantity}"
    )
    yield (
        f"紧急程度：第 {s.tier} 级，已等 {s.days_waited} 天，级别 {s.level}，"
        f"每单位最高可付 {s.worth} 点 · tier {s.tier}, {s.days_waited} days waited, level "
        f"{s.level}, worth {s.worth} points a unit"
    )
    yield f"候选资源 {explanation.candidates} 个 · candidates: {explanation.candidates}"


def _format_givers(explanation: Explanation) -> Iterator[str]:
    for score in explanation.givers:
        amount = format_quantity(score.given, explanation.unit)
        yield f"对接 {score.offer}：{amount} · matched {score.offer}: {amount}"
        yield f"  {_format_terms(score)}"
    if explanation.givers and explanation.donor_points:
        yield _format_donors(explanation)


def _format_donors(explanation: Explanation) -> str:
    number, each, points = (
        len(explanation.givers),
        explanation.donor_points,
        explanation.donors_total,
    )
    return (
        f"捐赠方个数 {number}：所需每单位计 {points} 点（首个不计，此后每个 {each} 点） · donors "
        f"{number}: {points} points for each unit asked (none for the first, {each} for each more)"
    )


def _format_terms(score: Score) -> str:
    zh = " + ".join(f"{name} {getattr(score, field)}" for field, name, _ in _TERMS)
    en = " + ".join(f"{name} {getattr(score, field)}" for field, _, name in _TERMS)
    return f"{zh} = {score.total} 点 · {en} = {score.total} points"


def _format_others(explanation: Explanation) -> Iterator[str]:
    for score, difference in zip(explanation.others, explanation.differences, strict=True):
        zh, en = _format_difference(score, difference, explanation)
        yield f"未选 {score.offer}：{zh} · not {score.offer}: {en}"
        yield f"  {_format_terms(score)}"


def _format_difference(score: Score, difference: int, explanation: Explanation) -> tuple[str, str]:
    if not score.has_case:
        return "在办件数已满", "it takes no further case"
    zh, en = ("已选者", "those chosen") if explanation.givers else ("可付", "what may be paid")
    if difference > 0:
        return f"比{zh}高 {difference} 点", f"{difference} points above {en}"
    if not difference:
        return "点数相同，按编号的散列定序", "as many points; a hash of the ids decided"
    below = (
        f"比{zh}低 {-difference} 点，但不再需要",
        f"{-difference} points below {en}, but no longer needed",
    )
    if not explanation.givers or not explanation.donor_points:
        return below
    return (
        f"{below[0]}；再多一个捐赠方另计 {explanation.donor_points} 点",
        f"{below[1]}; a donor more costs {explanation.donor_points} points",
    )


def _format_ruled_out(explanation: Explanation) -> Iterator[str]:
    counts = explanation.ruled_out
    zh = "、".join(f"{name} {counts[group]}" for group, (name, _) in GROUPS.items())
    en = ", ".join(f"{name} {counts[group]}" for group, (_, name) in GROUPS.items())
    yield f"排除 · ruled out: {zh} · {en}"


def _format_unmatched(explanation: Explanation) -> Iterator[str]:
    if not explanation.unmatched:
        return
    rest = format_quantity(explanation.unmatched, explanation.unit)
    yield f"尚缺 {rest} · still wanted: {rest}"
    if explanation.missing is None:
        yield "没有可用的候选资源 · no candidate can give (more)"
    elif explanation.missing.no_case:
        yield "候选资源的在办件数都已满 · no candidate takes a further case"
    else:
        yield _format_missing(explanation.missing, explanation.unit)


def _format_missing(missing: Missing, unit: str) -> str:
    more = format_quantity(missing.quantity, unit)
    zh = "仅靠等待不够" if missing.days is None else f"再等 {missing.days} 天"
    en = "waiting alone will not do" if missing.days is None else f"{missing.days} more days"
    return (
        f"所有候选资源的价格都高于本诉求的级别；最接近的是 {missing.offer}：{zh}，"
        f"或该资源再增加 {more} · every candidate's price exceeds its level; the nearest, "
        f"{missing.offer}, needs {en}, or {more} more"
    )
