"""Inspectors: constraints always hold, impossible cases are named, the chain is near uniform."""

import hashlib
from collections import Counter
from itertools import permutations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xhcredit.draws.inspectors import (
    Inspector,
    Need,
    VisitPlaces,
    read_inspectors,
    read_recusals,
    visit_with_lead,
)
from xhcredit.draws.pairs import pair_report
from xhcredit.draws.replacement import replacement_inspector
from xhcredit.draws.staffing import Task
from xhcredit.draws.swaps import staff
from xhcredit.errors import BadInput, BadPlan, Unstaffable, WrongState


def bound(seed):
    """Tickets of one seed and round."""
    return lambda x: hashlib.sha256(f"{seed}|2026-11|{x}".encode()).hexdigest()


def person(name, *qualifications, capacity=9, unit="one"):
    return Inspector(name, frozenset(qualifications), unit, capacity)


def lawful(task, teams):
    """Whether teams keep every constraint, written apart from the code under test."""
    people = {w.inspector: w for w in task.inspectors}
    load = Counter(who for team in teams for who in team)
    return all(load[w] <= people[w].capacity for w in load) and all(
        len(set(team)) == len(team) == len(v.needs)
        and all(n.met_by(people[w]) for n, w in zip(v.needs, team, strict=True))
        and not any((w, v.code) in task.recusals for w in team)
        for v, team in zip(task.visits, teams, strict=True)
    )


def possible(task):
    """All lawful assignments, by trying every one."""
    names = [w.inspector for w in task.inspectors]
    sizes = [len(v.needs) for v in task.visits]
    for flat in product(names, repeat=sum(sizes)):
        remaining = iter(flat)
        teams = [tuple(next(remaining) for _ in range(n)) for n in sizes]
        if lawful(task, teams):
            yield tuple(teams)


tasks = st.builds(
    lambda visits, people, barred: Task(
        tuple(visit_with_lead(f"C{n}", q, 2) for n, q in enumerate(visits)),
        tuple(
            person(f"J{n}", *qualifications, capacity=c)
            for n, (qualifications, c) in enumerate(people)
        ),
        frozenset((f"J{j % len(people)}", f"C{c % len(visits)}") for j, c in barred),
    ),
    st.lists(st.sampled_from(["food", "fire"]), min_size=1, max_size=3),
    st.lists(
        st.tuples(st.sets(st.sampled_from(["food", "fire"])), st.integers(0, 2)),
        min_size=2,
        max_size=4,
    ),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2)), max_size=4),
)


@given(tasks, st.integers(0, 5))
def test_staffed_lawfully_exactly_when_it_is_possible(task, seed):
    feasible = next(possible(task), None) is not None
    if not feasible:
        with pytest.raises(Unstaffable, match=r"qualification|recusal|different|capacity"):
            staff(task, bound(seed))
        return

    start, teams = staff(task, bound(seed))

    assert lawful(task, start)
    assert lawful(task, teams)
    assert Counter(w for t in start for w in t) == Counter(w for t in teams for w in t)


@pytest.mark.slow
def test_the_chain_is_close_to_uniform_where_assignments_can_be_counted():
    """Six enterprises of one place pair each and fixed loads: every assignment about as often."""
    task = Task(
        tuple(VisitPlaces(f"C{n}", (Need("food"), Need("fire"))) for n in range(4)),
        (
            *(person(f"A{n}", "food", capacity=1) for n in range(4)),
            *(person(f"B{n}", "fire", capacity=1) for n in range(4)),
        ),
        frozenset({("A0", "C0"), ("A1", "C1"), ("A2", "C0"), ("B0", "C0"), ("B3", "C3")}),
    )
    possible = set(possible_pairs(task))
    draws = 6000

    met = Counter(tuple(staff(task, bound(seed))[1]) for seed in range(draws))

    assert set(met) <= possible
    distance = sum(abs(met[e] / draws - 1 / len(possible)) for e in possible) / 2
    noise = (len(possible) / (2 * np.pi * draws)) ** 0.5
    assert distance < noise * 1.35


def possible_pairs(task):
    """Lawful assignments of people who hold one qualification and one place each."""
    for leads in permutations(range(4)):
        for others in permutations(range(4)):
            teams = [(f"A{a}", f"B{b}") for a, b in zip(leads, others, strict=True)]
            if lawful(task, teams):
                yield tuple(teams)


def test_a_long_augmenting_path_is_found():
    """Everybody has one place to give, so one late enterprise moves a whole chain."""
    n = 40
    task = Task(
        tuple(VisitPlaces(f"C{i}", (Need("", f"u{i}"), Need("food"))) for i in range(n)),
        (
            *(person(f"U{i}", unit=f"u{i}", capacity=1) for i in range(n)),
            *(person(f"F{i}", "food", unit="x", capacity=1) for i in range(n)),
        ),
        frozenset((f"F{j}", f"C{i}") for i in range(n) for j in range(n) if j not in (i, i + 1)),
    )

    assert lawful(task, staff(task, bound("path"))[1])


