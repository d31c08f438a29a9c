"""Who lives in the district: enterprises, their attributes, their lives, their latent risks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zlib import crc32

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from . import codes
from .calendar import NEVER, Calendar, Floats, Ints, day
from .chance import Rng, pick, sigmoid
from .parameters import (
    CONSTRUCTION_EFFECT,
    FIELDS,
    FOOD_INDUSTRIES,
    INDUSTRIES,
    KINDS,
    Parameters,
)

KIND_IDS = tuple(KINDS)
INDUSTRY_IDS = ("C", "E", "F", "G", "H", "I", "J", "K", "L", "M", "O", "P", "Q", "R")


@dataclass
class Chunk:
    """A part of the district that is made at one time; chunks do not influence each other."""

    seed: int
    number: int
    size: int
    total: int  # enterprises in the whole district
    before: int  # enterprises in earlier chunks
    calendar: Calendar
    parameters: Parameters

    def chance(self, purpose: str) -> Rng:
        """Own stream of chance per purpose, so that a change in one part leaves the others."""
        return np.random.default_rng([self.seed, self.number, crc32(purpose.encode())])


class Population:
    """The enterprises of one chunk; ``field``: 0 none, 1 food, 2 elderly care, 3 construction."""

    def __init__(self, chunk: Chunk) -> None:
        self.chunk = chunk
        self.calendar = chunk.calendar
        self.parameters = chunk.parameters
        rng = chunk.chance("population")
        self.field = self._fields(rng)
        self.kind = self._kinds(rng)
        self.industry, self.industry_effect = self._industries(rng)
        self.born = self._born(rng)
        self.codes = self._codes()
        self.representative, self.shared_effect = self._representatives(rng)
        self.risk = self._general_risk(chunk.chance("risk"))
        self.dead = self._dead(rng)
        self.field_risk = {
            name: self._field_risk(chunk.chance("risk " + name), name) for name in FIELDS
        }

    def members(self, name: str) -> Ints:
        """Rows of the enterprises of a field."""
        return np.flatnonzero(self.field == FIELDS.index(name) + 1)

    def is_kind(self, *names: str) -> npt.NDArray[np.bool_]:
        """Which enterprises have one of these legal forms."""
        return np.isin(self.kind, [KIND_IDS.index(name) for name in names])

    def in_industry(self, *names: str) -> npt.NDArray[np.bool_]:
        """Which enterprises are in one of these industry sections."""
        return np.isin(self.industry, [INDUSTRY_IDS.index(name) for name in names])

    @cached_property
    def exposure(self) -> Floats:
        """Years of existence of each enterprise in each quarter."""
        begin = np.maximum(self.calendar.starts[None, :], self.born[:, None])
        end = np.minimum(self.calendar.ends[None, :], self.dead[:, None])
        return (np.maximum(end - begin, 0) / 365.25).astype(np.float32)

    @cached_property
    def alive(self) -> npt.NDArray[np.bool_]:
        """Whether the enterprise existed all through the quarter: only then it can be drawn."""
        whole = self.born[:, None] <= self.calendar.starts[None, :]
        return whole & (self.dead[:, None] >= self.calendar.ends[None, :])

    def rate(self, name: str) -> Floats:
        """Expected events per quarter: base rate x exp(slope x risk) x time lived."""
        base, slope = self.parameters.rates[name]
        return base * np.exp(np.float32(slope) * self.risk) * self.exposure

    def violation(self, name: str = "") -> Floats:
        """True probability that an inspector of neutral severity finds a violation."""
        p = self.parameters
        level = np.array([p.for_year(year) for year in self.calendar.years], np.float32)
        risk = self.field_risk[name] if name else self.risk
        level = level + np.float32(p.violation_by_field.get(name, 0.0))
        return sigmoid(level + np.float32(p.violation_slope) * risk).astype(np.float32)

    def _fields(self, rng: Rng) -> npt.NDArray[np.int8]:
        p, size = self.parameters, self.chunk.size
        shares = (p.share_food, p.share_elderly, p.share_construction)
        result = np.zeros(size, np.int8)
        ends = np.round(np.cumsum(shares) * size).astype(int)
        for number, (begin, end) in enumerate(zip([0, *ends[:-1]], ends, strict=True), start=1):
            result[begin:end] = number
        return rng.permutation(result)

    def _kinds(self, rng: Rng) -> Ints:
        kinds = pick(rng, self.chunk.size, [share for share, _ in KINDS.values()])
        food = (self.field == 1) & (rng.random(self.chunk.size) < 0.35)
        kinds[food] = KIND_IDS.index("individual")
        kinds[self.field == 2] = KIND_IDS.index("nonprofit")
        kinds[self.field == 3] = KIND_IDS.index("company")
        return kinds

    def _industries(self, rng: Rng) -> tuple[Ints, Floats]:
        result = np.empty(self.chunk.size, np.int64)
        effect = np.empty(self.chunk.size, np.float32)
        for mask, table in (
            (self.field == 0, INDUSTRIES),
            (self.field == 1, FOOD_INDUSTRIES),
            (self.field == 2, {"Q": (1.0, 0.0)}),
            (self.field == 3, {"E": (1.0, CONSTRUCTION_EFFECT)}),
        ):
            at = pick(rng, int(mask.sum()), [share for share, _ in table.values()])
            result[mask] = np.array([INDUSTRY_IDS.index(i) for i in table])[at]
            effect[mask] = np.array([e for _, e in table.values()])[at]
        return result, effect

    def _born(self, rng: Rng) -> Ints:
        p, size, calendar = self.parameters, self.chunk.size, self.calendar
        age = rng.exponential(p.mean_age_years * 365.25, size)
        old = np.maximum(calendar.first - age, day(1988, 1, 1) + 1000 * rng.random(size))
        new = calendar.first + rng.random(size) * (calendar.last - calendar.first - 60)
        share = np.where(self.field == 2, p.born_before_elderly, p.born_before)
        return np.where(rng.random(size) < share, old, new).astype(np.int64)

    def _codes(self) -> pa.Array:
        prefix = np.array([first.encode() for _, first in KINDS.values()])[self.kind]
        numbers = self.chunk.before + 1 + np.arange(self.chunk.size)
        return codes.make(numbers, prefix, self.born >= day(2015, 10, 1))

    def _representatives(self, rng: Rng) -> tuple[Ints, Floats]:
        """Number of each enterprise's representative; who has several brings own risk along."""
        p, size = self.parameters, self.chunk.size
        own = np.arange(size)
        pool = max(1, int(size * p.shared_representative / 3))
        shares = rng.random(size) < p.shared_representative
        chosen = size + rng.integers(0, pool, size)
        effect = (rng.standard_normal(pool) * p.sd_representative).astype(np.float32)
        people = np.where(shares, chosen, own)
        lasting = np.where(shares, effect[chosen - size], np.float32(0))
        return people + 2 * self.chunk.before, lasting

    def _walk(self, rng: Rng, size: int, sd: float) -> Floats:
        """A stationary AR(1) path per enterprise."""
        rho = np.float32(self.parameters.persistence)
        steps = rng.standard_normal((size, len(self.calendar)), np.float32) * np.float32(sd)
        for q in range(1, len(self.calendar)):
            steps[:, q] = rho * steps[:, q - 1] + np.sqrt(1 - rho**2) * steps[:, q]
        return steps

    def _general_risk(self, rng: Rng) -> Floats:
        p, size = self.parameters, self.chunk.size
        lasting = rng.standard_normal(size, np.float32) * np.float32(p.sd_lasting)
        lasting += self.industry_effect + self.shared_effect
        risk = self._walk(rng, size, p.sd_drifting) + lasting[:, None]
        young = self.calendar.starts[None, :] - self.born[:, None] < 548
        return risk + np.float32(p.young_effect) * young

    def _field_risk(self, rng: Rng, name: str) -> Floats:
        """General risk and an own part, mixed; for members of the field only, in their order."""
        rows = self.members(name)
        load = np.float32(self.parameters.field_loading)
        own = rng.standard_normal(len(rows), np.float32) * np.float32(0.75)
        own = self._walk(rng, len(rows), 0.65) + own[:, None]
        return load * self.risk[rows] + np.sqrt(1 - load**2) * own

    def _dead(self, rng: Rng) -> Ints:
        """Day of de-registration: a hazard per quarter that grows with the risk."""
        p, calendar = self.parameters, self.calendar
        hazard = p.closing_rate / 4 * np.exp(np.float32(p.closing_by_risk) * self.risk)
        hazard[self.field == 2] *= np.float32(p.closing_elderly)
        dies = rng.random(self.risk.shape, np.float32) < hazard
        dies &= calendar.starts[None, :] > self.born[:, None] + 180
        first = dies.argmax(axis=1)
        when = calendar.starts[first] + rng.integers(0, 85, self.chunk.size)
        return np.where(dies.any(axis=1), when, NEVER)
