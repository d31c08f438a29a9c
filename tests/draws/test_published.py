"""Published vectors of random selection and golden values of sampling, met by our own code.

The files may not be shipped; the tests are left out where they are absent.
"""

import csv
import hashlib
import json
import re

import duckdb
import numpy as np
import pytest

from tests.draws.oracles import pareto_joint
from xhcredit.draws.calibration import Cell, calibrate
from xhcredit.draws.frame import Frame, FrameRow
from xhcredit.draws.pareto import proportional_odds, ranks
from xhcredit.draws.selection import reserve_codes
from xhcredit.draws.tickets import bound_ticket, seed_text, ticket
from xhcredit.draws.variance import deville_variance, ht_total


@pytest.fixture(scope="module")
def sampler(real_data):
    """Vectors of consistent_sampler (Rivest): its hash draw without replacement."""
    file = real_data / "random_vectors" / "consistent_sampler.json"
    vectors = json.loads(file.read_text(encoding="utf-8"))
    draws = [v for v in vectors if "expected" in v and not v["args"].get("with_replacement")]
    return draws, next(v["check"] for v in vectors if "check" in v)


def population(members):
    """Ids as the vectors write them: a list, or ``E00000..E00049``."""
    if isinstance(members, list):
        return [str(x) for x in members]
    first, last = re.fullmatch(r"E(\d+)\.\.E(\d+)", members).groups()
    return [f"E{n:05d}" for n in range(int(first), int(last) + 1)]


def his_ticket(seed):
    """The first ticket of consistent_sampler by its definition: a decimal fraction as text.

    Digits of SHA256(hex(SHA256(seed)) id), the last first.
    """
    begun = hashlib.sha256(str(seed).encode()).hexdigest()

    def of(x):
        number = int(hashlib.sha256(f"{begun}{x}".encode()).hexdigest(), 16)
        return "0." + f"{number:064d}"[::-1]

    return of


def test_with_the_published_ticket_our_selection_draws_the_published_lists(sampler):
    draws, _ = sampler
    for vector in draws:
        args, ids = vector["args"], population(vector["population"])
        frame = Frame([FrameRow(x, "s01", "", "") for x in reversed(ids)])
        wanted = [str(e[1] if isinstance(e, list) else e) for e in vector["expected"]]
        drop, of = args.get("drop", 0), his_ticket(args["seed"])
        numbers = [e[0] for e in vector["expected"] if isinstance(e, list)]

        assert reserve_codes(frame, "s01", drop, of, len(wanted)) == wanted
        assert all(of(x).startswith(n) for x, n in zip(wanted, numbers, strict=False))

    assert len(draws) >= 9


def test_the_published_ticket_is_met_to_the_last_digit(sampler):
    _, check = sampler

    assert {x: his_ticket(41)(x) for x in check} == check


def rfc3797(key, pool, count):
    """The draw of RFC 3797, section 4, from its definition."""
    left, taken = list(range(len(pool))), []
    for i in range(count):
        mark = i.to_bytes(2, "big")
        number = int.from_bytes(hashlib.md5(mark + key + mark, usedforsecurity=False).digest())
        taken.append(left.pop(number % len(left)))
    return [pool[k] for k in taken]


def test_the_seed_of_rfc_3797_counts_as_published(real_data):
    """Its key is a seed of ours byte by byte, with its list as the witness of the key."""
    vector = json.loads((real_data / "random_vectors" / "rfc3797.json").read_text(encoding="utf-8"))
    key, names = vector["key"], vector["selected_names"]

    seed = seed_text(f"  {key}\n".replace("\n", " "))

    assert rfc3797(seed.encode(), vector["pool"], len(names)) == names


@pytest.mark.parametrize("seed", ["31", "区市场监管-2024-第1期", "9319./2.5.8.10.12./"])
def test_tickets_are_the_same_from_the_engine_in_bulk(seed):
    codes = [f"E{n:05d}" for n in range(50)]
    ticket_sql = (
        "SELECT sha256($seed || '|' || $round || '|' || x) FROM (SELECT unnest($codes) AS x)"
    )
    with duckdb.connect() as con:
        rows = con.execute(
            ticket_sql, {"seed": seed, "round": "2026-07", "codes": codes}
        ).fetchall()

    assert [t for (t,) in rows] == [ticket(seed, "2026-07", c) for c in codes]
    assert [t for (t,) in rows] == [bound_ticket(seed, "2026-07")(c) for c in codes]


@pytest.mark.parametrize(("design", "most"), [("maxentropy", 0.003), ("sampford", 0.0015)])
def test_joint_probabilities_lie_next_to_the_golden_ones_of_kindred_designs(
    real_data, design, most
):
    """Pareto sampling lies between Sampford's and conditional Poisson (Bondesson et al. 2006)."""
    file = real_data / "sampling" / f"golden_UP{design}pi2_pik6.csv"
    golden = np.loadtxt(file, delimiter=",", skiprows=1)
    odds, one_each = golden.diagonal().copy(), np.ones(6, dtype=np.int64)
    cell = Cell(calibrate(odds, one_each, 3), one_each, 3)

    joint = pareto_joint(cell)

    off = ~np.eye(6, dtype=bool)
    assert np.abs(joint - golden)[off].max() < most
    assert joint.sum(axis=1) - joint.diagonal() == pytest.approx(2 * odds, rel=1e-9)


@pytest.mark.parametrize("size", [50, 200])
def test_totals_of_a_real_population_are_covered(real_data, size):
    """Belgian municipalities drawn by their inhabitants: 1,000 Pareto draws of taxable income."""
    with (real_data / "sampling" / "belgianmunicipalities.csv").open() as file:
        rows = list(csv.DictReader(file))
    income = np.array([float(r["TaxableIncome"]) for r in rows])
    odds = proportional_odds(np.array([float(r["Tot04"]) for r in rows]), size)
    certain, free = np.flatnonzero(odds == 1), np.flatnonzero(odds < 1)
    rng, totals, variances, truth = np.random.default_rng(1), [], [], income.sum()
    for _ in range(1000):
        order = np.argsort(ranks(rng.random(free.size), odds[free]))
        drawn = np.concatenate([certain, free[order[: size - certain.size]]])
        totals.append(ht_total(income[drawn], odds[drawn]))
        variances.append(deville_variance(income[drawn], odds[drawn]))

    covered = np.abs(np.array(totals) - truth) <= 1.96 * np.sqrt(variances)
    assert 0.93 <= covered.mean() <= 0.97
    assert np.mean(totals) == pytest.approx(truth, rel=0.002)
    assert np.mean(variances) == pytest.approx(np.var(totals), rel=0.12)
