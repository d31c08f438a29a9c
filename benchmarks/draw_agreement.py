"""One list from three programs (target D4): ours, the page's JavaScript, and the stand-alone check.

1,000 draws of random shapes - stratified, individual, individual and calibrated - are made by
ours; the JavaScript of the public page (in Node, the engine of Chromium) and ``verify_draw.py``
draw each again from its frame and seed and compare byte by byte.  So that agreement means
something, a list in which two enterprises changed places must be refused by
all three.  Run: ``python -m benchmarks.draw_agreement [DRAWS]``; about a minute for 1,000.
"""

from __future__ import annotations

import contextlib
import io
import json
import random
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from tests.draws.worlds import again, drawn, stratified_frame
from xhcredit.draws.calibration import calibrate
from xhcredit.draws.frame import Frame, frame_of
from xhcredit.draws.pareto import decimals, in_units, proportional_odds
from xhcredit.draws.verify import PublishedFiles, verify_record
from xhcredit.errors import XhcreditError

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "serving" / "xhcredit_serving" / "console" / "static" / "verify.js"
SEEDS = ("2-7-11-13", "种子 é 9", "0", "9319./2.5.8.10.12./", "🎲 6 1 5")
NODE = """
const verify = require(process.argv[1]);
const lines = require("readline").createInterface({input: process.stdin});
lines.on("line", (line) => {
  const [record, frame, commitment] = JSON.parse(line);
  console.log(verify.check(record, {frame, commitment}).every((c) => c.ok) ? 1 : 0);
});
"""
Published = dict[str, bytes]


def draws(count: int) -> Iterator[tuple[str, Published]]:
    """Draws with their design, of random sizes, ratios, odds and seeds."""
    chance = random.Random(20261123)
    for number in range(count):
        seed = f"{SEEDS[number % len(SEEDS)]} {chance.random()}"
        strata = {f"s{n:02}": chance.randint(1, 60) for n in range(chance.randint(1, 6))}
        frame = stratified_frame(strata)
        if number % 3 == 0:
            ratios = {k: f"{chance.randint(0, 1000) / 1000:.3f}" for k in strata}
            yield "stratified", drawn(frame, ratios, seed)[1]
            continue
        exact = number % 3 == 2
        frame = with_odds(stratified_frame({"s01": 3 * chance.randint(4, 60)}), chance, exact)
        name = "individual, calibrated" if exact else "individual"
        yield name, drawn(frame, {}, seed, design="individual", calibrated=exact)[1]


def with_odds(frame: Frame, chance: random.Random, exact: bool) -> Frame:
    """A frame of individual odds in three classes, with working probabilities if ``exact``."""
    size = len(frame.rows)
    classes = np.repeat([1.0, chance.uniform(1.5, 3), chance.uniform(3, 6)], size // 3)
    odds = proportional_odds(classes, max(1, size // 8))
    codes = [r.code for r in frame.rows]
    texts = decimals(in_units(odds, codes))
    working = [""] * size
    if exact:
        kinds, kind_of_cell, many = np.unique(
            np.array(texts), return_inverse=True, return_counts=True
        )
        calibrated_odds = calibrate(kinds.astype(float), many.astype(np.int64), max(1, size // 8))
        working = [f"{calibrated_odds[k]:.12f}" for k in kind_of_cell]
    rows = zip(frame.rows, texts, working, strict=True)
    return frame_of(r._replace(odds=o, working=w) for r, o, w in rows)


def exchanged(published: Published) -> Published | None:
    """The same record with one enterprise's code and ticket exchanged for another's."""
    draw_record = json.loads(published["record.json"])
    if len(draw_record["selected"]) < 2:
        return None
    first, second = draw_record["selected"][0], draw_record["selected"][-1]
    first["code"], second["code"] = second["code"], first["code"]
    record_bytes = json.dumps(
        draw_record, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    ).encode()
    return published | {"record.json": record_bytes}


def by_ours(published: Published) -> bool:
    """Whether our own check draws the same list."""
    names = ("commitment.json", "frame.csv", "inspectors.csv", "recusals.csv", "record.json")
    try:
        draw_record = again(json.loads(published["record.json"]))
        return all(
            c.holds
            for c in verify_record(draw_record, PublishedFiles(*(published[n] for n in names)))
        )
    except XhcreditError:
        return False


def stranger(folder: Path) -> Callable[[Published], bool]:
    """``verify_draw.py`` as it is exported, run on files in a folder."""
    text = files("xhcredit.draws").joinpath("templates", "verify_draw.txt").read_text("utf-8")
    program: dict[str, Any] = {"__name__": "verify_draw"}
    exec(compile(text, "verify_draw.py", "exec"), program)

    def holds(published: Published) -> bool:
        for name, content in published.items():
            (folder / name).write_bytes(content)
        with contextlib.redirect_stdout(io.StringIO()):
            try:
                program["main"]([str(folder / name) for name in published])
            except SystemExit:
                return False
        return True

    return holds


def by_page(published_draws: list[Published]) -> list[bool]:
    """Whether the page's JavaScript draws the same lists; one process for all."""
    node = shutil.which("node")
    if node is None:
        raise SystemExit("no Node on this computer; install nodejs")
    lines = [
        json.dumps(
            [
                json.loads(p["record.json"]),
                p["frame.csv"].decode(),
                json.loads(p["commitment.json"]),
            ]
        )
        for p in published_draws
    ]
    page_input = "\n".join(lines).encode()
    command = [node, "-e", NODE, "--", str(SCRIPT)]
    done = subprocess.run(command, input=page_input, capture_output=True, check=True)
    return [line == "1" for line in done.stdout.decode().split()]


def main() -> int:
    """Draw, check three times, print how often all agree."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    all_draws = list(draws(count))
    spoilt = [s for _, p in all_draws[::10] if (s := exchanged(p)) is not None]
    draws_to_check = [p for _, p in all_draws] + spoilt
    page, ours = by_page(draws_to_check), [by_ours(p) for p in draws_to_check]
    with tempfile.TemporaryDirectory() as name:
        alone = [stranger(Path(name))(p) for p in draws_to_check]
    met = [all(three) for three in zip(ours, page, alone, strict=True)]
    refused = [not any(three) for three in zip(ours, page, alone, strict=True)]
    for design, many in Counter(d for d, _ in all_draws).items():
        same = sum(m for (d, _), m in zip(all_draws, met, strict=False) if d == design)
        print(f"{design}: {same} of {many} lists bit-equal in Python, JavaScript, verify_draw.py")
    listed = sum(len(json.loads(p["record.json"])["selected"]) for _, p in all_draws)
    print(
        f"{listed:,} enterprises drawn; {sum(refused[count:])} of {len(spoilt)} lists with two "
        "enterprises exchanged were refused by all three"
    )
    return int(sum(met) != count or sum(refused) != len(spoilt))


if __name__ == "__main__":
    sys.exit(main())