@pytest.mark.parametrize(
    ("people", "barred", "message"),
    [
        ([person("J1", "fire"), person("J2", "fire")], [], r'C1: nobody .* "food" \(qualification'),
        ([person("J1", "food"), person("J2")], [("J1", "C1")], r"C1: everybody .*recused"),
        ([person("J1", "food")], [], r"C1: fewer different inspectors"),
        (
            [person("J1", "food", capacity=1), person("J2", "food", capacity=1)],
            [],
            r"2 place\(s\) cannot be filled: 2 enterprise\(s\) \(C1, C2\).*J1, J2.*capacity",
        ),
    ],
)
def test_an_impossible_staffing_names_enterprise_and_constraint(people, barred, message):
    task = Task(
        (visit_with_lead("C1", "food", 2), visit_with_lead("C2", "food", 2)),
        tuple(people),
        frozenset(barred),
    )

    with pytest.raises(Unstaffable, match=message):
        staff(task, bound(1))


def test_a_replacement_goes_by_ticket_and_attempt():
    task = Task(
        (visit_with_lead("C1", "food", 2), visit_with_lead("C2", "food", 2)),
        tuple(person(f"J{n}", "food") for n in range(6)),
        frozenset({("J5", "C1")}),
    )
    teams = [("J0", "J1"), ("J2", "J3")]
    order = {a: min(("J2", "J3", "J4"), key=lambda w: bound(1)(f"C1|{w}|{a}")) for a in range(1, 9)}

    substitutes = {
        a: replacement_inspector(task, teams, 0, 0, attempt=a, unavailable=(), ticket=bound(1))
        for a in order
    }

    assert substitutes == order
    assert len(set(substitutes.values())) > 1
    with pytest.raises(Unstaffable, match="C1: nobody else"):
        replacement_inspector(
            task, teams, 0, 0, attempt=2, unavailable=("J2", "J3", "J4"), ticket=bound(1)
        )
    with pytest.raises(WrongState, match="from 1"):
        replacement_inspector(task, teams, 0, 0, attempt=0, unavailable=(), ticket=bound(1))


def test_a_visit_takes_two_and_comes_once():
    with pytest.raises(BadPlan, match="at least two"):
        Task((visit_with_lead("C1", "food", 1),), (person("J1", "food"),))
    with pytest.raises(BadPlan, match="twice"):
        Task((visit_with_lead("C1", "food", 2),) * 2, (person("J1", "food"),))


def test_constant_pairs_stand_out_and_random_ones_do_not():
    task = Task(
        tuple(visit_with_lead(f"C{n}", "food", 2) for n in range(20)),
        tuple(person(f"J{n}", "food", capacity=4) for n in range(12)),
    )
    drawn = [staff(task, bound(seed))[1] for seed in range(40)]
    fixed = [[("J0", "J1"), *teams] for teams in drawn]

    assert not any(p.constant for p in pair_report(drawn))
    worst = pair_report(fixed)[0]
    assert (worst.first, worst.second, worst.constant) == ("J0", "J1", True)
    assert sum(p.together for p in pair_report(drawn)) == 20 * 40
    assert sum(p.expected for p in pair_report(drawn)) == pytest.approx(20 * 40)


HEAD = b"inspector,qualifications,unit,capacity\n"


def test_the_lists_are_read():
    people = read_inspectors(b"\xef\xbb\xbf" + HEAD + "J1,food; fire,市场监管所,12\n".encode())

    assert people == (Inspector("J1", frozenset({"food", "fire"}), "市场监管所", 12),)
    assert read_recusals(b"inspector,code,reason\nJ1,C1,kin\n", people) == {("J1", "C1")}
    assert read_recusals(b"inspector,code,reason\n", people) == frozenset()


@pytest.mark.parametrize(
    ("people_csv", "message"),
    [
        (HEAD + b"J1,food,u,-1\n", 'row 2, column capacity: "-1"'),
        (HEAD + b"J1,food,u,1\nJ1,fire,u,1\n", "row 3, column inspector: .*twice"),
        (HEAD + b"J1,food,u\n", "row 2, column all: 3 cells"),
        (HEAD + b",food,u,1\n", "row 2, column inspector: empty"),
        (HEAD + b"J|1,food,u,1\n", "row 2, column inspector: .*separates"),
        (HEAD + b"J1,\xff,u,1\n", "row 2: not UTF-8"),
        (HEAD + b'J1,"food,u,1\n', "cannot be read"),
        (HEAD, "names no inspector"),
        (b"", "row 1, column all: header"),
    ],
)
def test_a_bad_list_of_inspectors_names_the_place(people_csv, message):
    with pytest.raises(BadInput, match=message):
        read_inspectors(people_csv)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (b"J9,C1,kin", 'row 2, column inspector: "J9"'),
        (b"J1,,kin", "row 2, column code: empty"),
        (b"J1,C1,", "row 2, column reason: empty"),
    ],
)
def test_a_bad_list_of_recusals_names_the_place(row, message):
    with pytest.raises(BadInput, match=message):
        read_recusals(b"inspector,code,reason\n" + row + b"\n", (person("J1"),))
