"""The real freemium data: the figures that the project promises, on one fold seed of the five that a run uses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from clv_platform.config import Tuning, load_config
from clv_platform.datasets import build_examples
from clv_platform.metrics import lift_at, log_loss, pr_auc
from clv_platform.models import cross_validate_binary
from clv_platform.settings import PROJECT_ROOT, load_settings


@pytest.mark.data
@pytest.mark.slow
def test_freemium_upgrade_reaches_the_bar_out_of_fold():
    settings = load_settings()
    config = load_config(PROJECT_ROOT / "config" / "freemium.yaml", settings)
    frame = pd.read_csv(settings.sample_data / "freemium_upgrade" / "XYZData.csv.gz")
    for name, top, bottom in (
        ("subscriber_share", "subscriber_friend_cnt", "friend_cnt"),
        ("songs_per_month", "songsListened", "tenure"),
        ("recent_song_share", "delta_songsListened", "songsListened"),
        ("loved_share", "lovedTracks", "songsListened"),
    ):
        frame[name] = frame[top] / frame[bottom].where(frame[bottom] != 0)
    frame["recent_words"] = frame[["delta_posts", "delta_shouts", "delta_playlists"]].sum(axis=1)
    recent = ["songsListened", "lovedTracks", "posts", "playlists", "shouts", "friend_cnt", "subscriber_friend_cnt"]
    frame["recent_kinds"] = (frame[[f"delta_{name}" for name in recent]] != 0).sum(axis=1)
    frame["song_momentum"] = frame["recent_song_share"] * frame["tenure"]
    frame["loved_per_month"] = frame["lovedTracks"] / frame["tenure"].where(frame["tenure"] != 0)
    frame = frame.rename(columns={"user_id": "account_id", "adopter": "y_upgrade"})
    frame["as_of_date"], frame["is_eligible"] = pd.NaT, True
    target = config.target("upgrade").model_copy(update={"fold_seeds": (1,)})
    # The third arm, the search and the comparators cost minutes and prove nothing more here.
    training = config.training.model_copy(
        update={
            "arms": ("none", "smote"),
            "tuning": Tuning(trials=0),
            "comparators": (),
            "lightgbm": {**config.training.lightgbm, "n_bags": 2, "n_random_bags": 1},
        }
    )
    found = cross_validate_binary(build_examples(frame, config, target), target, training, threads=settings.threads)
    score = found.scores[0]
    assert len(score) == 41_540
    assert found.y.mean() == pytest.approx(0.0371, abs=1e-4)
    assert pr_auc(found.y, score) >= 0.134  # one seed scatters by .002 around the mean over five, which is held to .138
    assert lift_at(found.y, score, 0.2) >= 3.05
    assert log_loss(found.y, score) <= 0.1342
    assert pr_auc(found.y, found.arm_scores["smote"][0]) < pr_auc(found.y, found.arm_scores["none"][0])
    assert np.isfinite(score).all()
