"""Every fact a bank, a store or matching tells, through the service and back from its log."""

from services.audit.cli.replay import compare
from services.audit.ledger.replay import replay
from services.audit.model import Donation
from services.audit.preparing import build_bank_secrets
from services.audit.tlog.reader import open_source
from shared import mongo
from shared.contracts import topics
from shared.security import retire_root, rotate_root
from tests.audit.facts import (
    FUND,
    GOODS,
    acceptance,
    confirmation,
    fee,
    gift,
    goods,
    payment,
    refund,
    release,
)
from tests.audit.harness import AuditHarness
from tests.support.eventually import eventually

TERMS = {"categories": ["meals", "supplies"], "fee_permille_max": 50}


async def test_a_year_of_every_fact_ends_in_verifiable_books(harness: AuditHarness) -> None:
    await harness.open_fund(restricted=True, terms=TERMS)
    await harness.publish_in_order(gift(100_000), goods(30))
    await harness.wait_published(3)
    donation = await _gift(harness)
    await harness.publish_in_order(acceptance("M-1", 30_000, category="meals"))
    await harness.wait_published(4)
    await harness.publish_in_order(payment("M-1", 10_000), fee(5_000), refund(donation.id, 1_000))
    await harness.wait_published(7)
    await harness.publish_in_order(
        confirmation("M-1", 30_000, category="meals"),
        confirmation("M-2", 12, category="supplies", **GOODS),
        acceptance("M-3", 1, category="medical"),
        acceptance("M-4", 20_000, category="meals"),
    )
    await harness.wait_published(11)
    await harness.publish_in_order(release("M-4", 20_000))
    summary = await harness.wait_published(12)
    (fund,) = summary["funds"]
    assert (fund["received_fen"], fund["fees_fen"], fund["refunded_fen"]) == (100_000, 5_000, 1_000)
    assert (fund["committed_fen"], fund["disbursed_fen"], fund["obligated_fen"]) == (
        50_000,
        10_000,
        20_000,
    )
    assert fund["remaining_fen"] == summary["remaining_fen"] == 100_000 - 5_000 - 1_000 - 30_000
    report = await harness.verify(summary)
    assert report.books.goods[FUND, GOODS["item"], GOODS["unit"]].in_stock == 18
    source = open_source(summary["log_dir"])
    assert compare(source, replay(source), summary) == []


async def test_every_kind_of_entry_is_told_under_what_it_is_about(harness: AuditHarness) -> None:
    await harness.open_fund()
    await harness.publish_in_order(gift(10_000), goods(5))
    await harness.wait_published(3)
    donation = await _gift(harness)
    await harness.publish_in_order(acceptance("M-1", 3_000))
    await harness.wait_published(4)
    await harness.publish_in_order(payment("M-1", 3_001), fee(1), refund(donation.id, 1))
    await harness.publish_in_order(confirmation("M-2", 1, **GOODS), confirmation("M-3", 9, **GOODS))
    await harness.wait_published(9)
    event = await eventually(lambda: harness.stack.read(topics.LEDGER), lambda all_: len(all_) == 9)
    by_kind = {event["type"].split(".")[2]: event["subject"] for event in event}
    assert by_kind["fund_opened"] == by_kind["fee_charged"] == FUND
    assert by_kind["received"] == by_kind["refunded"] == donation.id
    assert by_kind["goods_received"].startswith("D-")
    assert by_kind["refused"].startswith("B-")
    assert (by_kind["goods_distributed"], by_kind["goods_refused"]) == ("M-2", "M-3")
    assert by_kind["committed"] == "M-1"


async def test_what_a_giver_wrote_is_nowhere_in_clear(harness: AuditHarness) -> None:
    wrote = "给茶山镇王零二, 16100000002"
    await harness.open_fund()
    await harness.publish_in_order(gift(10_000, designation=wrote))
    await harness.wait_published(2)
    donation = await _gift(harness)
    database = harness.audit.runtime.database
    for name in await database.list_collection_names():
        documents = await database[name].find().to_list(None)
        assert "王零二" not in repr(documents), name
    secrets = build_bank_secrets(harness.stack.keyring)
    assert secrets.open_designation(donation) == wrote


async def test_what_a_giver_wrote_is_read_after_its_root_key_was_retired(
    harness: AuditHarness,
) -> None:
    await harness.open_fund()
    await harness.publish_in_order(gift(10_000, designation="给茶山镇"))
    await harness.wait_published(2)
    secrets_dir, resealer = harness.stack.secrets_dir, harness.audit.runtime.resealer
    rotate_root(secrets_dir)
    await eventually(resealer.count, lambda counts: counts["donations"].previous == 0)
    retire_root(secrets_dir)
    gifts = (await harness.get("/designations"))["gifts"]
    assert [one["text"] for one in gifts] == ["给茶山镇"]


async def _gift(harness: AuditHarness) -> Donation:
    donations = await mongo.find(
        harness.audit.runtime.database, Donation, {"amount_fen": {"$gt": 0}}
    )
    return donations[0]
