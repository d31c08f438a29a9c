"""A release that cannot score is refused in words, never found out by an overflow in the night."""

import copy
import json

import pytest

from xhcredit.errors import BadDeclaration
from xhcredit.scores.release import load_release, release_of

INF, NAN = float("inf"), float("nan")
ROW = {"feature": "penalties_24m", "cuts": [1, 2], "points": [0, -5, -9], "missing": 0}


def changed(**fields):
    """The shipped release with one indicator of its general table, changed."""
    raw = load_release().as_data()
    raw["tables"][0]["indicators"] = [ROW | fields]
    return raw


def table(**fields):
    raw = load_release().as_data()
    raw["tables"][0] |= fields
    return raw


def scale(**fields):
    raw = load_release().as_data()
    for table_fields in raw["tables"]:
        table_fields["scale"] |= fields
    return raw


def special(*values):
    return changed(special=[{"value": v, "points": n} for n, v in enumerate(values)])


REFUSED = {
    "a last cut at infinity": (changed(cuts=[1, INF]), r"indicators.0.cuts.1: .*finite number"),
    "a first cut at minus infinity": (changed(cuts=[-INF, 1]), "cuts.0: .*finite number"),
    "a cut that is no number": (changed(cuts=[1, NAN]), "cuts.1: .*finite number"),
    "a cut beyond every double": (changed(cuts=[1, 10**400]), r"cuts\.1"),
    "a cut in words": (changed(cuts=[1, "viele"]), r"cuts\.1"),
    "equal cuts": (changed(cuts=[1, 1]), "do not ascend; sort them"),
    "cuts out of order": (changed(cuts=[2, 1]), "do not ascend; sort them"),
    "no bins": (changed(cuts=[], points=[]), "0 cuts, 0 points; points need one entry more"),
    "a bin without points": (changed(points=[0, -5]), "points need one entry more than cuts"),
    "points that are no number": (changed(points=[0, NAN, -9]), r"points\.1: .*finite number"),
    "infinite points": (changed(points=[0, -INF, -9]), r"points\.1: .*"),
    "missing without points": (changed(missing=NAN), "missing: .*finite number"),
    "a special value twice": (special(-9, 4, -9), "special value -9 stands twice"),
    "nought and minus nought": (special(0.0, -0.0), "special value .*0 stands twice"),
    "a special value at infinity": (special(INF), "special.0.value: .*finite number"),
    "a special value that is no number": (special(NAN), "special.0.value: .*finite number"),
    "values seen in the wrong order": (changed(seen_range=[5, 1], unseen=0), "does not ascend"),
    "values seen up to infinity": (
        changed(seen_range=[0, INF], unseen=0),
        "seen_range.1: .*finite number",
    ),
    "values seen without points beyond": (
        changed(seen_range=[0, 9]),
        '"seen_range" and "unseen" together',
    ),
    "an indicator without a name": (changed(feature=""), "feature: .*at least 1 character"),
    "no indicators": (table(indicators=[]), "indicators: .*at least 1 item"),
    "an indicator twice": (table(indicators=[ROW, ROW]), "stands twice; join its rows"),
    "a base that is no number": (table(base=NAN), "base: .*finite number"),
    "a table without a name": (table(score=""), "score: .*at least 1 character"),
    "a scale without end": (scale(highest=INF), "scale.highest: .*finite number"),
    "a scale that ends before it begins": (scale(lowest=900, highest=100), "ends at 100"),
    "infinite odds": (scale(anchor_odds=INF), "anchor_odds: .*finite number"),
    "odds that never double": (scale(points_to_double_odds=0), "points_to_double_odds: .*greater"),
    "no tables": ({"release": "r", "tables": []}, 'no table for "general"'),
    "no name": (load_release().as_data() | {"release": None}, '"release" is no name'),
    "an empty name": (load_release().as_data() | {"release": " "}, '"release" is no name'),
}


@pytest.mark.parametrize(("raw", "message"), REFUSED.values(), ids=REFUSED)
def test_a_release_that_cannot_score_is_refused(raw, message):
    with pytest.raises(BadDeclaration, match=message):
        release_of(copy.deepcopy(raw), "test")


@pytest.mark.parametrize(("raw", "message"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_from_a_file_too(tmp_path, raw, message):
    file = tmp_path / "release.json"
    file.write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(BadDeclaration, match=message):
        load_release(file)


def test_a_special_value_within_the_bins_is_no_contradiction():
    row = release_of(special(1, -9), "test").general.indicators[0]

    assert [row.points_of(v) for v in (1, -9, 1.5, 0)] == [0, 1, -5, 0]
