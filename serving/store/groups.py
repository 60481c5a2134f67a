"""Tables of groups of ads: ads that belong together, the ties that hold them, and what people say of a group.

Each group has a case of its own, whose key seals its ads, ties and notes: so it is kept, erased and brought under a new master
key as every case is. In clear are numbers, days and keyed hashes; the id of a group is a hash and tells nothing.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from serving.store.desk import OUTCOMES, one_of
from serving.store.tables import Base, UTCDateTime


class AdGroup(Base):
    """A group as `ads link` found it. Erased with its case, its id stays, so that it is not brought in again by mistake."""

    __tablename__ = "ad_groups"
    __table_args__ = (
        one_of("outcome", OUTCOMES, optional=True),
        Index("ix_ad_groups_size", "ads", "id"),
        Index("ix_ad_groups_last", "last", "id"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    """Its id in the file of groups."""
    case_id: Mapped[int] = mapped_column(ForeignKey("cases.id", ondelete="CASCADE"), index=True)
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("ad_groups.id", ondelete="SET NULL"), index=True)
    """The group that took it in."""
    made: Mapped[datetime] = mapped_column(UTCDateTime)
    loaded: Mapped[datetime | None] = mapped_column(UTCDateTime)
    """When it was last brought in as a whole; None before the first time, and then nobody is shown it."""
    changing: Mapped[bool] = mapped_column(default=True)
    """Ads came since."""
    digest: Mapped[str | None] = mapped_column(String(64))
    """Of what the file of groups said of it."""
    ads: Mapped[int] = mapped_column(default=0)
    names: Mapped[int] = mapped_column(default=0)
    """Different ones in its ads; so are `phones` and `towns`."""
    phones: Mapped[int] = mapped_column(default=0)
    towns: Mapped[int] = mapped_column(default=0)
    first: Mapped[str | None] = mapped_column(String(10))
    """Day of the earliest posting that is known, as 2026-05-03; `last` is that of the latest."""
    last: Mapped[str | None] = mapped_column(String(10))
    figures: Mapped[str] = mapped_column(String(4000), default="{}")
    """JSON of further numbers, as the file of groups has them; `gone` is how many ads are known to be gone, once counted."""
    outcome: Mapped[str | None] = mapped_column(String(20))
    """What somebody last decided."""


class Ad(Base):
    """An ad of a group, exactly as it came."""

    __tablename__ = "ads"
    __table_args__ = (Index("ix_ads_group", "group_id", "place"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("ad_groups.id", ondelete="CASCADE"))
    place: Mapped[int] = mapped_column(default=0)
    """In its group, by day of posting, from 1; 0 until the group is whole."""
    known: Mapped[str] = mapped_column(String(64), unique=True)
    """Keyed hash of its id."""
    sealed_text: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_about: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON of its id, of what is told beside its text, of the towns in it, and since when it is known to be gone."""
    sealed_answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """What the model said, if it was asked: the result object of ``tag``."""
    added: Mapped[datetime] = mapped_column(UTCDateTime)
    traced: Mapped[int] = mapped_column(default=0)
    """The form of its contacts, as of a text."""


class AdTrace(Base):
    """A contact in an ad, as a keyed hash that is the same as of a text (`serving.store.desk.Trace`)."""

    __tablename__ = "ad_traces"
    __table_args__ = (Index("ix_ad_traces_value", "value"),)
    ad_id: Mapped[int] = mapped_column(ForeignKey("ads.id", ondelete="CASCADE"), primary_key=True)
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Number within the ad."""
    kind: Mapped[str] = mapped_column(String(10))
    value: Mapped[str] = mapped_column(String(64))


class AdTie(Base):
    """What holds two ads of a group together."""

    __tablename__ = "ad_ties"
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("ad_groups.id", ondelete="CASCADE"), index=True)
    first_id: Mapped[int] = mapped_column(ForeignKey("ads.id", ondelete="CASCADE"), index=True)
    second_id: Mapped[int] = mapped_column(ForeignKey("ads.id", ondelete="CASCADE"), index=True)
    strength: Mapped[str] = mapped_column(String(10))
    sealed_reasons: Mapped[bytes] = mapped_column(LargeBinary)
    """JSON of what is shared and where it stands in both."""


class GroupNote(Base):
    """What somebody decided of a group, or wrote of it; only ever added."""

    __tablename__ = "group_notes"
    __table_args__ = (one_of("outcome", OUTCOMES, optional=True),)
    id: Mapped[int] = mapped_column(primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("ad_groups.id", ondelete="CASCADE"), index=True)
    about: Mapped[int] = mapped_column(ForeignKey("ad_groups.id", ondelete="CASCADE"))
    """The group it was written of, before that was merged."""
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    made: Mapped[datetime] = mapped_column(UTCDateTime)
    outcome: Mapped[str | None] = mapped_column(String(20))
    sealed_note: Mapped[bytes | None] = mapped_column(LargeBinary)
