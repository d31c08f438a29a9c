"""The protocol to the byte: tickets, tree, frame, selection, record, and who checks it."""

from __future__ import annotations

import copy
import hashlib
import json
import subprocess
import sys
from collections import Counter
from fractions import Fraction
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from tests.draws.worlds import again, code, drawn, salt, stratified_frame
from xhcredit.draws import selection
from xhcredit.draws.commitment import canonical
from xhcredit.draws.frame import FrameRow, decoded, frame_of
from xhcredit.draws.merkle import leaf, node, root_from_proof, tree
from xhcredit.draws.pareto import decimals, in_units, proportional_odds
from xhcredit.draws.tickets import bound_ticket, seed_text, ticket, unit
from xhcredit.draws.verify import PublishedFiles, verify_record
from xhcredit.errors import BadInput, BadPlan, RecordRefuted

SIZES = {"s01": 40, "s02": 25, "s03": 10, "s04": 4}
RATIOS = {"s01": "0.05", "s02": "0.2", "s03": "0.35", "s04": "1"}


def recursive_root(leaves):
    """RFC 6962 section 2.1, as it is written there."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while 2 * split < len(leaves):
        split *= 2
    return node(recursive_root(leaves[:split]), recursive_root(leaves[split:]))


def test_a_ticket_is_the_hash_of_seed_round_and_code():
    ticket_hash = hashlib.sha256("七|r|91".encode()).hexdigest()

    assert ticket("七", "r", "91") == bound_ticket("七", "r")("91") == ticket_hash


def test_a_number_from_a_ticket_is_strictly_between_and_exact_in_a_double():
    for drawn_ticket in ("0" * 64, "f" * 64, "8" * 64):
        assert 0 < unit(drawn_ticket) < 1
        assert Fraction(float(unit(drawn_ticket))) == unit(drawn_ticket)


@given(st.integers(1, 130))
def test_the_tree_is_that_of_rfc_6962_and_every_proof_leads_to_its_root(size):
    rows = [f"row {n}" for n in range(size)]
    grown = tree(r.encode() for r in rows)

    assert grown.root == recursive_root([leaf(r) for r in rows]).hex()
    assert {root_from_proof(leaf(r), grown.proof(n)) for n, r in enumerate(rows)} == {grown.root}


@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_given_changes_nothing(random):
    frame = stratified_frame(SIZES)
    rows = list(frame.rows)
    random.shuffle(rows)

    assert frame_of(rows).encoded() == frame.encoded()
    assert decoded(frame.encoded()).tree.root == frame.tree.root


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 1000)), min_size=1, max_size=6),
    st.text("0123456789abcdef", min_size=1, max_size=20),
)
def test_numbers_taken_add_up_to_floor_or_ceiling_and_stay_within_one(parts, seed):
    strata = [
        selection.Stratum(f"s{n:02d}", size, f"{ratio / 1000:.3f}")
        for n, (size, ratio) in enumerate(parts)
    ]
    numbers_drawn = selection.drawn_counts(strata, bound_ticket(seed, "r"))
    targets = [Fraction(s.ratio) * s.size for s in strata]

    assert abs(sum(numbers_drawn) - sum(targets)) < 1
    assert all(abs(n - t) < 1 for n, t in zip(numbers_drawn, targets, strict=True))
    assert all(
        n == s.size for n, s in zip(numbers_drawn, strata, strict=True) if Fraction(s.ratio) == 1
    )


def test_over_many_seeds_everybody_is_drawn_as_often_as_the_ratio_says():
    frame = stratified_frame({"s01": 12, "s02": 8})
    ratios, rounds = {"s01": "0.3", "s02": "0.45"}, 3000
    counts = Counter(
        d.row.code
        for seed in range(rounds)
        for d in selection.draw_stratified(frame, ratios, bound_ticket(str(seed), "r"))
    )
    expected = [rounds * float(ratios[row.stratum]) for row in frame.rows]
    observed = [counts[row.code] for row in frame.rows]
    scaled = [e * sum(observed) / sum(expected) for e in expected]

    assert sum(observed) == pytest.approx(sum(expected), rel=0.01)
    assert chisquare(observed, scaled).pvalue > 0.001


def test_an_individual_draw_takes_the_certain_and_as_many_as_the_odds_add_up_to():
    probabilities = proportional_odds(np.linspace(1, 30, 40), 12)
    codes = [code(n) for n in range(40)]
    odds = decimals(in_units(probabilities, codes))
    frame = frame_of(FrameRow(c, "s01", o, salt(c)) for c, o in zip(codes, odds, strict=True))
    draw_record, published = drawn(frame, {}, design="individual")

    assert len(draw_record["selected"]) == 12
    certain = {r.code for r in frame.rows if r.odds == "1.000000000000"}
    assert certain <= {s["code"] for s in draw_record["selected"]}
    verify_record(again(draw_record), PublishedFiles(frame=published["frame.csv"]))


def all_files(published):
    return PublishedFiles(
        published["commitment.json"],
        published["frame.csv"],
        published["inspectors.csv"],
        published["recusals.csv"],
    )


def test_a_record_holds_against_everything_that_was_published():
    draw_record, published = drawn(stratified_frame(SIZES), RATIOS, barred=f"I01,{code(0)},亲属\n")

    assert all(check.holds for check in verify_record(again(draw_record), all_files(published)))
    assert [s["taken"] for s in draw_record["strata"]][3] == 4


CHANGES = {
    "seed": lambda r: r["seed"].update(value="another"),
    "seed before the commitment": lambda r: r["seed"].update(entered_at="2026-06-01T00:00:00Z"),
    "another source": lambda r: r["seed"].update(source="my dice"),
    "somebody left out": lambda r: r["selected"].pop(),
    "somebody put in": lambda r: r["selected"].append(dict(r["selected"][0], code=code(70))),
    "ticket": lambda r: r["selected"][0].update(ticket="0" * 64),
    "salt": lambda r: r["selected"][0].update(salt="0" * 32),
    "root": lambda r: r["commitment"].update(frame_root="0" * 64),
    "size": lambda r: r["commitment"].update(frame_size=80),
    "ratio": lambda r: r["strata"][0].update(ratio="0.5"),
    "taken": lambda r: r["strata"][0].update(taken=3),
    "probability": lambda r: r["selected"][0].update(inclusion_probability="0.9"),
    "inspector": lambda r: r["selected"][0].update(inspectors=["I00", "I00"]),
    "inspectors changed places": lambda r: r["selected"][0]["inspectors"].reverse(),
    "last ticket": lambda r: r["strata"][1].update(last_ticket="f" * 64),
    "plan": lambda r: r["plan"].update(id="another"),
    "protocol": lambda r: r.update(protocol="xhcredit-draw/2"),
    "a part is gone": lambda r: r.pop("strata"),
    "a part too many": lambda r: r.update(note="x"),
    "letters of a proof": lambda r: r["selected"][0]["proof"][0].update(
        hash=r["selected"][0]["proof"][0]["hash"].upper()
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_record_is_refuted_by_us_and_by_a_stranger(change, tmp_path):
    draw_record, published = drawn(stratified_frame(SIZES), RATIOS)
    changed = copy.deepcopy(again(draw_record))
    CHANGES[change](changed)

    with pytest.raises(RecordRefuted, match=r"not so|can be read"):
        verify_record(changed, all_files(published))
    if change not in ("probability", "a part too many"):  # which the stranger does not look at
        assert stranger(tmp_path, {**published, "record.json": canonical(changed)}) != 0


def test_a_record_that_was_written_anew_is_not_the_published_one():
    draw_record, published = drawn(stratified_frame(SIZES), RATIOS)
    written = published["record.json"]

    verify_record(again(draw_record), PublishedFiles(record=written))
    with pytest.raises(RecordRefuted, match="byte by byte"):
        verify_record(again(draw_record), PublishedFiles(record=json.dumps(draw_record).encode()))


def stranger(folder, published):
    """Exit code of the stand-alone program."""
    for name, content in published.items():
        (folder / name).write_bytes(content)
    text = files("xhcredit.draws").joinpath("templates", "verify_draw.txt").read_text("utf-8")
    (folder / "verify_draw.py").write_text(text, encoding="utf-8")
    return alone(folder, *published).returncode


def alone(folder, *names):
    """The stand-alone program, asked about files of a folder."""
    command = [sys.executable, "-I", "verify_draw.py", *names]
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize("design", ["stratified", "individual"])
def test_the_stand_alone_program_agrees_and_is_short(tmp_path, design):
    frame, ratios = stratified_frame(SIZES), RATIOS
    if design == "individual":
        codes = [row.code for row in frame.rows]
        weights = np.linspace(1, 9, len(codes))
        odds = decimals(in_units(proportional_odds(weights, 15), codes))
        frame = frame_of(r._replace(odds=o) for r, o in zip(frame.rows, odds, strict=True))
        ratios = {}
    _, published = drawn(frame, ratios, design=design)
    text = files("xhcredit.draws").joinpath("templates", "verify_draw.txt").read_text("utf-8")

    assert stranger(tmp_path, published) == 0
    assert len(text.splitlines()) < 300


@pytest.mark.slow
def test_the_stand_alone_program_says_what_it_was_given_and_what_it_wants(tmp_path):
    _, published = drawn(stratified_frame(SIZES), RATIOS)
    assert stranger(tmp_path, published) == 0

    shown = alone(tmp_path, "--help")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "python3 verify_draw.py record.json" in shown.stdout
    assert "record.json is not among the files" in alone(tmp_path, "frame.csv").stderr
    away = alone(tmp_path, "record.json", "away.csv")
    assert (away.returncode, away.stdout) == (1, "")
    assert away.stderr.startswith("away.csv cannot be read: No such file")
    for junk in (b"", b"[1]", b"{}", b"\xff", published["commitment.json"]):
        (tmp_path / "record.json").write_bytes(junk)
        finished = alone(tmp_path, "record.json")
        assert (finished.returncode, finished.stderr) == (1, "")
        assert finished.stdout.splitlines()[-1].startswith("WRONG ")


@given(st.data())
def test_one_changed_byte_of_the_frame_is_caught(data):
    draw_record, published = drawn(stratified_frame({"s01": 12}), {"s01": "0.25"})
    frame = bytearray(published["frame.csv"])
    byte_place = data.draw(st.integers(0, len(frame) - 1))
    frame[byte_place] ^= data.draw(st.integers(1, 255))

    with pytest.raises(RecordRefuted, match=r"not so|can be read"):
        verify_record(again(draw_record), PublishedFiles(frame=bytes(frame)))


BAD_FRAMES = {
    b"\xef\xbb\xbfcode,stratum,odds,salt\n": "row 1: header",
    b"code;stratum\n": "row 1: header",
    b"code,stratum,odds,salt\n": "holds no row",
    b"code,stratum,odds,salt\r\n": "line ends are not LF",
    b"code,stratum,odds,salt\n\xff\n": "row 2: not UTF-8",
    b"code,stratum,odds,salt\n1,s01,,x\n": "row 2: code",
    f"code,stratum,odds,salt\n{code(1)},s01,\n".encode(): "row 2: 3 cells",
    f"code,stratum,odds,salt\n{code(1)},S1,,{salt(1)}\n".encode(): "is no id",
    f"code,stratum,odds,salt\n{code(1)},s1,1.5,{salt(1)}\n".encode(): "no probability",
    f"code,stratum,odds,salt\n{code(1)},s1,,{salt(1)}\n{code(1)},s1,,{salt(1)}\n".encode(): "twice",
    f"code,stratum,odds,salt\n{code(2)},s1,,{salt(1)}\n{code(1)},s1,,{salt(1)}\n".encode(): "order",
}


@pytest.mark.parametrize(("frame_bytes", "words"), BAD_FRAMES.items())
def test_a_frame_that_is_not_to_the_byte_is_refused_with_row_and_column(frame_bytes, words):
    with pytest.raises(BadInput, match=words):
        decoded(frame_bytes)


def test_bad_plans_are_refused():
    frame = stratified_frame({"s01": 5})
    for ratios, words in (
        ({"s01": "1.1"}, "from 0 to 1"),
        ({"s01": "abc"}, "from 0 to 1"),
        ({"s01": "0.2", "s02": "0.1"}, "s02"),
        ({}, "s01"),
    ):
        with pytest.raises(BadPlan, match=words):
            drawn(frame, ratios)
    with pytest.raises(BadPlan, match="twice"):
        frame_of([*frame.rows, frame.rows[0]])
    with pytest.raises(BadPlan, match="nobody"):
        frame_of([])


def test_a_seed_is_normalised_and_bounded():
    assert seed_text("  e\u0301 7 ") == "é 7"
    for wrong in ("", "  ", "x" * 257, "a\nb"):
        with pytest.raises(BadPlan, match="characters"):
            seed_text(wrong)
