"""What a donor is told together: counted as it happens, said at one time."""

from datetime import datetime

from services.matching.model.donor_digest import DigestRules, DonorDigest, SendDonorDigest
from services.matching.model.match import Match
from shared.contracts.events import DonorNews, MatchAnnounced, ProposalsGathered
from shared.messaging.decision import NOTHING, Command, Decision, State, States


def count_news(
    states: States, rules: DigestRules, donor_id: str, news: DonorNews, now: datetime
) -> tuple[State, ...]:
    """The donor's digest with one more; nothing where each proposal is told alone."""
    if not rules.is_on:
        return ()
    digest = states.get(DonorDigest, donor_id) or DonorDigest(id=donor_id, correlation_id=donor_id)
    return (digest.count(news, rules, now),)


def decide_send_digest(
    states: States, command: Command[SendDonorDigest], now: datetime
) -> Decision:
    """What was answered or withdrawn meanwhile is not mentioned. One alone is told as itself."""
    data = command.data
    digest = states.get(DonorDigest, data.aggregate_id)
    if digest is None or digest.due_at != data.due_at or now < data.due_at:
        return NOTHING
    news = _find_news(digest, data.waiting)
    if news is None:
        return Decision((digest.empty(None),))
    told = digest.empty(now)
    match = states.get(Match, data.only) if data.only and news != "expired" else None
    if match is not None and match.state == "proposed":
        alone = match.build_fact(MatchAnnounced, expires_at=match.expires_at, news=news)
        return Decision((told, match), ((match, alone),))
    counts = {
        "proposed": data.waiting,
        "reminded": min(digest.reminded, data.waiting),
        "expired": digest.expired,
    }
    gathered = ProposalsGathered(donor_id=digest.id, news=news, count=counts[news])
    return Decision((told,), ((told, gathered),))


def _find_news(digest: DonorDigest, waiting: int) -> DonorNews | None:
    """What waits for an answer before what is over."""
    if waiting and digest.proposed:
        return "proposed"
    if waiting and digest.reminded:
        return "reminded"
    return "expired" if digest.expired else None
