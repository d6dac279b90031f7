"""Fields that tests fill covers with."""

from __future__ import annotations

from datetime import datetime

from coverpage import CoverFields
from fax import Recipient, Sender

RECIPIENT = Recipient(
    number="+49 30 5552001",
    name="Jürgen Müller",
    company="Wasserwerke Überlingen",
    street_address="Seepromenade 112",
    city="Überlingen",
    state="BW",
    zip="88662",
    country="Germany",
    title="Bookkeeper",
    department="Finance",
    office_location="Building C",
    home_phone="+49 7551 111",
    office_phone="+49 7551 2220",
)
SENDER = Sender(
    name="Ana Kovačić",
    fax_number="+1 555 2000",
    company="Riverside Printing",
    address="14 Mill Lane, Springfield",
    title="Estimator",
    department="Sales",
    office_location="Front office",
    home_phone="+1 555 3000",
    office_phone="+1 555 2001",
)
FULL = CoverFields(
    recipient=RECIPIENT,
    sender=SENDER,
    subject="Offer no. 4711",
    note="Dear Mr Müller,\n\nour offer follows.\nΚαλημέρα, добрый день.",
    time_sent=datetime(2025, 3, 14, 9, 41),
    page_count=27,
    job_id=100_812,
    billing_code="K-22",
    title="offer.pdf",
)
