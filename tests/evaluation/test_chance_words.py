"""One decision on chances, one sentence; known answers at the bands' edges."""

from __future__ import annotations

import pytest

from clv_platform.evaluation.chance_words import judge_chances


def metrics(events: tuple[float, float, float], slope: tuple[float, float, float] = (1.0, 0.9, 1.1), n: int = 1058) -> dict[str, float]:
    named = {"observed_to_expected": events, "calibration_slope": slope}
    return {f"{name}{end}": figure for name, figures in named.items() for end, figure in zip(("", "_lo", "_hi"), figures, strict=True)} | {
        "n_positive": n
    }


@pytest.mark.parametrize(
    ("events", "slope", "level"),
    [
        ((1.02, 0.95, 1.09), (1.0, 0.9, 1.1), "kept"),
        ((1.14, 1.05, 1.24), (1.0, 0.9, 1.1), "shifted"),  # off beyond chance, within what the gate tolerates
        ((1.40, 1.24, 1.60), (1.0, 0.9, 1.1), "order"),  # the interval still reaches into the gate's band, but nobody should plan with it
        ((1.20, 1.05, 1.40), (1.0, 0.9, 1.1), "shifted"),
        ((1.40, 1.26, 1.60), (1.0, 0.9, 1.1), "order"),
        ((0.60, 0.50, 0.79), (1.0, 0.9, 1.1), "order"),
        ((1.00, 0.90, 1.10), (0.85, 0.75, 0.95), "shifted"),
        ((1.00, 0.90, 1.10), (0.50, 0.40, 0.69), "order"),
        ((1.00, 0.90, 1.10), (float("nan"), float("nan"), float("nan")), "kept"),
        ((0.0, float("nan"), float("nan")), (1.0, 0.9, 1.1), "unknown"),
    ],
)
def test_chances_are_kept_shifted_an_order_or_unknown(events, slope, level) -> None:
    assert judge_chances(metrics(events, slope)).level == level


def test_the_sentence_has_the_counts_and_the_direction() -> None:
    sentence = judge_chances(metrics((1.14, 1.05, 1.24))).sentence
    assert sentence == (
        "The chances can be planned with, but are a little too low: 928 events were promised on the test rows and 1,058 happened, 1.14 "
        "times as many as promised (95\u00a0% interval 1.05 to 1.24)."
    )
    assert "too high" in judge_chances(metrics((0.88, 0.81, 0.95))).sentence


def test_far_too_many_promised_are_not_a_little_too_high() -> None:
    sentence = judge_chances(metrics((0.58, 0.36, 0.92))).sentence
    assert sentence.startswith("The chances are too high, by how much is uncertain; read them as an order: ")
    assert "planned with" not in sentence


def test_figures_that_are_not_there_are_no_verdict() -> None:
    assert judge_chances({}).level == "unknown"
    assert judge_chances({"observed_to_expected": None, "observed_to_expected_lo": None}).level == "unknown"


def test_chances_of_rows_drawn_by_what_happened_are_an_order_whatever_the_test_rows_say() -> None:
    kept = judge_chances(metrics((1.02, 0.95, 1.09)), is_sampled=True)
    apart = judge_chances(metrics((1.0, 0.9, 1.1), (0.85, 0.75, 0.95)), is_sampled=True)
    assert kept.level == apart.level == "order"
    assert "On rows drawn in the same way, 1,058 events" in apart.sentence
    assert "as they stand" not in kept.sentence
    assert kept.sentence.endswith("On rows drawn in the same way, " + judge_chances(metrics((1.02, 0.95, 1.09))).sentence.split(": ")[1])
    assert judge_chances({}, is_sampled=True).level == "unknown"
