"""A doubtful mapping file is refused, naming file, place and what to do."""

import copy

import pytest

from xhcredit.errors import BadMapping
from xhcredit.ingest.mapping import load_mapping, load_mappings

from .tools import PENALTIES, write_mappings

BLOCK = "tables[0]"


def changed(path, value):
    """The mapping of penalties with one place changed; ``None`` removes it."""
    mapping = copy.deepcopy(PENALTIES)
    place = mapping
    for key in path[:-1]:
        place = place[key]
    if value is None:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return mapping


def column(name, value):
    return changed(["tables", 0, "columns", name], value)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (changed(["fiels"], "x"), r'top level: unknown key "fiels" \(did you mean "files"\?\)'),
        (changed(["files"], None), r'top level: "files" is missing; add it'),
        (changed(["tables"], "penalty"), r"tables: found 'penalty'; write a list"),
        (changed(["tables", 0], "penalty"), r"tables\[0\]: found 'penalty'; write `key: value`"),
        (
            changed(["tables", 0, "table"], "penalties"),
            r'has no table "penalties" \(did you mean "penalty"\?\); it has: enterprise',
        ),
        (column("ammount_yuan", "x"), r'unknown key "ammount_yuan" \(did you mean "amount_yuan"'),
        (column("doc_no", None), r'table "penalty" needs "doc_no" \(处罚决定书文号\); map it'),
        (column("known_on", {"else": "published_on"}), r'else: "published_on" is not mapped'),
        (
            column("procedure", {"column": "x", "values": {"普通": "ordinry"}}),
            r'procedure.values\[普通\]: "ordinry" is no value of "procedure" \(did you mean "ord',
        ),
        (column("procedure", {"default": "quick"}), r'"quick" is no value .* it takes: ordinary'),
        (column("procedure", {}), r"says nothing of where the value comes from; add `column`"),
        (column("procedure", {"column": "x", "unit": "元"}), r"`unit` does not go with type \"cat"),
        (column("doc_no", {"else_by_name": "x", "column": "y"}), r"is for the column `code` only"),
        (column("doc_no", {"join": ["x"], "column": "y"}), r"give only one of: column, join"),
        (column("amount_yuan", {"column": "x", "unit": "千元"}), r'unit "千元"; use 元 or 万元'),
        (column("amount_yuan", {"column": "x", "usual": [5, 1]}), r"`usual` takes two amounts"),
        (column("amount_yuan", {"default": "viel"}), r'"viel" is not a number'),
        (column("occurred_on", {"default": "2026-02-30"}), r'"2026-02-30" is no day; write it as'),
        (column("occurred_on", {"column": "x", "dates": "%Y"}), r"`dates` takes a list such as"),
        (column("procedure", {"column": "x", "values": ["a"]}), r"`values` takes `source value"),
        (changed(["format"], {"kind": "xls"}), r'format: kind "xls"; use one of: csv, xlsx'),
        (changed(["format"], {"encoding": "latin1"}), r'encoding "latin1"; use one of: auto'),
        (changed(["where"], {"column": "x"}), r"where: give exactly one of `equals`, `in`, `not"),
        (changed(["where"], {"column": "x", "in": "y"}), r"`in` and `not_in` a list of values"),
        (changed(["ignore"], ["文号"]), r'ignore: column "文号" is also used; take it out'),
        (changed(["persons"], ["penalty.agency"]), r'persons: "penalty.agency" is no person'),
    ],
)
def test_a_doubtful_mapping_is_refused(tmp_path, mapping, message):
    folder = write_mappings(tmp_path, mapping)
    with pytest.raises(BadMapping, match=r"penalties\.yaml: .*" + message):
        load_mappings(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2\n", r'm\.yaml: line 2: "a" stands twice; keep one of them'),
        ("a: [1\n", r"m\.yaml: is not readable YAML .*; mend it there"),
        ("- a\n", r"m\.yaml: is not a mapping; start with"),
        ("!!python/object:os.system x\n", r"m\.yaml: is not readable YAML"),
    ],
)
def test_a_broken_file_is_refused(tmp_path, text, message):
    file = tmp_path / "m.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(BadMapping, match=message):
        load_mapping(file)


def test_a_missing_file_or_an_empty_folder_is_told(tmp_path):
    with pytest.raises(BadMapping, match=r"does not exist; give a mapping file or a folder"):
        load_mappings(tmp_path / "nothing.yaml")
    with pytest.raises(BadMapping, match=r"holds no \.yaml file"):
        load_mappings(tmp_path)


def test_two_mappings_of_one_id_are_refused(tmp_path):
    folder = write_mappings(tmp_path, PENALTIES)
    file = folder / "penalties.yaml"
    (folder / "copy.yaml").write_bytes(file.read_bytes())
    with pytest.raises(BadMapping, match=r'id "penalties" is used by two files; rename one'):
        load_mappings(folder)


def test_comments_do_not_change_a_mapping(tmp_path):
    file = write_mappings(tmp_path, PENALTIES) / "penalties.yaml"
    before = load_mapping(file)
    file.write_text("# told\n" + file.read_text(encoding="utf-8"), encoding="utf-8")

    assert load_mapping(file).digest == before.digest
