"""The three fields' own tables: food, elderly care, construction."""

from __future__ import annotations

import numpy as np

from . import words
from .book import Book, Column, Ending, Flag, Label, Number, Serial
from .calendar import NEVER, Floats, Ints
from .chance import Rng, arrivals, day_in, delay, pick, sigmoid, sometimes
from .population import Population


def food_grades(pop: Population) -> tuple[np.ndarray, Ints]:
    """Risk grade A-D of each food business in each quarter, and its category.

    A static part by category and a noisy look at the risk, renewed in one quarter of about nine.
    """
    rng = pop.chunk.chance("food grades")
    rows, risk = pop.members("food"), pop.field_risk["food"]
    category = pick(rng, len(rows), [42, 44, 6, 0.5, 0.5, 2, 1, 4])
    static = np.array([0.0, 0.2, 0.3, 1.2, 1.2, 0.8, 0.8, 0.1], np.float32)[category]
    grades = np.empty(risk.shape, np.int8)
    for q in range(len(pop.calendar)):
        view = static + 0.7 * risk[:, q] + 0.6 * rng.standard_normal(len(rows))
        fresh = np.searchsorted([0.35, 1.35, 2.3], view).astype(np.int8)
        renew = rng.random(len(rows)) < (1 / 9 if q else 1)
        grades[:, q] = np.where(renew, fresh, grades[:, q - 1] if q else fresh)
    return grades, category


def write_food(pop: Population, book: Book, grades: np.ndarray, category: Ints) -> None:
    """Profiles whenever the grade moved, and samples taken."""
    rng = pop.chunk.chance("food")
    rows = pop.members("food")
    place, quarter = _moves(pop, rows, grades)
    who = rows[place]
    start = np.maximum(pop.calendar.starts[quarter], pop.born[who])
    early = (quarter == 0) & (pop.born[who] < pop.calendar.first)
    start = np.where(early, np.maximum(pop.born[who], start - 700), start)
    room = np.maximum(pop.calendar.ends[quarter] - start, 1)  # one profile per quarter at most
    days = start + rng.integers(0, np.minimum(room, 60), len(who))
    alive = days < np.minimum(pop.dead[who], pop.calendar.last)
    place, quarter, who, days = place[alive], quarter[alive], who[alive], days[alive]
    area = np.exp(4.3 + 0.8 * rng.standard_normal(len(rows))).astype(np.int64) + 6
    haccp = rng.random(len(rows)) < 0.06
    review = np.full(len(rows), -1)  # headquarters of food chains; by place, so no chance moves
    review[::40], review[20::40] = 0, 1
    columns: dict[str, Column] = {
        "category": Label(category[place], words.FOOD_CATEGORIES),
        "risk_grade": Label(grades[place, quarter], words.FOOD_GRADES),
        "floor_area": Number(area[place]),
        "haccp": Flag(haccp[place]),
        "chain_review": Label(review[place], words.CHAIN_REVIEWS),
    }
    stop = pop.dead[who]
    told = np.where(stop < NEVER, stop + delay(rng, len(who), 8), NEVER)
    ending = Ending(stop, told)
    book.write("food_business", who, days, days + delay(rng, len(who), 6), columns, ending=ending)
    _write_samples(pop, book, rows)


def _moves(pop: Population, rows: Ints, grades: np.ndarray) -> tuple[Ints, Ints]:
    """First quarter of existence, and every later one with another grade than the one before."""
    begin = pop.calendar.quarter_of(pop.born[rows])
    quarters = np.arange(len(pop.calendar))[None, :]
    moved = np.zeros(grades.shape, bool)
    moved[:, 1:] = grades[:, 1:] != grades[:, :-1]
    wanted = (quarters == begin[:, None]) | (moved & (quarters > begin[:, None]))
    return np.nonzero(wanted)  # type: ignore[return-value]


def _write_samples(pop: Population, book: Book, rows: Ints) -> None:
    rng = pop.chunk.chance("food samples")
    place, quarter = arrivals(rng, 0.10 * pop.exposure[rows])
    who = rows[place]
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    failed = rng.random(len(who)) < sigmoid(-3.9 + 0.9 * pop.field_risk["food"][place, quarter])
    closed = sometimes(rng, days + 15 + delay(rng, len(who), 40, 0.6), np.where(failed, 0.85, 0.0))
    columns: dict[str, Column] = {
        "sample_no": Serial("CY", book.serials(len(who))),
        "failed": Flag(failed),
        "hazard": Label(
            np.where(failed, pick(rng, len(who), [30, 15, 20, 4, 18, 11, 2]), -1), words.HAZARDS
        ),
    }
    recalled = Flag(rng.random(len(who)) < 0.8)
    told = np.where(closed < NEVER, closed + delay(rng, len(who), 5), NEVER)
    ending = Ending(closed, told, {"recalled": recalled})
    book.write(
        "food_sample", who, days, days + 5 + delay(rng, len(who), 12), columns, ending=ending
    )


