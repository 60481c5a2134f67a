"""The messages of the pages: the same in both languages, each said once, and none of the model's own jargon."""

import re

import pytest

from serving.review.words import LANGUAGES, words_in
from serving.store.desk import OUTCOMES, STAGES
from triage.text import KINDS


def test_both_languages_have_the_same_messages_with_the_same_values():
    da, en = words_in("da"), words_in("en")
    assert set(da) == set(en)
    for key in da:
        assert sorted(re.findall(r"{\w+}", da[key])) == sorted(re.findall(r"{\w+}", en[key])), key


@pytest.mark.parametrize(
    ("values", "families"), [(STAGES, {"stage_"}), (OUTCOMES, {"outcome_"}), (KINDS, {"kind_", "kind__short"})]
)
def test_a_set_of_words_is_there_once(values, families):
    """Stages, outcomes and kinds are called the same on every page. A kind has a long name to choose by, and a short one."""
    keys = set(words_in("da"))
    first = values[0]
    around = [x.split(first, 1) for x in keys if re.search(rf"(^|_){first}($|_)", x)]
    assert {
        before + after for before, after in around if all(f"{before}{x}{after}" in keys for x in values)
    } == families


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_the_model_says_is_called_a_suggestion(language):
    words = words_in(language)
    assert [x for x in words if re.search(r"\bflag", words[x], re.IGNORECASE)] == []


def test_what_is_typed_is_counted_in_anslag_as_tegn_are_signs():
    words = words_in("da")
    counted = re.compile(r"(\d|\{\w+\}) tegn\b")
    assert [x for x in words if counted.search(words[x]) and x.startswith(("password", "users", "submit"))] == []


def test_a_used_link_is_renewed_by_the_same_person_all_over_the_log_in_page():
    words = words_in("da")
    assert "en administrator" in words["link_bad"]
    assert "en administrator" in words["login_text"]
