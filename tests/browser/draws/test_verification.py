"""The public verification page: the visitor's own browser draws again, bit by bit the same."""

import json
import random

import pytest
from playwright.sync_api import expect
from xhcredit_serving.console.shell.assets import asset

from tests.browser.site import visit
from tests.draws.worlds import again, drawn, stratified_frame

SIZES = {"s01": 40, "s02": 25, "s03": 10, "s04": 4}
RATIOS = {"s01": "0.05", "s02": "0.2", "s03": "0.35", "s04": "1"}


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("draw")
    _, files = drawn(stratified_frame(SIZES), RATIOS)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def test_anybody_can_draw_again_from_the_files(browser, site, published):
    with visit(browser, site) as page:
        page.goto("/console/public/verify")
        for name in ("record.json", "commitment.json", "frame.csv"):
            page.set_input_files(f"#{name.split('.')[0]}", published / name)
        page.get_by_role("button", name="核验").click()

        expect(page.locator("#outcome")).to_contain_text("核验通过")
        expect(page.locator("#outcome")).to_contain_text("名单完全一致")


def test_a_changed_record_is_told_with_what_is_wrong(browser, site, published, tmp_path):
    record = json.loads((published / "record.json").read_bytes())
    record["selected"].pop()
    (tmp_path / "record.json").write_text(json.dumps(record))
    with visit(browser, site) as page:
        page.goto("/console/public/verify?lang=en")
        page.set_input_files("#record", tmp_path / "record.json")
        page.get_by_role("button", name="Verify").click()

        expect(page.locator("#outcome")).to_contain_text("does not hold")


@pytest.mark.parametrize(
    ("language", "nobody", "nothing"),
    [
        ("zh", "没有编号为“zh-2026-99”的已公示抽查", "请填写抽查编号"),
        ("en", "No draw with the id “zh-2026-99” was published", "Write the id of a draw"),
    ],
)
def test_an_unknown_id_or_no_file_is_not_called_refuted(browser, site, language, nobody, nothing):
    with visit(browser, site) as page:
        page.goto(f"/console/public/verify?draw=zh-2026-99&lang={language}")
        outcome = page.locator("#outcome")
        expect(outcome).to_contain_text(nobody)
        page.fill("#draw", "")
        page.locator("#check button").click()
        expect(outcome).to_contain_text(nothing)
        assert outcome.locator(".error").count() == 0
        page.mishaps[:] = [m for m in page.mishaps if "404" not in m]


def test_the_page_and_we_agree_on_a_thousand_draws(browser, site):
    """Numbers and lists of both programs, for many seeds and shapes of frames."""
    chance = random.Random(7)  # noqa: S311 - a seeded test
    with visit(browser, site, bypass=True) as page:
        page.goto("/console/public/verify")
        page.evaluate(asset("verify.js").plain.decode())
        for _ in range(50):
            sizes = {f"s{n:02d}": chance.randint(1, 9) for n in range(chance.randint(1, 4))}
            ratios = {k: f"{chance.randint(0, 100) / 100:.2f}" for k in sizes}
            frame = stratified_frame(sizes)
            published_draws = [drawn(frame, ratios, seed=str(chance.random())) for _ in range(20)]
            page_inputs = [
                [again(draw_record), files["frame.csv"].decode()]
                for draw_record, files in published_draws
            ]
            holds = page.evaluate(
                "all => all.map(([r, f]) => XhVerify.check(r, {frame: f}).every(c => c.ok))",
                page_inputs,
            )

            assert holds == [True] * len(published_draws)
