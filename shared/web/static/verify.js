/* Checks an entry of the public ledger in the visitor's own browser: no library, nobody else is asked.
 *
 * The page says what it shows and which key signs; the files come from the log (C2SP tlog-tiles), or
 * from the page itself where it was saved. Nothing of the server's own word is used.
 */
"use strict";
(function () {
  const WIDTH = 256;
  const HASH_BYTES = 32;
  const ED25519 = 1;
  const english = document.documentElement.lang === "en";
  const say = (zh, en) => (english ? en : zh);

  class Broken extends Error {}
  /* What this browser cannot do says nothing against the log. */
  class Unable extends Error {}

  function demand(condition, zh, en) {
    if (!condition) throw new Broken(say(zh, en));
  }

  // --- bytes ------------------------------------------------------------------------------------

  const utf8 = (text) => new TextEncoder().encode(text);

  function join(...parts) {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
  const toHex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const toBase64 = (bytes) => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

  function fromBase64(text) {
    let bytes;
    try {
      bytes = Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0));
    } catch {
      throw new Broken(say("有一处不是 base64", "something is not base64"));
    }
    demand(toBase64(bytes) === text, "有一处 base64 写法不规范", "a base64 text is not canonical");
    return bytes;
  }

  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));
  const hashLeaf = (entry) => sha256([0], entry);
  const hashNode = (left, right) => sha256([1], left, right);

  // --- signed notes (C2SP signed-note, tlog-checkpoint) -----------------------------------------

  async function parseKey(text) {
    const parts = text.trim().split("+");
    const [name, id] = parts;
    const blob = fromBase64(parts.slice(2).join("+"));
    demand(name && blob.length === 33 && blob[0] === ED25519, "不是 Ed25519 公钥", "this is no Ed25519 key");
    const digest = await sha256(utf8(name + "\n"), blob);
    demand(toHex(digest.slice(0, 4)) === id, "公钥编号与公钥不符", "the key's number is not its own");
    return { name, id, public: blob.slice(1) };
  }

  function parseNote(bytes) {
    let text;
    try {
      text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    } catch {
      throw new Broken(say("检查点不是文本", "the checkpoint is no text"));
    }
    const at = text.lastIndexOf("\n\n");
    demand(at > 0 && text.endsWith("\n"), "检查点格式不对", "the checkpoint is malformed");
    const signatures = text.slice(at + 2, -1).split("\n").map((line) => {
      const words = line.split(" ");
      demand(words.length === 3 && words[0] === "\u2014", "签名行格式不对", "a signature line is malformed");
      const blob = fromBase64(words[2]);
      return { name: words[1], id: toHex(blob.slice(0, 4)), signature: blob.slice(4) };
    });
    return { body: text.slice(0, at + 1), signatures };
  }

  function parseCheckpoint(body) {
    const [origin, size, root, extension, ...rest] = body.split("\n");
    const plain = extension === "" && rest.length === 0;
    const frozen = extension === "log frozen" && rest.length === 1 && rest[0] === "";
    demand(origin && (plain || frozen), "检查点格式不对", "the checkpoint is malformed");
    demand(/^(0|[1-9][0-9]{0,15})$/.test(size), "条目数不是数字", "the size is no number");
    const hash = fromBase64(root);
    demand(hash.length === HASH_BYTES, "树根长度不对", "the root has a wrong length");
    return { origin, size: Number(size), root: hash };
  }

  async function isSigned(key, body, signature) {
    try {
      const known = await crypto.subtle.importKey("raw", key.public, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify({ name: "Ed25519" }, known, signature, utf8(body));
    } catch {
      throw new Unable(
        say("这个浏览器不会验 Ed25519 签名，请换用新版浏览器，或用下面的命令核验",
          "this browser cannot check Ed25519 signatures: use a newer one, or the command below"));
    }
  }

  /* The checkpoint, if one of the keys signed it and none of them signed it badly. */
  async function openCheckpoint(bytes, vkeys) {
    const note = parseNote(bytes);
    const checkpoint = parseCheckpoint(note.body);
    let signers = 0;
    for (const vkey of vkeys) {
      const key = await parseKey(vkey);
      for (const each of note.signatures) {
        if (each.name !== key.name || each.id !== key.id) continue;
        demand(await isSigned(key, note.body, each.signature), "检查点的签名无效", "the checkpoint's signature is bad");
        demand(key.name === checkpoint.origin, "检查点属于另一账本", "the checkpoint is of another log");
        signers += 1;
      }
    }
    demand(signers > 0, "检查点没有所给公钥的签名", "the checkpoint is not signed by the key that is given");
    return checkpoint;
  }

  // --- the tree (RFC 6962), from tiles ----------------------------------------------------------

  function pathOf(level, number, width) {
    const groups = [String(number % 1000).padStart(3, "0")];
    for (let rest = Math.floor(number / 1000); rest; rest = Math.floor(rest / 1000)) {
      groups.unshift("x" + String(rest % 1000).padStart(3, "0"));
    }
    return `tile/${level}/${groups.join("/")}${width % WIDTH ? `.p/${width}` : ""}`;
  }

  class Tree {
    constructor(read, size) {
      this.read = read;
      this.size = size;
      this.tiles = new Map();
    }

    /* A tile of which so much belongs to the log of this size; a full one may have taken its place. */
    async readPart(level, number, width) {
      const exact = await this.read(pathOf(level, number, width));
      if (exact || width === WIDTH) return exact;
      return this.read(pathOf(level, number, WIDTH));
    }

    widthOf(level, number) {
      return Math.min(Math.floor(this.size / WIDTH ** level) - number * WIDTH, WIDTH);
    }

    async entry(index) {
      const number = Math.floor(index / WIDTH);
      const bundle = await this.readPart("entries", number, this.widthOf(0, number));
      demand(bundle, "账本缺少这一条目的文件", "the log lacks the file of this entry");
      let at = 0;
      for (let place = number * WIDTH; at + 2 <= bundle.length; place += 1) {
        const start = at + 2;
        at = start + bundle[at] * 256 + bundle[at + 1];
        if (place === index && at <= bundle.length) return bundle.slice(start, at);
      }
      throw new Broken(say("条目文件不完整", "the file of this entry is not whole"));
    }

    /* The rows of a tile: its hashes, and above them each row of perfect subtrees. */
    rows(level, number) {
      const name = `${level}/${number}`;
      if (!this.tiles.has(name)) this.tiles.set(name, this.readRows(level, number));
      return this.tiles.get(name);
    }

    async readRows(level, number) {
      const width = this.widthOf(level, number);
      const tile = await this.readPart(level, number, width);
      demand(tile, "账本缺少一片哈希文件", "the log lacks a tile");
      demand(tile.length >= width * HASH_BYTES, "一片哈希文件不完整", "a tile is not whole");
      let row = [];
      for (let at = 0; at < width; at += 1) row.push(tile.slice(at * HASH_BYTES, (at + 1) * HASH_BYTES));
      const rows = [row];
      while (row.length > 1) {
        const above = [];
        for (let at = 0; at + 1 < row.length; at += 2) above.push(await hashNode(row[at], row[at + 1]));
        rows.push(above);
        row = above;
      }
      return rows;
    }

    /* The root of a perfect subtree of 2^level entries. */
    async node(level, number) {
      const row = level % 8;
      const held = WIDTH / 2 ** row;
      const rows = await this.rows(Math.floor(level / 8), Math.floor(number / held));
      return rows[row][number % held];
    }

    /* The hash of what is right of the last perfect subtree of a level. */
    async edge(level) {
      let hash = null;
      for (let below = 0; below < level; below += 1) {
        const count = Math.floor(this.size / 2 ** below);
        if (count % 2 === 0) continue;
        const left = await this.node(below, count - 1);
        hash = hash ? await hashNode(left, hash) : left;
      }
      return hash;
    }

    /* What a subtree's hash is joined with on its way to the root. */
    async siblings(level, number) {
      const path = [];
      for (; ; level += 1, number = Math.floor(number / 2)) {
        const last = Math.floor((this.size - 1) / 2 ** level);
        if (last === 0) return path;
        const beside = number % 2 ? number - 1 : number + 1;
        const perfect = this.size % 2 ** level === 0;
        if (beside < last || (beside === last && perfect)) path.push(await this.node(level, beside));
        else if (beside === last) path.push(await this.edge(level));
      }
    }
  }

  /* RFC 9162, 2.1.3.2: the root that the path leads to, or null where its length is wrong. */
  async function climb(leaf, index, size, path) {
    let number = index;
    let last = size - 1;
    let hash = leaf;
    for (const each of path) {
      if (last === 0) return null;
      if (number % 2 || number === last) {
        hash = await hashNode(each, hash);
        while (number % 2 === 0 && number) {
          number = Math.floor(number / 2);
          last = Math.floor(last / 2);
        }
      } else {
        hash = await hashNode(hash, each);
      }
      number = Math.floor(number / 2);
      last = Math.floor(last / 2);
    }
    return last === 0 ? hash : null;
  }

  /* Whether the log of now begins with the log of before: RFC 9162, 2.1.4.2. */
  async function isContinued(tree, root, before) {
    if (before.size > tree.size) return false;
    if (before.size === 0) return true;
    if (before.size === tree.size) return same(before.root, root);
    let level = 0;
    while (before.size % 2 ** (level + 1) === 0) level += 1;
    let number = before.size / 2 ** level - 1;
    let last = Math.floor((tree.size - 1) / 2 ** level);
    const start = number ? await tree.node(level, number) : before.root;
    let old = start;
    let now = start;
    for (const each of await tree.siblings(level, number)) {
      if (last === 0) return false;
      if (number % 2 || number === last) {
        old = await hashNode(each, old);
        now = await hashNode(each, now);
        while (number % 2 === 0 && number) {
          number = Math.floor(number / 2);
          last = Math.floor(last / 2);
        }
      } else {
        now = await hashNode(now, each);
      }
      number = Math.floor(number / 2);
      last = Math.floor(last / 2);
    }
    return last === 0 && same(old, before.root) && same(now, root);
  }

  // --- one entry --------------------------------------------------------------------------------

  /* Every step that holds is reported; the first that does not hold throws Broken. */
  async function check({ read, vkeys, index, shown, before, report }) {
    if (!globalThis.crypto || !crypto.subtle) {
      throw new Unable(
        say("浏览器只在 https 或本机地址下提供核验所需的功能", "browsers check hashes only on https or this machine"));
    }
    const note = await read("checkpoint");
    demand(note, "取不到检查点", "there is no checkpoint");
    const checkpoint = await openCheckpoint(note, vkeys);
    report(
      say(`检查点由公布的公钥签名，账本共 ${checkpoint.size} 条`,
        `the checkpoint of ${checkpoint.size} entries is signed by the published key`));
    demand(index < checkpoint.size, "账本还没有这一条", "the log has no such entry yet");
    const tree = new Tree(read, checkpoint.size);
    const entry = await tree.entry(index);
    const text = new TextDecoder("utf-8").decode(entry);
    demand(text === shown, "本页显示的内容与账本上的条目不同", "what this page shows is not what the log has");
    const fields = JSON.parse(text);
    demand(
      fields.index === index && fields.log === checkpoint.origin,
      "条目自称属于另一处", "the entry says it belongs elsewhere");
    report(say("本页显示的内容与账本上的条目逐字相同", "this page shows the log's entry, letter by letter"));
    const leaf = await hashLeaf(entry);
    demand(same(leaf, await tree.node(0, index)), "条目的哈希与公布的不同", "the entry's hash is not the published one");
    report(say(`条目的哈希是 ${toHex(leaf)}`, `the entry's hash is ${toHex(leaf)}`));
    const path = await tree.siblings(0, index);
    const root = await climb(leaf, index, checkpoint.size, path);
    demand(root && same(root, checkpoint.root), "由条目推不出签名的树根", "the entry does not lead to the signed root");
    report(say(`经 ${path.length} 步推到签名的树根`, `${path.length} steps lead to the signed root`));
    if (before) {
      demand(
        await isContinued(tree, checkpoint.root, before),
        "账本与您上次看到的不是同一本：有人改写或删去了以前的条目", "this log does not continue the one you saw before");
      report(
        say(`账本接着您上次看到的（当时 ${before.size} 条），没有改写`,
          `the log continues the one you saw before, of ${before.size} entries`));
    }
    return checkpoint;
  }

  // --- the page ---------------------------------------------------------------------------------

  function makeReader(place) {
    if (place.dataset.files) {
      const files = JSON.parse(place.dataset.files);
      return async (path) => (path in files ? fromBase64(files[path]) : null);
    }
    return async (path) => {
      const answer = await fetch(place.dataset.log + path, { cache: path === "checkpoint" ? "no-cache" : "default" });
      if (answer.status === 404) return null;
      if (!answer.ok) throw new Unable(say("取不到账本文件，请稍后再试", "the log cannot be read now: try again later"));
      return new Uint8Array(await answer.arrayBuffer());
    };
  }

  /* What this browser saw of a log: it makes a rewritten log or another key stand out. */
  const memory = {
    load(origin) {
      try {
        const seen = JSON.parse(localStorage.getItem(`guanjia ${origin}`));
        return seen && { size: seen.size, root: fromBase64(seen.root), vkeys: seen.vkeys, on: seen.on };
      } catch {
        return null;
      }
    },
    save(checkpoint, vkeys) {
      try {
        const seen = { size: checkpoint.size, root: toBase64(checkpoint.root), vkeys };
        seen.on = new Date().toLocaleDateString(english ? "en" : "zh-CN");
        localStorage.setItem(`guanjia ${checkpoint.origin}`, JSON.stringify(seen));
      } catch {
        /* Nothing is remembered in a private window. */
      }
    },
  };

  const place = document.getElementById("proof");
  if (!place) return;
  const steps = document.getElementById("proof-steps");
  const verdict = document.getElementById("proof-verdict");
  const ownKey = document.getElementById("own-key");

  function show(kind, text) {
    verdict.className = `verdict ${kind}`;
    verdict.textContent = text;
  }

  function report(text) {
    const line = document.createElement("li");
    line.textContent = text;
    steps.append(line);
  }

  async function run() {
    steps.replaceChildren();
    show("", say("正在核验……", "Checking…"));
    const own = ownKey && ownKey.value.trim();
    const vkeys = own ? [own] : place.dataset.vkeys.split("\n").filter(Boolean);
    const saved = Boolean(place.dataset.files);
    try {
      const before = saved ? null : memory.load(place.dataset.origin);
      if (before && !own && !before.vkeys.some((each) => vkeys.includes(each))) {
        throw new Broken(
          say(`公钥与您 ${before.on} 看到的不同，请先向基金会核对公钥`,
            `the key is not the one you saw on ${before.on}: ask the foundation first`));
      }
      const shown = document.getElementById("entry").textContent;
      const index = Number(place.dataset.index);
      const checkpoint = await check({ read: makeReader(place), vkeys, index, shown, before, report });
      if (!saved) memory.save(checkpoint, own ? [own] : vkeys);
      show("good", say("核验通过：这一条确实在公开账本上，没有被改动。", "Verified: this entry is on the public log, unchanged."));
    } catch (error) {
      if (error instanceof Broken || error instanceof SyntaxError) {
        show("wrong", say(`核验不通过：${error.message}。请不要相信这一页，并告诉审计或民政部门。`,
          `Not verified: ${error.message}. Do not trust this page; tell the auditors.`));
      } else {
        show("unsure", say(`未能核验：${error.message}。`, `Could not be checked: ${error.message}.`));
      }
    }
    place.dataset.done = "yes";
  }

  const again = document.getElementById("proof-again");
  if (again) again.addEventListener("click", run);
  run();
})();
