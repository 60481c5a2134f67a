"""A group keeps its id where most of its ads stayed; who was merged is named."""

import pytest

from serving.ads.lineage import FILE, BrokenLineage, name_groups, read_lineage, to_json
from serving.linking.groups import Counts, Group, Unknown, id_of


def group(ads):
    counts = Counts(len(ads), 1, 0, 0, 0, {}, None, None)
    return Group(id_of(ads[0]), tuple(ads), counts, Unknown(0, 0, 0, 0, {}), ())


def run(last, *groups):
    """The names of groups of one-letter ads, after those of an earlier run."""
    return name_groups([group(x) for x in groups], last)


def short(named):
    return [(x.id, x.was) for x in named]


def test_a_group_keeps_its_id_though_an_earlier_ad_joins():
    first = run([], "bcd")
    assert short(first) == [(id_of("b"), ())]
    assert short(run(first, "abcd")) == [(id_of("b"), ())]


def test_a_merged_group_has_the_id_of_the_larger_part_and_names_the_other_for_good():
    first = run([], "abc", "wxyz")
    merged = run(first, "abcwxyz")
    assert short(merged) == [(id_of("w"), (id_of("a"),))]
    assert short(run(merged, "abcwxyz")) == short(merged)
    assert short(run(merged, "abcwxyzq", "no")) == [*short(merged), (id_of("n"), ())]
    again = run(run(first, "abc", "wxyz", "klmnopqrs"), "abcwxyzklmnopqrs")
    assert short(again) == [(id_of("k"), tuple(sorted((id_of("a"), id_of("w")))))]


def test_of_two_equally_large_parts_it_is_always_the_same():
    first = run([], "ab", "xy")
    expected = min(id_of("a"), id_of("x"))
    assert run(first, "abxy")[0].id == run(first[::-1], "xyab")[0].id == expected


def test_where_a_group_falls_apart_the_larger_part_keeps_the_id_and_no_id_comes_twice():
    """Also where the lost part has the ad that the id was made of."""
    first = run([], "abcdefg")
    parted = run(first, "cdefg", "ab")
    assert parted[0].id == id_of("a")
    assert parted[1].id == id_of("a", 1)
    halves = run(first[:0] + run([], "abcd"), "ab", "cd")
    assert {x.id for x in halves}.isdisjoint({id_of("a")})
    assert len({x.id for x in halves}) == 2


def test_half_of_a_group_that_joins_another_is_not_named():
    first = run([], "abcd", "wxyz")
    assert short(run(first, "abwxyz", "cd")) == [(id_of("w"), ()), (id_of("c"), ())]


def test_another_version_of_a_page_is_the_same_ad():
    old, new, other = ("0" * 24 + "-" + "a" * 16, "0" * 24 + "-" + "b" * 16, "1" * 24 + "-" + "c" * 16)
    first = name_groups([group([old, other])], [])
    assert name_groups([group([new, other])], first)[0].id == first[0].id


def test_what_was_kept_is_read_again_and_what_is_broken_says_what_to_do(tmp_path):
    assert read_lineage(tmp_path) == []
    merged = run(run([], "abc", "wxyz"), "abcwxyz")
    (tmp_path / FILE).write_text(to_json(merged), "utf-8")
    assert read_lineage(tmp_path) == merged
    for broken in ("", "{}", '{"groups": [{"id": 1}]}', "[" * 100_000):
        (tmp_path / FILE).write_text(broken, "utf-8")
        with pytest.raises(BrokenLineage, match="delete it, and groups get new ids"):
            read_lineage(tmp_path)
