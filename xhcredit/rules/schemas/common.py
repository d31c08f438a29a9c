"""Schemas of rule values shared by several families."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar, Literal, Protocol, TypeVar, runtime_checkable

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    model_validator,
)

from xhcredit.errors import BadRule

TierName = Literal["A", "B", "C", "D"]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
XName = Annotated[str, Field(pattern=r"^x_[a-z0-9_]+$")]
Text = Annotated[str, Field(min_length=1)]
Score = Annotated[int, Field(ge=0, le=1000)]
Share = Annotated[float, Field(gt=0, le=1)]
AtLeast = Annotated[float, Field(ge=-1e12, le=1e12)]
FeatureNames = tuple[Name, ...]
Count = Annotated[int, Field(ge=0, le=10**12)]


class Shape(BaseModel):
    """Base of rule schemas: no unknown keys, no silent conversions, immutable."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


@runtime_checkable
class Whole(Protocol):
    """A value to which fields add parts of their own (``families.WHOLES``)."""

    @property
    def part_keys(self) -> tuple[str, ...]:
        """Keys of its items; a part may have none of them."""

    def joined(self, parts: Mapping[str, Any]) -> Whole:
        """The value with the parts by ``x_<field>``, in their order."""


#: a year with 28 days of February, and one with 29
_YEARS = (2023, 2024)


def refuse_no_day(month: int, day: int) -> None:
    """Refuse a day that some years do not have.

    Raises:
        ValueError: there is no such day in every year.
    """
    if day > min(monthrange(year, month)[1] for year in _YEARS):
        problem = f"month {month} has no day {day} in every year"
        raise ValueError(f"{problem}; name a day of every year")


class PackState(Shape):
    """Whether a rule pack is in service, and why: the kill switch (docs/law-notes.md §0)."""

    in_service: bool
    why: Text


class Cutoffs(Shape):
    """Lowest score of grades A, B and C; below C is D.  Scores run 0-1000, higher is safer."""

    A: Score
    B: Score
    C: Score

    @model_validator(mode="after")
    def _descending(self) -> Cutoffs:
        if not self.A > self.B > self.C:
            problem = f"A {self.A}, B {self.B}, C {self.C} do not fall"
            raise ValueError(f"{problem}; give the safer grade the higher score")
        return self

    def grade(self, score: float) -> TierName:
        """The grade of a score.

        >>> Cutoffs(A=650, B=550, C=450).grade(549.9)
        'C'
        """
        bounds: tuple[tuple[TierName, int], ...] = (("A", self.A), ("B", self.B), ("C", self.C))
        return next((grade for grade, lowest in bounds if score >= lowest), "D")


class FeatureCondition(Shape):
    """When an item of a list rule applies: ``feature`` is at least ``at_least``.

    A missing feature value is never "at least".  ``pack`` ties the item to a pack besides its
    rule's, so that the kill switch of an X also reaches its caps.
    """

    id: Name
    feature: Name
    at_least: AtLeast
    pack: Name | None = None
    zh: Text
    en: Text


class Direct(FeatureCondition):
    """A direct assignment (直接判定): the tier is ``tier``, whatever the score."""

    tier: TierName
    article: Text


class Cap(FeatureCondition):
    """A cap (封顶): the tier, or the grade of every X, is ``no_better_than`` this."""

    no_better_than: Literal["B", "C", "D"]


_Item = TypeVar("_Item", bound=FeatureCondition)


def _unique(items: tuple[_Item, ...]) -> tuple[_Item, ...]:
    """Refuse two items with one id: a reason code must name one of them."""
    ids = [item.id for item in items]
    repeated_ids = sorted({i for i in ids if ids.count(i) > 1})
    if repeated_ids:
        raise ValueError(f'item id "{repeated_ids[0]}" stands twice; give each item its own id')
    return items


class Directs(RootModel[Annotated[tuple[Direct, ...], AfterValidator(_unique)]]):
    """The direct assignments of a day; ``root`` may be empty, which says: there were none."""

    model_config = ConfigDict(strict=True, frozen=True)


class Caps(RootModel[Annotated[tuple[Cap, ...], AfterValidator(_unique)]]):
    """The caps of a day; ``root`` may be empty, which says: there were none."""

    model_config = ConfigDict(strict=True, frozen=True)

    @property
    def part_keys(self) -> tuple[str, ...]:
        """Ids of the caps, none of which may stand in two places."""
        return tuple(cap.id for cap in self.root)

    def joined(self, parts: Mapping[str, Caps]) -> Caps:
        """These caps with those of each field (``Caps`` by ``x_<field>``) after them."""
        return Caps((*self.root, *(cap for part in parts.values() for cap in part.root)))


