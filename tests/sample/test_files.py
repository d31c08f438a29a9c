"""The exports: complete, mapped, the same again, and dirty only where it is written down."""

import json
from pathlib import Path

import pyarrow.csv as pacsv
import pytest

from data.sample.world.build import Order, build
from data.sample.world.codes import AREA, valid
from data.sample.world.dirt import KINDS
from data.sample.world.layout import LAYOUTS
from xhcredit.ingest.mapping import check_source_columns, load_mappings
from xhcredit.ingest.schema import directory

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
BAD_CODES = {"wrong_check_digit", "wrong_organisation_digit", "nineteen_characters"}
OTHER_CODES = {"lower_case_code", "full_width_code"}


def read(folder: Path, name: str):
    """A CSV export as texts."""
    layout = LAYOUTS[name]
    encoding = "utf8" if layout.encoding == "utf-8-sig" else layout.encoding
    types = pacsv.ConvertOptions(column_types=dict.fromkeys(layout.headers.values(), "string"))
    return pacsv.read_csv(
        folder / "exports" / f"{layout.file}.csv",
        read_options=pacsv.ReadOptions(encoding=encoding),
        convert_options=types,
    )


def csv_tables() -> list[str]:
    return [name for name, layout in LAYOUTS.items() if layout.kind == "csv"]


def test_same_seed_gives_the_same_bytes(tmp_path):
    for folder in ("one", "two"):
        build(Order(enterprises=400, seed=3, out=tmp_path / folder), lambda: None)

    for file in (f for f in (tmp_path / "one").rglob("*") if f.is_file()):
        twin = tmp_path / "two" / file.relative_to(tmp_path / "one")
        assert file.read_bytes() == twin.read_bytes(), file.name


def test_another_seed_gives_another_district(tmp_path, exports):
    build(Order(enterprises=3000, seed=9, out=tmp_path), lambda: None)
    file = "exports/penalties.csv"

    assert (exports / file).read_bytes() != (tmp_path / file).read_bytes()


def test_every_table_of_the_directory_has_a_file_and_one_mapping():
    mappings = load_mappings(SAMPLE / "mappings")
    files = [file.name for file in (SAMPLE / "exports").iterdir()]
    taken = {name: [m for m in mappings if m.matches(name)] for name in files}

    assert [1] * len(files) == [len(m) for m in taken.values()]
    assert set(directory()) == {b.table.name for m in taken.values() for b in m[0].blocks}


@pytest.mark.parametrize("name", csv_tables())
def test_mappings_take_or_ignore_every_column(name, exports):
    (mapping,) = (m for m in load_mappings(SAMPLE / "mappings") if m.id == f"sample_{name}")

    check_source_columns(mapping, read(exports, name).column_names, name)


@pytest.mark.parametrize("name", csv_tables())
def test_codes_are_sound_but_for_the_counted_dirt(name, exports):
    column = read(exports, name)[LAYOUTS[name].header("code")].to_pylist()
    rows = json.loads((exports / "truth" / "dirt.json").read_text(encoding="utf-8"))["rows"]
    dirty = {r["row"] for r in rows if r["table"] == name and r["kind"] in BAD_CODES | OTHER_CODES}

    bad = {row for row, good in enumerate(valid(column), start=2) if not good}
    assert dirty == bad
    assert all(c[2:8] == AREA for row, c in enumerate(column, start=2) if row not in bad)


def test_every_kind_of_dirt_is_counted_and_told(exports):
    dirt = json.loads((exports / "truth" / "dirt.json").read_text(encoding="utf-8"))
    text = (SAMPLE / "WORLD.md").read_text(encoding="utf-8")

    assert {kind.name: 3 for kind in KINDS} == dirt["counts"]
    assert all(f"`{kind.name}`" in text for kind in KINDS)


def test_without_dirt_the_dirty_rows_and_nothing_else_are_gone(exports, tmp_path):
    build(Order(enterprises=3000, seed=7, out=tmp_path, dirt=False), lambda: None)
    rows = json.loads((exports / "truth" / "dirt.json").read_text(encoding="utf-8"))["rows"]
    dirty = {r["row"] for r in rows if r["table"] == "penalty"}

    clean = read(tmp_path, "penalty").to_pylist()
    clean_rows = [
        r for n, r in enumerate(read(exports, "penalty").to_pylist(), start=2) if n not in dirty
    ]
    assert clean == clean_rows


def test_committed_sample_is_what_the_generator_makes(tmp_path):
    build(Order(enterprises=2000, seed=20261122, out=tmp_path), lambda: None)

    for name in csv_tables():
        file = f"exports/{LAYOUTS[name].file}.csv"
        assert (tmp_path / file).read_bytes() == (SAMPLE / file).read_bytes(), file


def test_committed_sample_is_small():
    exports = sum(f.stat().st_size for f in (SAMPLE / "exports").iterdir())
    truth = sum(f.stat().st_size for f in (SAMPLE / "truth").iterdir())

    assert exports <= 2_500_000
    assert truth <= 500_000


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (Order(5, 1, Path()), "give a number from 100"),
        (Order(1000, -1, Path()), "give a number from 0"),
    ],
)
def test_a_doubtful_order_is_answered_with_what_to_do(order, words):
    assert words in order.problem()


def test_every_bureau_supervises_somebody_and_hardly_anybody_has_none(exports):
    bureaus = read(exports, "enterprise")["主管部门"].to_pylist()

    assert {"示例区市场监督管理局", "示例区民政局", "示例区住房和城乡建设管理委员会"} < set(bureaus)
    assert 0 < sum(not b for b in bureaus) < len(bureaus) / 100
