"""Fields as an office might send them: for previews that name none, and to say what a template costs."""

from __future__ import annotations

from datetime import datetime

from coverpage.fields import CoverFields
from fax.types import Priority, Recipient, Sender

SAMPLE = CoverFields(
    recipient=Recipient(
        number="+49 30 5552001",
        name="Jordan Example",
        company="Example Paper Ltd",
        street_address="12 Harbour Road",
        city="Springfield",
        state="XX",
        zip="12345",
        country="Exampleland",
        title="Head of Purchasing",
        department="Purchasing",
        office_location="Building C",
        home_phone="+49 30 5552003",
        office_phone="+49 30 5552002",
    ),
    sender=Sender(
        name="Robin Sample",
        fax_number="+1 555 2000",
        company="Sample Printing Works",
        address="14 Mill Lane, Sampletown",
        title="Estimator",
        department="Sales",
        office_location="Front office",
        home_phone="+1 555 3000",
        office_phone="+1 555 2001",
    ),
    subject="Our offer no. 4711",
    note="Dear Jordan,\n\nplease find our offer on the following pages. It holds until the end of the month.\n\n"
    "Kind regards,\nRobin",
    time_sent=datetime(2026, 3, 14, 9, 41),
    page_count=3,
    job_id=4711,
    billing_code="K-22",
    priority=Priority.NORMAL,
    title="offer.pdf",
)
