"""Phone numbers, however they are written, and what looks like one and is none. All numbers are invented."""

import pytest


@pytest.mark.parametrize(
    "text",
    [
        "Ring 01 23 45 67 i dag",
        "01234567",
        "0123 4567",
        "01 234 567",
        "012 345 67",
        "012 34 567",
        "01-23-45-67",
        "01.23.45.67",
        "01/23/45/67",
        "(01) 23 45 67",
        "0 1 2 3 4 5 6 7",
        "tlf. 012 3 45 67",
        "+45 01 23 45 67",
        "+4501234567",
        "0045 01234567",
        "(+45) 01 23 45 67",
        "ring 45 01 23 45 67",
        "☎ 01\u00a023\u00a045\u00a067",
        "01\n23\n45\n67",
        "tlf 01 23\n45 67",
        "man-fre 10-22, 01 23 45 67",
        "Pris 500 - 01 23 45 67",
        "Anna 01 23 45 67 en time 600",
        "Kontor: 01 23 45 67",
        "0 1 2 3 - 4 5 6 7",
        "mobilnr. 01 23 45 67",
        "kontaktnummeret 01234567",
        "mit whatsappnummer er 0123 4567",
        "ring 01 og 23 og 45 og 67",
    ],
)
def test_plain_digits_are_a_phone_as_phones_are_grouped(found, text):
    assert [value for _, value in found("phone", text)] == ["+4501234567"]


@pytest.mark.parametrize(
    ("text", "digits"),
    [
        ("tyve tredive fyrre halvtreds", "20304050"),
        ("two zero three four five six seven eight", "20345678"),
        ("nul en to tre fem fem syv otte", "01235578"),
        ("nul-en-syv 3 treogtyve 44", "01732344"),
        ("NUL EN TOOGTYVE FEMOGTREDIVE TOLV", "01223512"),
        ("nul et, to og tyve, fem og tredive, tolv", "01223512"),
        ("oh one twenty-two thirty five ninety nine", "01223599"),
        ("nultrefireellevesekstensyv", "03411167"),
        ("nuletnulniseksseksfirefire", "01096644"),
        ("nul en / fire4 / to2 / ni9", "01442299"),
        ("01 (fem)(fem) 4O 7l", "01554071"),
        ("nul 1 dobbelt 7 double four sixty", "01774460"),
        ("O-uno / otte8 / tredve / 2 gange 7", "01883077"),
        ("null eins / drei drei / acht null / fünf sieben", "01338057"),
        ("noll ett – sju sju – fem fem – två två", "01775522"),
        ("zero unu patru patru opt opt doi doi", "01448822"),
        ("cero uno · ocho ocho · tres dos · nueve nueve", "01883299"),
        ("n u l e n 7 7 s e k s 1 0 4", "01776104"),
        ("n u l . f e m . e n e r . t r e . t r e . s e k s . n i . t o", "05133692"),
        ("nuuul eeen 23 45 67", "01234567"),
        ("O1 - TREDIVE - S3KS 7 - 44", "01306744"),
        ("n0ll 0ne 23 45 67", "01234567"),
        ("0️⃣1️⃣➖2️⃣3️⃣➖4️⃣5️⃣➖6️⃣7️⃣", "01234567"),
        ("🔟 23 45 67 ring", "10234567"),
        ("⓪①②③④⑤⑥⑦", "01234567"),
        ("０１ ２３ ４５ ６７", "01234567"),
        ("𝟎𝟏 𝟐𝟑 𝟒𝟓 𝟔𝟕", "01234567"),
        ("๐๑ ๒๓ ๔๕ ๖๗", "01234567"),
        ("0\u200b1 2\u200b3 4\u200b5 6\u200b7", "01234567"),
        ("ring O I 7 7 S S 2 B", "01775528"),
        ("O l 2 3 4 5 6 7", "01234567"),
        ("0.i.8.8.o.3.4.4", "01880344"),
        ("0💋1💋2💋3💋4💋5💋6💋7", "01234567"),
        ("0-HJERTE-1-HJERTE-3-7-HJERTE-9-0-6-4", "01379064"),
        ("sms nul en (kolon) tre og fire (komma) syv syv syv nul", "01347770"),
        ("+4five zero-one-6-6-zero-9-1-two", "01660912"),
        ("ring nul en nul to nul tre nul fire en time 600", "01020304"),
        ("nul\nen\n23\n45\n67", "01234567"),
        ("nul en syw åtte fæm trre feem ote", "01785358"),
        ("fjoten sexogtyve treoghalfems nulfem", "14269305"),
        ("zéro wún n0l én fèm séks 6ogtyve", "01015626"),
        ("zero jeden piec szesc siedem osiem dwa dziewiec", "01567829"),
        ("et nul, et ettal, et sekstal, et firtal, 23 og 45", "01642345"),
        ("tre nuller, to firtaller, en sekser, 23", "00044623"),
        ("01 2E A5 6T", "01234567"),
        ("sms IZ BS EO BZ", "12853082"),
        ("0-7-I-I-s e k s-2-4-n i", "07116249"),
        ("01 kys 23 kys 45 kys 67", "01234567"),
        ("nummeret er først 01, så 77, derefter 19 og til sidst 36", "01771936"),
        ("du taster 01, så taster du 23, så kommer 45 og du slutter med 67", "01234567"),
        ("nul et ... øh to tre, vistnok ... så fire fem og efter det seks syv", "01234567"),
        ("01💛84💚27💙59", "01842759"),
        ("18,06,94,52", "18069452"),
        ("01,23,45,67", "01234567"),
        ("01|23|45|67", "01234567"),
        ("0️⃣1️⃣🎱7️⃣3️⃣5️⃣⭕0️⃣", "01873500"),
        ("0️⃣☝️ / ✌🏽3️⃣ / 🖐️🖐️ / 6️⃣🕖", "01235567"),
        ("🕐🕐🕑🕔🕓🕒🕕🕘", "11254369"),
        ("tlf01 23 45 67", "01234567"),
        ("Ring tlf01234567 nu", "01234567"),
        ("plus45 nul 1 2 3 4 5 6 7", "01234567"),
        ("plus fire fem nul et to tre fire fem seks syv", "01234567"),
    ],
)
def test_disguised_digits_are_a_phone_if_they_are_eight(found, text, digits):
    assert [value for _, value in found("phone", text)] == [f"+45{digits}"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("+46 70 123 45 67", "+46701234567"),
        ("0046 70 123 45 67", "+46701234567"),
        ("WhatsApp +40 722 123 456", "+40722123456"),
        ("+44 20 7946 0000", "+442079460000"),
        ("(+49) 151 12345678", "+4915112345678"),
        ("plus 46 syv nul - et syv fire - nul seks - et to", "+46701740612"),
        ("plus fyrre, et nul syv, to fire fem, ni otte tre", "+40107245983"),
        ("Telegram plus4O I68 2O5 7E4", "+40168205734"),
        ("nul nul 49 - 171 - 392 - nul nul fire syv", "+491713920047"),
        ("OO46 7O I74 O6 S8", "+46701740658"),
        ("ring null null førtisju elleve trettiseks førtiåtte femtito", "+4711364852"),
    ],
)
def test_a_foreign_number_has_its_own_country_code(found, text, value):
    assert [x for _, x in found("phone", text)] == [value]


