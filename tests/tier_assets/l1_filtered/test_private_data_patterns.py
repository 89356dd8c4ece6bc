import pytest

from tier_assets.l1_filtered import private_data_patterns as patterns


def found(find, text):
    return [text[start:end] for start, end in find(text)]


@pytest.mark.parametrize(
    "address",
    [
        *("ada@lovelace.org", "a.b+c_d@mail.some-host.co.uk", "m\u00fcller@b\u00fccher.de", "x@a.museum", "u%h@x-1.io"),
        *("danna@dotsenko-akymenko.укр", "квіточка@пошта.укр", "x@xn--80a.xn--p1ai"),
    ],
)
def test_an_address_is_found_without_the_signs_around_it(address):
    assert found(patterns.emails, f"(mail <{address}>, or '{address}'.)") == [address, address]


@pytest.mark.parametrize(
    "text",
    [
        "logo@2x.png",
        "@handle and a @ b.de",
        "root@localhost",
        "you@example.com, you@mail.example.org, me@host.test",
        "<EMAIL>@b.de",
        "3@4.5",
    ],
)
def test_what_only_looks_like_an_address_is_not_found(text):
    assert found(patterns.emails, text) == []


def test_an_address_in_a_text_without_spaces_is_found_alone():
    assert found(patterns.emails, "\u90ae\u7bb1foo@bar.cn\u8bf7") == ["foo@bar.cn"]


def test_a_sentence_that_follows_an_address_without_a_space_is_not_of_it():
    assert found(patterns.emails, "foo@bar.com.Привет") == ["foo@bar.com"]


def test_an_address_spelled_with_brackets_is_found():
    text = "show [AT]PeopleAndPods [DOT] com or me(at)host.de, not me at home.com"
    assert found(patterns.spelled_emails, text) == ["show [AT]PeopleAndPods [DOT] com", "me(at)host.de"]


def test_public_ip_addresses_are_found():
    assert found(patterns.ip_addresses, "from 189.114.111.55: [8.8.8.100]") == ["189.114.111.55", "8.8.8.100"]
    text = "2a00:1450:4001:81b::200e and 6e40:4041:c617:e898:c11:40d2:c669:2eb4"
    assert found(patterns.ipv6_addresses, text) == text.split(" and ")


@pytest.mark.parametrize(
    "text",
    [
        "10.1.2.3 192.168.0.17 127.0.0.1 169.254.1.1 172.16.0.9 100.64.0.1",
        "203.0.113.7 224.0.0.251 255.255.255.255",
        "section 3.2.1.1 and 300.1.2.3, opencv>=4.10.0.84",
        "5.5.7.11 Scope of the clause, 20.11.21.16",
        "078.123.40.44",
        "version 12.0.30.19, v91.0.4472.12, 12.0.1.2.3, 12.34.56.78-beta",
        "fe80::1 ::1 2001:db8::17 12:30:45 std::vector ab::cd",
    ],
)
def test_private_ranges_and_numbers_of_versions_stay(text):
    assert found(patterns.ip_addresses, text) + found(patterns.ipv6_addresses, text) == []


