"""Each statement of a record that is checked, and what is said when it does not hold."""

import copy
import re

import pytest

from tests.draws.worlds import again, drawn, stratified_frame
from xhcredit.draws import selection
from xhcredit.draws.commitment import DEMO, canonical
from xhcredit.draws.tickets import bound_ticket
from xhcredit.draws.verify import PublishedFiles, json_of, standalone_verifier, verify_record
from xhcredit.errors import BadInput, BadPlan, RecordRefuted

FRAME = stratified_frame({"s01": 6, "s02": 4, "s03": 3})
#: of s03 nobody is drawn
RATIOS = {"s01": "0.5", "s02": "1", "s03": "0"}
RECORD, FILES = drawn(FRAME, RATIOS)
RECORD = again(RECORD)
BESIDE = PublishedFiles(
    *(
        FILES[f]
        for f in (
            "commitment.json",
            "frame.csv",
            "inspectors.csv",
            "recusals.csv",
            "record.json",
        )
    )
)
PUBLIC = [
    ("记录各部分齐全", "the record has its parts and no other"),
    ("协议", "the protocol is xhcredit-draw/1"),
    ("种子规范", "the seed is as it counts"),
    ("先承诺后种子", "the seed was entered after the commitment"),
    ("种子来源", "the seed is of the announced source"),
    ("签号由种子算出", "every ticket follows from the seed"),
    ("企业不重复", "no enterprise is drawn twice"),
    ("均在承诺名录中", "every drawn enterprise stood in the committed frame"),
    ("名单次序", "the list is in the order of strata and tickets"),
    ("各层同承诺", "strata, sizes and ratios are those committed"),
    ("名录数目", "the sizes of the strata add up to the frame"),
    ("各层数目", "each stratum lists as many as were taken"),
    ("末签", "the last ticket of each stratum is the highest listed"),
    ("抽取数由种子算出", "the numbers taken follow from the seed"),
    ("入样概率", "probabilities are the ratios of the strata"),
    ("两名以上人员", "two different inspectors or more for each enterprise"),
]
WITH_FILES = [
    ("规范写法", "the record is canonical JSON, byte by byte"),
    ("承诺摘要", "the commitment has the digest of the record"),
    ("承诺内容", "the record repeats the commitment"),
    ("名录数目", "the frame has the committed size"),
    ("名录根", "the frame has the committed root"),
    ("各层规模", "sizes of strata are those of the frame"),
    ("重抽名单一致", "drawn again from the seed: the very same list"),
    ("人员名录摘要", "inspectors and recusals are those committed"),
    ("起始分配合规", "the start meets qualifications and recusals"),
    ("交换由种子算出", "the swaps follow from the seed"),
]


def words(checks):
    return [(c.zh, c.en) for c in checks if c.holds]


def test_what_is_checked_is_told_in_its_order():
    assert words(verify_record(RECORD)) == PUBLIC
    assert words(verify_record(RECORD, BESIDE)) == PUBLIC + WITH_FILES
    # people without the commitment say nothing
    people = PublishedFiles(inspectors=FILES["inspectors.csv"], recusals=FILES["recusals.csv"])
    assert words(verify_record(RECORD, people)) == PUBLIC


def change(path, value):
    """The record with one value exchanged; a function is given the old one."""
    record = copy.deepcopy(RECORD)
    place = record
    for step in path[:-1]:
        place = place[step]
    old = place[path[-1]]
    place[path[-1]] = value(old) if callable(value) else value
    return record


REFUTED = [
    (["protocol"], "xhcredit-draw/2", 1),
    (["seed", "value"], lambda v: f" {v}", 2),
    (["seed", "entered_at"], RECORD["commitment"]["committed_at"], 3),
    (["seed", "source"], "another", 4),
    (["selected", 0, "ticket"], "0" * 64, 5),
    (["selected"], lambda s: [s[0], *s], 6),
    (["selected", 0, "proof"], lambda p: p[:-1], 7),
    (["selected"], lambda s: s[::-1], 8),
    (["strata", 0, "ratio"], "0.25", 9),
    (["strata", 2, "size"], 9, 9),
    (["commitment", "frame_size"], 14, 10),
    (["selected"], lambda s: s[:-1], 11),
    (["strata", 0, "taken"], lambda n: n + 1, 11),
    (["strata", 0, "last_ticket"], "f" * 64, 12),
    (["strata", 2, "last_ticket"], "f" * 64, 12),
    (["selected", 0, "inclusion_probability"], "0.25", 14),
    (["selected", 0, "inspectors"], lambda i: i[:1], 15),
    (["selected", 0, "inspectors"], lambda i: [i[0], i[0]], 15),
]


@pytest.mark.parametrize(("path", "value", "check"), REFUTED)
def test_what_does_not_hold_is_named_first(path, value, check):
    zh, en = PUBLIC[check]

    message = f"{zh} / not so: {en}; this is not the record as drawn"
    with pytest.raises(RecordRefuted, match=f"^{re.escape(message)}$"):
        verify_record(change(path, value))


