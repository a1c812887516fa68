{{ target_scores_of('churn') }}
