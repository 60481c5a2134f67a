"""Prices, opening hours and dates."""

import pytest


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("900 kr.", "900 DKK"),
        ("1.200,- ring", "1200 DKK"),
        ("kr. 1.200,50", "1200.50 DKK"),
        ("80 000 kroner", "80000 DKK"),
        ("DKK 900", "900 DKK"),
        ("50 euro", "50 EUR"),
        ("€35", "35 EUR"),
        ("500-800 kr", "500-800 DKK"),
        ("2,9 mio. kr.", "2900000 DKK"),
        ("900/30 min", "900 DKK"),
        ("½ time 600", "600 DKK"),
        ("30 min: 500", "500 DKK"),
        ("1 time = 1000", "1000 DKK"),
        ("prisen er 800", "800 DKK"),
        ("koster 1200", "1200 DKK"),
        ("24.000 i hånden", "24000 DKK"),
        ("8.000 pr. dag", "8000 DKK"),
        ("60 i timen", "60 DKK"),
        ("massage med olie, kun 300.", "300 DKK"),
        ("1.600 for en time", "1600 DKK"),
    ],
)
def test_an_amount_has_a_currency_or_stands_as_prices_do(found, text, value):
    assert [x for _, x in found("price", text)] == [value]


def test_a_list_of_prices_gives_each(found):
    text = "½ time 600 // 1 time 1000\nhele natten 3.000, 20 min 400"
    assert [x for _, x in found("price", text)] == ["600 DKK", "1000 DKK", "3000 DKK", "400 DKK"]


@pytest.mark.parametrize(
    "text", ["sag 1200", "i 2024", "172 cm", "kun 300 meter", "1200 m2", "uge 29", "01 23 45 67", "kl. 1000"]
)
def test_other_numbers_are_no_prices(found, text):
    assert found("price", text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("åben 10-22", "10:00-22:00"),
        ("kl. 9.00 til 17.30", "09:00-17:30"),
        ("man-fre 10-22", "10:00-22:00"),
        ("10:00 - 02:00", "10:00-02:00"),
        ("open 1-5 pm", "13:00-17:00"),
        ("ring mellem 15 og 17", "15:00-17:00"),
        ("døgnåbent", "00:00-24:00"),
        ("24/7", "00:00-24:00"),
        ("lastbilplads 0-24", "00:00-24:00"),
        ("hele døgnet", "00:00-24:00"),
    ],
)
def test_hours_are_from_one_time_to_another(found, text, value):
    assert [x for _, x in found("hours", text)] == [value]


@pytest.mark.parametrize("text", ["2-3 damer", "åbent for 20-30 år", "sko 38-40", "side 10-22", "mellem 10 og 20 kr"])
def test_other_ranges_are_no_hours(found, text):
    assert found("hours", text) == []


@pytest.mark.parametrize(
    ("text", "quote", "value"),
    [
        ("d. 3. maj", "3. maj", "--05-03"),
        ("3. maj 2024", "3. maj 2024", "2024-05-03"),
        ("3.-5. maj", "3.-5. maj", "--05-03/--05-05"),
        ("30. april - 2. maj", "30. april - 2. maj", "--04-30/--05-02"),
        ("fredag d. 3. maj", "3. maj", "--05-03"),
        ("fredag den 3/5", "3/5", "--05-03"),
        ("1/4 2024", "1/4 2024", "2024-04-01"),
        ("1/4 af dem, start 1/4", "1/4", "--04-01"),
        ("03.05.2024", "03.05.2024", "2024-05-03"),
        ("3/5-24", "3/5-24", "2024-05-03"),
        ("2024-05-03", "2024-05-03", "2024-05-03"),
        ("9.-13/6", "9.-13/6", "--06-09/--06-13"),
        ("May 3rd", "May 3rd", "--05-03"),
        ("3rd of May", "3rd of May", "--05-03"),
        ("d. 5.-6.", "5.-6.", "---05/---06"),
    ],
)
def test_a_date_has_its_day_first(found, text, quote, value):
    assert found("date", text) == [(quote, value)]


def test_a_tour_that_names_its_month_once_has_it_on_every_day(found):
    text = "TURNÉ JUNI\nStruer 3.-5.\nThyborøn 9. (kun aften)\nTarm 30.-31."
    assert [x for _, x in found("date", text)] == ["--06-03/--06-05", "--06-09"]


@pytest.mark.parametrize(
    "text", ["fredag", "1/2 time", "1/4 liter", "3. sal", "31. februar", "8000", "+45", "på 2. time"]
)
def test_other_numbers_and_days_are_no_dates(found, text):
    assert found("date", text) == []


@pytest.mark.parametrize(
    ("text", "quotes"),
    [
        ("600/30 min 1000/time", ["600", "1000"]),
        ("Stjerneskud 148\nPariserbøf 139\n", ["148", "139"]),
        ("Dameklip ..... 395\nHerreklip .... 295", ["395", "295"]),
        ("💵 500 / 30", ["500"]),
        ("Pris - 600", ["600"]),
        ("Lisa – 24 – Odense – 700 – ring", ["700"]),
        ("hun beder om 200 ekstra", ["200"]),
        ("leje 6.200 inkl. varme", ["6.200"]),
        ("400 kvarter 600 halv time", ["400", "600"]),
    ],
)
def test_a_price_ends_before_what_it_is_for(found, text, quotes):
    assert [x for x, _ in found("price", text)] == quotes


@pytest.mark.parametrize(
    "text", ["Højde 164\nVægt 153", "Sal 148\nLokale 139", "km-tæller 212.000", "tog 200 billeder", "bus 150"]
)
def test_lists_of_other_numbers_are_no_prices(found, text):
    assert found("price", text) == []


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("privat massage\n10-22\nring", "10:00-22:00"),
        ("🌹 10-20 🌹", "10:00-20:00"),
        ("11-23 alle dage", "11:00-23:00"),
        ("I work 7-15 every day", "07:00-15:00"),
        ("vagter\nma 6-14", "06:00-14:00"),
        ("trafik 22-05.", "22:00-05:00"),
        ("butik 10-17.30.", "10:00-17:30"),
        ("kom mellem 18 og 20. Tak", "18:00-20:00"),
    ],
)
def test_hours_that_stand_alone_or_look_like_it(found, text, value):
    assert [x for _, x in found("hours", text)] == [value]


@pytest.mark.parametrize(
    "text", ["Tilsyn 11-03", "piger mellem 18 og 24.", "nummer 1-0-H-4", "række 4-10 på balkonen", "fra 10 til sent"]
)
def test_days_people_and_single_times_are_no_hours(found, text):
    assert found("hours", text) == []


@pytest.mark.parametrize(
    ("text", "dates"),
    [
        ("torsdag den 12. juni til søndag den 15. juni", ["12. juni til søndag den 15. juni"]),
        ("fra 3/8 og 11/8", ["3/8", "11/8"]),
        ("pr. 1.11. eller før", ["1.11."]),
        ("Vejle 💎 5.10-8.10 💎", ["5.10-8.10"]),
        ("20.02.-25.02.2026", ["20.02.-25.02.2026"]),
        ("till 12/6", ["12/6"]),
        ("konto 2/5 2025.", ["2/5 2025"]),
        ("from June 3, call", ["June 3"]),
        ("28. november kl. 14-16. Velkommen", ["28. november"]),
        ("i juni\nåben hver dag 10-23. Kom", []),
        ("åben fra 9.30-11.30", []),
    ],
)
def test_a_date_is_marked_without_its_weekday(found, text, dates):
    assert [x for x, _ in found("date", text)] == dates
