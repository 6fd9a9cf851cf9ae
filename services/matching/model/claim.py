"""A claim (认领): a donor takes a part of a request, or all of it, from the menu himself."""

from services.matching.model.match import EVERYTHING, Scope
from shared.contracts.values import Identifier, Quantity, Value


class ClaimNeed(Value):
    """quantity: in the request's unit. scope: whose offers the caller gives from, and where."""

    request_id: Identifier
    offer_id: Identifier
    quantity: Quantity
    scope: Scope = EVERYTHING
