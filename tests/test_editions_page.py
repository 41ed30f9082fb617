"""docs/editions.md shows editions as they are drawn now."""

from tests.editions_page import PAGE, page


def test_the_page_shows_editions_as_they_are_drawn():
    text = PAGE.read_text("utf-8")
    assert text == page(text), "run: python tests/editions_page.py"
