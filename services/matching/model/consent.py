"""A standing consent (常设同意): a donor's yes, given beforehand, to what lies within its terms.

It says yes where he would be asked, and nothing else: mandate, fund and related parties decide as
they do of any acceptance.
"""

from datetime import date, datetime, timedelta
from typing import Annotated, ClassVar, Self

from pydantic import Field

from services.matching.model.match import Match
from shared.contracts.events.consents import ConsentKind
from shared.contracts.values import CHINA, Category, Fen, Identifier, Moment, TownCode, Value, Whole
from shared.ids import make_id
from shared.messaging.decision import Ref, State
from shared.revocations import LinkRevocation

LIFETIME_MAX = timedelta(days=366)
GIVEN_A_DAY_MAX = 3
"""Each is a message to his phone: whoever has the link does not fill it."""
Cases = Annotated[Whole, Field(ge=0, le=10_000)]


class ConsentTerms(Value):
    """Empty tuples mean any. request_fen: to one request, with all that he gives it already;
    month_fen: in a month of China's calendar; both 0 where no money is meant. month_cases: so many
    requests a month for goods and time, as much to each as the offer allows.
    """

    categories: tuple[Category, ...] = ()
    town_codes: tuple[TownCode, ...] = ()
    request_fen: Fen = 0
    month_fen: Fen = 0
    month_cases: Cases = 0
    valid_until: Moment

    @property
    def is_empty(self) -> bool:
        return not (self.request_fen and self.month_fen) and not self.month_cases


class StandingConsent(State):
    """kind: whose word it is: the donor's own, or that of a fund's managers on one mandate.

    month: the one that is counted, such as 2026-11; month_fen, month_cases: what was accepted in
    it and did not fall through. cases: how often it said yes in all. day_gives: how often it was
    given on the day of given_at.
    """

    COLLECTION: ClassVar[str] = "standing_consents"

    kind: ConsentKind = "donor"
    donor_id: str
    terms: ConsentTerms
    given_at: datetime
    given_by: str = ""
    ended_at: datetime | None = None
    month: str = ""
    month_fen: int = 0
    month_cases: int = 0
    cases: int = 0
    day_gives: int = 1

    def is_on(self, now: datetime) -> bool:
        return self.ended_at is None and now < self.terms.valid_until

    def end_with_links(self, revocation: LinkRevocation | None) -> Self:
        """A donor's word ends with the links that he gave it by."""
        if revocation is None or self.ended_at or revocation.revoked_at < self.given_at:
            return self
        return self.end(revocation.revoked_at)

    def count_gives(self, now: datetime) -> int:
        """How often it was given today."""
        return self.day_gives if find_day(self.given_at) == find_day(now) else 0

    def covers(self, match: Match, given_fen: int, now: datetime) -> bool:
        """given_fen: what its donor gives to the same request already."""
        terms = self.terms
        if not self.is_on(now) or match.donor_id != self.donor_id:
            return False
        if terms.categories and match.category not in terms.categories:
            return False
        if terms.town_codes and match.town_code not in terms.town_codes:
            return False
        counted = self.turn_to(now)
        if not match.is_money:
            return counted.month_cases < terms.month_cases
        return (
            given_fen + match.quantity <= terms.request_fen
            and counted.month_fen + match.quantity <= terms.month_fen
        )

    def turn_to(self, now: datetime) -> Self:
        """With the month that it is. A clock that goes back begins none anew."""
        month = find_month(now)
        if month <= self.month:
            return self
        return self.model_copy(update={"month": month, "month_fen": 0, "month_cases": 0})

    def count(self, match: Match, now: datetime) -> Self:
        return self.turn_to(now)._move(match, match.quantity, 1, cases=self.cases + 1)

    def give_back(self, match: Match, quantity: int) -> Self:
        """It fell through. What was accepted in another month leaves this one as it is."""
        if find_month(match.proposed_at) != self.month:
            return self
        return self._move(match, -quantity, -1, cases=self.cases)

    def _move(self, match: Match, quantity: int, by: int, cases: int) -> Self:
        if match.is_money:
            return self.model_copy(update={"month_fen": self.month_fen + quantity, "cases": cases})
        return self.model_copy(update={"month_cases": self.month_cases + by, "cases": cases})

    def end(self, now: datetime) -> Self:
        return self.model_copy(update={"ended_at": now})


def find_month(at: datetime) -> str:
    return f"{at.astimezone(CHINA):%Y-%m}"


def find_day(at: datetime) -> date:
    return at.astimezone(CHINA).date()


def build_consent_id(kind: ConsentKind, of: str) -> str:
    """of: the donor; or the mandate, where it is a fund's."""
    return make_id("S", kind, of)


def list_consent_refs(
    donor_id: str, mandate_id: str | None
) -> tuple[Ref[StandingConsent] | Ref[LinkRevocation], ...]:
    """What may say yes to a proposal of this donor under this mandate: his own word first."""
    own = Ref(StandingConsent, build_consent_id("donor", donor_id))
    refs = (own, Ref(LinkRevocation, donor_id))
    if mandate_id is None:
        return refs
    return (*refs, Ref(StandingConsent, build_consent_id("fund", mandate_id)))


class GiveConsent(Value):
    """In place of the one before, whose month goes on being counted."""

    donor_id: Identifier
    terms: ConsentTerms


class EndConsent(Value):
    donor_id: Identifier
