"""From contributions in log-odds to the chance that people read: which way it moved, from where to where.

Here: the chance at the average score, the check that calibration keeps the order, the sentence. Keep reasons out (`reasons`).

Contributions start from the model's expected raw score, the average of log-odds. Where an event is rare, the calibrated chance at that
score lies well below the mean chance of all accounts, which a few high ones pull up: 0.5 % against 6.3 %, say. It is no account's chance
and no base rate, so the sentence calls it what it is and names the mean beside it.
"""

from __future__ import annotations

import numpy as np

from clv_platform.models import ModelArtifact

EVENT = {"upgrade": "to upgrade", "churn": "to leave"}
FLAT = 0.5  # calibrated log-odds per raw one, from the average score to this one; below, the words say that calibration holds back
_GRID = 201


def event_of(artifact: ModelArtifact) -> str:
    """What the chance is of: "to upgrade", "to leave"; empty for other kinds."""
    return EVENT.get(artifact.manifest.target_kind, "")


def check_order(artifact: ModelArtifact, raw_scores: np.ndarray) -> None:
    """Check that a higher raw score never means a lower chance, so that what pushes the one up pushes the other up.

    Raises
    ------
    ArithmeticError
        When the calibrator turns the order round anywhere within the scores.
    """
    if not len(raw_scores):
        return
    grid = np.linspace(float(raw_scores.min()), float(raw_scores.max()), _GRID)
    if np.any(np.diff(artifact.calibrator.apply(grid)) < -1e-12):
        raise ArithmeticError(
            f"model {artifact.manifest.model_id}: its calibrator lowers the chance while the raw score rises, so reasons would point the "
            "wrong way. Expected a calibrator that keeps the order: train again."
        )


def chance_text(chance: float) -> str:
    """Write a chance: 18 %, 4.1 %, below 0.1 %."""
    if chance < 0.001:
        return "below 0.1 %"
    if chance > 0.999:
        return "above 99.9 %"
    return f"{100 * chance:.{1 if chance < 0.0995 or chance > 0.9905 else 0}f} %"


def movement_words(artifact: ModelArtifact, raw_score: np.ndarray, base: float, mean_chance: float) -> list[str]:
    """Say for each row which way its calibrated chance moved.

    Parameters
    ----------
    raw_score : ndarray of shape (n,)
        Log-odds before calibration.
    base : float
        The expected value that contributions start from.
    mean_chance : float
        Mean calibrated chance of all accounts at hand.

    Returns
    -------
    list of str
        Such as "raised from 4.1 % at the average score to 18 % (mean of all accounts: 6.6 %)".
    """
    chance = artifact.calibrator.apply(raw_score)
    typical = float(artifact.calibrator.apply(np.array([base]))[0])
    moved = raw_score - base
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (_log_odds(chance) - _log_odds(np.array([typical]))[0]) / moved
    is_held = (np.abs(moved) > 0.1) & (slope < FLAT)
    start, mean = chance_text(typical), chance_text(mean_chance)
    words: list[str] = []
    for value, held in zip(chance, is_held, strict=True):
        end = chance_text(float(value))
        if end == start:
            text = f"about that at the average score, {end}"
        else:
            text = f"{'raised' if value > typical else 'lowered'} from {start} at the average score to {end}"
        text += f" (mean of all accounts: {mean})"
        words.append(f"{text}; calibration holds it back, as such scores proved too sure" if held else text)
    return words


def _log_odds(chance: np.ndarray) -> np.ndarray:
    safe = np.clip(chance, 1e-12, 1 - 1e-12)
    return np.log(safe / (1 - safe))
