"""Whether every sum agrees: across the services, with the topics, and with the public log."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from deploy.demo.figures import UNDER_WAY, Figures, Health, Json, ReplayedLog
from services.audit.ledger.balances import TOTALS
from services.notify.purposes import PURPOSES
from shared.contracts.events import FACTS, LedgerFact

TOGETHER = ("is_quiet", "gathered")
"""Fields of what is said of a proposal that is told in a digest."""


@dataclass(frozen=True, slots=True)
class Check:
    """One value that must be the same in two places."""

    title: str
    expected: object
    actual: object

    @property
    def holds(self) -> bool:
        return bool(self.expected == self.actual)


@dataclass(frozen=True, slots=True)
class Expected:
    """Known before the campaign begins; None where it cannot be known."""

    received_fen: int
    requests: int | None = None
    closed: int | None = None
    donors: int | None = None


def list_checks(
    expected: Expected, figures: Figures, health: Health, events: Counter[str], log: ReplayedLog
) -> list[Check]:
    return [
        *_check_money(expected, figures),
        *_check_requests(expected, figures, events),
        *_check_notices(figures, health, events),
        *_check_log(figures, events, log),
        *_check_health(health),
    ]


def list_campaign_checks(expected: Expected, figures: Figures, report: Json) -> list[Check]:
    """The campaign's own report against what was played, and against the rest of matching."""
    money = report["money"]
    spent = figures.sum_fen("confirmed")
    return [
        Check(
            "行动的诉求 requests of the campaign", expected.requests, report["requests"]["total"]
        ),
        Check("行动的捐赠方 donors of the campaign", expected.donors, report["donors"]["pledged"]),
        Check("行动认捐 pledged (fen)", expected.received_fen, money["pledged_fen"]),
        Check("行动已确认 confirmed: campaign = matching", spent, money["confirmed_fen"]),
        Check(
            "行动预算余额 budget left = budget - confirmed",
            money["budget_fen"] - spent,
            money["budget_left_fen"],
        ),
    ]


def _check_money(expected: Expected, figures: Figures) -> Iterator[Check]:
    audit = figures.audit
    committed = audit["committed_fen"] - audit["released_fen"]
    yield Check("到账 received (fen)", expected.received_fen, audit["received_fen"])
    yield Check(
        "对接落实的款项 committed: matching = ledger",
        figures.sum_fen("committed", "delivered", "confirmed"),
        committed,
    )
    yield Check(
        "确认收到的款项 due: matching = ledger",
        figures.sum_fen("confirmed"),
        audit["obligated_fen"],
    )
    yield Check("应付 = 已付 due = paid", audit["obligated_fen"], audit["spent_fen"])
    yield Check(
        "结余 remaining = received - committed + released",
        audit["received_fen"] - committed,
        audit["remaining_fen"],
    )


def _check_requests(expected: Expected, figures: Figures, events: Counter[str]) -> Iterator[Check]:
    needs = figures.matching["needs"]["by_state"]
    opened = events["guanjia.request.opened.v1"]
    if expected.requests is not None:
        total = figures.intake["requests"]["total"]
        yield Check("每条消息一个诉求 one request per message", expected.requests, total)
    if expected.closed is not None:
        yield Check("已完结 closed requests", expected.closed, figures.count_requests("closed"))
    yield Check("已公开的诉求 opened: intake = needs at matching", opened, sum(needs.values()))
    yield Check(
        "对接中的诉求 open: intake = needs at matching",
        figures.count_requests("open"),
        needs.get("open", 0),
    )
    yield Check(
        "已完结的诉求 closed: intake = needs at matching",
        figures.count_requests("closed"),
        needs.get("closed", 0),
    )
    proposed = events["guanjia.match.proposed.v1"]
    all_matches = sum(figures.matching["matches"]["by_state"].values())
    yield Check("提议 proposed: topic = matches at matching", proposed, all_matches)
    yield Check("未办完的对接 matches still under way", 0, figures.count_matches(*UNDER_WAY))


def _check_notices(figures: Figures, health: Health, events: Counter[str]) -> Iterator[Check]:
    """One for each event, recipient and purpose, whatever was redelivered."""
    by_purpose = figures.notify["by_purpose"]
    for fact, purposes in PURPOSES.items():
        # What a donor is told of together with others is counted by the event that says so.
        purposes = tuple(purpose for purpose in purposes if purpose.unless not in TOGETHER)
        # One of them, by what is answered, or by whether all or a part was approved.
        either = [p for p in purposes if p.answer or p.when or p.codes or p.other_codes]
        either += [p for p in purposes if p.news or p.outcome]
        if len(either) > 1:
            count = sum(by_purpose.get(purpose.name, 0) for purpose in either)
            yield Check(f"通知 notices = {fact.TYPE}", events[fact.TYPE], count)
            purposes = tuple(purpose for purpose in purposes if purpose not in either)
        for purpose in purposes:
            yield Check(
                f"通知 notices {purpose.name} = {fact.TYPE}",
                events[fact.TYPE],
                by_purpose.get(purpose.name, 0),
            )
    repeated = sum(n for name, n in health.counters.items() if name.endswith("_repeated_notices"))
    yield Check("重复发送的通知 notices sent twice", 0, repeated)


def _check_log(figures: Figures, events: Counter[str], log: ReplayedLog) -> Iterator[Check]:
    audit = figures.audit
    yield Check("账本核验 the log verifies", "", log.broken)
    yield Check("账本条数 entries: log = service", log.size, audit["size"])
    on_topic = sum(events[fact.TYPE] for fact in FACTS if issubclass(fact, LedgerFact))
    yield Check("账本条数 entries: topic = log", log.size, on_topic)
    yield Check("账本根 root: checkpoint = service", log.root, audit["root"])
    for fund in audit["funds"]:
        if fund["state"] != "open":
            continue
        totals = log.funds.get(fund["id"], {})
        for name in TOTALS:
            yield Check(f"重算 replay {fund['id']} {name}", totals.get(name), fund[name])


def _check_health(health: Health) -> Iterator[Check]:
    for name, count in health.dead_letters.items():
        yield Check(f"死信 dead letters at {name}", 0, count)
    for name, count in health.outbox.items():
        yield Check(f"待发 outbox waiting at {name}", 0, count)
