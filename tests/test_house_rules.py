"""What linters cannot check: the house rules, each with the cure in its message.

Every walk is also shown a planted offender, so that a walk that finds nothing can be trusted.
"""

from __future__ import annotations

import inspect
import re
import tomllib
from functools import cache
from itertools import chain

import pytest
from packaging.requirements import Requirement

from tests import naming, page_walks, walks
from tests.walks import ROOT, error_classes, python_files, shown
from xhcredit.features.registry import features
from xhcredit.rules.check import referenced_features
from xhcredit.rules.consistency import WHOLES
from xhcredit.rules.families import families
from xhcredit.rules.rulebook import Rulebook
from xhcredit.store.all_tables import tables

BOOK = Rulebook.load()
FAMILIES = {pattern.partition(".")[0] for pattern in families()}
LIBRARY = [f for n in ("xhcredit", "serving", "training", "client") for f in python_files(n)]
#: a program that measures tests, hence allowed a clock
MUTATION = python_files("tests/mutation")
TESTS = [f for f in python_files("tests") if f not in MUTATION]
OTHERS = [*python_files("data"), *python_files("benchmarks"), *MUTATION]
MEASURING = [*python_files("benchmarks"), *python_files("examples")]

CONSOLE = ROOT / "serving/xhcredit_serving/console"
TEMPLATES = sorted(CONSOLE.glob("templates/**/*.html"))
SCRIPTS = sorted(CONSOLE.glob("static/*.js"))
STYLES = sorted(CONSOLE.glob("static/*.css"))

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
#: subjects of the outer floors, in their order
SUBJECTS = {
    "night", "draws", "restoration", "alerts", "models", "access", "delivery", "enterprise",
    "documents",
}  # fmt: skip
FLOORS = {
    "xhcredit.jobs": "xhcredit/jobs",
    "xhcredit.store": "xhcredit/store",
    "xhcredit.cli": "xhcredit/cli",
    "xhcredit_serving": "serving/xhcredit_serving",
    "xhcredit_serving.console": "serving/xhcredit_serving/console",
}

#: floors that decide by law; those of later steps are walked as soon as they exist
BY_LAW = ("tiers", "draws", "restoration", "alerts")

#: files of the rules' floor that read rules by id
READERS = ("rulebook.py", "working_days.py", "official_names.py")

#: families that are read by prefix (``packs.<pack>``, ``scope.<x>`` …), not by a written id
BY_PREFIX = (
    "packs.", "scope.", "outcomes.", "alerts.triggers.", "draws.coverage.", "calendar.years.",
    *(f"{whole}.x_" for whole in WHOLES),
)  # fmt: skip


def complaints(walk, files, **limits):
    """All complaints of one walk over files, one a line."""
    complaints_by_file = (walk(shown(f), f.read_text(encoding="utf-8"), **limits) for f in files)
    return "\n".join(chain.from_iterable(complaints_by_file))


def everything():
    """Tracked text files with their content; what is no text is left out."""
    for file in walks.tracked():
        try:
            yield file, file.read_bytes().decode("utf-8")
        except UnicodeDecodeError:
            continue


@cache
def rules_read():
    """Rule ids written in the library, outside the files that only declare and load them."""
    readers = [f for f in LIBRARY if "rules" not in f.parts or f.name in READERS]
    written = [walks.rule_ids(f.read_text(encoding="utf-8"), FAMILIES) for f in readers]
    return set(chain.from_iterable(written))


def test_files_and_functions_of_the_library_are_short():
    assert complaints(walks.long_parts, LIBRARY, file=400, function=50) == ""


def test_files_and_functions_of_tests_and_generators_are_short():
    assert complaints(walks.long_parts, [*TESTS, *OTHERS], file=400, function=50) == ""


def test_public_names_of_the_library_say_what_they_stand_for():
    assert complaints(naming.vague_public_names, LIBRARY) == ""


@pytest.mark.parametrize("walk", [naming.vague_fields, naming.vague_columns, naming.vague_routes])
def test_fields_columns_and_routes_say_what_they_hold(walk):
    assert complaints(walk, LIBRARY) == ""


