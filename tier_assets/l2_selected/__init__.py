"""L2 selected: documents a scorer finds worth training on. The rules without a model are L1's."""
