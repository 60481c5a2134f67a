"""Whose turn it is: short calls are not held up, what ends a process is read alone, and nothing waits without bound."""

import threading

import pytest

from serving.inference.turns import AT_MOST, AT_ONCE, Overloaded, ReaderLost, Turns, Unreadable
from triage.assessment import Assessment, Priority
from triage.text import Document


def texts(name: str, count: int, size: int = 100) -> list[Document]:
    return [Document(f"{name}{i}", "note", "a" * size) for i in range(count)]


def answers(turns):
    return [Assessment(x.question.document.id, "tagged", (), Priority("none", {}), (), (), (), ()) for x in turns]


def ids(turns) -> list[str]:
    return [x.question.document.id for x in turns]


def test_a_short_call_does_not_wait_for_the_whole_of_a_long_one():
    turns = Turns(1_000_000)
    turns.put(texts("long", 20, 800))
    turns.put(texts("short", 1, 800))
    assert ids(turns.take()) == ["long0", "short0", "long1"]


def test_so_many_are_taken_at_once_as_fill_a_group_and_at_least_one():
    turns = Turns(1_000_000)
    turns.put(texts("a", 40, 100))
    turns.put(texts("big", 1, 50_000))
    while first := turns.take():
        if ids(first) == ["big0"]:
            break
        assert sum(x.size for x in first) <= AT_ONCE
    assert ids(first) == ["big0"]


def test_where_much_waits_more_is_taken_at_once_but_not_without_bound():
    turns = Turns(1_000_000)
    turns.put(texts("a", 400, 500))
    sizes = []
    for _ in range(30):
        waiting = turns.waiting
        sizes.append(sum(x.size for x in turns.take()))
        assert sizes[-1] <= max(AT_ONCE, min(waiting // 8, AT_MOST))
    assert (sizes[0], sizes[-1]) == (9_500, 2_000)


def test_answers_come_in_the_order_of_the_texts_however_they_were_read():
    turns = Turns(1_000_000)
    future = turns.put(texts("a", 3, 2000))
    taken = [turns.take() for _ in range(3)]
    for some in reversed(taken):
        assert not future.done()
        turns.done(some, answers(some), 0.1, 1)
    assert [x.id for x in future.result(0)] == ["a0", "a1", "a2"]


def test_no_texts_are_answered_at_once():
    assert Turns(10).put([]).result(0) == []


def test_beyond_its_room_it_says_when_to_come_again_and_lets_one_large_call_in_if_nothing_waits():
    turns = Turns(10_000)
    turns.put(texts("large", 1, 50_000))
    with pytest.raises(Overloaded) as refused:
        turns.put(texts("b", 1))
    assert refused.value.seconds >= 1
    assert not turns.put(texts("c", 1), patient=True).done()
    turns.take(), turns.take()
    assert turns.waiting == 0
    turns.put(texts("d", 1))


def test_the_wait_that_is_told_follows_the_measured_pace():
    told = []
    for seconds in (0.01, 10):
        turns = Turns(10_000)
        for _ in range(40):
            turns.put(texts("a", 1, 1000))
            some = turns.take()
            turns.done(some, answers(some), seconds, 1)
        turns.put(texts("full", 10, 1000))
        with pytest.raises(Overloaded) as refused:
            turns.put(texts("b", 1, 9000))
        told.append(refused.value.seconds)
    assert told[0] == 1
    assert told[1] > 20


def test_what_was_being_read_when_a_process_ended_is_read_again_alone_and_given_up_the_second_time():
    turns = Turns(1_000_000)
    future = turns.put(texts("a", 3))
    turns.lost(turns.take())
    turns.put(texts("new", 1))
    taken = [turns.take() for _ in range(4)]
    assert [ids(x) for x in taken] == [["a0"], ["a1"], ["a2"], ["new0"]]
    turns.lost(taken[1])
    for some in (taken[0], taken[2]):
        turns.done(some, answers(some), 0.1, 1)
    assert [type(x) for x in future.result(0)] == [Assessment, ReaderLost, Assessment]


def test_what_no_process_had_begun_to_read_is_not_to_blame():
    turns = Turns(1_000_000)
    future = turns.put(texts("a", 1))
    for _ in range(5):
        turns.lost(turns.take(), begun=False)
    some = turns.take()
    turns.done(some, answers(some), 0.1, 1)
    assert isinstance(future.result(0)[0], Assessment)


def test_who_waits_for_a_time_is_told_when_it_is_over():
    assert Turns(1_000_000).take(0.01) is None


def test_a_call_that_nobody_waits_for_any_more_is_dropped():
    turns = Turns(1_000_000)
    gone = turns.put(texts("gone", 5))
    turns.put(texts("here", 1))
    assert gone.cancel()
    assert ids(turns.take()) == ["here0"]
    assert turns.waiting == 0


def test_a_call_cancelled_while_it_is_read_takes_its_answer_quietly():
    turns = Turns(1_000_000)
    gone = turns.put(texts("gone", 1))
    some = turns.take()
    gone.cancel()
    turns.done(some, answers(some), 0.1, 1)


def test_closed_it_takes_no_more_and_gives_out_what_waits():
    turns = Turns(1_000_000)
    turns.put(texts("a", 1))
    turns.close()
    with pytest.raises(Overloaded):
        turns.put(texts("b", 1))
    assert ids(turns.take()) == ["a0"]
    assert turns.take() == []


def test_who_waits_for_a_text_is_woken():
    turns = Turns(1_000_000)
    found = []
    thread = threading.Thread(target=lambda: found.append(ids(turns.take())))
    thread.start()
    turns.put(texts("a", 1))
    thread.join(30)
    assert found == [["a0"]]


def test_a_text_the_model_fails_on_is_an_answer_too():
    turns = Turns(1_000_000)
    future = turns.put(texts("a", 1))
    some = turns.take()
    turns.done(some, [Unreadable("ValueError")], 0.1, 1)
    assert isinstance(future.result(0)[0], Unreadable)
