"""Archives and folders made to do harm: each says what is wrong with it, and what is honest in it still counts."""

import io
import os
import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from staff.grade import limits
from staff.grade.intake.contents import read_contents
from staff.grade.limits import MB
from tests.staff.grade.conftest import write_folder, write_zip

LAYERS, OPTIM = "cs231n/layers.py", "cs231n/optim.py"
HONEST = {OPTIM: b"honest = 1\n"}


def with_entries(path, *entries, **more):
    """Write the honest file and others, (name or ZipInfo, data) each, into an archive."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, **more) as archive:
        for name, data in [*HONEST.items(), *entries]:
            archive.writestr(name, data)
    return path


def zipped(name, data):
    """Return the bytes of an archive with one file."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
    return file.getvalue()


def special(name, mode):
    """Return the ZipInfo of an entry that is no ordinary file on Unix."""
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, (mode | 0o777) << 16
    return info


def patched(path, *changes):
    """Change bytes of an archive, (old, new) of the same length each."""
    data = path.read_bytes()
    for old, new in changes:
        assert len(old) == len(new) and old in data
        data = data.replace(old, new)
    path.write_bytes(data)
    return path


def flagged(path, name, offset, value):
    """Set a two-byte field of an entry's record in the list of entries."""
    data = bytearray(path.read_bytes())
    start = data.rindex(b"PK\x01\x02", 0, data.rindex(name.encode()))
    struct.pack_into("<H", data, start + offset, value)
    path.write_bytes(bytes(data))
    return path


