"""Whether what came out is what was sent: by id, by request, by fen. Pure, and knows no service."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from deploy.demo.checks import Check
from shared.documents import Document

SHOWN_MAX = 5
ONCE = (
    "guanjia.request.opened.v1",
    "guanjia.request.closed.v1",
    "guanjia.match.proposed.v1",
    "guanjia.match.accepted.v1",
    "guanjia.match.committed.v1",
    "guanjia.match.delivered.v1",
    "guanjia.match.confirmed.v1",
    "guanjia.match.paid.v1",
    "guanjia.ledger.received.v1",
    "guanjia.ledger.committed.v1",
    "guanjia.ledger.obligated.v1",
    "guanjia.ledger.released.v1",
    "guanjia.ledger.disbursed.v1",
    "guanjia.payment.approved.v1",
    "guanjia.notice.sent.v1",
    "guanjia.notice.delivered.v1",
)
"""Events of which a subject has at most one in a load without corrections."""
MONEY = {
    "guanjia.ledger.committed.v1": "承诺 committed",
    "guanjia.ledger.obligated.v1": "应付 due",
    "guanjia.ledger.disbursed.v1": "已付 paid",
}
RELEASED = ("guanjia.ledger.committed.v1",)
"""What a release takes back."""


@dataclass(frozen=True, slots=True)
class Sent:
    """Acknowledged, in fen: requests by id, gifts by the bank's reference, offers by id."""

    requests: Mapping[str, int]
    gifts: Mapping[str, int]
    offers: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Seen:
    """events: the distinct ones of all topics. states: of every request, at intake. totals: of the
    fund, replayed from the published log."""

    events: Sequence[Document]
    states: Mapping[str, str]
    totals: Mapping[str, int]


def list_chaos_checks(sent: Sent, seen: Seen) -> list[Check]:
    by_type: dict[str, list[Document]] = defaultdict(list)
    for event in seen.events:
        by_type[event["type"]].append(event)
    return [
        *_check_requests(sent, seen, by_type),
        *_check_effects(by_type),
        *_check_money(sent, seen, by_type),
        _check_offers(sent, by_type),
        _check_notices(seen.events),
    ]


def _check_requests(
    sent: Sent, seen: Seen, by_type: Mapping[str, Sequence[Document]]
) -> Iterator[Check]:
    """Each acknowledged request is there, nothing else is, and each was served to its end."""
    absent = sorted(sent.requests.keys() - seen.states.keys())
    yield Check("已受理而不见的诉求 acknowledged requests that are missing", [], absent[:SHOWN_MAX])
    strange = sorted(seen.states.keys() - sent.requests.keys())
    yield Check("无人提交的诉求 requests that nobody sent", [], strange[:SHOWN_MAX])
    opened = (event["subject"] for event in by_type["guanjia.request.opened.v1"])
    yield Check(
        "每件诉求公开一次 each request opened once", [], _list_not_once(sent.requests, opened)
    )
    confirmed = (event["data"]["request_id"] for event in by_type["guanjia.match.confirmed.v1"])
    yield Check(
        "每件诉求送达一次 each request served once", [], _list_not_once(sent.requests, confirmed)
    )
    pending = [f"{id_}: {state}" for id_, state in seen.states.items() if state != "closed"]
    yield Check("未完结的诉求 requests that are not closed", [], sorted(pending)[:SHOWN_MAX])


def _list_not_once(ids: Iterable[str], occurrences: Iterable[str]) -> list[str]:
    counts = Counter(occurrences)
    wrong = [f"{id_}: {counts[id_]}" for id_ in {*ids, *counts} if counts[id_] != 1]
    return sorted(wrong)[:SHOWN_MAX]


def _check_effects(by_type: Mapping[str, Sequence[Document]]) -> Iterator[Check]:
    for kind in ONCE:
        counts = Counter(event["subject"] for event in by_type[kind])
        twice = sorted(subject for subject, count in counts.items() if count > 1)
        yield Check(f"只发生一次 once: {kind}", [], twice[:SHOWN_MAX])


def _check_money(
    sent: Sent, seen: Seen, by_type: Mapping[str, Sequence[Document]]
) -> Iterator[Check]:
    """By request and in sum, against a model that knows what was given and what was asked for."""
    requests: dict[str, str] = {
        event["subject"]: event["data"]["request_id"]
        for event in by_type["guanjia.match.proposed.v1"]
    }
    for kind, title in MONEY.items():
        released = by_type["guanjia.ledger.released.v1"] if kind in RELEASED else ()
        amounts: Counter[str] = Counter()
        for sign, event in (*((1, e) for e in by_type[kind]), *((-1, e) for e in released)):
            subject: str = event["subject"]
            amounts[requests.get(subject, subject)] += sign * event["data"]["amount_fen"]
        wrong = [
            f"{id_}: {amounts[id_]}"
            for id_ in {*sent.requests, *amounts}
            if amounts[id_] != sent.requests.get(id_, 0)
        ]
        yield Check(f"每件诉求的款项 money of each request, {title}", [], sorted(wrong)[:SHOWN_MAX])
    received, asked_for = sum(sent.gifts.values()), sum(sent.requests.values())
    model = {
        "received_fen": received,
        "obligated_fen": asked_for,
        "spent_fen": asked_for,
        "remaining_fen": received - asked_for,
    }
    totals = {name: seen.totals.get(name) for name in model}
    yield Check("公开账本的合计 = 模型 totals of the published log = model", model, totals)


def _check_offers(sent: Sent, by_type: Mapping[str, Sequence[Document]]) -> Check:
    """Of each offer no more was promised than it holds."""
    ended = {
        event["subject"]
        for kind in ("declined", "expired", "released")
        for event in by_type[f"guanjia.match.{kind}.v1"]
    }
    promised: Counter[str] = Counter()
    for event in by_type["guanjia.match.accepted.v1"]:
        if event["subject"] not in ended:
            promised[event["data"]["offer_id"]] += event["data"]["quantity"]
    over = [id_ for id_, quantity in promised.items() if quantity > sent.offers.get(id_, 0)]
    return Check("超出资源的承诺 offers promised beyond what they hold", [], sorted(over))


def _check_notices(events: Iterable[Document]) -> Check:
    """One notice of each purpose about one thing to one person."""
    notices: dict[tuple[str, str, str], set[str]] = defaultdict(set)
    for event in events:
        if event["type"].startswith("guanjia.notice."):
            data = event["data"]
            notices[data["purpose"], data["regarding"], data["person_id"]].add(event["subject"])
    twice = [
        f"{purpose} {regarding}"
        for (purpose, regarding, _), subjects in notices.items()
        if len(subjects) > 1
    ]
    return Check("重复的通知 notices made twice", [], sorted(twice)[:SHOWN_MAX])
