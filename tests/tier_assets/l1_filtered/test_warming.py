from tier_assets.l1_filtered.warming import warm
from tier_assets.text.minhash_kernel import hash_shingles


def test_the_kernels_are_compiled_afterwards():
    warm()
    assert hash_shingles.signatures
