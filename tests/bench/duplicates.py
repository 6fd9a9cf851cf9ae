"""`python -m tests.bench duplicates`: what may be the same need, among very many open requests.

Requests are written straight into an embedded mongod with the indexes of the service; then some
that repeat another, in other words, are compared with all of them.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from services.intake import duplicates
from services.intake.model import Request, RequestState
from services.intake.vault.likeness import derive_likeness
from services.intake.vault.sealing import Vault
from shared import mongo
from shared.contracts.values import Area, BeneficiaryClass, Category, Channel, Kind, Need
from shared.scope import Scope
from shared.towns import load_towns
from tests.support.sealing import make_vault
from tests.support.stack import start_mongod

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = 30
VILLAGES = 18
AT_ONCE = 5_000
WHO = ("阿婆", "爷爷", "父亲", "母亲", "孩子", "女儿", "邻居", "老伴", "舅舅", "独居老人", "低保户")
_WHAT = """屋顶漏水 要做手术 医药费不够 交不起学费 想要轮椅 没有米和油 棉被太薄
电线老化 卫生间没有扶手 想要送餐 没人照顾 找不到工作 路灯坏了 晚上睡不着 想要书桌 门窗破了"""
_WHY = """上个月摔了一跤 失业半年 刚出院 一下雨就这样 家里只有一个人 天冷了 孩子还小
报销以后还是不够 村里都知道 已经借了很多 不会用手机 腿脚不好 房子很旧 开学要用 低保不够用"""
WHAT, WHY = _WHAT.split(), _WHY.split()
WISH = ("请帮帮忙", "求帮助", "希望能解决", "麻烦了", "谢谢你们", "希望有人来看看", "急", "盼回复")


def make_text(dice: random.Random) -> str:
    """Of some 600,000 texts: alike where they share their parts, as people's are."""
    house = f"{dice.choice('东南西北中')}{dice.choice('街巷坊围塘')}{dice.choice('口尾边头')}"
    parts = (f"{house}的{dice.choice(WHO)}", *dice.sample(WHAT, 1), *dice.sample(WHY, 2))
    return "，".join((*parts, dice.choice(WISH)))


def reword(dice: random.Random, text: str) -> str:
    """As a neighbour says it: a part left out, another before it."""
    parts = text.split("，")
    return "，".join((dice.choice(WISH), *parts[:3], dice.choice(WISH)))


def make_request(vault: Vault, number: int, text: str, dice: random.Random) -> Request:
    town = dice.choice([code for code in load_towns() if not code.endswith("000")])
    likeness = derive_likeness(vault, text)
    category = dice.choice(list(Category))
    return Request(
        id=f"R-{number:020x}",
        state=RequestState.OPEN,
        kind=Kind.WISH,
        category=category,
        beneficiary_class=BeneficiaryClass.GENERAL,
        channel=dice.choice(list(Channel)),
        need=Need(unit="fen", quantity=20_000),
        area=Area(town_code=town, village_code=f"{town}{dice.randrange(1, VILLAGES):03}"),
        person_id=f"P-{dice.randrange(10**9):020x}",
        fingerprint=f"F-{category}",
        source="/bench",
        content=b"",
        recorded_at=NOW - timedelta(seconds=dice.randrange(DAYS * 86_400)),
        name_id=f"N-{dice.randrange(10**6)}",
        bands=likeness.bands,
        marks=likeness.marks,
    )


def make_documents(vault: Vault, rows: int, dice: random.Random) -> Iterator[dict[str, Any]]:
    """Signatures are of some 50,000 texts, so that filling takes minutes and not hours."""
    texts = [make_text(dice) for _ in range(min(rows, 50_000))]
    likenesses = [derive_likeness(vault, text) for text in texts]
    base = make_request(vault, 0, texts[0], dice).model_dump(mode="python")
    base.pop("id")
    codes = [code for code in load_towns() if not code.endswith("000")]
    categories = [category.value for category in Category]
    for number in range(rows):
        place = number % len(texts)
        town = dice.choice(codes)
        yield base | {
            "_id": f"R-{number:020x}",
            "version": 1,
            "category": (category := dice.choice(categories)),
            "state": "open",
            "kind": "wish",
            "channel": "sms",
            "beneficiary_class": "general",
            "fingerprint": f"F-{category}",
            "area": {"town_code": town, "village_code": f"{town}{dice.randrange(1, VILLAGES):03}"},
            "person_id": f"P-{dice.randrange(10**9):020x}",
            "name_id": f"N-{dice.randrange(10**6)}",
            "recorded_at": NOW - timedelta(seconds=dice.randrange(DAYS * 86_400)),
            "bands": list(likenesses[place].bands),
            "marks": likenesses[place].marks,
            "text": texts[place].encode(),
        }


async def bench(rows: int, looks: int, path: Path, console: Console) -> None:
    dice, vault = random.Random(20220120), make_vault(b"k" * 32)
    stack = await start_mongod(path)
    database = mongo.connect(stack.mongo_uri, "bench_intake")
    begun = time.monotonic()
    batch: list[dict[str, Any]] = []
    for document in make_documents(vault, rows, dice):
        batch.append(document)
        if len(batch) == AT_ONCE:
            await database[Request.COLLECTION].insert_many(batch, ordered=False)
            batch = []
    if batch:
        await database[Request.COLLECTION].insert_many(batch, ordered=False)
    console.print(f"{rows:,} requests written in {time.monotonic() - begun:.0f} s")
    begun = time.monotonic()
    needed = [(Request.COLLECTION, [("person_id", 1)], {}), *duplicates.INDEXES]
    for collection, keys, options in needed:
        await database[collection].create_index(keys, **options)
    console.print(f"indexes built in {time.monotonic() - begun:.0f} s")
    seconds, hits = await _look(database, vault, rows, looks, dice)
    table = Table("rows", "looks", "p50 ms", "p99 ms", "the repeated one is among five")
    p50, p99 = (sorted(seconds)[int(looks * share)] * 1_000 for share in (0.5, 0.99))
    table.add_row(f"{rows:,}", str(looks), f"{p50:.1f}", f"{p99:.1f}", f"{hits / looks:.0%}")
    console.print(table)
    await stack.stop()


async def _look(
    database: mongo.Database, vault: Vault, rows: int, looks: int, dice: random.Random
) -> tuple[list[float], int]:
    """Each repeats an open request of its village in other words."""
    seconds, hits = [], 0
    for number in range(looks):
        row = await database[Request.COLLECTION].find_one({"_id": f"R-{dice.randrange(rows):020x}"})
        assert row is not None
        again = make_request(vault, rows + number, reword(dice, row["text"].decode()), dice)
        same = {
            "area": Area(**row["area"]),
            "category": Category(row["category"]),
            "recorded_at": NOW,
        }
        again = again.model_copy(
            update={**same, "fingerprint": row["fingerprint"], "name_id": row["name_id"]}
        )
        begun = time.perf_counter()
        alike = await duplicates.find_alike(database, again, Scope(), DAYS)
        seconds.append(time.perf_counter() - begun)
        hits += any(each.request.id == row["_id"] for each in alike)
    return seconds, hits


def main(
    rows: Annotated[int, typer.Option(help="open requests")] = 1_000_000,
    looks: Annotated[int, typer.Option(min=10, help="requests compared with them")] = 300,
) -> None:
    """疑似重复的查找。What may be the same need, found among very many open requests."""
    with tempfile.TemporaryDirectory(prefix="guanjia-bench-") as path:
        asyncio.run(bench(rows, looks, Path(path), Console()))
