"""Features on the register, each against an answer read by hand at 2024-07-01."""

import pytest

TABLES = {
    "enterprises": """
enterprise_id registered_on province  sector   kind         employees known_at
E1            2015-05-05    Zhejiang  toys     trader       10        2020-01-01
E1            2015-05-15    Guangdong textiles manufacturer 25        2024-06-30T15:59
E1            2016-01-01    Fujian    shoes    service      40        2024-06-30T16:00  # known as the day begins
E2            2001-01-01    Shanghai  metals   person        1        2020-01-01
""",
    "inquiries": "inquiry_id lender inquired_on known_at\nQ1 L1 2024-01-01 2024-01-02",
}

ANSWERS = {
    "age_months": (9 * 365 + 3 + 47) / 30.4375,  # nine years, three leap days, 15 May to 1 July
    "employees": 25,
    "kind": "manufacturer",
    "sector": "textiles",
    "province": "Guangdong",
}


@pytest.mark.parametrize("name", ANSWERS)
def test_a_feature_on_the_register_answers_as_read_by_hand(found, name):
    assert found[name] == ANSWERS[name]