# Attack -> (how to make it at a path, what its problem says). LAYERS is hostile or left out in each of them.
ATTACKS = {
    "a path that climbs out": (lambda p: with_entries(p, (f"../{LAYERS}", b"bad")), "leads out of the archive"),
    "a path that climbs from inside": (
        lambda p: with_entries(p, ("cs231n/../cs231n/layers.py", b"bad")),
        "leads out of the archive",
    ),
    "a path that climbs with backslashes": (
        lambda p: with_entries(p, ("..\\..\\cs231n\\layers.py", b"bad")),
        "leads out of the archive",
    ),
    "an absolute path": (lambda p: with_entries(p, (f"/{LAYERS}", b"bad")), "an absolute path"),
    "a drive of Windows": (lambda p: with_entries(p, ("C:\\cs231n\\layers.py", b"bad")), "an absolute path"),
    "a share of Windows": (lambda p: with_entries(p, ("\\\\host\\cs231n\\layers.py", b"bad")), "an absolute path"),
    "a link": (lambda p: with_entries(p, (special(LAYERS, stat.S_IFLNK), b"/etc/passwd")), "a link"),
    "a linked folder": (lambda p: with_entries(p, (special("cs231n/x", stat.S_IFLNK), b"/etc")), "a link"),
    "a pipe": (lambda p: with_entries(p, (special(LAYERS, stat.S_IFIFO), b"")), "not an ordinary file"),
    "a device": (lambda p: with_entries(p, (special(LAYERS, stat.S_IFBLK), b"")), "not an ordinary file"),
    "a NUL in a name": (
        lambda p: patched(with_entries(p, ("cs231n/layers.py#", b"bad")), (b"layers.py#", b"layers.py\0")),
        "cannot be seen",
    ),
    "a terminal's commands in a name": (
        lambda p: with_entries(p, ("cs231n/\x1b[2Jlayers.py", b"bad")),
        "cannot be seen",
    ),
    "a name that runs backwards": (
        lambda p: with_entries(p, ("cs231n/\u202eyp.sreyal.py", b"bad")),
        "cannot be seen",
    ),
    "a long name": (lambda p: with_entries(p, (f"cs231n/{'x' * 300}.py", b"bad")), "characters"),
    "a deep name": (lambda p: with_entries(p, (f"cs231n/{'x/' * 3000}layers.py", b"bad")), "characters"),
    "a large module": (lambda p: with_entries(p, (LAYERS, b"#" + os.urandom(MB))), "larger than 1 MB"),
    "a bomb by ratio": (lambda p: with_entries(p, (LAYERS, b"#" * (20 * MB))), "would unpack to 20 MB"),
    "a bomb that says it is small": (
        lambda p: patched(
            with_entries(p, (LAYERS, b"#" * (20 * MB))),
            (struct.pack("<L", 20 * MB), struct.pack("<L", 9)),
        ),
        "layers.py",
    ),
    "an archive in an archive in the archive": (
        lambda p: with_entries(p, ("a2.zip", zipped("a2.zip", zipped(LAYERS, b"bad")))),
        "not opened",
    ),
    "many archives in the archive": (
        lambda p: with_entries(p, *((f"{k}/a2.zip", zipped(LAYERS, b"bad")) for k in range(30))),
        "not opened",
    ),
    "many modules": (
        lambda p: with_entries(p, *((f"cs231n/m{k}.py", b"") for k in range(400))),
        "more than 300 Python files",
    ),
    "many folders": (
        lambda p: with_entries(p, *((f"cs231n/{k}/{'x/' * 80}m.py", b"") for k in range(30))),
        "60 folders",
    ),
    "encrypted": (lambda p: flagged(with_entries(p, (LAYERS, b"bad")), LAYERS, 8, 1), "encrypted"),
    "an unknown compression": (
        lambda p: flagged(with_entries(p, (LAYERS, b"bad")), LAYERS, 10, 97),
        "compressed in a way",
    ),
    "lzma, whose dictionary takes any memory": (
        lambda p: flagged(with_entries(p, (LAYERS, b"bad")), LAYERS, 10, zipfile.ZIP_LZMA),
        "compressed in a way",
    ),
    "a wrong checksum": (
        lambda p: patched(
            with_entries(p, (LAYERS, b"bad")),
            (struct.pack("<L", zlib.crc32(b"bad")), struct.pack("<L", 1)),
        ),
        "damaged",
    ),
    "another name in the entry than in the list": (
        lambda p: (
            p.write_bytes(with_entries(p, (LAYERS, b"bad")).read_bytes().replace(b"layers", b"slayer", 1)) and p
        ),
        "damaged",
    ),
    "the same but for the case of letters": (
        lambda p: with_entries(p, ("cs231n/Optim.py", b"bad"), ("CS231N/x", b"")),
        "with other capital letters",
    ),
}
# Attack -> the same for what is no archive at all, or can be none: nothing of it counts.
WHOLE = {
    "empty": (lambda p: p.write_bytes(b""), "an empty file"),
    "a text": (lambda p: p.write_text("def affine_forward"), "not a zip archive"),
    "another archive": (lambda p: p.write_bytes(b"\x1f\x8b\x08" + bytes(1000)), "not a zip archive"),
    "cut off": (lambda p: p.write_bytes(with_entries(p).read_bytes()[:-30]), "not a zip archive"),
    "the list of entries is nonsense": (
        lambda p: p.write_bytes(with_entries(p).read_bytes().replace(b"PK\x01\x02", b"PK\x09\x09")),
        "not a zip archive",
    ),
    "a list of entries without end": (
        lambda p: p.write_bytes(bytes(9 * MB) + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 9, 9, 9 * MB, 0, 0)),
        "not a zip archive",
    ),
    "an archive with nothing in it": (lambda p: write_zip(p, {}), "nothing in it: ask for a2.zip"),
    "folders alone": (lambda p: write_zip(p, {"cs231n/": b"", "cs231n/layers.py/": b""}), "nothing in it"),
}


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_hostile_entry_is_named_and_the_honest_file_beside_it_counts(tmp_path, attack):
    make, said = ATTACKS[attack]
    submission = read_contents(make(tmp_path / "a2.zip"))
    assert submission.files[OPTIM] == HONEST[OPTIM]
    assert b"bad" not in submission.files.values()
    assert sum(map(len, submission.files.values())) < MB
    assert any(said in problem for problem in submission.problems), submission.problems
    assert all(problem.isprintable() for problem in submission.problems)


