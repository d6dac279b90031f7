"""What may be the target of a webhook."""

from __future__ import annotations

import pytest

from spooler.webhook import Target, target_of


def test_an_address_a_secret_and_what_goes_along() -> None:
    said = b"https://example.org:8443/fax?to=x\nsecret=s=1\nattach=pdf\n"
    assert target_of(said) == Target("https://example.org:8443/fax?to=x", "s=1", "pdf")
    assert target_of("http://example.org".encode("utf-16-le")) == Target("http://example.org")


@pytest.mark.parametrize(
    "data",
    [
        "",
        "example.org",
        "ftp://example.org",
        "https://",
        "https://example.org:99999/",
        "https://example.org:0/",
        "https://example.org:x/",
        "https://example.org/f\u00e4x",
        "https://example.org/a b",
        "https://ann:secret@example.org/",
        "https://example.org\nattach=docx",
        "https://example.org\nsecret=********",
        "https://example.org\nother=1",
    ],
)
def test_what_cannot_be_posted_to_is_refused_when_it_is_set(data: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        target_of(data.encode())
