"""Token hashes leave out what the release gave, and are taken of any text, which is never run."""

import pytest


def test_the_release_has_no_hashes(token_hashes, release, blank):
    assert token_hashes.of(release) == {}
    assert token_hashes.of(blank) == {}


@pytest.mark.parametrize(
    "text", [b"\\\n" * 50_000, b"  a\n a\n" * 25_000, b'"\n' * 50_000], ids=["join", "dedent", "quote"]
)
def test_files_made_to_be_slow_end(token_hashes, text):
    token_hashes.of({"cs231n/layers.py": text})


def test_code_is_never_run(token_hashes, tmp_path):
    trap = f"open({str(tmp_path / 'run')!r}, 'w')\n".encode()
    token_hashes.of({"cs231n/layers.py": trap * 50})
    assert not list(tmp_path.iterdir())
