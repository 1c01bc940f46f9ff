"""A strict reading of a page: what does not nest, repeats an id, leads outside, or has no label."""

import html.parser
import re

VOID = {"br", "hr", "img", "input", "link", "meta", "wbr", "path", "rect"}


class Page(html.parser.HTMLParser):
    """Reads a page.

    Attributes:
        faults: what is wrong, in words.
        headings: levels in order.
        ids, targets: ids, and the ids that links of the page lead to.
        addresses: values of src and href that lead elsewhere.
        tags: names of all elements; text: all that is shown.
        images: attributes of elements with role "img".
        tables: (has a caption, scopes of its header cells) of each table.
    """

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.faults, self.headings, self.ids, self.targets, self.addresses = [], [], [], set(), []
        self.tags, self.text, self.images, self.tables, self._open = [], "", [], [], []
        self.feed(text)
        self.close()
        if self._open:
            self.faults.append(f"never closed: {self._open}")
        self.faults += [f"twice the id {name}" for name in self.ids if self.ids.count(name) > 1]
        self.faults += [f"a link to #{name}, which is not there" for name in self.targets - set(self.ids)]

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        values = dict(attributes)
        if len(values) < len(attributes):
            self.faults.append(f"<{tag}> has an attribute twice")
        if any(name.startswith("on") for name in values):
            self.faults.append(f"<{tag}> has an event handler")
        if tag not in VOID:
            self._open.append(tag)
        if "id" in values:
            self.ids.append(values["id"])
        for name in ("href", "src", "action", "data", "srcset"):
            if name in values:
                self._address(values[name])
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(int(tag[1:]))
        if values.get("role") == "img":
            self.images.append(values)
        self._table(tag, values)

    def _address(self, value):
        if value.startswith("#"):
            self.targets.add(value[1:])
        else:
            self.addresses.append(value)

    def _table(self, tag, values):
        if tag == "table":
            self.tables.append([False, []])
        elif tag == "caption":
            self.tables[-1][0] = True
        elif tag == "th":
            self.tables[-1][1].append(values.get("scope"))

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag):
        if tag in VOID or not self._open or self._open[-1] != tag:
            self.faults.append(f"</{tag}> closes {self._open[-3:]}")
        else:
            self._open.pop()

    def handle_data(self, data):
        if not self._open or self._open[-1] not in ("style", "script"):
            self.text += data


def check(text, pictures=False):
    """Assert what holds for every page, and return it read.

    Pages of answers have `pictures`, which are inside them, and a script, the only one that their policy allows.
    """
    page = Page(text)
    assert page.faults == []
    assert text.startswith("<!DOCTYPE html>") and '<html lang="en">' in text
    assert page.headings[0] == 1 and page.headings.count(1) == 1
    assert all(below <= above + 1 for above, below in zip(page.headings, page.headings[1:])), page.headings
    for landmark in ("header", "main", "footer"):
        assert page.tags.count(landmark) == 1
    assert "iframe" not in page.tags and page.tags.count("script") == ("; script-src 'sha256-" in text)
    assert pictures or not {"img", "script"}.intersection(page.tags)
    ours = re.compile(r"data:.*|(feedback/|manual/|\.\./)?[\w.-]+\.html", re.ASCII)
    assert all(map(ours.fullmatch, page.addresses)), page.addresses
    assert "@import" not in text and "url(" not in text
    assert all(image.get("aria-label") for image in page.images)
    assert all(caption and None not in scopes for caption, scopes in page.tables)
    assert all(letter.isprintable() or letter in "\n" for letter in page.text), "characters that cannot be seen"
    return page
