"""What cannot be linked is refused with what to do, and nothing is lost."""

import fcntl

import pytest

from serving.ads.linking import CannotLink, link_ads
from serving.linking import records
from tests.serving.ads.linking.made import few, read, write


def test_what_cannot_be_is_refused_before_anything_is_made(tmp_path):
    ads = write(tmp_path / "ads.jsonl", few()[:2])
    for sources, output, said in (
        ([ads], tmp_path / "g.txt", "end in .jsonl or .parquet"),
        ([ads], ads, "same file"),
        ([ads, tmp_path / "none.jsonl"], tmp_path / "g.jsonl", "none.jsonl cannot be read"),
        ([tmp_path], tmp_path / "g.jsonl", "name a file"),
    ):
        with pytest.raises(CannotLink, match=said):
            link_ads(sources, output)
    with pytest.raises(CannotLink, match="is no folder"):
        link_ads([ads], tmp_path / "g.jsonl", folder=ads)
    assert [x.name for x in tmp_path.iterdir()] == ["ads.jsonl"]


def test_the_key_is_made_once_is_its_owners_alone_and_is_missed_when_it_is_lost(tmp_path):
    ads = write(tmp_path / "ads.jsonl", few())
    folder, output = tmp_path / "s", tmp_path / "g.jsonl"
    link_ads([ads], output, folder=folder)
    key = folder / "link.key"
    assert key.stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    made = key.read_bytes()
    key.chmod(0o640)
    with pytest.raises(CannotLink, match="chmod 600"):
        link_ads([ads], output, folder=folder)
    key.rename(tmp_path / "kept.key")
    with pytest.raises(CannotLink, match="restore it, or delete"):
        link_ads([ads], output, folder=folder)
    (tmp_path / "kept.key").chmod(0o600)
    link_ads([ads], output, folder=folder, key_file=tmp_path / "kept.key")
    assert not key.exists()
    link_ads([ads], tmp_path / "other.jsonl")
    with pytest.raises(CannotLink, match="made under another key"):
        link_ads([ads], output, folder=folder, key_file=tmp_path / "other.jsonl.signatures" / "link.key")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(records, "FORM", records.FORM + 1)
        with pytest.raises(CannotLink, match="by another version"):
            link_ads([ads], tmp_path / "other.jsonl")
    for text in ("", "kort", "A" * 43, "é" * 43):
        (tmp_path / "kept.key").write_text(text, "utf-8")
        with pytest.raises(CannotLink, match="32 random bytes"):
            link_ads([ads], output, folder=folder, key_file=tmp_path / "kept.key")
    assert len(made) == 44


def test_two_at_a_time_in_one_folder_are_refused(tmp_path):
    ads = write(tmp_path / "ads.jsonl", few()[:2])
    (tmp_path / "s").mkdir()
    with (tmp_path / "s" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(CannotLink, match="another `ads link` works"):
            link_ads([ads], tmp_path / "g.jsonl", folder=tmp_path / "s")


def test_two_at_a_time_into_one_output_are_refused_though_their_folders_differ(tmp_path):
    output, said = tmp_path / "g.jsonl", []

    def tell(_: str) -> None:
        with pytest.raises(CannotLink, match="another `ads link` writes") as error:
            link_ads([tmp_path / "ads.jsonl"], output, folder=tmp_path / "other")
        said.append(str(error.value))

    ads = write(tmp_path / "ads.jsonl", [*few(), {"kind": "ad"}])
    link_ads([ads], output, folder=tmp_path / "s", tell=tell)
    assert said == [f"another `ads link` writes {output}; wait for it, or name another file"]
    assert len(read(output)) > 1
    assert sorted(x.name for x in tmp_path.iterdir()) == ["ads.jsonl", "g.jsonl", "g.jsonl.errors.jsonl", "other", "s"]


@pytest.mark.parametrize("said", ["Not enough free space to write 8000 bytes", "4000 requested and 3267 written"])
def test_a_full_disk_is_said_also_where_numpy_tells_it_in_words_of_its_own(tmp_path, monkeypatch, said):
    ads = write(tmp_path / "ads.jsonl", few())

    def full(*_):
        raise OSError(said)

    with monkeypatch.context() as patched:
        patched.setattr("numpy.save", full)
        with pytest.raises(CannotLink, match=r"g\.jsonl: the disk is full, make room; what is finished"):
            link_ads([ads], tmp_path / "g.jsonl")
    assert link_ads([ads], tmp_path / "g.jsonl").groups
