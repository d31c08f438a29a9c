"""Every check of a record refutes by itself: one part is changed, and nothing else complains."""

from __future__ import annotations

import copy
import json

import pytest

from tests.draws.test_protocol import RATIOS, SIZES, all_files
from tests.draws.worlds import again, code, drawn, stratified_frame
from xhcredit.draws.commitment import canonical
from xhcredit.draws.frame import FrameRow
from xhcredit.draws.record import drawn_from_record
from xhcredit.draws.selection import DrawnEnterprise
from xhcredit.draws.verify import KEYS, NO_FILES, PublishedFiles, record_checks


def told_of(record, files=NO_FILES):
    """What does not hold of a record, every check on its own."""
    return [check.en for check in record_checks(record, files) if not check.holds]


def other_team(record):
    record["selected"][0]["inspectors"] = ["I00", "I00"]


#: what is changed in a record that was right, and every check that must fail without any file
REFUTED = {
    "seed with a blank behind it": (
        lambda r: r["seed"].update(value=r["seed"]["value"] + " "),
        ["the seed is as it counts", "every ticket follows"],
    ),
    "seed of the moment of the commitment": (
        lambda r: r["seed"].update(entered_at=r["commitment"]["committed_at"]),
        ["the seed was entered after the commitment"],
    ),
    "protocol": (lambda r: r.update(protocol="xhcredit-draw/9"), ["the protocol is"]),
    "source": (lambda r: r["seed"].update(source="dice"), ["the seed is of the announced source"]),
    "a part too many": (lambda r: r.update(note=""), ["the record has its parts and no other"]),
    "one ticket": (lambda r: r["selected"][0].update(ticket="0" * 64), ["every ticket follows"]),
    "salt": (
        lambda r: r["selected"][0].update(salt="0" * 32),
        ["every drawn enterprise stood in the committed frame"],
    ),
    "root": (
        lambda r: r["commitment"].update(frame_root="0" * 64),
        ["every drawn enterprise stood in the committed frame"],
    ),
    "two places changed": (
        lambda r: r["selected"].insert(2, r["selected"].pop(3)),
        ["the list is in the order of strata and tickets"],
    ),
    "ratio": (
        lambda r: r["strata"][0].update(ratio="0.06"),
        ["strata, sizes and ratios", "the numbers taken follow", "probabilities are the ratios"],
    ),
    "size of the frame": (
        lambda r: r["commitment"].update(frame_size=80),
        ["the sizes of the strata add up to the frame"],
    ),
    "last ticket": (
        lambda r: r["strata"][1].update(last_ticket="f" * 64),
        ["the last ticket of each stratum is the highest listed"],
    ),
    "probability": (
        lambda r: r["selected"][0].update(inclusion_probability="0.9"),
        ["probabilities are the ratios of the strata"],
    ),
    "one inspector": (
        lambda r: r["selected"][0]["inspectors"].pop(),
        ["two different inspectors or more for each enterprise"],
    ),
    "the same inspector twice": (
        other_team,
        ["two different inspectors or more for each enterprise"],
    ),
}


@pytest.mark.parametrize("change", REFUTED)
def test_each_check_of_the_public_refutes_by_itself(change):
    draw_record, _ = drawn(stratified_frame(SIZES), RATIOS)
    changed = copy.deepcopy(again(draw_record))
    alter, expected = REFUTED[change]
    alter(changed)

    assert told_of(again(draw_record)) == []
    refutations = told_of(changed)
    assert len(refutations) == len(expected), refutations
    assert all(words in line for words, line in zip(expected, refutations, strict=True)), (
        refutations
    )


def test_who_was_drawn_twice_or_left_out_shows_in_numbers():
    draw_record, _ = drawn(stratified_frame(SIZES), RATIOS)
    twice, less, strange = (copy.deepcopy(again(draw_record)) for _ in range(3))
    twice["selected"].append(dict(twice["selected"][-1]))
    less["selected"].pop()
    strange["selected"][0]["stratum"] = "s00"

    assert told_of(twice)[:2] == [
        "no enterprise is drawn twice",
        "each stratum lists as many as were taken",
    ]
    assert told_of(less)[0] == "each stratum lists as many as were taken"
    assert "each stratum lists as many as were taken" in told_of(strange)