class Weights(Shape):
    """Weights of the general score and of each X score, before renormalisation.

    Beside ``general``, any key ``x_...`` is the weight of that X where it applies.
    """

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="allow")
    __pydantic_extra__: dict[XName, Share] = Field(init=False)
    general: Share

    @property
    def part_keys(self) -> tuple[str, ...]:
        """The X that have their weight here and not in their folder."""
        return tuple(self.x)

    def joined(self, parts: Mapping[str, float]) -> Weights:
        """These weights with that of each field (a number by ``x_<field>``)."""
        return Weights.model_validate({"general": self.general, **self.x, **parts})

    @property
    def x(self) -> dict[str, float]:
        """Weight of each X, by name."""
        return dict(self.__pydantic_extra__)

    def shares(self, x: Iterable[str]) -> dict[str, float]:
        """Weights of the general score and of the X scores that apply, summing to 1.

        The composite is the mean of the scores' log-odds with these weights (a logarithmic
        opinion pool).

        Raises:
            BadRule: an X has no weight.

        >>> Weights.model_validate({"general": 0.6, "x_food": 0.4}).shares(["x_food"])
        {'general': 0.6, 'x_food': 0.4}
        """
        names = list(dict.fromkeys(x))
        missing_names = [name for name in names if name not in self.x]
        if missing_names:
            remedy = "add it to the entry of scores.weights"
            raise BadRule(f'scores.weights: value: no weight for "{missing_names[0]}"; {remedy}')
        # Renormalised over what applies: an enterprise in no X must not be scored as if it had
        # failed in them.
        weights = {"general": self.general, **{name: self.x[name] for name in names}}
        total = sum(weights.values())
        return {name: weight / total for name, weight in weights.items()}


class Scale(Shape):
    """What a score means: ``anchor_points`` stand for odds of ``anchor_odds`` to 1 of being safe,
    and every ``points_to_double_odds`` more double them; scores end at ``lowest``, ``highest``.
    """

    anchor_points: Score
    anchor_odds: Annotated[float, Field(gt=0, le=1e6)]
    points_to_double_odds: Annotated[int, Field(gt=0, le=1000)]
    lowest: Score
    highest: Score

    @model_validator(mode="after")
    def _ordered(self) -> Scale:
        if not self.lowest < self.anchor_points < self.highest:
            problem = f"anchor {self.anchor_points} is not inside {self.lowest}-{self.highest}"
            raise ValueError(f"{problem}; put lowest < anchor_points < highest")
        return self


class Covers(Shape):
    """Coverage of the tolerance period: enterprises that fulfil any one of these.

    The features tell small-or-micro and 个体工商户 only, so ``sizes`` names both sizes or none.
    """

    new_form: bool
    sizes: tuple[Literal["small", "micro"], ...]
    kinds: tuple[Literal["individual"], ...]

    @model_validator(mode="after")
    def _tellable(self) -> Covers:
        # The register's feature tells small or micro in one; a rule that covers only one of
        # them would quietly cover both.
        if len(self.sizes) != len(set(self.sizes)) or len(self.sizes) == 1:
            problem = f"sizes {list(self.sizes)}"
            raise ValueError(
                f"{problem}; name both small and micro, or neither: no feature tells which"
            )
        return self

    @property
    def features(self) -> tuple[str, ...]:
        """Flag features of which one at least must be 1."""
        flags = {
            "is_new_form": self.new_form,
            "is_small_or_micro": bool(self.sizes),
            "is_individual": bool(self.kinds),
        }
        return tuple(feature for feature, is_covered in flags.items() if is_covered)


class Tolerance(Shape):
    """The tolerance period (容错期) after establishment; 0 months covers nobody.

    While it lasts the tier is ``no_worse_than`` this, unless a feature of ``never`` is 1 or more.
    """

    months_from_establishment: Annotated[int, Field(ge=0, le=120)]
    covers: Covers
    no_worse_than: Literal["A", "B", "C"]
    never: tuple[Name, ...]

    @property
    def part_keys(self) -> tuple[str, ...]:
        """Nothing: an indicator that two name ends tolerance all the same."""
        return ()

    def joined(self, parts: Mapping[str, FeatureNames]) -> Tolerance:
        """This period with the indicators of each field (names by ``x_<field>``) in ``never``."""
        names = (*self.never, *(name for part in parts.values() for name in part))
        return self.model_copy(update={"never": tuple(dict.fromkeys(names))})

    @property
    def days(self) -> int:
        """The period in days, a month as 365.25/12 days as in feature windows."""
        return int(self.months_from_establishment * 365.25 / 12)


class Scope(Shape):
    """Scope of an X: enterprises whose ``feature`` is at least ``at_least``."""

    feature: Name
    at_least: AtLeast
