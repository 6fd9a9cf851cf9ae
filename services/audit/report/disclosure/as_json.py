"""The figures for programs: amounts in fen, every list in full."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.audit.report.disclosure.campaigns import Campaign
from services.audit.report.disclosure.figures import Figures, FundFigures, Moved
from services.audit.report.flow import EntryKey

_OF_FUND = (
    *("opening", "received", "transferred_in", "transferred_out", "fees", "refunded"),
    *("disbursed", "closing", "outstanding_before", "committed", "released", "outstanding"),
)


def figures_as_json(found: Figures, campaigns: Iterable[Campaign] = ()) -> dict[str, Any]:
    """campaigns: each told with the figures of its funds, for the whole period."""
    period = found.period
    return {
        "period": {"name": period.name, "start": str(period.start), "end_before": str(period.end)},
        "logs": found.logs,
        "entries": found.entries,
        "funds": [{"fund": id_, **_fund(each)} for id_, each in sorted(found.funds.items())],
        "totals": {f"{name}_fen": found.total(name) for name in _OF_FUND},
        "received": {
            "restricted_fen": found.total("received", restricted=True),
            "unrestricted_fen": found.total("received", restricted=False),
        },
        "disbursed": {
            "by_category": _counted(found.by_category),
            "by_beneficiary_class": _counted(found.by_beneficiary_class),
            "by_town": _counted(found.by_town),
        },
        "fees": {
            "fees_fen": found.total("fees"),
            "basis_points_of_received": found.fee_share_of_received,
            "basis_points_of_spent": found.fee_share_of_spent,
        },
        "refunds": [_moved(each) for each in found.refunds],
        "transfers": [_moved(each) for each in found.transfers],
        "outstanding": [
            {
                "entry": _named(key),
                "match": each.match,
                "fund": each.fund,
                "purpose": each.purpose,
                "outstanding_fen": each.outstanding,
            }
            for key, each in found.open_promises()
        ],
        "goods": [
            {
                "fund": fund,
                "item": unit.item,
                "unit": unit.unit,
                "opening": each.opening,
                "received": each.received,
                "distributed": each.distributed,
                "closing": each.closing,
            }
            for (fund, unit), each in sorted(found.goods.items())
        ],
        "refusals": dict(sorted(found.refusals.items())),
        "corrections": [
            {
                "entry": _named(each.entry),
                "day": str(each.day),
                "reverses": _named(each.reverses),
                "reverses_day": str(each.recorded),
                "kind": each.kind,
                "amounts": [unit.as_json(amount) for unit, amount in each.amounts],
                "reference": each.reference,
            }
            for each in found.corrections
        ],
        "campaigns": [campaign_figures(found, each) for each in campaigns],
        "largest": [_moved(each) for each in found.moved],
    }


def campaign_figures(found: Figures, campaign: Campaign) -> dict[str, Any]:
    own = [found.funds[fund] for fund in campaign.funds if fund in found.funds]
    sums = {f"{name}_fen": sum(getattr(fund, name) for fund in own) for name in _OF_FUND}
    return {**campaign.model_dump(mode="json"), **sums}


def _fund(each: FundFigures) -> dict[str, Any]:
    said: dict[str, Any] = {"name": each.name, "restricted": each.restricted}
    return said | {f"{name}_fen": getattr(each, name) for name in _OF_FUND}


def _moved(each: Moved) -> dict[str, Any]:
    said: dict[str, Any] = {
        "entry": _named(each.entry),
        "day": str(each.day),
        "kind": each.kind,
        "subject": each.subject,
        "amount_fen": each.amount,
        "funds": [{"fund": fund, "amount_fen": amount} for fund, amount in each.funds],
    }
    return said | ({"reference": each.reference} if each.reference else {})


def _counted(sums: Mapping[str, int]) -> dict[str, int]:
    return {code: amount for code, amount in sorted(sums.items()) if amount}


def _named(key: EntryKey) -> dict[str, str | int]:
    return {"log": key[0], "index": key[1]}
