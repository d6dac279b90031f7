"""What a document is, and where one PDF ends and the next begins."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from codec.sniff import Kind, decode_text, pdf_end, sniff, split_pdfs
from tests.codec import corpus

UTF16 = "Grüße\n".encode("utf-16")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", Kind.EMPTY),
        (corpus.pdf(), Kind.PDF),
        (b"Received: by gateway\r\n\r\n" + corpus.pdf(), Kind.PDF),
        (corpus.wrapped_in_pjl(corpus.pdf(), "PDF"), Kind.PDF),
        (corpus.postscript(), Kind.POSTSCRIPT),
        (b"\x04" + corpus.postscript(), Kind.POSTSCRIPT),
        (corpus.wrapped_in_pjl(corpus.postscript(), "POSTSCRIPT"), Kind.POSTSCRIPT),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n% about %PDF-1.4 and startxref\n", Kind.POSTSCRIPT),
        (corpus.image("PNG"), Kind.PNG),
        (corpus.image("JPEG"), Kind.JPEG),
        (corpus.image("GIF", mode="P"), Kind.GIF),
        (corpus.image("TIFF"), Kind.TIFF),
        (corpus.text(), Kind.TEXT),
        ("Grüße aus Köln, na klar".encode("latin-1"), Kind.TEXT),
        (b"\xef\xbb\xbfwith a mark\r\n", Kind.TEXT),
        (UTF16, Kind.TEXT),
        (b"old DOS text\r\n\x1a", Kind.TEXT),
        (b"The header %PDF-1.4 is explained here.\n", Kind.TEXT),
        (b"A line.\n%PDF-1.4 begins this one, but it is only text.\n", Kind.TEXT),
        (b"PK\x03\x04" + bytes(100), Kind.OFFICE),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), Kind.OFFICE),
        (random.Random(1).randbytes(4000), Kind.UNKNOWN),
        (b"text with a bell \x07\n", Kind.UNKNOWN),
        (b"\x1b%-12345X@PJL ENTER LANGUAGE=PCL\r\n\x1bE\x1b&l1X", Kind.UNKNOWN),
        ("日本語の文書".encode("shift_jis") * 10, Kind.UNKNOWN),
        ("日本語の文書\n".encode() * 10, Kind.TEXT),
    ],
)
def test_the_kind_is_told_from_the_octets(data: bytes, kind: Kind) -> None:
    assert sniff(data).kind is kind


def test_the_document_is_found_inside_what_is_wrapped_around_it() -> None:
    for document, language in ((corpus.pdf(), "PDF"), (corpus.postscript(), "POSTSCRIPT")):
        wrapped = corpus.wrapped_in_pjl(document, language)
        found = sniff(wrapped)
        assert wrapped[found.start : found.end] == document
    dos_eps = b"\xc5\xd0\xd3\xc6" + (32).to_bytes(4, "little") + (10).to_bytes(4, "little") + bytes(20)
    found = sniff(dos_eps + b"%!PS-Adobe" + b"a preview picture")
    assert (found.kind, found.start, found.end) == (Kind.POSTSCRIPT, 32, 42)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain\n", "plain\n"),
        ("Grüße".encode("latin-1"), "Grüße"),
        (b"5 \x80", "5 €"),
        (UTF16, "Grüße\n"),
        (b"\xef\xbb\xbfmark", "mark"),
        (b"end\x1a", "end"),
        (b"null\x00", None),
        (b"\xff\xfe\x00", None),
    ],
)
def test_text_is_decoded_or_refused(data: bytes, text: str | None) -> None:
    assert decode_text(data) == text


def three() -> list[bytes]:
    return [corpus.pdf(), corpus.pdf((corpus.A4, corpus.A4)), corpus.pdf((corpus.LETTER,))]


@pytest.mark.parametrize("between", [b"", b"\n", b"\r\n", b"\n\n  \r\n", bytes(4)])
def test_concatenated_pdfs_are_told_apart(between: bytes) -> None:
    whole = between.join(three())
    pieces = [whole[begin:end] for begin, end in split_pdfs(whole)]
    assert [piece.rstrip(b"\r\n \x00") for piece in pieces] == [document.rstrip() for document in three()]


def test_the_same_pdf_twice_is_two_pdfs() -> None:
    assert len(split_pdfs(corpus.pdf() * 2)) == 2


def test_an_incremental_update_is_no_seam() -> None:
    updated = corpus.incremental(corpus.pdf())
    assert split_pdfs(updated) == [(0, len(updated))]
    both = updated + corpus.pdf()
    assert split_pdfs(both) == [(0, len(updated)), (len(updated), len(both))]


@pytest.mark.parametrize(
    "attachment",
    [corpus.pdf, lambda: corpus.pdf() * 2, lambda: corpus.pdf() + b"\n" + corpus.incremental(corpus.pdf())],
)
def test_pdfs_inside_a_pdf_are_no_seams(attachment: Callable[[], bytes]) -> None:
    whole = corpus.carrying(corpus.pdf(), attachment())
    assert attachment() in whole
    assert split_pdfs(whole) == [(0, len(whole))]
    assert len(split_pdfs(whole + corpus.pdf())) == 2


def test_a_cut_pdf_behind_a_whole_one_stays_a_piece_of_its_own() -> None:
    whole = corpus.pdf() + corpus.pdf()[:3000]
    assert [end - begin for begin, end in split_pdfs(whole)] == [len(corpus.pdf()), 3000]


def test_padding_behind_a_pdf_is_left_out_but_never_pieces_of_a_pdf() -> None:
    document = corpus.pdf().rstrip()
    padded = document + bytes(3000)
    assert pdf_end(padded, 0, len(padded)) == len(document) + 1
    cut = corpus.incremental(corpus.pdf())[:-40]
    assert pdf_end(cut, 0, len(cut)) == len(cut)