def test_numbers_taken_that_agree_with_a_shorter_list_still_do_not_follow_from_the_seed():
    draw_record, _ = drawn(stratified_frame(SIZES), RATIOS)
    less = copy.deepcopy(again(draw_record))
    less["selected"].pop()
    last = less["strata"][-1]
    last.update(taken=last["taken"] - 1, last_ticket=less["selected"][-1]["ticket"])

    assert told_of(less) == ["the numbers taken follow from the seed"]


def with_files(**changes):
    """What does not hold of a right record beside files that were changed."""
    draw_record, published = drawn(stratified_frame(SIZES), RATIOS, barred=f"I01,{code(0)},亲属\n")
    parts = all_files(published)._asdict()
    for name, change in changes.items():
        parts[name] = change(parts[name])
    return told_of(again(draw_record), PublishedFiles(**parts))


def test_files_that_are_not_those_committed_are_told_apart():
    def with_term(**other):
        return lambda content: canonical(json.loads(content) | other)

    assert with_files() == []
    assert with_files(commitment=with_term(places=3))[0] == (
        "the commitment has the digest of the record"
    )
    assert "the record repeats the commitment" in with_files(
        commitment=with_term(as_of="2026-06-29")
    )
    assert "the record repeats the commitment" in with_files(commitment=with_term(frame_size=80))
    assert with_files(inspectors=lambda content: content.replace(b"I11", b"I12"))[0] == (
        "inspectors and recusals are those committed"
    )
    assert with_files(recusals=lambda content: content.replace(b"I01", b"I03"))[0] == (
        "inspectors and recusals are those committed"
    )
    shorter = with_files(frame=lambda content: content.rsplit(b"\n", 2)[0] + b"\n")
    assert shorter[:3] == [
        "the frame has the committed size",
        "the frame has the committed root",
        "sizes of strata are those of the frame",
    ]


def started(record, who):
    """The record with another start of its first place."""
    changed = copy.deepcopy(record)
    changed["selected"][0]["places_start"][0] = who
    return changed


def test_a_start_that_qualifications_or_recusals_forbid_is_refuted():
    """Even numbers are not qualified for food; I01 is recused for the first enterprise drawn."""
    draw_record, _ = drawn(stratified_frame(SIZES), RATIOS)
    first = draw_record["selected"][0]["code"]
    draw_record, published = drawn(stratified_frame(SIZES), RATIOS, barred=f"I01,{first},亲属\n")
    files = all_files(published)
    lawful = "the start meets qualifications and recusals"

    assert again(draw_record)["selected"][0]["code"] == first
    assert lawful in told_of(started(again(draw_record), "I01"), files)
    both = copy.deepcopy(again(draw_record))
    both["selected"][0]["places_start"] = ["I00", "I02"]  # nobody of the two knows food
    assert lawful in told_of(both, files)
    assert told_of(again(draw_record), files) == []


def test_a_record_that_cannot_be_read_fails_in_words_and_not_in_an_error():
    for junk in ({}, {"seed": 1}, {key: None for key in KEYS}):
        assert "the record can be read" in told_of(junk)[-1]


@pytest.mark.parametrize("working", [{}, {"working": "1;2"}])
def test_a_drawn_enterprise_is_read_from_a_record_with_every_cell_of_its_row(working):
    cells = {"code": "91", "stratum": "s01", "odds": "0.5", "salt": "ab"}
    selected = {**cells, **working, "ticket": "t", "inclusion_probability": "0.25"}
    row = FrameRow("91", "s01", "0.5", "ab", working.get("working", ""))

    assert drawn_from_record(selected) == DrawnEnterprise(row, "t", "0.25")
