{{ target_scores_of('upgrade') }}
