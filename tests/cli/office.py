"""A folder in which an officer draws with the real commands."""

import sqlite3
from contextlib import closing

import yaml

from tests.cli.shell import inside
from tests.serving.district import CODES
from tests.store.draw_victims import DAY, PEOPLE, SOURCE, plan_given


class Office:
    """A folder in which an officer works: store, warehouse, lists, and a folder for the draw."""

    def __init__(self, folder) -> None:
        self.folder, self.out = folder, folder / "draw"
        self.store, self.warehouse = folder / "store.db", folder / "warehouse"
        self.write("inspectors.csv", PEOPLE)
        self.write("recusals.csv", f"inspector,code,reason\nI1,{CODES[0]},亲属\n")

    def write(self, name, text):
        (self.folder / name).write_text(text, encoding="utf-8")
        return self.folder / name

    def plan(self, draw="d1", **other):
        plan_yaml = yaml.safe_dump(plan_given(draw) | other, allow_unicode=True)
        file = self.write("plan.yaml", plan_yaml)
        return self.say("plan", file, "--on", "2025-03-01")

    def freeze(self, draw="d1", *options, people="inspectors.csv"):
        return self.say(
            "freeze",
            draw,
            "--plan",
            f"p-{draw}",
            "--as-of",
            DAY,
            "--warehouse",
            self.warehouse,
            "--inspectors",
            self.folder / people,
            "--recusals",
            self.folder / "recusals.csv",
            "--out",
            self.out,
            *options,
        )

    def seed(self, draw="d1", value="1 2 3", source=SOURCE):
        return self.say("seed", draw, value, "--source", source)

    def run(self, draw="d1", *options):
        return self.say("run", draw, "--out", self.out, *options)

    def results(self, file, *options):
        return self.say(
            "results", "d1", file, "--warehouse", self.warehouse, "--on", "2025-04-04", *options
        )

    def say(self, command, *words):
        return inside("draw", command, *words, "--store", self.store)

    def verify(self, record="record.json", frame="frame.csv", *options):
        return inside("draw", "verify", self.out / record, "--frame", self.out / frame, *options)

    def rows_and_files(self):
        """All rows of the store by table, and every file of the draw by name."""
        with closing(sqlite3.connect(self.store)) as con:
            names = [n for (n,) in con.execute("SELECT name FROM sqlite_master WHERE type='table'")]
            rows = {n: con.execute(f'SELECT * FROM "{n}"').fetchall() for n in names}
        files = self.out.iterdir() if self.out.exists() else []
        return rows, {f.name: f.read_bytes() for f in files}


def done(outcome):
    assert outcome.exit_code == 0, outcome.err
    return outcome


def refused(outcome, error, *words):
    """The refusal is one of ours and names what was found."""
    assert (outcome.exit_code, outcome.out) == (error.exit_code, ""), outcome.err
    for word in words:
        assert word in outcome.err
    assert "Traceback" not in outcome.err
