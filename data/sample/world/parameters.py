"""The numbers of the world.  WORLD.md explains them; truth/world.json repeats them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

#: kinds of enterprise: share, first two characters of the code
KINDS = {
    "company": (0.660, "91"),
    "individual": (0.260, "92"),
    "branch": (0.035, "91"),
    "partnership": (0.012, "91"),
    "sole": (0.010, "91"),
    "cooperative": (0.003, "93"),
    "nonprofit": (0.005, "52"),
}
#: industry section: share outside the three fields, effect on the general risk
INDUSTRIES = {
    "C": (0.08, 0.10), "F": (0.34, 0.05), "G": (0.04, 0.15), "I": (0.11, -0.15),
    "J": (0.02, -0.10), "K": (0.04, 0.10), "L": (0.18, 0.00), "M": (0.11, -0.20),
    "O": (0.05, 0.10), "P": (0.02, 0.05), "R": (0.01, 0.05),
}  # fmt: skip
FOOD_INDUSTRIES = {"H": (0.55, 0.25), "F": (0.43, 0.05), "C": (0.02, 0.10)}
CONSTRUCTION_EFFECT = 0.25
FIELDS = ("food", "elderly_care", "construction")


@dataclass(frozen=True)
class Parameters:
    """All coefficients; rates are per year and enterprise, ``a`` log-odds at risk 0."""

    share_food: float = 0.35
    share_elderly: float = 0.015
    share_construction: float = 0.06
    born_before: float = 0.36  # share established before the period
    born_before_elderly: float = 0.80
    mean_age_years: float = 8.0
    closing_rate: float = 0.06
    closing_by_risk: float = 0.35
    closing_elderly: float = 0.4  # institutions close less often, by this factor

    sd_lasting: float = 0.75
    sd_drifting: float = 0.65
    persistence: float = 0.85  # AR(1) from quarter to quarter
    young_effect: float = 0.30  # younger than 18 months
    shared_representative: float = 0.12
    sd_representative: float = 0.45
    field_loading: float = 0.60  # correlation of a field's risk with the general one

    violation_slope: float = 1.0
    violation_by_year: dict[int, float] = field(
        default_factory=lambda: {
            2021: -4.36,
            2022: -5.20,
            2023: -3.85,
            2024: -3.70,
            2025: -3.60,
            2026: -3.50,
        }
    )
    violation_by_field: dict[str, float] = field(
        default_factory=lambda: {"food": 1.0, "elderly_care": 1.4, "construction": 1.2}
    )
    sd_inspector: float = 0.5

    rates: dict[str, tuple[float, float]] = field(
        default_factory=lambda: {
            "penalty": (0.033, 1.20),
            "abnormal_listing": (0.0070, 1.10),
            "serious_listing": (0.00022, 1.60),
            "judgment_debtor": (0.0070, 1.20),
            "dishonest_debtor": (0.0011, 1.50),
            "equity_freeze": (0.0011, 1.30),
            "tax_arrears": (0.0080, 1.10),
            "complaint": (0.055, 0.80),
            "honour": (0.0160, -0.80),
            "credit_promise": (0.040, 0.0),
            "registration_change": (0.105, 0.10),
            "spared_violation": (0.0050, 0.60),
        }
    )  # (at risk 0, slope)
    #: complaints that have nothing to do with the risk: per year in retail and catering, elsewhere
    noise_complaints: tuple[float, float] = (0.060, 0.010)

    #: odds per quarter of a random draw by observed class A, B, C, D
    draw_general: tuple[float, ...] = (0.008, 0.020, 0.060, 0.150)
    draw_food: tuple[float, ...] = (0.020, 0.040, 0.100, 0.200)  # by food risk grade
    draw_elderly_care: tuple[float, ...] = (0.080, 0.150, 0.300, 0.500)
    draw_construction: tuple[float, ...] = (0.050, 0.100, 0.200, 0.400)
    #: daily visits per year by field, odds not logged
    daily: dict[str, float] = field(
        default_factory=lambda: {"food": 0.10, "elderly_care": 0.5, "construction": 0.25}
    )
    special_campaign: float = 0.02  # odds of a yearly campaign in three industries
    case_after_complaint: float = 0.25

    def for_year(self, year: int) -> float:
        """District-wide log-odds of a violation in that year; outer years as the nearest."""
        years = self.violation_by_year
        return years[min(max(year, min(years)), max(years))]

    def as_json(self) -> dict[str, Any]:
        """All coefficients as plain data."""
        plain = asdict(self)
        tables = {"kinds": KINDS, "industries": INDUSTRIES, "food_industries": FOOD_INDUSTRIES}
        return plain | tables | {"construction_effect": CONSTRUCTION_EFFECT}