def write_elderly(pop: Population, book: Book) -> None:
    """Quarterly reports of the institutions, and checks, drills and incidents."""
    rng = pop.chunk.chance("elderly care")
    rows, risk = pop.members("elderly_care"), pop.field_risk["elderly_care"]
    place, quarter = np.nonzero(pop.exposure[rows] > 0.1)
    who, r = rows[place], risk[place, quarter]
    beds = 40 + 10 * rng.integers(0, 25, len(rows))[place]
    home = rng.beta(6, 2, len(rows))[place] + 0.03 * rng.standard_normal(len(who)) - 0.03 * r
    residents = np.clip(beds * home, 3, beds).astype(np.int64)
    staff = np.maximum(2, residents * np.clip(0.24 - 0.02 * r, 0.08, 0.4)).astype(np.int64)
    skilled = (staff * np.clip(0.8 - 0.08 * r, 0.1, 1)).astype(np.int64)
    prepaid = residents * 1_000 * np.exp(1.5 + 0.35 * r + 0.3 * rng.standard_normal(len(who)))
    custody = prepaid * np.clip(0.75 - 0.12 * r + 0.05 * rng.standard_normal(len(who)), 0, 1)
    days = pop.calendar.ends[quarter] - 1
    columns: dict[str, Column] = {
        "beds": Number(beds),
        "residents": Number(residents),
        "staff": Number(staff),
        "certified_staff": Number(skilled),
        "prepaid_balance_yuan": Number(prepaid.astype(np.int64)),
        "prepaid_in_custody_yuan": Number(custody.astype(np.int64)),
        "closed": Flag(pop.dead[who] <= days),
    }
    book.write("elderly_institution", who, days, days + delay(rng, len(who), 12), columns)
    _write_checks(pop, book, rows, risk)


def _write_checks(pop: Population, book: Book, rows: Ints, risk: Floats) -> None:
    rng = pop.chunk.chance("elderly checks")
    exposure = pop.exposure[rows]
    # kind, per year at risk 0, slope of the rate, log-odds of not passing, slope
    plan = [(0, 0.8, 0, -1.9, 0.9), (1, 0.3, 0, -2.2, 0.8), (2, 0.1, 0, -2.4, 0.7),
            (3, 0.2, 0, -2.3, 0.7), (4, 0.5, 0, -2.0, 0.8), (5, 2.0, 0, -2.2, 0.9),
            (6, 0.8, 0, -2.6, 0.8), (7, 0.03, 1.1, 9.0, 0)]  # fmt: skip
    parts = []
    for kind, rate, slope, level, effect in plan:
        place, quarter = arrivals(rng, np.float32(rate) * np.exp(slope * risk) * exposure)
        days = day_in(rng, quarter, pop.calendar, pop.born[rows[place]], pop.dead[rows[place]])
        bad = rng.random(len(place)) < sigmoid(level + effect * risk[place, quarter])
        parts.append((rows[place], days, np.full(len(place), kind), bad))
    who, days, kinds, bad = (np.concatenate(c) for c in zip(*parts, strict=True))
    n = len(who)
    hazard = np.where(bad & (kinds != 5), pick(rng, n, [60, 30, 10]), -1)
    done = sometimes(rng, days + delay(rng, n, 30, 0.8), np.where(hazard >= 0, 0.85, 0.0))
    columns: dict[str, Column] = {
        "check_no": Serial("YL", book.serials(n)),
        "kind": Label(kinds, words.CHECKS),
        "passed": Flag(~bad),
        "hazard_grade": Label(hazard, words.HAZARD_GRADES),
    }
    told = np.where(done < NEVER, done + delay(rng, n, 6), NEVER)
    ending = Ending(done, told)
    book.write("elderly_check", who, days, days + delay(rng, n, 8), columns, ending=ending)


def write_construction(pop: Population, book: Book) -> None:
    """Projects, and what the safety station finds on the sites."""
    rng = pop.chunk.chance("construction")
    rows, risk = pop.members("construction"), pop.field_risk["construction"]
    place, quarter = arrivals(rng, np.float32(0.40) * pop.exposure[rows])
    who = rows[place]
    n = len(who)
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    finished = days + 120 + delay(rng, n, 240, 0.6, 1200)
    finished = np.where(finished < pop.dead[who], finished, NEVER)
    price = np.exp(15.2 + 1.2 * rng.standard_normal(n))
    columns: dict[str, Column] = {
        "project_no": Serial("示施许", book.serials(n)),
        "stage": Label(pick(rng, n, [20, 35, 30, 12, 3]), words.STAGES),
        "contract_yuan": Number(np.round(price, -3).astype(np.int64)),
        "hazardous": Flag(rng.random(n) < 0.2),
    }
    told = np.where(finished < NEVER, finished + delay(rng, n, 15), NEVER)
    ending = Ending(finished, told)
    book.write("construction_project", who, days, days + delay(rng, n, 6), columns, ending=ending)
    _write_findings(pop, book, rows, risk, rng)


def _write_findings(pop: Population, book: Book, rows: Ints, risk: Floats, rng: Rng) -> None:
    rate = np.float32(0.22) * np.exp(np.float32(0.8) * risk) * pop.exposure[rows]
    place, quarter = arrivals(rng, rate)
    who, r = rows[place], risk[place, quarter]
    n = len(who)
    days = day_in(rng, quarter, pop.calendar, pop.born[who], pop.dead[who])
    kind = pick(rng, n, [48, 24, 8, 15, 4, 1])
    bad = rng.random(n)
    severity = np.where(
        bad < sigmoid(-4 + 0.6 * r), 2, np.where(bad < sigmoid(-1.6 + 0.5 * r), 1, 0)
    )
    done = sometimes(rng, days + delay(rng, n, 18, 0.8), 0.9)
    columns: dict[str, Column] = {
        "finding_no": Serial("SG", book.serials(n)),
        "kind": Label(kind, words.FINDINGS),
        "severity": Label(severity, words.FINDING_SEVERITIES),
        "stop_order": Flag((severity == 2) | (rng.random(n) < 0.03)),
    }
    told = np.where(done < NEVER, done + delay(rng, n, 5), NEVER)
    ending = Ending(done, told)
    book.write("construction_finding", who, days, days + delay(rng, n, 6), columns, ending=ending)
