"""The keys about an account's worth: how a value model is chosen, tiers, segments and lifecycle stages.

Add a key here with its default and a description. Keep what every target has out (see `schema`).
"""

from __future__ import annotations

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

ValueMetric = Literal["ngini", "mae", "rmse", "decile_wape", "top10_share", "spearman"]


class _Block(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ValueChoice(_Block):
    """The rule by which one of the value models becomes the champion, written down before the test is looked at."""

    metric: ValueMetric = "ngini"  # of the rolling-origin backtest; the best one wins
    max_bias: float = Field(default=0.15, gt=0, le=1)  # among the models whose total is off by at most this share
    tie: float = Field(default=0.0015, ge=0, lt=0.1)  # within this share of the best one's metric models are level: the least rmse wins
    blend_of: int = Field(default=3, ge=1)  # the mean of so many of the best models is a contender, too; 1: no blends


class ValueTiers(_Block):
    """Shares of the accounts in each tier, from the lowest expected value to the highest."""

    low: float = Field(default=0.4, gt=0, lt=1)
    mid: float = Field(default=0.3, gt=0, lt=1)
    high: float = Field(default=0.2, gt=0, lt=1)
    very_high: float = Field(default=0.1, gt=0, lt=1)

    @model_validator(mode="after")
    def _whole(self) -> ValueTiers:
        total = self.low + self.mid + self.high + self.very_high
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(f"the shares low, mid, high and very_high must add up to 1, and add up to {total:g}")
        return self


class Segments(_Block):
    """How accounts are grouped by what they are like."""

    # Numeric features that aren't private; none named: purchases, age and the first usage metrics, as far as the company has them.
    features: tuple[str, ...] = ()
    n_segments: tuple[int, ...] = Field(default=(3, 4, 5, 6, 7, 8), min_length=1)  # numbers of segments that are tried
    n_resamples: int = Field(default=10, ge=2)  # for the stability of the segments

    @model_validator(mode="after")
    def _numbers(self) -> Segments:
        if min(self.n_segments) < 2 or len(set(self.n_segments)) < len(self.n_segments):
            raise ValueError(f"n_segments lists the numbers of segments to try, each once and at least 2; found {list(self.n_segments)}")
        return self


class Lifecycle(_Block):
    """Stages of an account's life: acquire, develop, retain, at risk, lost. An account with an active subscription is not silent.

    P(alive) only lowers a stage: a customer who bought once looks alive for ever to BG/NBD.
    """

    acquire_days: int = Field(default=90, ge=1)  # first seen at most so long ago: acquire
    develop_days: int = Field(default=365, ge=1)  # first seen at most so long ago, or
    develop_purchases: int = Field(default=3, ge=1)  # fewer purchase days than these: develop; else retain
    at_risk_days: int = Field(default=90, ge=1)  # silent for longer, or
    at_risk_alive: float = Field(default=0.5, ge=0, le=1)  # P(alive) below: at risk
    at_risk_churn: float = Field(default=0.15, gt=0, le=1)  # subscribers whose chance to leave is above: at risk
    lost_days: int = Field(default=365, ge=1)  # silent for longer, or
    lost_alive: float = Field(default=0.1, ge=0, le=1)  # P(alive) below: lost

    @model_validator(mode="after")
    def _in_order(self) -> Lifecycle:
        for earlier, later in (("acquire_days", "develop_days"), ("at_risk_days", "lost_days"), ("lost_alive", "at_risk_alive")):
            first, second = getattr(self, earlier), getattr(self, later)
            if first >= second:
                raise ValueError(f"{earlier} must be smaller than {later}, found {first:g} and {second:g}")
        return self
