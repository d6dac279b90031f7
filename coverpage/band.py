"""What is put on top of a page: a strip, and the line of a fax that is continued.

What always holds: nothing of the page below is lost; it becomes longer only by what its white rows do not give.
"""

from __future__ import annotations

from codec.coder import bitmap_of
from codec.operations import crop, crop_white_foot, prepend, with_width
from codec.page import Page
from coverpage.fields import CoverFields, Varies, placeholders
from coverpage.formats import CONTINUED, count
from coverpage.items import PlacedText
from coverpage.template import Template, every, texts_of

WHITE_ABOVE_ROWS = 20
"""White rows that stay between what is on top and the page, and at its foot."""
HEADING_PT = 17.0
LINE_PT = 11.0
TOP_PT = 20.0
RULE_PT = 3.0
BAND_PT = TOP_PT + 1.2 * HEADING_PT + 1.5 * LINE_PT + 2 * RULE_PT


def says_continued(template: Template) -> bool:
    """Whether a text of the template itself has a place for where the fax goes on."""
    texts = (text for block in every(template.block) for text in texts_of(block))
    return any(name == "continued_from" for text in texts for name, _ in placeholders(text))


def continued_line(template: Template, fields: CoverFields) -> tuple[PlacedText, ...]:
    """Where the fax goes on, as no reader can miss it."""
    formats, left = template.written(), template.margins.left
    heading, line = CONTINUED.get(formats.language, CONTINUED["en"])
    first, pages = fields.continued_from or 0, fields.continued_of or 0
    said = heading.format(count(first, formats), count(max(first, pages), formats))
    y = TOP_PT + HEADING_PT
    return (
        PlacedText(left, y, said, HEADING_PT, True, False, Varies.WITH_RECIPIENT),
        PlacedText(left, y + 1.5 * LINE_PT, line, LINE_PT, False, False, Varies.NEVER),
    )


def on_top(strip: Page, page: Page) -> Page:
    """The page with the strip on top: it takes the place of white rows above and below."""
    strip = with_width(strip, page.width)
    ink = bitmap_of(page)
    row = (page.width + 7) // 8
    white_head = (len(ink.data) - len(ink.data.lstrip(b"\0"))) // row
    head = min(strip.rows, max(0, white_head - WHITE_ABOVE_ROWS))
    below = crop_white_foot(crop(page, head) if head else page, keep_rows=WHITE_ABOVE_ROWS)
    foot = max(0, page.rows - strip.rows - below.rows)
    if foot:
        below = crop(page, head, min(page.rows - head, below.rows + foot))
    return prepend(below, bitmap_of(strip))