def test_tables_and_columns_of_the_store_say_what_they_hold():
    columns = [(t.name, c.name) for t in tables().values() for c in t.columns]

    assert len(columns) > 200
    assert [pair for pair in columns if naming.VAGUE & {*pair}] == []


def test_keys_of_rules_and_directory_say_what_they_hold():
    files = [*(ROOT / "xhcredit").rglob("*.yaml")]

    assert files
    assert complaints(naming.vague_keys, files) == ""


@pytest.mark.parametrize(
    ("files", "least"),
    [(LIBRARY, 10_000), ([*TESTS, *MUTATION], 10_000), (MEASURING, 1500)],
    ids=["library", "tests", "benchmarks and examples"],
)
def test_of_all_local_names_at_most_one_in_two_hundred_is_vague(files, least):
    names = [(n, shown(f)) for f in files for n in naming.local_names(f.read_text("utf-8"))]
    vague = [(n, file) for n, file in names if n in naming.VAGUE]

    assert len(names) > least
    assert len(vague) <= 0.005 * len(names), vague


def test_constants_and_helpers_of_tests_and_benchmarks_say_what_they_stand_for():
    assert complaints(naming.vague_module_names, [*TESTS, *MUTATION, *MEASURING]) == ""


def test_names_in_templates_and_scripts_say_what_they_stand_for():
    assert len(TEMPLATES) > 50
    assert len(SCRIPTS) > 3
    assert complaints(naming.vague_template_names, TEMPLATES) == ""
    assert complaints(naming.vague_context_keys, python_files(shown(CONSOLE))) == ""
    assert complaints(naming.vague_script_names, SCRIPTS) == ""


def test_templates_can_be_reviewed_line_by_line():
    assert complaints(page_walks.long_lines, TEMPLATES, width=120) == ""
    assert complaints(page_walks.long_files, TEMPLATES, lines=160) == ""
    assert complaints(page_walks.glued_attributes, TEMPLATES) == ""


def test_one_sheet_holds_styles_and_colours():
    """An element says what it is; how that looks, charts included, stands in ``console.css``."""
    pages = [*TEMPLATES, *SCRIPTS, *STYLES, *python_files(shown(CONSOLE))]

    assert complaints(page_walks.inline_styles, TEMPLATES) == ""
    assert complaints(page_walks.scattered_colours, pages) == ""


def test_docstrings_of_the_library_say_what_one_gets_and_ask_nothing():
    assert complaints(naming.questioning_docstrings, LIBRARY) == ""


def test_every_import_inside_a_function_says_why_it_waits():
    assert complaints(naming.silent_imports, LIBRARY) == ""


def test_only_tables_of_data_are_kept_from_the_formatter():
    assert complaints(naming.packed_statements, LIBRARY) == ""


