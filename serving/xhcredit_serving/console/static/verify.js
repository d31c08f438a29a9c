/* Re-draw a list in the visitor's own browser (protocol xhcredit-draw/1).
   Nothing is sent anywhere.  Own SHA-256: crypto.subtle does not exist on plain intranet addresses. */
"use strict";
var XhVerify = (() => {
  const K = new Uint32Array(64),
    H0 = new Uint32Array(8);
  (() => {
    // the constants are the fractions of square and cube roots of the first primes
    const fraction = (x) => Math.floor((x - Math.floor(x)) * 4294967296);
    let n = 0;
    for (let p = 2; n < 64; p++) {
      let prime = true;
      for (let q = 2; q * q <= p; q++) if (p % q === 0) prime = false;
      if (!prime) continue;
      if (n < 8) H0[n] = fraction(Math.sqrt(p));
      K[n++] = fraction(Math.cbrt(p));
    }
  })();
  const W = new Uint32Array(64);
  const turn = (x, n) => (x >>> n) | (x << (32 - n));

  function block(h, bytes, start) {
    for (let i = 0, j = start; i < 16; i++, j += 4)
      W[i] = (bytes[j] << 24) | (bytes[j + 1] << 16) | (bytes[j + 2] << 8) | bytes[j + 3];
    for (let i = 16; i < 64; i++) {
      const x = W[i - 15],
        y = W[i - 2];
      W[i] =
        W[i - 16] +
        (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) +
        W[i - 7] +
        (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, k] = h;
    for (let i = 0; i < 64; i++) {
      const t =
        (k + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      const u = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      k = g;
      g = f;
      f = e;
      e = (d + t) | 0;
      d = c;
      c = b;
      b = a;
      a = (t + u) | 0;
    }
    h[0] += a;
    h[1] += b;
    h[2] += c;
    h[3] += d;
    h[4] += e;
    h[5] += f;
    h[6] += g;
    h[7] += k;
  }

  function sha256(bytes) {
    const h = new Uint32Array(H0),
      n = bytes.length;
    const padded = new Uint8Array((((n + 8) >> 6) + 1) << 6);
    padded.set(bytes);
    padded[n] = 128;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(n / 536870912));
    view.setUint32(padded.length - 4, (n << 3) >>> 0);
    for (let start = 0; start < padded.length; start += 64) block(h, padded, start);
    const out = new Uint8Array(32),
      outView = new DataView(out.buffer);
    h.forEach((word, i) => {
      outView.setUint32(4 * i, word);
    });
    return out;
  }

  const utf8 = new TextEncoder();
  const HEX = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, "0"));
  const hex = (bytes) => {
    let s = "";
    for (const b of bytes) s += HEX[b];
    return s;
  };
  const unhex = (s) => Uint8Array.from(s.match(/../g) || [], (x) => parseInt(x, 16));
  const digest = (text) => hex(sha256(utf8.encode(text)));

  /* canonical JSON (RFC 8785): JavaScript writes numbers and strings just as it asks */
  function canonical(value) {
    if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
    if (value && typeof value === "object")
      return (
        "{" +
        Object.keys(value)
          .sort()
          .map((k) => `${JSON.stringify(k)}:${canonical(value[k])}`)
          .join(",") +
        "}"
      );
    return JSON.stringify(value);
  }

  function joined(mark, ...parts) {
    const out = new Uint8Array(1 + parts.reduce((n, p) => n + p.length, 0));
    out[0] = mark;
    let offset = 1;
    for (const part of parts) {
      out.set(part, offset);
      offset += part.length;
    }
    return sha256(out);
  }
  const leaf = (row) => joined(0, utf8.encode(row));
  const node = (left, right) => joined(1, left, right);

  function root(leaves, from = 0, to = leaves.length) {
    if (to - from === 1) return leaves[from];
    let split = 1;
    while (split * 2 < to - from) split *= 2;
    return node(root(leaves, from, from + split), root(leaves, from + split, to));
  }
  const climbed = (start, proof) =>
    proof.reduce(
      (hash, step) =>
        step.side === "L" ? node(unhex(step.hash), hash) : node(hash, unhex(step.hash)),
      start,
    );

  const ticket = (seed, round, x) => digest(`${seed}|${round}|${x}`);

  /* exact fractions over one denominator 10^digits * 2 * 16^13 */
  const SIXTEEN = 16n ** 13n;
  function decimal(text) {
    const [whole, part = ""] = text.split(".");
    return { up: BigInt(whole + part), down: 10n ** BigInt(part.length) };
  }

  /* how many are taken of each stratum: whole numbers k >= 0 with S(h-1) < k + v <= S(h) */
  function taken(strata, seed, round) {
    const v = 2n * BigInt(`0x${ticket(seed, round, "#rounding").slice(0, 13)}`) + 1n; // over 2 * 16^13
    const ratios = strata.map((s) => decimal(s.ratio));
    const ten = ratios.reduce((m, r) => (r.down > m ? r.down : m), 1n);
    const unit = 2n * SIXTEEN * ten; // S and k + v are counted in 1/unit
    const below = (sum) => {
      // how many k >= 0 have k + v <= sum
      const room = sum - v * ten;
      return room < 0n ? 0n : room / unit + 1n;
    };
    let sum = 0n;
    return strata.map((s, i) => {
      const before = below(sum);
      sum += ratios[i].up * (ten / ratios[i].down) * BigInt(s.size) * 2n * SIXTEEN;
      return Number(below(sum) - before);
    });
  }

  function frameRows(text) {
    if (text.charCodeAt(0) === 0xfeff || text.includes("\r"))
      throw new Error("frame.csv: BOM / CR");
    const lines = text.split("\n");
    if (lines.pop() !== "") throw new Error("frame.csv: last line without its end");
    const head = lines.shift();
    if (head !== "code,stratum,odds,salt" && head !== "code,stratum,odds,salt,working")
      throw new Error("frame.csv: header");
    for (let i = 1; i < lines.length; i++)
      if (!(lines[i - 1].slice(0, 18) < lines[i].slice(0, 18)))
        throw new Error(`frame.csv: row ${i + 2} order`);
    return lines;
  }

  const rowOf = (s) =>
    [s.code, s.stratum, s.odds || "", s.salt].concat(s.working ? [s.working] : []).join(",");
  const sorted = (list, key) => list.every((x, i) => i === 0 || key(list[i - 1]) < key(x));

  function check(record, files = {}) {
    const checks = [],
      seed = record.seed.value,
      round = record.round_id,
      committed = record.commitment;
    const say = (ok, zh, en) => checks.push({ ok: Boolean(ok), zh, en });
    if ("demo" in record)
      say(
        record.demo === true && "clock" in record,
        "在演示库中抽取，时间取自演示库自带的时钟：不是真实抽查",
        "drawn in a demo store with a clock of its own: no real draw",
      );
    say(
      record.protocol === "xhcredit-draw/1",
      "协议为 xhcredit-draw/1",
      "protocol is xhcredit-draw/1",
    );
    say(
      seed === seed.normalize("NFC").trim() && [...seed].length >= 1 && [...seed].length <= 256,
      "种子为规范化文本，1 至 256 字符",
      "seed is normalised text of 1 to 256 characters",
    );
    say(
      record.seed.entered_at > committed.committed_at,
      "先公布承诺，后录入种子",
      "the seed was entered after the commitment",
    );
    if (files.commitment) {
      const published = files.commitment;
      say(
        digest(canonical(published)) === committed.digest,
        "承诺文件摘要一致",
        "digest of the commitment",
      );
      say(
        ["frame_root", "frame_size", "committed_at", "strata"].every(
          (k) => canonical(published[k]) === canonical(committed[k]),
        ),
        "承诺内容与记录一致",
        "the record repeats the commitment",
      );
      say(
        ["demo", "clock"].every((k) => published[k] === record[k]),
        "记录与承诺同为演示或同非演示",
        "record and commitment both are of a demo store, or neither",
      );
    }
    const codes = new Set(record.selected.map((s) => s.code));
    say(codes.size === record.selected.length, "抽中企业不重复", "no enterprise is drawn twice");
    say(
      record.selected.every((s) => ticket(seed, round, s.code) === s.ticket),
      "抽中企业的签号均由种子算出",
      "every ticket follows from the seed",
    );
    say(
      record.selected.every((s) => hex(climbed(leaf(rowOf(s)), s.proof)) === committed.frame_root),
      "抽中企业均在已承诺的名录中",
      "every drawn enterprise stood in the committed frame",
    );
    if (record.design === "stratified") stratified(record, say);
    places(record, say);
    if (files.frame !== undefined) whole(record, files.frame, say);
    return checks;
  }

  function stratified(record, say) {
    const { strata, selected } = record,
      committed = record.commitment.strata;
    say(
      strata.length === committed.length &&
        strata.every((s, i) => ["id", "size", "ratio"].every((k) => s[k] === committed[i][k])),
      "各层规模与比例同承诺",
      "sizes and ratios are those committed",
    );
    const numbers = taken(strata, record.seed.value, record.round_id);
    say(
      strata.every((s, i) => s.taken === numbers[i]),
      "各层抽取数由种子算出",
      "numbers taken follow from the seed",
    );
    const by = (id) => selected.filter((x) => x.stratum === id);
    say(
      strata.every((s) => by(s.id).length === s.taken),
      "各层名单数目相符",
      "each stratum lists as many as were taken",
    );
    say(
      strata.every((s) => {
        const drawn = by(s.id);
        return drawn.length === 0 || drawn[drawn.length - 1].ticket === s.last_ticket;
      }),
      "各层最后一签相符",
      "the last ticket of each stratum",
    );
    say(
      sorted(selected, (x) => x.stratum + x.ticket),
      "名单按层、签号排序",
      "the list is in the order of strata and tickets",
    );
  }

  function places(record, say) {
    const flat = (k) =>
      record.selected
        .flatMap((s) => s[k])
        .sort()
        .join();
    say(
      record.selected.every(
        (s) => new Set(s.inspectors).size === s.inspectors.length && s.inspectors.length >= 2,
      ),
      "每家至少两名不同人员",
      "at least two different inspectors each",
    );
    if (!record.selected.some((s) => s.replaced))
      say(
        flat("places_start") === flat("inspectors"),
        "交换不改变人员工作量",
        "swaps keep everybody's load",
      );
  }

  function whole(record, text, say) {
    const { value: seed } = record.seed,
      round = record.round_id,
      committed = record.commitment;
    let lines;
    try {
      lines = frameRows(text);
    } catch (e) {
      say(false, `名录文件有误：${e.message}`, `the frame cannot be read: ${e.message}`);
      return;
    }
    say(
      lines.length === committed.frame_size,
      "名录数目同承诺",
      "the frame has the committed size",
    );
    say(
      lines.length > 0 && hex(root(lines.map(leaf))) === committed.frame_root,
      "名录根摘要同承诺",
      "the frame has the committed root",
    );
    if (record.design !== "stratified") {
      pareto(record, lines, say);
      return;
    }
    const ticketsByStratum = new Map(record.strata.map((s) => [s.id, []]));
    for (const line of lines) {
      const [code, stratum] = line.split(",", 2);
      if (!ticketsByStratum.has(stratum)) {
        say(false, `名录有未承诺的层 ${stratum}`, `a stratum that was not committed: ${stratum}`);
        return;
      }
      ticketsByStratum.get(stratum).push(ticket(seed, round, code) + code);
    }
    const drawn = record.strata.flatMap((s) =>
      ticketsByStratum
        .get(s.id)
        .sort()
        .slice(0, s.taken)
        .map((x) => x.slice(64)),
    );
    say(
      record.strata.every((s) => ticketsByStratum.get(s.id).length === s.size),
      "各层规模同名录",
      "sizes of strata are those of the frame",
    );
    say(
      drawn.join() === record.selected.map((s) => s.code).join(),
      "按种子重新抽取，名单完全一致",
      "drawn again from the seed: the very same list",
    );
  }

  function pareto(record, lines, say) {
    const seed = record.seed.value,
      round = record.round_id,
      certain = [],
      ranked = [];
    let sum = 0;
    for (const line of lines) {
      const [code, , odds, , working] = line.split(",");
      const p = Number(odds),
        w = working ? Number(working) : p;
      sum += p;
      if (p >= 1) {
        certain.push(code);
        continue;
      }
      const u = (parseInt(ticket(seed, round, code).slice(0, 13), 16) + 0.5) / 4503599627370496;
      ranked.push([(u * (1 - w)) / ((1 - u) * w), code]);
    }
    ranked.sort((x, y) => x[0] - y[0] || (x[1] < y[1] ? -1 : 1));
    const n = Math.round(sum);
    const drawn = certain
      .concat(ranked.slice(0, n - certain.length).map((x) => x[1]))
      .sort()
      .join();
    say(
      drawn ===
        record.selected
          .map((s) => s.code)
          .sort()
          .join(),
      "按种子重新抽取，名单完全一致",
      "drawn again from the seed: the very same list",
    );
  }

  return { sha256, hex, digest, canonical, leaf, node, root, climbed, ticket, taken, check };
})();
if (typeof module !== "undefined") module.exports = XhVerify;