@pytest.mark.parametrize("attack", WHOLE)
def test_what_is_no_archive_says_so(tmp_path, attack):
    make, said = WHOLE[attack]
    make(tmp_path / "a2.zip")
    submission = read_contents(tmp_path / "a2.zip")
    assert submission.files == {}
    assert len(submission.problems) == 1 and said in submission.problems[0], submission.problems


def test_of_two_entries_with_one_name_the_last_counts_as_when_unpacking(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        path = with_entries(tmp_path / "a2.zip", (LAYERS, b"first"), (LAYERS, b"last"))
    submission = read_contents(path)
    assert submission.files[LAYERS] == b"last"
    assert submission.problems == (f"{LAYERS}: found 2 times: the one nearest to the top counts",)


def test_more_entries_than_anyone_hands_in_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "ENTRIES", 20)
    submission = read_contents(with_entries(tmp_path / "a2.zip", *((f"{k}.py", b"") for k in range(20))))
    assert submission.files == {} and "more than 20 entries" in submission.problems[0]
    files = {f"{k}.py": b"" for k in range(30)}
    submission = read_contents(write_folder(tmp_path / "a2", files))
    assert submission.files == {} and "more than 20 entries" in submission.problems[0]


def test_an_archive_that_is_too_large_is_not_opened(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "ARCHIVE_BYTES", 100)
    submission = read_contents(with_entries(tmp_path / "a2.zip", (LAYERS, os.urandom(200))))
    assert submission.files == {} and "which is not read" in submission.problems[0]


def test_all_files_together_keep_a_limit_too(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "SUBMISSION_BYTES", 1000)
    submission = read_contents(
        with_entries(tmp_path / "a2.zip", *((f"cs231n/m{k}.py", b"#" * 400) for k in range(3)))
    )
    assert submission.files.keys() == {"cs231n/m0.py", "cs231n/m1.py", OPTIM}
    assert "all files together" in submission.problems[0]


def test_problems_without_end_are_cut(tmp_path):
    submission = read_contents(with_entries(tmp_path / "a2.zip", *((f"../{k}.py", b"") for k in range(1000))))
    assert len(submission.problems) == 41 and submission.problems[-1] == "... and 960 more"


def test_overlapping_bombs_take_no_more_memory_than_the_limits(tmp_path, monkeypatch):
    monkeypatch.setattr(limits, "RATIO_FROM", 10**12)  # as if the ratio had been kept low
    notebook = "Dropout.ipynb"
    path = with_entries(tmp_path / "a2.zip", (notebook, b" " * (100 * MB)), (LAYERS, b"#" * (20 * MB)))
    tracemalloc.start()
    submission = read_contents(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert submission.files == HONEST
    assert peak < 3 * limits.NOTEBOOK_BYTES


def test_links_and_pipes_in_a_folder_are_not_followed(tmp_path):
    secret = tmp_path / "secret.py"
    secret.write_text("secret = 1\n")
    folder = write_folder(tmp_path / "a2", HONEST)
    (folder / "cs231n" / "layers.py").symlink_to(secret)
    (folder / "cs231n" / "more").symlink_to(tmp_path)
    (folder / "cs231n" / "solver").mkdir()
    os.mkfifo(folder / "cs231n" / "solver" / "pipe.py")
    submission = read_contents(folder)
    assert submission.files == HONEST
    assert sorted(submission.problems) == [
        "cs231n/layers.py: a link",
        "cs231n/more: a link",
        "cs231n/solver/pipe.py: not an ordinary file",
    ]


@pytest.mark.parametrize("seed", range(60))
def test_damaged_archives_never_raise(tmp_path, seed):
    data = bytearray(with_entries(tmp_path / "a2.zip", (LAYERS, b"x = 1\n" * 50)).read_bytes())
    for k in range(1 + seed % 7):
        data[zlib.crc32(bytes([seed, k])) % len(data)] = zlib.crc32(bytes([k, seed])) % 256
    (tmp_path / "a2.zip").write_bytes(bytes(data))
    submission = read_contents(tmp_path / "a2.zip")
    assert all(problem.isprintable() for problem in submission.problems)
