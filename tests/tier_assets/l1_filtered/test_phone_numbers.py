import pytest
from hypothesis import given
from hypothesis import strategies as st

from tier_assets.l1_filtered.phone_numbers import phone_numbers


def found(text):
    return [text[start:end] for start, end in phone_numbers(text)]


@pytest.mark.parametrize(
    "number",
    [
        "+44 (0)20 7946 0018",
        "+15017122661",
        "(+1-800)-952-5210",
        "+420\u00a0228\u00a0881\u00a0031",
        "(415) 659-8282",
        "1-800-476-0446",
        "541.714.1388",
        "345-899-3560x4587",
        "03.93.92.16.85",
        "07700 063 966",
        "0341 8387176",
        "(08) 8747 6301",
        "0046 8 928 571 38",
        "+7.301.127-82-50",
        "8 (912) 345-02-34",
        "(11) 96192-9561",
        "01512 3451884",
    ],
)
def test_a_number_with_a_prefix_or_a_nations_form_is_found_by_itself(number):
    assert found(f"Write to us, {number}, or come by.") == [number]


@pytest.mark.parametrize(
    "text",
    ["Tel: {}", "Call me at {} please", "{} fax", "Telefon\n{}", "тел. {}", "电话:{}", "Téléphone : {}", "móvil {}",
     "Volejte {}.", "Llame al {}.", "Mobilnr {}", "infolinia {}", "Κινητό: {}", "手机号{}", "연락처 {}", "phone_number={}",
     "☎ {}"],
)  # fmt: skip
def test_a_local_number_is_found_where_a_word_says_so(text):
    assert found(text.format("467 3395")) == ["467 3395"]


@pytest.mark.parametrize("text", ["请拨打{}咨询", "전화는{}번", "電話は{}へ"])
def test_a_number_in_a_text_without_spaces_is_found(text):
    assert found(text.format("+86 10 1234 7323")) == ["+86 10 1234 7323"]


def test_a_prefix_and_an_area_in_one_pair_of_brackets_are_of_the_number():
    assert found("Telefon: (06 1) 230 4798") == ["(06 1) 230 4798"]


def test_a_word_for_a_number_of_something_else_holds_unless_a_telephone_is_named_after_it():
    assert found("Bestellnummer 056 051 726, invoice no. 056 051 726, PMID: 0560 517 261") == []
    assert found("Repellat ab id. Tel 0810704405") == ["0810704405"]
    assert found("Part no. 12, phone 056 051 726") == ["056 051 726"]


def test_the_bracket_before_a_number_is_not_its_own():
    assert found("our line (847-550-3747) is open") == ["847-550-3747"]


@pytest.mark.parametrize(
    "text",
    [
        "467 3395",
        "on 2024-11-30 and 30.11.2024 at 10:30",
        "Call before 12/03/2024",
        "1990-2010 (pages 1264-1271)",
        "$1,234,567.00 or 1 250 000 \u20ac",
        "0.00266666666667",
        "ISBN 978-0-306-40615-7",
        "ISBN 0-306-40615-2",
        "at 40.7127837, -74.0059413",
        "version 10.4.1234567",
        "054-28-6917",
        "DFARS 252.227-7013",
        "arXiv:2603.05240",
        "0 3 1 4 2 5 3 6 2 7 2 4",
        "10 11 12 13 14",
        "00 1110 0010 0000",
        "call 555-555-5555",
        "+ 100",
        "SKU 117023 45678",
        "价格0123 456 789元",
        "/list?id=0123-456-789",
        "(2010) 123-4567",
        "012 013 023 123",
    ],
)
def test_prices_dates_numbers_of_books_and_other_figures_are_no_telephone_numbers(text):
    assert found(text) == []


@given(st.text(alphabet="0123456789 ().-/+x\u00a0", max_size=80))
def test_what_is_found_has_7_to_21_digits_and_a_digit_at_its_end(text):
    """15 digits at most (E.164), and up to 6 of an extension."""
    for number in found(text):
        assert 7 <= sum(character.isdigit() for character in number) <= 21
        assert number[-1].isdigit()
