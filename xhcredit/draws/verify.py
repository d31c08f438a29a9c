"""Verification of a draw record against its commitment, seed and frame, check by check.

Without the frame: what the public can check.  With it: the whole draw again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files as resources
from typing import Any, NamedTuple

from xhcredit.draws import frame as draw_frame
from xhcredit.draws import inspectors as inspector_lists
from xhcredit.draws import record as draw_record
from xhcredit.draws.commitment import (
    DEMO,
    PROTOCOL,
    REPEATED,
    Statement,
    canonical,
    demo_part,
    digest_of,
)
from xhcredit.draws.merkle import leaf, root_from_proof
from xhcredit.draws.selection import STRATIFIED, Stratum, drawn_counts
from xhcredit.draws.swaps import swap_chain
from xhcredit.draws.tickets import BoundTicket, bound_ticket, seed_text
from xhcredit.errors import BadInput, BadPlan, RecordRefuted


class Check(NamedTuple):
    """Outcome of one verification check, described in both languages."""

    holds: bool
    zh: str
    en: str


#: every part of a record, and no other
KEYS = {
    "protocol", "draw_id", "round_id", "replaces", "plan", "as_of", "commitment", "seed", "design",
    "calibrated", "strata", "selected", "activity",
}  # fmt: skip


#: what a check of a draw in a demo store begins with, in both languages
IN_DEMO = (
    "在演示库中抽取，时间取自演示库自带的时钟：不是真实抽查",
    "drawn in a demo store with a clock of its own: no real draw",
)


class PublishedFiles(NamedTuple):
    """Published files beside a record, as bytes; ``record`` is the record's own file."""

    commitment: bytes | None = None
    frame: bytes | None = None
    inspectors: bytes | None = None
    recusals: bytes | None = None
    record: bytes | None = None


NO_FILES = PublishedFiles()


def json_of(content: bytes) -> dict[str, Any]:
    """A published file as JSON.

    Raises:
        BadInput: it is no JSON object.
    """
    try:
        document = json.loads(content)
    except ValueError as error:
        raise BadInput(f"this is no JSON ({error}); take the file as it was published") from None
    if not isinstance(document, dict):
        raise BadInput("this is no JSON object; take the file as it was published")
    return document


def standalone_verifier() -> bytes:
    """Stand-alone verifier program: Python standard library only."""
    return resources(__package__).joinpath("templates", "verify_draw.txt").read_bytes()


def verify_record(record: Statement, files: PublishedFiles = NO_FILES) -> list[Check]:
    """Everything that was checked; all of it holds.

    Raises:
        RecordRefuted: names the first thing that does not hold.
    """
    passed_checks = []
    for check in record_checks(record, files):
        passed_checks.append(check)
        if not check.holds:
            raise RecordRefuted(f"{check.zh} / not so: {check.en}; this is not the record as drawn")
    return passed_checks


def record_checks(record: Statement, files: PublishedFiles = NO_FILES) -> Iterator[Check]:
    """All checks that the available files allow; an unreadable record is a failed check."""
    try:
        yield from _record_checks(record)
        yield from _published_file_checks(record, files)
    except (KeyError, TypeError, ValueError, AttributeError, BadPlan, BadInput) as error:
        yield Check(False, "记录可读", f"the record can be read ({type(error).__name__}: {error})")


def _record_checks(record: Statement) -> Iterator[Check]:
    if "demo" in record:
        yield Check(demo_part(record) == DEMO, *IN_DEMO)
    # No part too many either: an added key could carry what no check covers and pass for
    # verified.
    is_complete = set(record) - set(demo_part(record)) == KEYS
    yield Check(is_complete, "记录各部分齐全", "the record has its parts and no other")
    seed, committed, selected = record["seed"], record["commitment"], record["selected"]
    yield Check(record["protocol"] == PROTOCOL, "协议", f"the protocol is {PROTOCOL}")
    # Two writings of one seed would both be accepted by a reader and give different tickets.
    yield Check(seed_text(seed["value"]) == seed["value"], "种子规范", "the seed is as it counts")
    # Both as the activity log writes moments, in one width and with one offset, so they compare
    # as text.
    is_seed_later = str(seed["entered_at"]) > str(committed["committed_at"])
    yield Check(is_seed_later, "先承诺后种子", "the seed was entered after the commitment")
    yield Check(
        seed["source"] == committed["seed_source"],
        "种子来源",
        "the seed is of the announced source",
    )
    ticket = bound_ticket(seed["value"], record["round_id"])
    tickets_match = all(ticket(s["code"]) == s["ticket"] for s in selected)
    yield Check(tickets_match, "签号由种子算出", "every ticket follows from the seed")
    is_unique = len({s["code"] for s in selected}) == len(selected)
    yield Check(is_unique, "企业不重复", "no enterprise is drawn twice")
    stood_in_frame = all(
        root_from_proof(leaf(draw_record.drawn_from_record(s).row.text), s["proof"])
        == committed["frame_root"]
        for s in selected
    )
    yield Check(
        stood_in_frame, "均在承诺名录中", "every drawn enterprise stood in the committed frame"
    )
    order = [(s["stratum"], s["ticket"]) for s in selected]
    yield Check(
        order == sorted(order), "名单次序", "the list is in the order of strata and tickets"
    )
    yield from _strata(record, ticket)
    yield from _teams(record)


