"""Verification of a draw record against its commitment, seed and frame, check by check.

Without the frame: what the public can check.  With it: the whole draw again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from importlib.resources import files as resources
from typing import Any, NamedTuple

from xhcredit.draws import frame as frames
from xhcredit.draws import inspectors as lists
from xhcredit.draws import record as records
from xhcredit.draws.commitment import (
    DEMO,
    PROTOCOL,
    REPEATED,
    canonical,
    demo_part,
    digest_of,
)
from xhcredit.draws.merkle import climbed, leaf
from xhcredit.draws.selection import STRATIFIED, Stratum, numbers
from xhcredit.draws.swaps import shuffled
from xhcredit.draws.tickets import bound, seed_text
from xhcredit.errors import BadInput, BadPlan, RecordRefuted

Json = Mapping[str, Any]


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


class Files(NamedTuple):
    """Published files beside a record, as bytes; ``record`` is the record's own file."""

    commitment: bytes | None = None
    frame: bytes | None = None
    inspectors: bytes | None = None
    recusals: bytes | None = None
    record: bytes | None = None


NOTHING = Files()


def json_of(data: bytes) -> dict[str, Any]:
    """A published file as JSON.

    Raises:
        BadInput: it is no JSON object.
    """
    try:
        found = json.loads(data)
    except ValueError as error:
        raise BadInput(f"this is no JSON ({error}); take the file as it was published") from None
    if not isinstance(found, dict):
        raise BadInput("this is no JSON object; take the file as it was published")
    return found


def stranger() -> bytes:
    """Stand-alone verifier program: Python standard library only."""
    return resources(__package__).joinpath("templates", "verify_draw.txt").read_bytes()


def verified(record: Json, files: Files = NOTHING) -> list[Check]:
    """Everything that was checked; all of it holds.

    Raises:
        RecordRefuted: names the first thing that does not hold.
    """
    done = []
    for check in checks(record, files):
        done.append(check)
        if not check.holds:
            raise RecordRefuted(f"{check.zh} / not so: {check.en}; this is not the record as drawn")
    return done


def checks(record: Json, files: Files = NOTHING) -> Iterator[Check]:
    """All checks that the available files allow; an unreadable record is a failed check."""
    try:
        yield from _public(record)
        yield from _against(record, files)
    except (KeyError, TypeError, ValueError, AttributeError, BadPlan, BadInput) as error:
        yield Check(False, "记录可读", f"the record can be read ({type(error).__name__}: {error})")


def _public(record: Json) -> Iterator[Check]:
    if "demo" in record:
        yield Check(demo_part(record) == DEMO, *IN_DEMO)
    whole = set(record) - set(demo_part(record)) == KEYS
    yield Check(whole, "记录各部分齐全", "the record has its parts and no other")
    seed, committed, selected = record["seed"], record["commitment"], record["selected"]
    yield Check(record["protocol"] == PROTOCOL, "协议", f"the protocol is {PROTOCOL}")
    yield Check(seed_text(seed["value"]) == seed["value"], "种子规范", "the seed is as it counts")
    later = str(seed["entered_at"]) > str(committed["committed_at"])
    yield Check(later, "先承诺后种子", "the seed was entered after the commitment")
    yield Check(
        seed["source"] == committed["seed_source"],
        "种子来源",
        "the seed is of the announced source",
    )
    ticket = bound(seed["value"], record["round_id"])
    right = all(ticket(s["code"]) == s["ticket"] for s in selected)
    yield Check(right, "签号由种子算出", "every ticket follows from the seed")
    once = len({s["code"] for s in selected}) == len(selected)
    yield Check(once, "企业不重复", "no enterprise is drawn twice")
    stood = all(
        climbed(leaf(records.opened(s).row.text), s["proof"]) == committed["frame_root"]
        for s in selected
    )
    yield Check(stood, "均在承诺名录中", "every drawn enterprise stood in the committed frame")
    order = [(s["stratum"], s["ticket"]) for s in selected]
    yield Check(
        order == sorted(order), "名单次序", "the list is in the order of strata and tickets"
    )
    yield from _strata(record, ticket)
    yield from _teams(record)


