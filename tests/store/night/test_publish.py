"""A night is published whole: switched in one step, told once, read as one."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select

from tests.store.nights import code, metadata, night
from xhcredit.errors import BadInput, NothingKnown, UnknownEnterprise, UnknownRecord
from xhcredit.jobs.night.publish import publish
from xhcredit.scores.release import load_release
from xhcredit.store.audit import chain_head, find_faults, verify
from xhcredit.store.core.tables import snapshots
from xhcredit.store.core.transactions import Act
from xhcredit.store.night.publish import SnapshotRow
from xhcredit.store.store import Store
from xhcredit.store.watchlist import WatchlistQuery, WatchlistReader


def published(store, folder, as_of="2026-06-30", tiers="ABCDABCD", **options):
    return publish(night(folder, as_of, tiers), store, actor="night", **options)


def test_what_was_published_answers(store, tmp_path):
    done = published(store, tmp_path)
    answer = store.reader.current_answer(code(1))
    answer_json = json.loads(answer.body)

    assert (done.run, done.enterprises, done.is_current, done.changed) == (1, 8, True, 0)
    assert (answer_json["code"], answer_json["tier"], answer_json["run"]) == (code(1), "B", 1)
    assert answer_json["x"] == {"x_food": {"score": 600.5, "grade": "B"}}
    assert answer_json["reasons"][0]["zh"] == "近24个月行政处罚次数"
    assert "内部参考" in answer_json["mark"]
    assert json.loads(store.reader.current_answer(code(0)).body)["reasons"] == []
    assert json.loads(store.reader.current_answer(code(0)).body)["x"] == {}
    assert find_faults(store.database) == []


def test_figures_are_those_of_the_night_with_the_digits_that_people_write(store, tmp_path):
    published(store, tmp_path)
    answer_json = json.loads(store.reader.current_answer(code(5)).body)

    assert answer_json["composite"] == answer_json["general"] == 700.71  # 900 - 200 + 5 / 7
    assert store.reader.history(code(5))[0]["composite"] == 700.71


def test_the_entry_names_the_provenance_and_what_came_of_it(store, tmp_path):
    published(store, tmp_path, purpose="夜间评分")
    entry = chain_head(store.database)
    payload = json.loads(entry.payload)

    assert (entry.actor, entry.action, entry.purpose) == ("night", "run.publish", "夜间评分")
    assert payload["provenance"] == store.reader.run(1)["provenance"]
    assert payload["snapshot_digest"] == store.reader.run(1)["snapshot_digest"]
    assert metadata(tmp_path)[b"xhcredit.as_of"].decode() == payload["provenance"]["as_of"]


def test_the_same_night_again_does_nothing(store, tmp_path):
    published(store, tmp_path)
    before = chain_head(store.database)
    again = published(store, tmp_path)

    assert again.repeated
    assert (again.run, again.is_current) == (1, True)
    assert chain_head(store.database) == before


def test_a_night_whose_reasons_hold_moving_values_is_scored_again_first(store, tmp_path):
    folder = night(tmp_path, "2026-06-30", "ABCD")
    scores = pq.read_table(folder / "scores.parquet")
    reasons = [[{"indicator": "age_days", "value": 1.0}]] * scores.num_rows
    position = scores.column_names.index("reasons")
    moving = scores.set_column(position, "reasons", pa.array(reasons))
    pq.write_table(moving, folder / "scores.parquet")
    with pytest.raises(BadInput, match=r'earlier version.*"xhcredit score --full"'):
        publish(folder, store, actor="night")


def test_tier_changes_wait_in_the_outbox(store, tmp_path):
    published(store, tmp_path / "1", "2026-06-30", "ABCD")
    assert store.outbox.waiting() == []
    done = published(store, tmp_path / "2", "2026-07-01", "AACBD")
    waiting = store.outbox.waiting()

    assert done.changed == 3
    changes = [(m["code"], m["previous_tier"], m["tier"]) for m in waiting]
    assert changes == [(code(1), "B", "A"), (code(3), "D", "B"), (code(4), None, "D")]


def test_newcomers_have_no_tier_before_and_leavers_none_after(store, tmp_path):
    published(store, tmp_path / "1", "2026-06-30", "AB.D")
    done = published(store, tmp_path / "2", "2026-07-01", ".BCD")
    store.snapshots.switch(Act("boss", "run.switch", "wrong data"), 1)
    messages = [
        (m["run"], m["code"], m["previous_tier"], m["tier"]) for m in store.outbox.waiting()
    ]

    assert done.changed == 2
    assert messages == [
        (2, code(0), "A", None),
        (2, code(2), None, "C"),
        (1, code(0), None, "A"),
        (1, code(2), "C", None),
    ]


def test_what_changed_is_compared_with_the_run_that_answers_at_the_switch(
    store, tmp_path, monkeypatch
):
    """Another run may be let answer between comparing and switching."""
    for day, tiers in (("2026-06-30", "AB"), ("2026-07-01", "BB"), ("2026-07-02", "CB")):
        published(store, tmp_path / day, day, tiers)
    compare = type(store.snapshots)._changes

    def late(snapshots, run):
        comparison = compare(snapshots, run)
        monkeypatch.undo()
        snapshots.switch(Act("other", "run.switch", "first"), 2)
        return comparison

    monkeypatch.setattr(type(store.snapshots), "_changes", late)
    store.snapshots.switch(Act("boss", "run.switch", "second"), 1)
    last = store.outbox.waiting()[-1]

    assert (last["previous_run"], last["previous_tier"], last["tier"]) == (2, "B", "A")


def test_a_row_tells_what_moved_since_the_run_that_it_replaces(store, tmp_path):
    published(store, tmp_path / "1", "2026-06-30", "AB")
    published(store, tmp_path / "2", "2026-07-01", "BBC")
    rows = {
        row["code"]: row for row in WatchlistReader(store.database).page(WatchlistQuery(), 10).rows
    }

    assert [rows[code(n)]["previous_tier"] for n in range(3)] == ["A", "B", ""]
    assert [rows[code(n)]["moved"] for n in range(3)] == [-200.0, 0.0, 0.0]
    assert json.loads(store.reader.current_answer(code(0)).body)["previous_tier"] == "A"
    assert find_faults(store.database) == []


def test_history_tells_every_published_run_the_latest_first(store, tmp_path):
    for day, tiers in (("2026-06-30", "AB"), ("2026-07-01", "BB"), ("2026-07-02", ".B")):
        published(store, tmp_path / day, day, tiers)

    assert [(h["as_of"], h["tier"]) for h in store.reader.history(code(0))] == [
        ("2026-07-01", "B"),
        ("2026-06-30", "A"),
    ]
    assert [h["run"] for h in store.reader.history(code(1), limit=2)] == [3, 2]
    assert [r["run"] for r in store.reader.runs(before_run=3)] == [2, 1]


def test_an_older_night_is_kept_but_does_not_answer(store, tmp_path):
    published(store, tmp_path / "1", "2026-07-01", "AB")
    done = published(store, tmp_path / "2", "2026-06-30", "BB")

    assert (done.is_current, done.changed) == (False, 0)
    assert store.reader.current_run()["as_of"] == "2026-07-01"
    assert len(store.reader.history(code(0))) == 2


def test_switching_back_answers_and_tells_the_changes(store, tmp_path):
    published(store, tmp_path / "1", "2026-06-30", "AB")
    published(store, tmp_path / "2", "2026-07-01", "BB")
    done = store.snapshots.switch(Act("boss", "run.switch", "wrong data"), 1)

    assert done == {"run": 1, "changed": 1, "previous": 2}
    assert store.reader.current_answer(code(0)).run == 1
    assert [m["tier"] for m in store.outbox.waiting()] == ["B", "A"]
    with pytest.raises(UnknownRecord, match="there is no run 7"):
        store.snapshots.switch(Act("boss", "run.switch", "x"), 7)


def test_the_release_that_scored_is_kept_once(store, tmp_path):
    release = load_release()
    for number, day in enumerate(("2026-06-30", "2026-07-01")):
        folder = night(tmp_path / day, day, "AB", release=release)
        publish(folder, store, actor="night", release=release.as_data())
        assert len(store.reader.releases()) == 1
        assert store.reader.run(number + 1)["provenance"]["release"] == release.name

    assert store.reader.release(release.digest) == release.as_data()


def test_another_release_than_the_one_that_scored_is_refused(store, tmp_path):
    with pytest.raises(BadInput, match="is not the one that scored the night"):
        published(store, tmp_path, release=load_release().as_data())

    assert store.reader.runs() == []


def test_files_of_two_nights_are_refused(store, tmp_path):
    night(tmp_path / "a", "2026-06-30", "AB")
    night(tmp_path / "b", "2026-07-01", "AB")
    (tmp_path / "a" / "scores.parquet").replace(tmp_path / "b" / "scores.parquet")

    with pytest.raises(BadInput, match="are of different nights"):
        publish(tmp_path / "b", store, actor="night")


def test_a_night_that_says_more_than_its_rows_is_refused_and_swept_away(store, tmp_path):
    night(tmp_path, "2026-06-30", "ABC")
    report = json.loads((tmp_path / "run.json").read_text())
    (tmp_path / "run.json").write_text(json.dumps(report | {"enterprises": 4}))
    with pytest.raises(BadInput, match="the night says 4 enterprises, 3 were staged"):
        publish(tmp_path, store, actor="night")
    (tmp_path / "run.json").write_text(json.dumps(report))

    assert publish(tmp_path, store, actor="night").run == 1
    assert find_faults(store.database) == []


def test_a_code_that_stands_twice_is_refused(store):
    row = SnapshotRow(code(1), "A", 1.0, 1.0, "{}", "e", b"{}")
    with (
        store.snapshots.staging() as staged,
        pytest.raises(BadInput, match="each code once"),
    ):
        store.snapshots.stage(staged, [row, row])


def test_an_unfinished_folder_says_what_to_run(store, tmp_path):
    with pytest.raises(NothingKnown, match='run "xhcredit score" first'):
        publish(tmp_path, store, actor="night")


def test_nothing_published_and_nobody_known_are_told_apart(store, tmp_path):
    with pytest.raises(UnknownRecord, match="no run was published yet"):
        store.reader.current_answer(code(1))
    published(store, tmp_path)
    with pytest.raises(UnknownEnterprise, match="is not in the run of 2026-06-30"):
        store.reader.current_answer(code(99))
    with pytest.raises(UnknownEnterprise, match="no published run"):
        store.reader.history(code(99))


def test_rows_being_staged_are_seen_by_nobody_and_swept_after_a_failure(store, tmp_path):
    published(store, tmp_path, tiers="AB")
    row = SnapshotRow(code(7), "A", 1.0, 1.0, "{}", "e", b"{}")

    def half():
        with store.snapshots.staging() as staged:
            store.snapshots.stage(staged, [row])
            assert code(7) not in store.reader.answers_by_code([code(7)])
            raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        half()
    with store.snapshots.staging(), store.database.reading() as con:
        left = con.scalar(select(func.count()).where(snapshots.c.run > 1))

    assert left == 0


def test_two_publishers_at_once_publish_one_after_the_other(address, tmp_path):
    folders = [night(tmp_path / f"{n}", f"2026-07-0{n}", "ABCD") for n in (1, 1, 2, 3)]
    with Store.open(address) as a, Store.open(address) as b, ThreadPoolExecutor(4) as pool:
        stores = (a, b, a, b)
        list(pool.map(lambda f, s: publish(f, s, actor="night"), folders, stores))

        assert sorted(r["as_of"][-1] for r in a.reader.runs()) == ["1", "2", "3"]
        assert a.reader.current_run()["as_of"] == "2026-07-03"
        assert verify(a.database).whole
        assert find_faults(a.database) == []


def test_readers_see_one_night_or_the_other_never_a_mix(store, address, tmp_path):
    """Each night has one tier for everybody, so that two tiers in one answer would be a mix."""
    folders = [
        night(tmp_path / f"{n}", f"2026-07-{n:02}", "ABCD"[n % 4] * 200) for n in range(1, 9)
    ]
    publish(folders[0], store, actor="night")
    codes = [code(n) for n in range(200)]
    done, runs_read = threading.Event(), set()

    def read():
        with Store.open(address) as other:
            while not done.is_set():
                answers = other.reader.answers_by_code(codes)
                assert len(answers) == 200
                [run] = {a.run for a in answers.values()}
                [tier] = {json.loads(a.body)["tier"] for a in answers.values()}
                assert tier == "ABCD"[run % 4]
                runs_read.add(run)
                run_answer = other.reader.current_answer(codes[0])
                assert json.loads(run_answer.body)["run"] == run_answer.run >= run

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read) for _ in range(3)]
        for folder in folders[1:]:
            publish(folder, store, actor="night")
        done.set()
        for reader in readers:
            reader.result()

    assert len(runs_read) > 1
