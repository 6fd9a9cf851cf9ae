"""The browser checks an entry itself: it agrees with our proofs, and says no to what was changed.

Nothing of the server runs: the files come from a published log, or from what a liar makes of them.
"""

import html
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright

from services.audit.overview import Overview
from services.audit.pages.ledger import ShownLog, render_entry
from services.audit.pages.saved import SCRIPT, collect_proof_files
from services.audit.tlog.checkpoint import Checkpoint
from services.audit.tlog.keys import SigningKey
from services.audit.tlog.merkle import hash_leaf, hash_leaves
from services.audit.tlog.reader import Directory
from services.audit.tlog.tiles import TILE_WIDTH, TileTree, format_tile_path, pack_bundle
from shared.web.pages import ASSETS
from tests.audit.ledgers import log_key, publish_leaves, sign_checkpoint, year_of_facts
from tests.pages.browser import find_chromium
from tests.support.readers import make_reader

HOST = "http://127.0.0.1:9"
KEY = log_key()
OTHER_KEY = SigningKey.generate(KEY.name)
YEAR = year_of_facts(600)
PASSED, FAILED = "核验通过", "核验不通过"


@dataclass
class Site:
    """What a server answers: a page, our assets, and a log's files; `lies` go before them."""

    page: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    read: Callable[[str], bytes | None] = lambda _: None
    lies: dict[str, bytes | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(HOST).partition("?")[0]
        self.asked.append(route.request.url)
        if path.startswith("/static/"):
            asset = ASSETS[path.rpartition("/")[2]]
            route.fulfill(body=asset.content, content_type=asset.media_type)
        elif path.startswith("/log/2026/"):
            name = path.removeprefix("/log/2026/")
            data = self.lies[name] if name in self.lies else self.read(name)
            route.fulfill(status=404 if data is None else 200, body=data or b"")
        else:
            route.fulfill(body=self.page, headers={**self.headers, "content-type": "text/html"})


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Of its own, and driven synchronously: no service runs beside it."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("log") / "2026"
    publish_leaves(YEAR.leaves, folder)
    return folder


@pytest.fixture
def context(chromium: Browser) -> Iterator[BrowserContext]:
    context = chromium.new_context(locale="zh-CN")
    yield context
    context.close()


def make_site(log: Path, index: int, vkeys: tuple[str, ...] = (str(KEY.vkey),)) -> Site:
    size = len(YEAR.leaves)
    shown = ShownLog("2026", ("莞家慈善基金会 2026年", "Guanjia foundation 2026"), size, size)
    page = render_entry(make_reader(), shown, Overview(), YEAR.leaves[index], list(vkeys))
    return Site(bytes(page.body), dict(page.headers), Directory(log).read)


def visit(context: BrowserContext, site: Site, address: str = f"{HOST}/") -> Page:
    """A page whose script is done."""
    page = context.new_page()
    page.route("**/*", site.answer)
    page.goto(address)
    page.wait_for_selector("#proof[data-done]")
    return page


def verdict_of(page: Page) -> str:
    return page.locator("#proof-verdict").inner_text()


# --- it agrees with us ----------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 255, 256, 599])
def test_an_entry_of_the_log_is_verified(context: BrowserContext, log: Path, index: int) -> None:
    page = visit(context, make_site(log, index))
    assert PASSED in verdict_of(page)
    assert hash_leaf(YEAR.leaves[index]).hex() in page.locator("#proof-steps").inner_text()


@dataclass
class Trees:
    """Logs of many sizes over the same leaves, in memory."""

    leaves: list[bytes]
    tree: TileTree = field(default_factory=TileTree)
    files: dict[str, bytes] = field(default_factory=dict)

    def grow(self, size: int) -> bytes:
        """Its checkpoint at that size, signed."""
        fresh = hash_leaves(self.leaves[self.tree.size : size])
        tiles = [*self.tree.add(fresh), *self.tree.list_partials()]
        self.files |= {tile.path: tile.data for tile in tiles}
        for number in range(size // TILE_WIDTH + 1):
            some = self.leaves[number * TILE_WIDTH : min(size, (number + 1) * TILE_WIDTH)]
            width = len(some) % TILE_WIDTH
            self.files[format_tile_path("entries", number, width)] = pack_bundle(some)
        checkpoint = Checkpoint(KEY.name, size, self.tree.compute_root())
        self.files["checkpoint"] = sign_checkpoint(checkpoint, KEY)
        return self.files["checkpoint"]


def make_leaf(index: int) -> bytes:
    return json.dumps({"index": index, "log": KEY.name}).encode()


def make_bare_site(trees: Trees, index: int) -> Site:
    """The page's parts that the script reads, around any leaf."""
    shown, key = html.escape(trees.leaves[index].decode()), html.escape(str(KEY.vkey))
    page = f"""<!doctype html><html lang="zh-CN"><meta charset="utf-8">
    <section id="proof" data-log="/log/2026/" data-origin="{KEY.name}" data-index="{index}"
    data-vkeys="{key}"><p id="proof-verdict"></p><ol id="proof-steps"></ol>
    <pre id="entry">{shown}</pre></section><script src="{SCRIPT.url}"></script></html>"""
    return Site(page.encode(), {}, trees.files.get)


def test_trees_of_every_shape_are_climbed(chromium: Browser) -> None:
    """Sizes around every edge, one with three levels of tiles; each continues the one before."""
    trees = Trees([make_leaf(index) for index in range(66_000)])
    sizes = (1, 2, 7, 256, 257, 1_000, 65_536, 66_000)
    context = chromium.new_context(locale="zh-CN")
    for size in sizes:
        trees.grow(size)
        for index in sorted({size // 3, size - 1}):
            page = visit(context, make_bare_site(trees, index))
            text = page.locator("#proof-steps").inner_text()
            assert PASSED in verdict_of(page), (size, index, verdict_of(page))
            assert size == 1 or "没有改写" in text
            page.close()
    context.close()


def test_a_saved_page_is_verified_without_a_connection(
    context: BrowserContext, log: Path, tmp_path: Path
) -> None:
    size = len(YEAR.leaves)
    shown = ShownLog("2026", ("莞家", "Guanjia"), size, size)
    index = next(each for each in range(300, size) if b'"amount_fen"' in YEAR.leaves[each])
    files = collect_proof_files(Directory(log), index)
    page = render_entry(
        make_reader(), shown, Overview(), YEAR.leaves[index], [str(KEY.vkey)], files
    )
    saved = tmp_path / "entry.html"
    saved.write_bytes(bytes(page.body))
    context.set_offline(True)
    opened = context.new_page()
    opened.goto(saved.as_uri())
    opened.wait_for_selector("#proof[data-done]")
    assert PASSED in verdict_of(opened)
    saved.write_bytes(bytes(page.body).replace(b"amount_fen&#34;:", b"amount_fen&#34;:1", 1))
    opened.reload()
    opened.wait_for_selector("#proof[data-done]")
    assert FAILED in verdict_of(opened)


# --- it says no -----------------------------------------------------------------------------------


def flip(data: bytes, at: int) -> bytes:
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_an_entry_that_was_changed_is_refused(context: BrowserContext, log: Path) -> None:
    """On the page, in the log, or in both alike."""
    index, path = 300, format_tile_path("entries", 1)
    bundle = Directory(log).read(path) or b""
    honest, forged = YEAR.leaves[index], YEAR.leaves[index].replace(b"2026-01-01", b"2026-01-02")
    assert honest != forged
    site = make_site(log, index)
    forged_page = site.page.replace(b"2026-01-01", b"2026-01-02")
    forged_bundle = bundle.replace(honest, forged)
    for page, file in (
        (forged_page, bundle),
        (site.page, forged_bundle),
        (forged_page, forged_bundle),
    ):
        site.page, site.lies = page, {path: file}
        assert FAILED in verdict_of(visit(context, site))


@pytest.mark.parametrize("at", [0, 300 % TILE_WIDTH * 32])
def test_a_tile_that_was_changed_is_refused(context: BrowserContext, log: Path, at: int) -> None:
    site = make_site(log, 300)
    path = format_tile_path(0, 1)
    site.lies = {path: flip(Directory(log).read(path) or b"", at)}
    assert FAILED in verdict_of(visit(context, site))


def test_a_checkpoint_that_was_changed_is_refused(context: BrowserContext, log: Path) -> None:
    honest = Directory(log).read("checkpoint") or b""
    checkpoint = Checkpoint.read_unverified(honest)
    larger = Checkpoint(checkpoint.origin, checkpoint.size + 1, checkpoint.root)
    elsewhere = Checkpoint("guanjia.test/ledger/2027", checkpoint.size, checkpoint.root)
    for lie in (
        honest.replace(b"\n600\n", b"\n601\n"),
        flip(honest, honest.rindex(b" ") + 20),
        sign_checkpoint(larger, KEY),
        sign_checkpoint(checkpoint, OTHER_KEY),
        sign_checkpoint(elsewhere, KEY),
        honest.partition(b"\n\n")[0] + b"\n\n",
        b"",
    ):
        site = make_site(log, 300)
        site.lies = {"checkpoint": lie}
        assert FAILED in verdict_of(visit(context, site)), lie


def test_files_that_are_missing_are_said(context: BrowserContext, log: Path) -> None:
    for path in (
        "checkpoint",
        format_tile_path("entries", 1),
        format_tile_path(0, 1),
        "tile/1/000.p/2",
    ):
        site = make_site(log, 300)
        site.lies = {path: None}
        assert FAILED in verdict_of(visit(context, site)), path


def test_a_log_that_was_rewritten_is_noticed_by_who_saw_it_before(
    context: BrowserContext, tmp_path: Path
) -> None:
    before = Trees([make_leaf(index) for index in range(400)])
    before.grow(300)
    assert PASSED in verdict_of(visit(context, make_bare_site(before, 7)))
    rewritten = Trees([make_leaf(index) for index in range(400)])
    rewritten.leaves[3] = b'{"index":3,"log":"forged"}'
    rewritten.grow(400)
    assert "不是同一本" in verdict_of(visit(context, make_bare_site(rewritten, 7)))
    before.grow(400)
    assert PASSED in verdict_of(visit(context, make_bare_site(before, 7)))
    shorter = Trees([make_leaf(index) for index in range(200)])
    shorter.grow(200)
    assert FAILED in verdict_of(visit(context, make_bare_site(shorter, 7)))


def test_another_key_is_noticed_and_ones_own_key_counts(context: BrowserContext, log: Path) -> None:
    assert PASSED in verdict_of(visit(context, make_site(log, 5)))
    liar = make_site(log, 5, (str(OTHER_KEY.vkey),))
    checkpoint = Checkpoint.read_unverified(Directory(log).read("checkpoint") or b"")
    liar.lies = {"checkpoint": sign_checkpoint(checkpoint, OTHER_KEY)}
    page = visit(context, liar)
    assert "公钥与您" in verdict_of(page)
    page.fill("#own-key", str(KEY.vkey))
    page.click("#proof-again")
    page.locator("#proof-verdict", has_text="没有所给").wait_for()
    assert FAILED in verdict_of(page)


def test_nobody_else_is_asked(context: BrowserContext, log: Path) -> None:
    site = make_site(log, 5)
    visit(context, site)
    assert all(address.startswith(f"{HOST}/") for address in site.asked)


def test_an_old_browser_is_told_and_not_lied_to(context: BrowserContext, log: Path) -> None:
    context.add_init_script("crypto.subtle.importKey = () => Promise.reject(new Error('no'))")
    text = verdict_of(visit(context, make_site(log, 5)))
    assert "未能核验" in text
    assert "Ed25519" in text
