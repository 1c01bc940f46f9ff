"""Hand in: look everything over, then make a2.zip and assignment.pdf.

python -m cs231n.submit             stops where a file is missing
python -m cs231n.submit --force     goes on all the same
"""

import argparse
import subprocess
import sys
import textwrap
from pathlib import Path

from cs231n.submit.archive import ARCHIVE, modules_to_hand_in, write_zip
from cs231n.submit.document import HTML, PDF, PDF_PACKAGES, DocumentError, can_make_pdf, write_html, write_pdf
from cs231n.submit.preflight import look_over

__all__ = ["main"]

ROOT = Path(__file__).parents[2]


def main(arguments=None):
    """Run the command line; returns the exit status, 0 if what is to be handed in was made."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # Jupyter's has not
            stream.reconfigure(errors="replace")  # a console on Windows may lack a character
    print("Looking over what you hand in ...", flush=True)
    report = look_over(options.root, checks=not options.no_checks)
    _print(report)
    if report.missing and not options.force:
        print("\nNothing was made, since files are missing. To hand in without them: add --force")
        return 1
    names = [*modules_to_hand_in(options.root), *report.notebooks]
    write_zip(options.root, names, options.root / ARCHIVE)
    print(f"\nWrote {ARCHIVE}:", *names, sep="\n  ")
    pages = {name: report.notebooks[name] for name in report.pages}
    return _make_document(options.root, pages, options) if pages else _no_document()


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m cs231n.submit",
        description=f"Look everything over, then make {ARCHIVE} and {PDF} for Gradescope.",
    )
    parser.add_argument("--force", action="store_true", help="go on although files are missing")
    parser.add_argument("--no-checks", action="store_true", help="do not run `python -m cs231n.checks` before")
    parser.add_argument(
        "--root", type=Path, default=ROOT, metavar="DIR", help="folder of the assignment (default: %(default)s)"
    )
    return parser


def _print(report):
    for title, lines in (
        ("Missing:", report.missing),
        ("Warnings; nothing of this stops you, all of it may cost points:", report.warnings),
        ("Good to know:", report.remarks),
    ):
        if lines:
            print(f"\n{title}", *map(_item, lines), sep="\n")
    if not report.missing and not report.warnings:
        print("\nEverything is there, executed in order, answered, and passes its checks.")


def _item(line):
    """Return a line as an item of a list, broken where it is long."""
    style = {"initial_indent": "  - ", "subsequent_indent": "    ", "break_on_hyphens": False}
    return textwrap.fill(line, 100, break_long_words=False, **style)


# --- the document -------------------------------------------------------------------------------------------


def _make_document(root, pages, options):
    """Make the PDF, or HTML in its place; returns the exit status."""
    if not can_make_pdf():
        _offer_packages(root)
    try:
        if can_make_pdf():
            print(f"\nWriting {PDF} ...", flush=True)
            for remark in write_pdf(pages, root / PDF):
                print(_item(remark))
            (root / HTML).unlink(missing_ok=True)  # one from before says the same, or less
            print(f"Wrote {PDF}: {', '.join(pages)}. Look at it before you hand it in.")
            return 0
    except DocumentError as error:
        print(f"There is no {PDF}: {error}")
    try:
        write_html(pages, root / HTML)
    except DocumentError as error:
        print(f"There is no {HTML} either: {error}")
        return 1
    (root / PDF).unlink(missing_ok=True)  # one from before would be handed in by mistake
    print(
        f"\nWrote {HTML} IN PLACE OF {PDF}. Gradescope wants a PDF, so open {HTML} in a browser, print it, and\n"
        f"save it as {PDF}. Its plots are inside the file; its formulas need a network while it is open, as\n"
        "handing in does: if you have none now, print it when you have."
    )
    return 0


def _no_document():
    print(f"\nThere is no notebook to make {PDF} from.")
    return 1


def _offer_packages(root):
    """Install what makes the PDF if whoever sits there says yes."""
    arguments = [*PDF_PACKAGES, *(["-c", "constraints.txt"] if (root / "constraints.txt").is_file() else [])]
    print(f"\n{PDF} needs {' and '.join(PDF_PACKAGES)} (260 MB; no TeX, no browser), which are not installed.")
    if sys.stdin is None or not sys.stdin.isatty():
        print(
            f"To install them, with a network: python -m pip install {' '.join(arguments)}\nThen run this again."
        )
    elif input("Install them now? [y/N] ").strip().lower() in ("y", "yes"):
        if subprocess.run([sys.executable, "-m", "pip", "install", *arguments], cwd=root).returncode != 0:
            print("They could not be installed; what pip says is above. Without a network, submit again with one.")


if __name__ == "__main__":
    sys.exit(main())