def test_every_outer_floor_holds_the_same_subjects():
    """A folder of a floor is a subject of the list, or a shared part that the contracts name."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    layers = {c: d["layers"] for d in contracts for c in d.get("containers", ())}
    for floor, folder in FLOORS.items():
        named = {name.strip() for layer in layers[floor] for name in layer.split("|")}
        folders = {f.name for f in (ROOT / folder).iterdir() if (f / "__init__.py").exists()}

        assert folders <= named | {"migrations"}, f"{folder}: name it in pyproject.toml"
        assert named & SUBJECTS, f"{folder} holds no subject"


def test_every_expected_error_is_told_by_its_message():
    assert complaints(walks.blind_raises, TESTS) == ""


def test_nothing_is_mocked():
    assert complaints(walks.mocks, TESTS) == ""


def test_no_test_waits_or_asks_for_the_time():
    assert complaints(walks.clocks, TESTS) == ""


def test_one_file_of_the_library_knows_what_day_it_is():
    files = [f for f in LIBRARY if shown(f) != "xhcredit/domain/clock.py"]

    assert len(files) == len(LIBRARY) - 1
    assert complaints(walks.machine_clocks, files) == ""


def test_one_file_of_the_library_measures_how_long_work_takes():
    # the service measures requests itself: a thousand a second, and limits on their bodies
    files = [f for f in python_files("xhcredit") if shown(f) != "xhcredit/domain/clock.py"]

    assert complaints(walks.durations, files) == ""


def test_what_decides_by_law_holds_no_number_of_its_own():
    # the constants of the mathematics of draws (digits, steps of quadrature) stand in one file
    law_files = [f for floor in BY_LAW for f in python_files(f"xhcredit/{floor}")]
    files = [f for f in law_files if f.name != "numerics.py"]

    assert files
    assert complaints(walks.bare_numbers, files) == ""


def test_few_lines_of_the_library_name_any():
    # What reads foreign JSON or a library without types may; the number only ever falls.
    lines = complaints(walks.untyped_lines, LIBRARY).splitlines()

    assert lines
    assert len(lines) <= 149, "\n".join(lines)


def test_every_package_says_what_it_answers():
    assert complaints(walks.undocumented_package, LIBRARY) == ""


def test_every_silenced_linter_has_a_reason():
    assert complaints(walks.unexplained, [*LIBRARY, *TESTS]) == ""


def test_no_file_names_a_machine_a_registry_or_a_secret():
    banned_by_file = (walks.banned_text(shown(f), text) for f, text in everything())

    assert "\n".join(chain.from_iterable(banned_by_file)) == ""


def test_every_rule_named_in_code_exists():
    unknown = {i for i in rules_read() if i not in BOOK.rules}

    assert unknown == set(), "correct the id, or add the rule with its source"


def test_every_rule_is_read_by_code():
    unread = {i for i in BOOK.rules if i not in rules_read() and not i.startswith(BY_PREFIX)}

    assert unread == set(), "read the rule, or delete it"


def test_every_feature_that_a_rule_reads_exists():
    unknown = {f: rules for f, rules in referenced_features(BOOK).items() if f not in features()}

    assert unknown == {}, "correct the feature's name in these rules, or declare the feature"


@pytest.mark.parametrize("part", ["zh", "en", "source", "missing"])
def test_every_feature_says(part):
    silent = [f.id for f in features().values() if not getattr(f, part).strip()]

    assert silent == [], f"add {part} to these declarations"


def test_every_error_lives_on_the_bottom_floor():
    elsewhere = [c.__qualname__ for c in error_classes() if c.__module__ != "xhcredit.errors"]

    assert elsewhere == [], "move these classes to xhcredit/errors.py"


@pytest.mark.parametrize("part", ["code", "exit_code"])
def test_every_error_has_its_own(part):
    own_values = [c.__dict__.get(part) for c in error_classes()]

    assert None not in own_values, f"an error without its own {part} would pass as another"
    assert len(set(own_values)) == len(own_values), f"two errors share a {part}; give each its own"


def test_every_error_says_what_it_means_and_its_code_is_its_name():
    for kind in error_classes()[1:]:
        assert inspect.getdoc(kind), f"{kind.__name__}: add a line that says what it means"
        words = re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
        assert kind.code == words, f"{kind.__name__}: let code be its name, {words}"


def test_exit_codes_are_those_that_the_help_promises():
    assert {c.exit_code for c in error_classes()} == set(range(10, 41))


def direct():
    """Every dependency that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"].get("optional-dependencies", {}).values()
    groups = project.get("dependency-groups", {}).values()
    listed = [*project["project"]["dependencies"], *chain(*extras), *chain(*groups)]
    return [Requirement(line) for line in listed if isinstance(line, str)]


@pytest.mark.parametrize("wanted", direct(), ids=lambda r: r.name)
def test_the_lock_holds_every_direct_dependency_as_asked(wanted):
    pins = walks.pins((ROOT / "requirements.lock").read_text(encoding="utf-8"))
    version, hashes = pins.get(walks.plain(wanted.name), ("", 0))

    assert version, f'"{wanted.name}" is not in requirements.lock; run "make lock"'
    assert wanted.specifier.contains(version), f'{wanted} but locked {version}; run "make lock"'
    assert hashes, f'"{wanted.name}" is locked without hashes; run "make lock"'


def test_everything_locked_has_hashes():
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    pins = walks.pins(text)

    lines = [line for line in text.splitlines() if re.match(r"\S+==", line)]

    assert set(pins) == {walks.plain(line.split("==")[0]) for line in lines}
    assert [name for name, (_, hashes) in pins.items() if not hashes] == []
