/* The verification page: files stay in the browser, nothing is uploaded. */
"use strict";
document.addEventListener("DOMContentLoaded", () => {
  const $ = (id) => document.getElementById(id),
    out = $("outcome"),
    zh = document.documentElement.lang === "zh-CN";
  /* What could not be checked at all is not refuted: a mistyped id, no file chosen. */
  const unchecked = (zhText, enText) => {
    const note = document.createElement("p");
    note.className = "note";
    note.textContent = zh ? zhText : enText;
    out.replaceChildren(note);
    out.focus();
  };
  const show = (checks) => {
    out.innerHTML = "";
    const good = checks.every((c) => c.ok),
      head = document.createElement("p"),
      list = document.createElement("ol");
    head.className = good ? "done" : "error";
    head.textContent = good
      ? zh
        ? "✓ 核验通过"
        : "✓ The record holds"
      : zh
        ? "✗ 核验不通过"
        : "✗ The record does not hold";
    checks.forEach((c) => {
      const item = document.createElement("li");
      item.textContent = `${c.ok ? "✓" : "✗"} ${zh ? c.zh : c.en}`;
      item.className = c.ok ? "up" : "down";
      list.append(item);
    });
    out.append(head, list);
    out.focus();
  };
  const failed = (why) =>
    show([{ ok: false, zh: `文件无法读取：${why}`, en: `cannot be read: ${why}` }]);
  const text = async (id) => {
    const file = $(id).files[0];
    return file ? await file.text() : undefined;
  };

  async function published(draw, name) {
    const answer = await fetch(`/v1/public/draws/${encodeURIComponent(draw)}/${name}.json`);
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`${name}.json ${answer.status}`);
    return answer.text();
  }
  $("check").addEventListener("submit", async (e) => {
    e.preventDefault();
    try {
      const draw = $("draw").value.trim();
      let record = await text("record"),
        commitment = await text("commitment");
      if (!record && !draw) {
        unchecked(
          "请填写抽查编号，或选择 record.json 文件。",
          "Write the id of a draw, or choose its record.json.",
        );
        return;
      }
      if (!record) {
        record = await published(draw, "record");
        if (!record) {
          unchecked(
            `没有编号为“${draw}”的已公示抽查，请核对编号。`,
            `No draw with the id “${draw}” was published; check the id.`,
          );
          return;
        }
        commitment = commitment || (await published(draw, "commitment"));
      }
      const files = { frame: await text("frame") };
      if (commitment) files.commitment = JSON.parse(commitment);
      show(XhVerify.check(JSON.parse(record), files));
    } catch (error) {
      failed(error.message);
    }
  });
  if ($("draw").value) $("check").requestSubmit();
});
