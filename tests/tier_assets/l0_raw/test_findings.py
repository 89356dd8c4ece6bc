from tier_assets.l0_raw.findings import too_large
from tier_assets.schemas import DropReason


def test_a_too_large_input_says_what_was_measured_and_allowed():
    reject = too_large(7, "max_payload_bytes", 11, 10, uri="https://example.org/")
    assert (reject.reason, reject.rule, reject.value, reject.threshold) == (
        DropReason.TOO_LARGE,
        "max_payload_bytes",
        11.0,
        10.0,
    )