def _strata(record: Json, ticket: Any) -> Iterator[Check]:
    strata = record["strata"]
    told = [{k: s[k] for k in ("id", "size", "ratio")} for s in strata]
    same = told == record["commitment"]["strata"]
    yield Check(same, "各层同承诺", "strata, sizes and ratios are those committed")
    whole = sum(s["size"] for s in strata) == record["commitment"]["frame_size"]
    yield Check(whole, "名录数目", "the sizes of the strata add up to the frame")
    own = {s["id"]: [x for x in record["selected"] if x["stratum"] == s["id"]] for s in strata}
    known = sum(map(len, own.values())) == len(record["selected"])
    right = known and all(len(own[s["id"]]) == s["taken"] for s in strata)
    yield Check(right, "各层数目", "each stratum lists as many as were taken")
    last = all(
        (own[s["id"]] or [{"ticket": None}])[-1]["ticket"] == s["last_ticket"] for s in strata
    )
    yield Check(last, "末签", "the last ticket of each stratum is the highest listed")
    if record["design"] == STRATIFIED:
        drawn = numbers([Stratum(s["id"], s["size"], s["ratio"]) for s in strata], ticket)
        follows = drawn == [s["taken"] for s in strata]
        yield Check(follows, "抽取数由种子算出", "the numbers taken follow from the seed")
        ratios = {s["id"]: s["ratio"] for s in strata}
        odds = all(x["inclusion_probability"] == ratios[x["stratum"]] for x in record["selected"])
        yield Check(odds, "入样概率", "probabilities are the ratios of the strata")
    else:
        odds = all(x["inclusion_probability"] == x["odds"] for x in record["selected"])
        yield Check(odds, "入样概率", "probabilities are the odds of the frame")


def _teams(record: Json) -> Iterator[Check]:
    teams = [s["inspectors"] for s in record["selected"]]
    several = all(len(t) > 1 and len(set(t)) == len(t) for t in teams)
    yield Check(several, "两名以上人员", "two different inspectors or more for each enterprise")


def _against(record: Json, files: Files) -> Iterator[Check]:
    """Checks against the other published files."""
    committed: dict[str, Any] = {}
    if files.record is not None:
        same = canonical(dict(record)) == files.record
        yield Check(same, "规范写法", "the record is canonical JSON, byte by byte")
    if files.commitment is not None:
        committed = json.loads(files.commitment)
        same = digest_of(canonical(committed)) == record["commitment"]["digest"]
        yield Check(same, "承诺摘要", "the commitment has the digest of the record")
        repeated = ("protocol", "draw_id", "round_id", "replaces", "plan", "as_of", "design",
                    "calibrated")  # fmt: skip
        told = all(committed[k] == record[k] for k in repeated)
        told &= all(committed[k] == record["commitment"][k] for k in REPEATED)
        told &= demo_part(committed) == demo_part(record)
        yield Check(told, "承诺内容", "the record repeats the commitment")
    if files.frame is not None:
        yield from _redrawn(record, files.frame)
    if files.inspectors is not None and files.recusals is not None and committed:
        yield from _staffed(record, committed, files.inspectors, files.recusals)


def _redrawn(record: Json, data: bytes) -> Iterator[Check]:
    frame = frames.decoded(data)
    made = record["commitment"]
    yield Check(
        len(frame.rows) == made["frame_size"], "名录数目", "the frame has the committed size"
    )
    yield Check(frame.tree.root == made["frame_root"], "名录根", "the frame has the committed root")
    sizes = {s["id"]: s["size"] for s in record["strata"]}
    yield Check(dict(frame.sizes) == sizes, "各层规模", "sizes of strata are those of the frame")
    terms = {**record, "frame_root": made["frame_root"], "strata": made["strata"]}
    drawn = records.draw(frame, terms, record["seed"]["value"])
    same = [d.row.code for d in drawn] == [s["code"] for s in record["selected"]]
    yield Check(same, "重抽名单一致", "drawn again from the seed: the very same list")


def _staffed(record: Json, committed: Json, people: bytes, barred: bytes) -> Iterator[Check]:
    digests = (digest_of(people), digest_of(barred))
    made = (committed["inspectors_digest"], committed["recusals_digest"])
    yield Check(digests == made, "人员名录摘要", "inspectors and recusals are those committed")
    inspectors = lists.read_inspectors(people)
    recusals = lists.read_recusals(barred, inspectors)
    drawn = [records.opened(s) for s in record["selected"]]
    task = records.task_of(drawn, committed, inspectors, recusals)
    position = {who.inspector: at for at, who in enumerate(inspectors)}
    start = [position[who] for s in record["selected"] for who in s["places_start"]]
    lawful = all(who in task.eligible[place] for place, who in enumerate(start))
    yield Check(lawful, "起始分配合规", "the start meets qualifications and recusals")
    ticket = bound(record["seed"]["value"], record["round_id"])
    final = [inspectors[at].inspector for at in shuffled(task, start, ticket)]
    told = [who for s in record["selected"] for who in s["inspectors"]]
    yield Check(final == told, "交换由种子算出", "the swaps follow from the seed")