@pytest.mark.parametrize("name", sorted(RECORD))
def test_a_part_that_is_missing_or_one_too_many_is_refuted(name):
    for record in ({k: v for k, v in RECORD.items() if k != name}, RECORD | {f"{name}2": 1}):
        with pytest.raises(
            RecordRefuted, match=r"^记录各部分齐全 / not so: the record has its parts"
        ):
            verify_record(record)


def test_a_record_that_cannot_be_read_is_refuted_and_not_a_fault():
    with pytest.raises(
        RecordRefuted, match=r"^记录可读 / not so: the record can be read \(TypeErr"
    ):
        verify_record(RECORD | {"selected": 7})
    with pytest.raises(RecordRefuted, match=r"the record can be read \(KeyError: 'value'\)"):
        verify_record(RECORD | {"seed": {}})


def test_a_draw_of_a_demo_says_so_in_the_words_of_the_protocol():
    record, files = drawn(FRAME, RATIOS, demo=True)
    verdict = verify_record(again(record), PublishedFiles(commitment=files["commitment.json"]))

    assert words(verdict)[0] == (
        "在演示库中抽取，时间取自演示库自带的时钟：不是真实抽查",
        "drawn in a demo store with a clock of its own: no real draw",
    )
    part = next(k for k in DEMO if k != "demo")
    with pytest.raises(RecordRefuted, match=r"^在演示库中抽取"):
        verify_record(again(record) | {part: "a real draw"})
    with pytest.raises(RecordRefuted, match=r"^在演示库中抽取"):
        verify_record(again(record) | {"demo": False})
    # neither may be of a demo without the other
    with pytest.raises(RecordRefuted, match=r"^承诺"):
        verify_record(again(record), PublishedFiles(commitment=FILES["commitment.json"]))


@pytest.mark.parametrize(
    ("name", "change_", "check"),
    [
        ("record", lambda b: b + b"\n", 0),
        ("commitment", lambda b: b.replace(b"p-2026", b"p-2027"), 1),
        ("frame", lambda b: stratified_frame({"s01": 6, "s02": 4, "s03": 2}).encoded(), 3),
        ("frame", lambda b: stratified_frame({"s01": 6, "s02": 3, "s03": 4}).encoded(), 4),
        ("inspectors", lambda b: b.replace(b"40", b"41"), 7),
    ],
)
def test_a_file_that_is_not_the_published_one_is_named(name, change_, check):
    files = BESIDE._replace(**{name: change_(getattr(BESIDE, name))})
    zh, en = WITH_FILES[check]

    message = f"{zh} / not so: {en}; this is not the record as drawn"
    with pytest.raises(RecordRefuted, match=f"^{re.escape(message)}$"):
        verify_record(RECORD, files)


def test_swapping_two_teams_is_seen_where_the_people_are_at_hand():
    record = copy.deepcopy(RECORD)
    first_selected, other = (s for s in record["selected"][:2])
    first_selected["inspectors"], other["inspectors"] = (
        other["inspectors"],
        first_selected["inspectors"],
    )
    if first_selected["inspectors"] == other["inspectors"]:
        pytest.fail("choose a seed with which two teams differ")

    assert verify_record(record)
    with pytest.raises(RecordRefuted, match=r"^交换由种子算出"):
        verify_record(record, BESIDE._replace(record=canonical(record)))


def test_a_start_that_breaks_a_recusal_is_seen():
    first = RECORD["selected"][0]
    barred = "".join(f"I{n:02d},{first['code']},亲属\n" for n in range(1, 12, 2))
    record, files = drawn(
        FRAME, RATIOS, barred=barred[: len(barred) // 2].rsplit("\n", 1)[0] + "\n"
    )
    forged_record = again(record)
    [place] = [s for s in forged_record["selected"] if s["code"] == first["code"]]
    place["places_start"] = ["I01", place["places_start"][1]]
    beside = PublishedFiles(
        files["commitment.json"], None, files["inspectors.csv"], files["recusals.csv"]
    )

    with pytest.raises(RecordRefuted, match=r"^起始分配合规"):
        verify_record(forged_record, beside)


def test_files_that_are_no_json_objects_are_refused():
    with pytest.raises(BadInput, match=r"^this is no JSON \(.*\); take the file as it was publish"):
        json_of(b"{")
    with pytest.raises(
        BadInput, match=r"^this is no JSON object; take the file as it was published"
    ):
        json_of(b"[1]")
    assert json_of(b'{"a": 1}') == {"a": 1}


def test_the_program_for_everybody_is_python_of_its_standard_library():
    program = standalone_verifier().decode()

    compile(program, "verify_draw.py", "exec")
    assert "import xhcredit" not in program
    assert "from xhcredit" not in program


def test_a_stratum_without_a_ratio_and_a_ratio_without_a_stratum_are_named():
    ticket = bound_ticket("1", "r")
    for ratios, odd in (
        ({"s01": "0.5", "s02": "1"}, "s03"),
        (RATIOS | {"s09": "1", "s00": "1"}, "s00, s09"),
    ):
        message = f"strata {odd} are either empty or without a ratio; correct them"
        with pytest.raises(BadPlan, match=f"^{re.escape(message)}$"):
            selection.draw_stratified(FRAME, ratios, ticket)
