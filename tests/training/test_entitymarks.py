"""Marks of entities: offsets of the plain text, values in their normal form, and what a mark may not be."""

import pytest

from training.entitymarks import SHAPES, parse_entities
from training.markup import InvalidMarkup


def test_marks_leave_the_text_and_cut_out_their_words():
    marked = "📞 [[phone!:01862725|nul en\n86 to syv 25]] hos [[name|Mali]] i [[place:Aarhus|Århus]], "
    marked += "[x] og [[phone|[01] 20 30 40]]"
    text, entities = parse_entities(marked)
    assert text == "📞 nul en\n86 to syv 25 hos Mali i Århus, [x] og [01] 20 30 40"
    found = [(x.type, text[x.span.start : x.span.end], x.value, x.disguised) for x in entities]
    assert found == [
        ("phone", "nul en\n86 to syv 25", "+4501862725", True),
        ("name", "Mali", "Mali", False),
        ("place", "Århus", "Aarhus", False),
        ("phone", "[01] 20 30 40", "+4501203040", False),
    ]


@pytest.mark.parametrize(
    ("mark", "value"),
    [
        ("[[phone|+45 12 34 56 78]]", "+4512345678"),
        ("[[phone|+44 7700 900418]]", "+447700900418"),
        ("[[phone!:16251894|[16] [25] [18] [94]]]", "+4516251894"),
        ("[[price|1.200 kr.]]", "1200 DKK"),
        ("[[price|139,50 kr]]", "139.50 DKK"),
        ("[[price|480,00 kr.]]", "480 DKK"),
        ("[[price:195-230|195-230 kr.]]", "195-230 DKK"),
        ("[[price|30 euro]]", "30 EUR"),
        ("[[hours:9:30-18|9.30 til 18]]", "09:30-18:00"),
        ("[[hours:00:00-24:00|døgnet rundt]]", "00:00-24:00"),
        ("[[date:--02-29|29/2]]", "--02-29"),
        ("[[date:2026-05-01/2026-05-03|1.-3. maj]]", "2026-05-01/2026-05-03"),
        ("[[age|30-35 år]]", "30-35"),
        ("[[phone:+491713920047|+49 171 3920047]]", "+491713920047"),
        ("[[phone|+47 10 20 30 40]]", "+4710203040"),
        ("[[mobilepay|41877]]", "41877"),
        ("[[mobilepay|01 20 30 40]]", "+4501203040"),
        ("[[cvr|05 95 71 17]]", "05957117"),
        ("[[cpr:310490-xxxx|310490-1178]]", "310490-xxxx"),
        ("[[email|Anne@Post.example]]", "anne@post.example"),
        ("[[handle:telegram:rosa_kbh|@rosa_kbh]]", "telegram:rosa_kbh"),
        ("[[url|https://www.a-b.example/c?d=1]]", "https://www.a-b.example/c?d=1"),
    ],
)
def test_values_are_read_off_the_words_or_given_in_short(mark, value):
    _, (entity,) = parse_entities(mark)
    assert entity.value == value


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        ("[[fax|01 20 30 40]]", "no type"),
        ("[[phone|20 30 40 50]]", "somebody's"),
        ("[[phone:20304050|tyve tredive fyrre 50]]", "somebody's"),
        ("[[phone|nul en]]", "write it in the mark"),
        ("[[phone:0120304|01 20 30 4]]", "write it in the mark"),
        ("[[price|tusind]]", "write it in the mark"),
        ("[[hours|10-22 hver dag]]", "write it in the mark"),
        ("[[hours:25-26|25-26]]", "write it in the mark"),
        ("[[date:2026-02-30|30/2]]", "write it in the mark"),
        ("[[date:--05-01/--05-32|1.-32. maj]]", "write it in the mark"),
        ("[[cpr|310490-1178]]", "write it in the mark"),
        ("[[cvr|25957117]]", "write it in the mark"),
        ("[[email|anne@post.dk]]", "write it in the mark"),
        ("[[handle|rosa_kbh]]", "write it in the mark"),
        ("[[name| Mali]]", "white space"),
        ("[[name|]]", "empty"),
        ("[[name|Mali", "not closed"),
        ("[[name:Mali]]", "not closed"),
    ],
)
def test_a_wrong_mark_is_refused_without_its_words(mark, said):
    with pytest.raises(InvalidMarkup, match=said) as refused:
        parse_entities("Ring " + mark + " i dag")
    words = mark.rpartition("|")[2].strip(" ]")
    assert not words or words not in str(refused.value)


def test_every_type_of_the_design_has_a_form():
    contacts = {"phone", "email", "url", "handle", "mobilepay"}
    assert set(SHAPES) == contacts | {"cpr", "cvr", "price", "hours", "date", "place", "age", "name"}
