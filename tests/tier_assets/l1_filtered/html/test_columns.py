from tier_assets.l1_filtered.html import columns


def test_no_two_columns_of_a_table_are_the_same():
    blocks = [columns.START, columns.END, columns.CHARS, columns.LINKED, columns.STOPS, columns.OWNER, columns.KIND]
    tags = [columns.AT, columns.AFTER, columns.NAME, columns.TRAITS, columns.NAMED, columns.SHAPE]
    assert blocks == list(range(columns.BLOCK_COLUMNS))
    elements = [columns.PARENT, columns.TAG, columns.OWN, columns.FLAGS, columns.FIRST, columns.LAST, columns.WORDS]
    assert [*elements, columns.MAKE, columns.TAG_AT] == list(range(columns.ELEMENT_COLUMNS))
    assert tags == list(range(columns.TOKEN_COLUMNS))


def test_traits_can_be_told_apart():
    assert columns.CLOSING | columns.LINKING | columns.CONCEALED == 7
