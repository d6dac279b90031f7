"""Looks through a folder of archived faxes with the FaxTiff object; no server is needed.

python examples/archive_browser.py /var/spool/platen/archive --find "Ann Lee"
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import winfax

TITLES = ("when", "from", "to", "number", "file")


def line(tiff: winfax.FaxTiff, folder: Path) -> tuple[str, ...]:
    return (
        tiff.ReceiveTime,
        tiff.SenderName or tiff.Tsid or tiff.CallerId,
        tiff.RecipientName or tiff.Csid,
        tiff.RecipientNumber,
        str(Path(tiff.Image).relative_to(folder)),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--find", default="", help="only faxes with this in a name, a number or an identifier")
    asked = parser.parse_args()
    if not asked.folder.is_dir():
        sys.exit(f"{asked.folder} is no folder")

    found: list[tuple[int, tuple[str, ...]]] = []
    for path in asked.folder.rglob("*.tif"):
        tiff = winfax.FaxTiff()
        try:
            tiff.Image = str(path)
        except winfax.com_error as error:
            print(error, file=sys.stderr)
            continue
        facts = line(tiff, asked.folder)
        if asked.find.casefold() in " ".join(facts).casefold():
            found.append((tiff.RawReceiveTime, facts))
    lines = [TITLES, *(facts for _, facts in sorted(found, reverse=True))]
    widths = [max(len(entry[column]) for entry in lines) for column in range(len(TITLES))]
    for entry in lines:
        print("  ".join(text.ljust(width) for text, width in zip(entry, widths, strict=True)).rstrip())
    print(f"{len(found)} faxes")


if __name__ == "__main__":
    main()
