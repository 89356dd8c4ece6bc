from tier_assets.policies.filtered import FilteredPolicy


def test_the_defaults_are_the_literatures():
    policy = FilteredPolicy()
    assert policy.min_language_score == 0.65
    assert (policy.quality.min_words, policy.quality.max_words) == (50, 100_000)
    assert (policy.deduplication.bands, policy.deduplication.rows) == (14, 8)
