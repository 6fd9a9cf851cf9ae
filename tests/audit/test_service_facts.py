"""Every fact a bank, a store or matching tells, through the service and back from its log."""

from services.audit.cli.replay import compare
from services.audit.ledger.replay import replay
from services.audit.model import Donation
from services.audit.preparing import BankSecrets
from services.audit.tlog.reader import open_source
from shared import mongo
from shared.contracts import topics
from tests.audit.deciding import (
    FUND,
    GOODS,
    accepted,
    charged,
    confirmed,
    gift,
    goods,
    paid,
    refunded,
    released,
)
from tests.audit.office import Office
from tests.support.eventually import eventually

TERMS = {"categories": ["meals", "supplies"], "fee_permille_max": 50}


async def test_a_year_of_every_fact_ends_in_verifiable_books(office: Office) -> None:
    await office.open_fund(restricted=True, terms=TERMS)
    await office.hears(gift(100_000), goods(30))
    await office.published(3)
    donation = await _gift(office)
    await office.hears(accepted("M-1", 30_000, category="meals"))
    await office.published(4)
    await office.hears(paid("M-1", 10_000), charged(5_000), refunded(donation.id, 1_000))
    await office.published(7)
    await office.hears(
        confirmed("M-1", 30_000, category="meals"),
        confirmed("M-2", 12, category="supplies", **GOODS),
        accepted("M-3", 1, category="medical"),
        accepted("M-4", 20_000, category="meals"),
    )
    await office.published(11)
    await office.hears(released("M-4", 20_000))
    said = await office.published(12)
    (fund,) = said["funds"]
    assert (fund["received_fen"], fund["fees_fen"], fund["refunded_fen"]) == (100_000, 5_000, 1_000)
    assert (fund["committed_fen"], fund["disbursed_fen"]) == (50_000, 30_000)
    assert fund["remaining_fen"] == said["remaining_fen"] == 100_000 - 5_000 - 1_000 - 30_000
    report = await office.verified(said)
    assert report.books.goods[FUND, GOODS["item"], GOODS["unit"]].in_stock == 18
    source = open_source(said["log_dir"])
    assert compare(source, replay(source), said) == []


async def test_every_kind_of_entry_is_told_under_what_it_is_about(office: Office) -> None:
    await office.open_fund()
    await office.hears(gift(10_000), goods(5))
    await office.published(3)
    donation = await _gift(office)
    await office.hears(accepted("M-1", 3_000))
    await office.published(4)
    await office.hears(paid("M-1", 3_001), charged(1), refunded(donation.id, 1))
    await office.hears(confirmed("M-2", 1, **GOODS), confirmed("M-3", 9, **GOODS))
    await office.published(9)
    told = await eventually(lambda: office.house.read(topics.LEDGER), lambda all_: len(all_) == 9)
    by_kind = {event["type"].split(".")[2]: event["subject"] for event in told}
    assert by_kind["fund_opened"] == by_kind["fee_charged"] == FUND
    assert by_kind["received"] == by_kind["refunded"] == donation.id
    assert by_kind["goods_received"].startswith("D-")
    assert by_kind["refused"].startswith("B-")
    assert (by_kind["goods_distributed"], by_kind["goods_refused"]) == ("M-2", "M-3")
    assert by_kind["committed"] == "M-1"


async def test_what_a_giver_wrote_is_nowhere_in_clear(office: Office) -> None:
    wrote = "给茶山镇王零二, 16100000002"
    await office.open_fund()
    await office.hears(gift(10_000, designation=wrote))
    await office.published(2)
    donation = await _gift(office)
    database = office.audit.runtime.database
    for name in await database.list_collection_names():
        documents = await database[name].find().to_list(None)
        assert "王零二" not in repr(documents), name
    secrets = BankSecrets(office.house.keyring.derived)
    assert secrets.designation(donation) == wrote


async def _gift(office: Office) -> Donation:
    found = await mongo.find(office.audit.runtime.database, Donation, {"amount_fen": {"$gt": 0}})
    return found[0]
