"""Operators and strangers, what they do to be hard to find, and their ads in no order."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from serving.linking.records import Record
from tests.linkworld.grammar import Grammar, Sentence, load_grammar
from tests.linkworld.writing import Filling, write
from triage.assessment import Entity

BEGIN = date(2026, 1, 1)


@dataclass(frozen=True, slots=True)
class Mixture:
    """How often what is done; shares between 0 and 1."""

    grammar: str
    seed: int
    networks: float
    """Of all ads, those of operators with several numbers or names."""
    reposts: float
    new_names: float
    paraphrase: float
    new_numbers: float
    disguised: float
    agency: float
    thieves: float
    """Of strangers' ads, those with somebody else's text."""
    portal: float
    clinic: float
    touring: float
    blurred: float
    without_contact: float


DEVELOPMENT = Mixture("development", 11, 0.6, 0.3, 0.5, 0.5, 0.6, 0.3, 0.25, 0.08, 0.2, 0.08, 0.4, 0.2, 0.04)
HELDOUT = Mixture("heldout", 20_261, 0.55, 0.26, 0.65, 0.4, 0.7, 0.4, 0.35, 0.1, 0.15, 0.12, 0.5, 0.25, 0.06)


@dataclass(frozen=True, slots=True)
class WorldAd:
    """An ad with who is behind it."""

    record: Record
    operator: str


@dataclass
class _Hand:
    """Somebody who writes ads."""

    name: str
    phones: list[str]
    names: list[str]
    places: list[str]
    prices: list[int]
    hours: str
    habits: list[Sentence]
    drafts: list[tuple[Sentence, ...]]
    begin: date
    emoji: list[str]
    boilerplate: tuple[Sentence, ...] = ()
    footer: tuple[Sentence, ...] = ()
    portal: str = ""
    owns_contact: bool = True


def make_world(mixture: Mixture, size: int, part: int = 0) -> list[WorldAd]:
    """A world of so many ads, the same each time. Parts of one world have other ads, other numbers and other operators."""
    chance = random.Random(f"{mixture.seed} {part}")
    ads = _Maker(mixture, chance, part).make(size)
    chance.shuffle(ads)
    numbers = list(range(len(ads)))
    chance.shuffle(numbers)
    return [
        WorldAd(replace(x.record, id=f"a-{part}-{number:06d}"), f"{part}-{x.operator}")
        for number, x in zip(numbers, ads, strict=True)
    ]


def lose(entities: tuple[Entity, ...], chance: random.Random) -> tuple[Entity, ...]:
    """What a good finder gives that is not perfect: 5 % of disguised numbers, 15 % of names and 5 % of the rest are missed."""
    kept = []
    for entity in entities:
        hidden = entity.type == "phone" and entity.quote.replace(" ", "") != entity.value.removeprefix("+45")
        missed = 0.05 if hidden else {"name": 0.15, "phone": 0.0}.get(entity.type, 0.05)
        if chance.random() >= missed:
            kept.append(entity)
    return tuple(kept)


def _phones(part: int) -> Iterator[str]:
    """Numbers that begin with 0 or 1, as no Danish one does, and are not all zeros; each once in up to 199 parts."""
    for number in range(part * 100_000, (part + 1) * 100_000):
        yield f"{(number or 19_999_999) * 7_368_787 % 20_000_000:08d}"


class _Maker:
    def __init__(self, mixture: Mixture, chance: random.Random, part: int) -> None:
        self.mixture, self.chance = mixture, chance
        self.grammar: Grammar = load_grammar(mixture.grammar)
        self.numbers = _phones(part)
        self.portal, self.clinic = next(self.numbers), next(self.numbers)
        self.agencies: list[Sentence] = []
        self.stolen: list[tuple[tuple[Sentence, ...], _Hand]] = []
        self.hands = 0

    def make(self, size: int) -> list[WorldAd]:
        """Networks first, whose texts are then there to be stolen."""
        ads: list[WorldAd] = []
        for _ in range(max(2, size // 1500)):
            words = self.chance.choice(self.grammar.agency).replace("{habit}", self.grammar.label(self.chance))
            self.agencies.append(Sentence(words, words))
        while len(ads) < size * self.mixture.networks:
            ads += self._network(min(4 + int(self.chance.expovariate(1 / 12)), 90))
        template = self.grammar.draft(self.chance)
        while len(ads) < size:
            ads += self._stranger(template)
        return ads[:size]

    def _hand(self, phones: int, names: int, places: int, habits: int, drafts: int) -> _Hand:
        chance, grammar = self.chance, self.grammar
        self.hands += 1
        base = chance.choice(range(400, 1000, 50))
        opening = chance.randrange(8, 14)
        return _Hand(
            f"hand-{self.hands}",
            [next(self.numbers) for _ in range(phones)],
            chance.sample(grammar.names, names),
            chance.sample(grammar.places, places),
            [base, base + chance.choice((200, 300, 400)), base + 700],
            f"{opening:02d}:00-{chance.randrange(opening + 6, 24):02d}:00",
            [grammar.habit(chance) for _ in range(habits)],
            [grammar.draft(chance) for _ in range(drafts)],
            BEGIN + timedelta(days=chance.randrange(200)),
            chance.sample(grammar.emoji, 2) if chance.random() < 0.4 else [],
        )

    def _network(self, size: int) -> list[WorldAd]:
        """An operator: several texts and habits, numbers that come and go, names and towns that change."""
        chance, mixture = self.chance, self.mixture
        phones = chance.randrange(2, 3 + size // 6) if chance.random() < mixture.new_numbers else 1
        names = chance.randrange(3, 9) if chance.random() < mixture.new_names else chance.randrange(1, 3)
        hand = self._hand(
            phones, names, chance.randrange(1, 8), chance.randrange(1, 4), chance.randrange(1, 2 + size // 5)
        )
        rewrites = chance.random() < mixture.paraphrase
        tours = chance.random() < mixture.touring
        if chance.random() < mixture.agency:
            hand.footer = (chance.choice(self.agencies),)
        hidden = 0.7 if chance.random() < mixture.disguised else 0.05
        ads: list[WorldAd] = []
        told: list[tuple[Sentence, ...]] = []
        day = hand.begin
        for at in range(size):
            day += timedelta(days=5 if tours else chance.randrange(0, 9))
            phone = [hand.phones[min(at * phones // size + (chance.random() < 0.15), phones - 1)]]
            if chance.random() < 0.08:
                phone.append(chance.choice(hand.phones))
            if told and chance.random() < mixture.reposts * 1.6:
                draft = self._touch(chance.choice(told))
            else:
                draft = chance.choice(hand.drafts)
                draft = self._add_habits(
                    self.grammar.paraphrase(draft, chance) if rewrites else self._touch(draft), hand
                )
                told.append(draft)
            place = hand.places[at % len(hand.places)] if tours else chance.choice(hand.places)
            ads.append(self._ad(hand, draft, day, phone, place, chance.random() < hidden))
        self.stolen += [(self._plain(x, hand), hand) for x in told[:1]]
        return ads

    def _stranger(self, template: tuple[Sentence, ...]) -> list[WorldAd]:
        """One number, one name, few ads; sometimes with a portal's words, a clinic's number, another's text."""
        chance, mixture = self.chance, self.mixture
        hand = self._hand(1, 1, chance.randrange(1, 3), chance.randrange(0, 2), 1)
        drafts = [self._add_habits(x, hand) for x in hand.drafts]
        kind = chance.random()
        if kind < mixture.thieves and self.stolen:
            stolen, victim = (template, hand) if chance.random() < 0.3 else chance.choice(self.stolen)
            if chance.random() < 0.3:  # copied with all it says
                hand.prices, hand.hours = victim.prices, victim.hours
            drafts = [stolen, *drafts] if chance.random() < 0.5 else [stolen]
        elif kind < mixture.thieves + mixture.portal:
            hand.boilerplate = tuple(Sentence(x, x) for x in self.grammar.portal_head[: chance.randrange(1, 3)])
            hand.footer = tuple(Sentence(x, x) for x in self.grammar.portal_foot[: chance.randrange(1, 3)])
            hand.portal = self.portal
        elif kind < mixture.thieves + mixture.portal + mixture.clinic:
            hand.footer = (Sentence(*[chance.choice(self.grammar.clinic)] * 2),)
            hand.portal, hand.owns_contact = self.clinic, chance.random() < 0.3
        if chance.random() < mixture.agency / 4:
            hand.footer += (chance.choice(self.agencies),)
        ads = []
        day = hand.begin
        for at in range(max(len(drafts), chance.choice((1, 1, 2, 3)))):
            draft = drafts[at] if at < len(drafts) else self._touch(chance.choice(drafts))
            phones = hand.phones if hand.owns_contact else []
            ads.append(
                self._ad(hand, draft, day, phones, chance.choice(hand.places), chance.random() < mixture.disguised / 3)
            )
            day += timedelta(days=chance.randrange(3, 40))
        return ads

    def _ad(
        self, hand: _Hand, draft: tuple[Sentence, ...], day: date, phones: list[str], place: str, hidden: bool
    ) -> WorldAd:
        chance, mixture = self.chance, self.mixture
        if hand.owns_contact and chance.random() < mixture.without_contact:
            phones = []
        names = [chance.choice(hand.names) for _ in range(2)] if len(hand.names) > 1 else hand.names
        prices = [x + 100 for x in hand.prices] if chance.random() < 0.15 else hand.prices
        blurred = 0.3 if chance.random() < mixture.blurred else 0.0
        filling = Filling(
            day,
            names,
            place,
            prices,
            hand.hours,
            chance.randrange(21, 45),
            phones,
            hand.portal,
            hidden,
            hand.emoji,
            blurred,
        )
        text, entities = write((*hand.boilerplate, *draft, *hand.footer), filling, chance)
        posted = None if chance.random() < 0.05 else day
        return WorldAd(Record("", posted, text, entities), hand.name)

    def _add_habits(self, draft: tuple[Sentence, ...], hand: _Hand) -> tuple[Sentence, ...]:
        said = list(draft)
        for habit in hand.habits:
            if self.chance.random() < 0.6:
                said.insert(self.chance.randrange(1, len(said)), habit)
        return tuple(said)

    def _plain(self, draft: tuple[Sentence, ...], hand: _Hand) -> tuple[Sentence, ...]:
        """As a thief takes it: half of them leave out what is plainly another's turn of speech."""
        if self.chance.random() < 0.5:
            return draft
        return tuple(x for x in draft if x not in hand.habits)

    def _touch(self, draft: tuple[Sentence, ...]) -> tuple[Sentence, ...]:
        """The same text, or nearly: now and then a sentence less, or two in another order."""
        said = list(draft)
        if len(said) > 4 and self.chance.random() < 0.25:
            said.pop(self.chance.randrange(1, len(said) - 1))
        if len(said) > 4 and self.chance.random() < 0.2:
            at = self.chance.randrange(1, len(said) - 2)
            said[at], said[at + 1] = said[at + 1], said[at]
        return tuple(said)
