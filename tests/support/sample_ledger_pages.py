"""The pages of the public ledger, rendered with samples."""

from collections.abc import Mapping

from fastapi.responses import HTMLResponse

from services.audit.entry_search import EntryFilter, EntryRow, FoundEntries
from services.audit.ledger.canonical import encode_entry
from services.audit.overview import Aim, FundFlow, Overview, Sums, Use
from services.audit.pages import ledger
from tests.audit.ledgers import year_of_facts
from tests.support.readers import make_reader

CHASHAN = "441900103"
VKEY = "guanjia.dongguan/log/2026+8f3a1b2c+AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA"


def render_ledger_samples(words: str) -> Mapping[str, HTMLResponse]:
    """words: names of funds, and what an entry moved."""
    visitor = make_reader(path="/ledger/2026")
    log = ledger.ShownLog("2026", (words, words), 7, 9)
    figures, few = Overview(), Overview()
    sums = Sums(income=20_450_000, committed=9_000_000, spent=4_000_000, fees=1_000)
    flow = FundFlow("F-1", words, words, restricted=True, total=sums)
    flow.months = {"2026-01": sums, "2026-02": sums}
    flow.categories = {"meals": Use(9, 80_000, 50_000), "medical": Use(1, 10, 10)}
    flow.towns = {CHASHAN: Use(12, 80_000, 50_000), "441900104": Use(7, 1, 1), "": Use(1, 1, 1)}
    figures.size, figures.funds = 7, {flow.id: flow}
    aim = Aim("meals", CHASHAN)
    row = EntryRow(
        3, "2026-01-02", "commitment", "承诺资助", ("F-1", words), ("7.00 元", "CNY 7.00"), aim
    )
    refused = EntryRow(2, "2026-01-02", "refusal", "拒绝", (), ("", ""), Aim("", ""))
    raw = encode_entry(year_of_facts(2).sealed[1].entry)
    return {
        "ledger": ledger.render_ledger(
            visitor, log, figures, [ledger.ShownLog("g-2025", (words, words))]
        ),
        "ledger_empty": ledger.PAGES.render_for(visitor, "ledger_empty.html"),
        "ledger_without_funds": ledger.render_ledger(visitor, log, few, []),
        "ledger_fund": ledger.render_fund(visitor, log, figures, "F-1"),
        "ledger_entries": ledger.render_entries(
            visitor, log, figures, EntryFilter(fund="F-1"), FoundEntries((row, refused), 2), words
        ),
        "ledger_entry": ledger.render_entry(visitor, log, figures, raw, [VKEY, words]),
        "ledger_verify": ledger.render_how_to_verify(
            visitor, [(log, [VKEY])], "http://127.0.0.1:8004"
        ),
    }
