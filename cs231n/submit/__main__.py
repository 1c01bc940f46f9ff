"""Hand in: look everything over, then make a2.zip, assignment.pdf and answers.pdf.

python -m cs231n.submit             stops where a file is missing
python -m cs231n.submit --force     makes the files all the same
"""

import argparse
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

from cs231n.submit.answers import answer_pages
from cs231n.submit.archive import ARCHIVE, modules_to_hand_in, write_zip
from cs231n.submit.cells import Mark, Notebook
from cs231n.submit.document import (
    ANSWERS,
    HTML,
    PDF,
    PDF_PACKAGES,
    DocumentError,
    can_make_pdf,
    write_html,
    write_pdf,
)
from cs231n.submit.pictures import embedded
from cs231n.submit.preflight import Report, look_over
from cs231n.submit.text import without_codes
from cs231n.terminal import python_command

__all__ = ["main"]

ROOT = Path(__file__).parents[2]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status, 0 if what is to be handed in was made."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Jupyter's has not
            stream.reconfigure(errors="replace")  # a console on Windows may lack a character
    _say("Checking what you hand in ...")
    report = look_over(options.root, checks=not options.no_checks)
    _show(report)
    if report.missing and not options.force:
        _say("\nNothing was made, because something is missing. To make the files all the same: add --force")
        return 1
    names = [*modules_to_hand_in(options.root), *report.notebooks, *report.others]
    write_zip(options.root, names, options.root / ARCHIVE)
    _say(f"\nWrote {ARCHIVE}:", *(f"  {name}" for name in names))
    pages = {name: embedded(report.notebooks[name], options.root) for name in report.pages}
    if not pages:
        _say(f"\nThere is no notebook to make {PDF} from.")
        return 1
    return _make_documents(options.root, pages, report.blanks)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.submit",
        description=f"Look everything over, then make {ARCHIVE} and {PDF} for Gradescope.",
    )
    parser.add_argument("--force", action="store_true", help="make the files even if something is missing")
    parser.add_argument("--no-checks", action="store_true", help="do not run `python -m cs231n.checks` first")
    parser.add_argument(
        "--root", type=Path, default=ROOT, metavar="DIR", help="folder of the assignment (default: %(default)s)"
    )
    return parser


def _say(*lines: str) -> None:
    """Print lines without the escape codes that names, messages and notebooks may hold."""
    print(*map(without_codes, lines), sep="\n", flush=True)


def _show(report: Report) -> None:
    for title, lines in (
        ("Missing:", report.missing),
        ("Warnings. You can hand in all the same, but each of these may cost points:", report.warnings),
        ("Good to know:", report.remarks),
    ):
        if lines:
            _say(f"\n{title}", *map(_item, lines))
    if not report.missing and not report.warnings:
        _say("\nNothing is missing: all files, cells executed in order, answers, checks passed.")


def _item(line: str) -> str:
    """Return a line as an item of a list, broken where it is long."""
    style = {"initial_indent": "  - ", "subsequent_indent": "    ", "break_on_hyphens": False}
    return textwrap.fill(without_codes(line), 100, break_long_words=False, **style)  # type: ignore[arg-type]


# --- the documents ------------------------------------------------------------------------------------------


def _make_documents(root: Path, pages: dict[str, Notebook], blanks: dict[str, list[Mark]]) -> int:
    """Make the PDF files, or HTML in their place; returns the exit status."""
    if not can_make_pdf():
        _offer_packages(root)
    try:
        if can_make_pdf():
            _say(f"\nWriting {PDF} ...")
            for remark in write_pdf(pages, root / PDF):
                _say(_item(remark))
            (root / HTML).unlink(missing_ok=True)  # an older one says the same, or less
            _say(f"Wrote {PDF}: {', '.join(pages)}. Look at it before you hand it in.")
            if answered := dict(answer_pages(pages, blanks)):
                write_pdf(answered, root / ANSWERS)
                _say(
                    f"Wrote {ANSWERS}: the answers to {len(answered)} inline questions alone, each on a new page."
                )
            return 0
    except DocumentError as error:
        _say(f"The PDF could not be made: {error}")
    return _make_html(root, pages)


def _make_html(root: Path, pages: dict[str, Notebook]) -> int:
    """Make HTML in place of the PDF; returns the exit status."""
    try:
        write_html(pages, root / HTML)
    except DocumentError as error:
        _say(f"There is no {HTML} either: {error}")
        return 1
    for name in (PDF, ANSWERS):
        (root / name).unlink(missing_ok=True)  # an older one would be handed in by mistake
    _say(
        f"\nWrote {HTML} IN PLACE OF {PDF}. Gradescope wants a PDF, so open {HTML} in a browser,",
        f"print it, and save it as {PDF}. Its plots are inside the file. Its formulas need a network while it is",
        "open: if you have none now, print it later.",
    )
    return 0


def _offer_packages(root: Path) -> None:
    """Install what makes the PDF if the user says yes."""
    arguments = [*PDF_PACKAGES, *(["-c", "constraints.txt"] if (root / "constraints.txt").is_file() else [])]
    _say(f"\n{PDF} needs {' and '.join(PDF_PACKAGES)} (260 MB; no TeX, no browser), which are not installed.")
    if sys.stdin is None or not sys.stdin.isatty():
        _say(f"To install them: {python_command('-m', 'pip', 'install', *arguments)}", "Then run this again.")
    elif input("Install them now? [y/N] ").strip().lower() in ("y", "yes"):
        if subprocess.run([sys.executable, "-m", "pip", "install", *arguments], cwd=root).returncode != 0:
            _say("They could not be installed: see above. Without a network, submit again when you have one.")


if __name__ == "__main__":
    sys.exit(main())
