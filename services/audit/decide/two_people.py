"""The rule of two people: who proposed something cannot also decide on it."""

from collections.abc import Callable
from typing import Any, TypeVar

from services.audit.model import Proposal
from shared.messaging.decision import Answer, Decision, refusal

P = TypeVar("P", bound=Proposal)


def why_not_decide(proposal: Proposal | None, principal: str, zh: str, en: str) -> Answer | None:
    """Why this person cannot approve or decline it; zh and en name the kind of thing."""
    if proposal is None:
        return refusal(404, f"{en}_unknown", f"没有这个{zh}", f"there is no such {en}", f"{en}_id")
    if proposal.state != "proposed":
        return refusal(
            409, f"{en}_not_proposed", f"该{zh}不在待审核状态", f"this {en} is {proposal.state}"
        )
    if proposal.maker == principal:
        return refusal(
            409,
            "second_person_needed",
            "提出人不能审核自己的提议",
            "the one who proposed it cannot also decide on it",
        )
    return None


def decline(
    proposal: P | None, principal: str, zh: str, en: str, shown: Callable[[P], dict[str, Any]]
) -> Decision:
    """zh and en name the kind of thing; it stays as it is but for being declined."""
    why_not = why_not_decide(proposal, principal, zh, en)
    if why_not is not None or proposal is None:
        return Decision(answer=why_not)
    declined = proposal.decided("declined", principal)
    return Decision((declined,), answer=Answer(200, shown(declined)))