@pytest.mark.parametrize("card", ["4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "5555555555554444"])
def test_a_card_has_an_issuers_prefix_and_a_valid_check_digit(card):
    assert found(patterns.cards, f"paid with {card}.") == [card]
    assert found(patterns.cards, f"paid with {card[:-1]}{(int(card[-1]) + 1) % 10}.") == []


@pytest.mark.parametrize(
    "text", ["1325376000000", "9780306406157", "4111 11 11111111 11", "0.4111111111111111", "a-4111111111111111"]
)
def test_other_long_numbers_are_no_cards(text):
    assert found(patterns.cards, text) == []


def test_a_short_card_number_needs_a_word_before_it():
    assert found(patterns.cards, "my card 630427373398 was lost") == ["630427373398"]
    assert found(patterns.cards, "my order 630427373398 was lost") == []


def test_an_account_number_is_checked_modulo_97():
    assert found(patterns.accounts, "IBAN GB82 WEST 1234 5698 7654 32, gb42nawi04454264788619") == [
        "GB82 WEST 1234 5698 7654 32",
        "gb42nawi04454264788619",
    ]
    assert found(patterns.accounts, "IBAN GB83 WEST 1234 5698 7654 32") == []


@pytest.mark.parametrize(
    "account", ["PL17 6283 0784 9029 9363 8171 2055", "ES9868196812000169343003", "SK1944008301964075673447"]
)
def test_a_word_after_an_account_number_is_not_of_it(account):
    """The country says how long it is: what follows may look like one more group."""
    assert found(patterns.accounts, f"{account} Caso a {account} b.") == [account, account]


# Put together, so that no scanner takes these for keys.
SECRETS = [
    "AKIA" + "IOSFODNN7EXAMPLE",
    "ghp" + "_" + "16C7e42F292c6912E7710c838347Ae178B4a",
    "xoxb" + "-123456789012-abcdefABCDEF0123456789ab",
    "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N",
    "sk" + "_live_4eC39HqLyjWDarjtT1zdp7dc",
    "sk" + "-proj-aB3dEfGhIjKlMn0pQrStUvWxYz12345678",
    "hf" + "_OHacrajjFLEodbjkrUtYqvEGjsOYdbHgDY",
    "GOCSPX" + "-WmfENfrTMIStS88Ug_nOVymMHbHj",
    "dop" + "_v1_a4b4da96945716299591f5d731bda8a28c575518b8d409c8032ae5a8f8cecef2",
    "dckr" + "_pat_qb9LZHtfh1ZHZNjofaurjy1S7Yw",
    "shp" + "at_9a3efb50e3489e3cfbe6dc6f885abacb",
    "sq0" + "csp-0PMWcngRXcpa5V76hWixqJlcyXyn3qLzjLPGm_eyEF7",
    "key" + "-25b37273e4f81b54aa338cf6ba0fd335",
    "3542615646" + ":AAniJ38pr89ghA48AexDZjr0Yu5d9OzYmnd",
    "T5PGUBSF3" + "/BRP3E5EY2Q/MGLBQPbdKxiuYkdzeWUW2ikK",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_keys_that_services_give_out_are_found(secret):
    assert found(patterns.keys, f"use {secret} here") == [secret]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('api_key = "f3a9Zk28Qm71LpXw"', "f3a9Zk28Qm71LpXw"),
        ("AWS_SECRET_ACCESS_KEY: wJalrXUtnFEMI/K7MDENG/bPxRfiCY3z1", "wJalrXUtnFEMI/K7MDENG/bPxRfiCY3z1"),
        ("Authorization: Bearer 9aQ2xL77zPq0KkV1", "9aQ2xL77zPq0KkV1"),
        ("access_token: YDBGWM9tWlIVLhFQFb7yxVTJg", "YDBGWM9tWlIVLhFQFb7yxVTJg"),
        ("password=PzBFwTXcIebxpjn6zCGLrBM2", "PzBFwTXcIebxpjn6zCGLrBM2"),
        ("postgres://app:4Ifuwo/eoOgicmB9cv@db.service.io/app", "4Ifuwo/eoOgicmB9cv"),
        ("/page?id=1200&key=dcObLjNDOpyYmk7rmaLHry0gvWA2", "dcObLjNDOpyYmk7rmaLHry0gvWA2"),
    ],
)
def test_a_value_drawn_by_lot_is_found_without_its_name(text, value):
    assert found(patterns.keys, text) == [value]


@pytest.mark.parametrize(
    "text",
    [
        *(
            "api_key = YOUR_API_KEY_GOES_HERE",
            "key: 1111111111111111111",
            "the key management-and-rotation",
            "token=<KEY>",
        ),
        *("password: your-password-here-123", "token = getTokenFromRequestHeader2", "PublicKeyToken=b77a5c561934e089"),
        *(
            "Public key token b77a5c561934e089",
            'class="sk-circle-fade-dot-animation-delay-1"',
            "http://a.de:8080/some/@me",
        ),
        "ftp://user:password@host.de",
    ],
)
def test_a_stand_in_for_a_value_is_no_key(text):
    assert found(patterns.keys, text) == []


def test_a_private_key_is_found_over_all_its_lines_and_without_an_end():
    block = "-----BEGIN RSA PRIVATE" + " KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE" + " KEY-----"
    assert found(patterns.key_blocks, f"a\n{block}\nb") == [block]
    assert found(patterns.key_blocks, block[:40]) == [block[:40]]