def _strata(record: Statement, ticket: BoundTicket) -> Iterator[Check]:
    strata = record["strata"]
    stratum_terms = [{k: s[k] for k in ("id", "size", "ratio")} for s in strata]
    matches_commitment = stratum_terms == record["commitment"]["strata"]
    yield Check(matches_commitment, "各层同承诺", "strata, sizes and ratios are those committed")
    sizes_add_up = sum(s["size"] for s in strata) == record["commitment"]["frame_size"]
    yield Check(sizes_add_up, "名录数目", "the sizes of the strata add up to the frame")
    selected_by_stratum = {
        s["id"]: [x for x in record["selected"] if x["stratum"] == s["id"]] for s in strata
    }
    known = sum(map(len, selected_by_stratum.values())) == len(record["selected"])
    counts_match = known and all(len(selected_by_stratum[s["id"]]) == s["taken"] for s in strata)
    yield Check(counts_match, "各层数目", "each stratum lists as many as were taken")
    last = all(
        (selected_by_stratum[s["id"]] or [{"ticket": None}])[-1]["ticket"] == s["last_ticket"]
        for s in strata
    )
    yield Check(last, "末签", "the last ticket of each stratum is the highest listed")
    if record["design"] == STRATIFIED:
        drawn = drawn_counts([Stratum(s["id"], s["size"], s["ratio"]) for s in strata], ticket)
        counts_follow = drawn == [s["taken"] for s in strata]
        yield Check(counts_follow, "抽取数由种子算出", "the numbers taken follow from the seed")
        ratios = {s["id"]: s["ratio"] for s in strata}
        odds = all(x["inclusion_probability"] == ratios[x["stratum"]] for x in record["selected"])
        yield Check(odds, "入样概率", "probabilities are the ratios of the strata")
    else:
        odds = all(x["inclusion_probability"] == x["odds"] for x in record["selected"])
        yield Check(odds, "入样概率", "probabilities are the odds of the frame")


def _teams(record: Statement) -> Iterator[Check]:
    teams = [s["inspectors"] for s in record["selected"]]
    has_team = all(len(t) > 1 and len(set(t)) == len(t) for t in teams)
    yield Check(has_team, "两名以上人员", "two different inspectors or more for each enterprise")


def _published_file_checks(record: Statement, files: PublishedFiles) -> Iterator[Check]:
    """Checks against the other published files."""
    committed: dict[str, Any] = {}
    if files.record is not None:
        # Byte by byte: what a parser forgives (a key twice, another number format) must not
        # hide behind a valid content.
        is_same = canonical(dict(record)) == files.record
        yield Check(is_same, "规范写法", "the record is canonical JSON, byte by byte")
    if files.commitment is not None:
        committed = json.loads(files.commitment)
        is_same = digest_of(canonical(committed)) == record["commitment"]["digest"]
        yield Check(is_same, "承诺摘要", "the commitment has the digest of the record")
        repeated = ("protocol", "draw_id", "round_id", "replaces", "plan", "as_of", "design",
                    "calibrated")  # fmt: skip
        repeats_commitment = all(committed[k] == record[k] for k in repeated)
        repeats_commitment &= all(committed[k] == record["commitment"][k] for k in REPEATED)
        repeats_commitment &= demo_part(committed) == demo_part(record)
        yield Check(repeats_commitment, "承诺内容", "the record repeats the commitment")
    if files.frame is not None:
        yield from _redraw_checks(record, files.frame)
    if files.inspectors is not None and files.recusals is not None and committed:
        yield from _staffing_checks(record, committed, files.inspectors, files.recusals)


def _redraw_checks(record: Statement, frame_bytes: bytes) -> Iterator[Check]:
    frame = draw_frame.decoded(frame_bytes)
    commitment = record["commitment"]
    yield Check(
        len(frame.rows) == commitment["frame_size"], "名录数目", "the frame has the committed size"
    )
    yield Check(
        frame.tree.root == commitment["frame_root"], "名录根", "the frame has the committed root"
    )
    sizes = {s["id"]: s["size"] for s in record["strata"]}
    yield Check(dict(frame.sizes) == sizes, "各层规模", "sizes of strata are those of the frame")
    terms = {**record, "frame_root": commitment["frame_root"], "strata": commitment["strata"]}
    drawn = draw_record.draw(frame, terms, record["seed"]["value"])
    is_same_list = [d.row.code for d in drawn] == [s["code"] for s in record["selected"]]
    yield Check(is_same_list, "重抽名单一致", "drawn again from the seed: the very same list")


def _staffing_checks(
    record: Statement, committed: Statement, inspectors_bytes: bytes, recusals_bytes: bytes
) -> Iterator[Check]:
    digests = (digest_of(inspectors_bytes), digest_of(recusals_bytes))
    committed_digests = (committed["inspectors_digest"], committed["recusals_digest"])
    yield Check(
        digests == committed_digests, "人员名录摘要", "inspectors and recusals are those committed"
    )
    inspectors = inspector_lists.read_inspectors(inspectors_bytes)
    recusals = inspector_lists.read_recusals(recusals_bytes, inspectors)
    drawn = [draw_record.drawn_from_record(s) for s in record["selected"]]
    task = draw_record.task_of(drawn, committed, inspectors, recusals)
    position = {inspector.inspector: index for index, inspector in enumerate(inspectors)}
    start = [position[inspector] for s in record["selected"] for inspector in s["places_start"]]
    lawful = all(inspector in task.eligible[place] for place, inspector in enumerate(start))
    yield Check(lawful, "起始分配合规", "the start meets qualifications and recusals")
    ticket = bound_ticket(record["seed"]["value"], record["round_id"])
    # The start is taken from the record and only checked for lawfulness: the chain is what the
    # seed determines step by step.
    final = [inspectors[index].inspector for index in swap_chain(task, start, ticket)]
    recorded_inspectors = [inspector for s in record["selected"] for inspector in s["inspectors"]]
    yield Check(final == recorded_inspectors, "交换由种子算出", "the swaps follow from the seed")