@pytest.mark.parametrize(
    "text",
    [
        "80.000 kr.",
        "den 01-02-2024",
        "sag 123456789012",
        "sag 12345678",
        "Sagsnr.: 12 34 56 78",
        "kontonr 1234 0012345678",
        "1.234.567,00",
        "12345678 kr",
        "CVR 12345678",
        "CPR 010190-1234",
        "90-60-90, 172 cm",
        "10-22 12-20",
        "10.00-22.00",
        "Vestergade 12, 2100 København",
        "2023 2024",
        "2010-2024",
        "1893-1929",
        "10 og 12 og 14 og 16",
        "kl. 19.30-22. Tolv unge",
        "9.00-22.30, seks dage",
        "20240503",
        "from 500 to 1200",
        "5000-6000",
        "1, 2, 3, 4, 5, 6, 7, 8",
        "en to tre fire fem seks syv otte",
        "en mand og to damer, en time til to",
        "30 min 500, 60 min 900",
        "01 23 45 67 89",
        "0123456789",
        "3x4 m2, 12 stk, 25 kg og 30 km",
        "de to, en af de fire og ni af de ti",
        "11 12 13 14",
        "lukket 23-24-25-26 december",
        "str. 36,38,40,42",
        "34, 39, 46, 52",
        "10 til 22 og 12 til 18",
        "ring 10 til 22 og 12 til 18",
        "betalte først 10, så 20, derefter 30 og til sidst 40",
        "syv og så er det otte og ti og elleve og tolv",
        "ordrenr. på kvitteringen er 10482957",
        "cvr på udlejers firma angives som 01357420",
        "el-måler 00482913, aflæst i går",
        "annonce nr. 01932847",
        "svar mrk. 1047-3382",
        "bookingnummer 10473382",
        "Pakkenr.: 1047 3382",
        "pinkode 10473382",
        "ansøgning 2024-0187",
        "nr. på bussen: 150S og 173E",
        "bank 0042 1100387",
        "nr 0012345678",
        "kl. 🕐🕑🕒🕓 og 12 34",
        "1️⃣ time ☝️ 2️⃣ timer",
    ],
)
def test_other_numbers_are_no_phones(found, text):
    assert found("phone", text) == []


def test_two_numbers_beside_one_another_are_two(found):
    assert [x for _, x in found("phone", "01234567 / 02345678")] == ["+4501234567", "+4502345678"]
    assert [x for _, x in found("phone", "01 23 45 67 og 02 34 56 78")] == ["+4501234567", "+4502345678"]
    assert [x for _, x in found("phone", "tlf 01 23 45 67, sms 02 34 56 78")] == ["+4501234567", "+4502345678"]


def test_the_quote_is_the_whole_disguise_in_the_raw_text(found):
    assert found("phone", "ring (0)1 ◆ 23 ◆ fire-fem ◆ 6 syv!") == [("(0)1 ◆ 23 ◆ fire-fem ◆ 6 syv", "+4501234567")]
    assert found("phone", "👩‍👧 +45 01️⃣ 23 45 67.") == [("+45 01️⃣ 23 45 67", "+4501234567")]
