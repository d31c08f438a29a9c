"""Small frames with right codes, and draws over them."""

from __future__ import annotations

import hashlib
import json

from xhcredit.domain.codes import check_digit, organisation_check_digit
from xhcredit.draws.commitment import Terms, canonical, commitment, digest_of
from xhcredit.draws.frame import FrameRow, frame_of
from xhcredit.draws.inspectors import read_inspectors, read_recusals
from xhcredit.draws.record import record

FROZEN_AT, LATER = "2026-07-01T01:00:00.000000Z", "2026-07-02T01:00:00.000000Z"
PEOPLE = "inspector,qualifications,unit,capacity\n" + "".join(
    f"I{n:02d},{'food;general' if n % 2 else 'general'},一所,40\n" for n in range(12)
)


def code(number):
    first = f"91310104{number:08d}"
    first += organisation_check_digit(first + "0")
    return first + check_digit(first + "0")


def salt(number):
    return hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()


def stratified_frame(sizes):
    """A frame with so many enterprises in each stratum, codes mixed over the strata."""
    rows, number = [], 0
    for k in range(max(sizes.values())):
        for stratum, size in sizes.items():
            if k < size:
                rows.append(FrameRow(code(number), stratum, "", salt(number)))
                number += 1
    return frame_of(rows)


def terms(people=PEOPLE, barred="", **other):
    usual_terms = {
        "draw_id": "d-2026-07",
        "round_id": "d-2026-07",
        "plan_id": "p-2026",
        "plan_digest": digest_of(b"plan"),
        "as_of": "2026-06-30",
        "design": "stratified",
        "calibrated": False,
        "seed_source": "上海市体育彩票 2026-07-02",
        "seed_due": "2026-07-02",
        "places": 2,
        "qualification": "food",
        "inspectors_digest": digest_of(people.encode()),
        "recusals_digest": digest_of(recusals(barred).encode()),
    }
    return Terms(**{**usual_terms, **other})


def recusals(rows=""):
    return "inspector,code,reason\n" + rows


def drawn(frame, ratios, seed="2-7-11-13", barred="", **other):
    """Record and the other files of a draw."""
    commitment_body = commitment(terms(barred=barred, **other), frame, ratios, FROZEN_AT, "0" * 64)
    people = read_inspectors(PEOPLE.encode())
    pairs = read_recusals(recusals(barred).encode(), people)
    seed_entry = {"value": seed, "source": commitment_body["seed_source"], "entered_at": LATER}
    draw_record = record(
        frame,
        commitment_body,
        seed_entry,
        people,
        pairs,
        {"previous": "0" * 64, "digest": "1" * 64},
    )
    return draw_record, {
        "record.json": canonical(draw_record),
        "commitment.json": canonical(commitment_body),
        "frame.csv": frame.encoded(),
        "inspectors.csv": PEOPLE.encode(),
        "recusals.csv": recusals(barred).encode(),
    }


def again(draw_record):
    """A record as it is read from its file."""
    return json.loads(canonical(draw_record))
