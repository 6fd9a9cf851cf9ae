"""Which provider's turn it is: the shares of SMS among those with an account."""

from collections.abc import Mapping

from services.notify.model import SmsProvider

WHOLE = 100


def order_providers(shares: Mapping[SmsProvider, int], draw: int) -> tuple[SmsProvider, ...]:
    """Whose turn it is, then the others by their share. draw: 0 to 99, by chance."""
    ordered = sorted(shares, key=lambda name: -shares[name])
    limit = 0
    for name in ordered:
        limit += shares[name]
        if draw < limit:
            return (name, *(other for other in ordered if other != name))
    return tuple(ordered)
