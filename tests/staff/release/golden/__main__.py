"""Write the golden copies anew."""

from tests.staff.release.golden import FOLDER, expected

for old in FOLDER.glob("*.txt"):
    old.unlink()
for name, text in expected().items():
    (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"wrote {FOLDER / name}")
