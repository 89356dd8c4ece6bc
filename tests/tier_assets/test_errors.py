from tier_assets import errors


def test_every_error_for_users_is_a_strata_error():
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert all(issubclass(kind, errors.StrataError) for kind in kinds)


def test_a_lost_race_carries_the_winners_fingerprint():
    assert errors.LostRaceError("lost", "abc").fingerprint == "abc"
