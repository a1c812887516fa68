"""A frame with a planted fault: segments predicted well overall (.69 right) and badly in Germany (.47), where "very high" is in vain.

Exact by construction: of 10,000 accounts 2,000 are in Germany, 940 of them predicted right; 5,960 of the other 8,000 are.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

SEGMENTS = ("very low", "low", "medium", "high", "very high")
COUNTRIES = ("Germany", "France", "Spain", "Italy", "Poland")
N, N_GERMANY = 10_000, 2_000
ACCURACY, ACCURACY_GERMANY = 0.69, 0.47
PRECISION_VERY_HIGH_GERMANY = 120 / 400


def planted_frame(seed: int = 5) -> pd.DataFrame:
    """Return the frame: account_id, country, industry, employees, revenue_90d, signed_up_at, is_trial, note, segment, predicted_segment."""
    random = np.random.default_rng(seed)
    country = np.repeat(COUNTRIES, N // len(COUNTRIES))
    germany, others = (
        _outcomes(random, N_GERMANY, {"right": 940, "very high right": 120, "very high": 400}),
        _outcomes(random, N - N_GERMANY, {"right": 5_960, "very high right": 1_280, "very high": 1_600}),
    )
    frame = pd.DataFrame(
        {
            "account_id": [f"A{number:05d}" for number in range(N)],
            "country": country,
            "industry": random.choice(["retail", "software", "health", "logistics"], N),
            "employees": random.integers(1, 5_000, N),
            "revenue_90d": np.round(random.gamma(1.2, 400.0, N), 2),
            "signed_up_at": pd.Timestamp("2023-01-01") + pd.to_timedelta(random.integers(0, 1_000, N), unit="D"),
            "is_trial": random.random(N) < 0.2,
            "note": [None if value < 0.5 else f"called twice, case {number}" for number, value in enumerate(random.random(N))],
            "segment": np.concatenate([germany[0], others[0]]),
            "predicted_segment": np.concatenate([germany[1], others[1]]),
        }
    )
    frame.loc[random.random(N) < 0.1, "employees"] = np.nan
    return frame.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def _outcomes(random: np.random.Generator, n: int, counts: dict[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """Actual and predicted segments of n rows with exactly these counts of right ones."""
    n_high, high_right = counts["very high"], counts["very high right"]
    predicted = np.concatenate([np.repeat("very high", n_high), random.choice(SEGMENTS[:-1], n - n_high)]).astype(object)
    is_right = np.concatenate([np.arange(n_high) < high_right, np.arange(n - n_high) < counts["right"] - high_right])
    order = random.permutation(n)
    predicted, is_right = predicted[order], is_right[order]
    place = np.array([SEGMENTS.index(value) for value in predicted])
    # A wrong one is a segment beside it, mostly below: what was promised wasn't kept.
    beside = np.where(place == 0, 1, np.where((place == len(SEGMENTS) - 1) | (random.random(n) < 0.7), place - 1, place + 1))
    return np.array(SEGMENTS, dtype=object)[np.where(is_right, place, beside)], predicted
