"""Our sender over the software modem to libspandsp's fax machine: what is sent is what arrives, pixel for pixel."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from codec.tiff import read_pages
from modem.call import Call
from modem.outcome import Cause, Fate, Outcome
from modem.plan import CallPlan, LinePolicy, PlannedDocument, PlannedPage
from modem.soft.exchange import Exchange
from modem.soft.farend import REFUSES, Answers, ExchangeData, FarEnd, Fax
from modem.soft.line import Disturbance, Disturbs, Impairments, Moment
from modem.soft.parties import FaxRecord
from modem.soft.virtual import VirtualModem, run_call
from tests.modem.soft.pictures import picture, read_fax, save_fax

MODULATIONS = (("V27TER",), ("V27TER", "V29"), ("V27TER", "V29", "V17"))
RATES = (4800, 9600, 14400)
IMAGES = (picture(500, 1), picture(300, 2), picture(200, 3))


def call(
    folder: Path, far_end: FarEnd, *images: Image.Image, dpi_y: int = 196, says_far_hang_up: bool = False
) -> tuple[Outcome, FaxRecord | None]:
    file = save_fax(folder / "sent.tif", *images, dpi_y=dpi_y)
    pages = read_pages(file)
    planned = tuple(
        PlannedPage(file=str(file), index=place, digest=page.digest, number=place + 1)
        for place, page in enumerate(pages)
    )
    document = PlannedDocument(job=1, pages_total=len(pages), pages=planned)
    plan = CallPlan(
        call="1", dial=far_end.number, tsid="sender", documents=(document,), policy=LinePolicy(header_line=False)
    )
    exchange = Exchange(ExchangeData(numbers=(far_end,), says_far_hang_up=says_far_hang_up), out=folder / "out")
    modem = VirtualModem(exchange, "100")
    made = Call(plan, pages, modem.now)
    run_call(made, modem)
    assert made.outcome is not None
    assert not exchange.talking, "the modem is still off-hook"
    return made.outcome, exchange.records[0] if exchange.records else None


def received(record: FaxRecord | None) -> list[bytes]:
    assert record is not None
    return read_fax(Path(record.tiff))


@pytest.mark.parametrize(("modulations", "rate"), list(zip(MODULATIONS, RATES, strict=True)))
@pytest.mark.parametrize(
    ("ecm", "codings", "used"),
    [
        (True, ("MH",), "MH"),
        (True, ("MH", "MR"), "MR"),
        (True, ("MH", "MR", "MMR"), "MMR"),
        (False, ("MH",), "MH"),
        (False, ("MH", "MR"), "MR"),
    ],
)
def test_every_ability_of_the_far_end_is_met(
    tmp_path: Path, ecm: bool, codings: tuple[str, ...], used: str, modulations: tuple[str, ...], rate: int
) -> None:
    far_end = FarEnd(number="5552001", fax=Fax(ecm=ecm, codings=codings, modulations=modulations))
    outcome, record = call(tmp_path, far_end, *IMAGES)
    assert outcome.cause is Cause.OK
    assert [page.fate for page in outcome.pages] == [Fate.CONFIRMED] * 3
    assert record is not None
    assert (record.completion, record.rate_bps, record.ecm, record.coding) == (0, rate, ecm, used)
    assert record.far_ident == "sender"
    assert received(record) == [image.tobytes() for image in IMAGES]


@pytest.mark.parametrize(("dpi_y", "pels_per_m"), [(98, 3850), (196, 7700), (391, 15400)])
def test_every_resolution_arrives_as_it_is(tmp_path: Path, dpi_y: int, pels_per_m: int) -> None:
    outcome, record = call(tmp_path, FarEnd(number="5552001"), IMAGES[0], dpi_y=dpi_y)
    assert outcome.cause is Cause.OK
    assert record is not None and record.pages[0].y_pels_per_m == pels_per_m
    assert received(record) == [IMAGES[0].tobytes()]


def test_a_slow_old_machine_gets_its_time_for_each_row(tmp_path: Path) -> None:
    fax = Fax(ecm=False, codings=("MH",), modulations=("V27TER", "V29"), min_scan_line_ms=40, widths=("A4",))
    outcome, record = call(tmp_path, FarEnd(number="5552001", fax=fax), IMAGES[0])
    assert outcome.cause is Cause.OK
    assert received(record) == [IMAGES[0].tobytes()]
    assert record is not None
    began, ended = (
        next(frame.t for frame in record.frames if frame.name == name and frame.sent is sent)
        for name, sent in (("CFR", True), ("EOP", False))
    )
    # By T.30 table 2 the code 40/40 ms per row asks for at least 20 s for 500 rows.
    assert ended - began > 500 * 0.040


def test_a_far_end_that_is_not_ready_is_waited_for(tmp_path: Path) -> None:
    outcome, record = call(tmp_path, FarEnd(number="5552001", fax=Fax(not_ready_count=3)), *IMAGES)
    assert outcome.cause is Cause.OK
    assert received(record) == [image.tobytes() for image in IMAGES]


@pytest.mark.parametrize("says", [False, True])
@pytest.mark.parametrize(
    ("moment", "at_the_far_end"),
    [(Moment(what="page", nth=2, delay_s=2.0), 1), (Moment(what="sent MCF", nth=2), 2)],
)
def test_a_call_cut_around_page_two_leaves_it_uncertain_once_its_whole_image_was_given(
    tmp_path: Path, moment: Moment, at_the_far_end: int, says: bool
) -> None:
    cut_in_the_image = says and moment.what == "page"
    far_end = FarEnd(number="5552001", hang_up=moment)
    outcome, record = call(tmp_path, far_end, *IMAGES, says_far_hang_up=says)
    assert outcome.cause is Cause.LINE_LOST
    second = Fate.NOT_SENT if cut_in_the_image else Fate.UNCERTAIN
    assert [page.fate for page in outcome.pages] == [Fate.CONFIRMED, second, Fate.NOT_SENT]
    assert record is not None and record.pages_received == at_the_far_end


@pytest.mark.parametrize(
    ("far_end", "cause"),
    [
        (FarEnd(number="1", answers=Answers.BUSY), Cause.BUSY),
        (FarEnd(number="1", answers=Answers.NO_ANSWER, rings=4), Cause.NO_ANSWER),
        (FarEnd(number="1", answers=Answers.UNKNOWN), Cause.NO_CARRIER),
        (FarEnd(number="1", script=REFUSES), Cause.FAR_END_DISCONNECTED),
    ],
)
def test_a_call_that_fails_has_its_own_cause_and_nothing_sent(tmp_path: Path, far_end: FarEnd, cause: Cause) -> None:
    outcome, _ = call(tmp_path, far_end, IMAGES[0])
    assert outcome.cause is cause
    assert outcome.pages[0].fate is Fate.NOT_SENT


@pytest.mark.parametrize("seed", range(4))
def test_a_burst_in_the_page_costs_frames_and_not_the_page(tmp_path: Path, seed: int) -> None:
    burst = Disturbance(kind=Disturbs.NOISE, start=Moment(what="page", delay_s=2.2), seconds=0.05, dbm0=-14)
    line = Impairments(noise_dbm0=-60, loss_db=3, seed=seed, disturbances=(burst,))
    outcome, record = call(tmp_path, FarEnd(number="5552001", line=line), picture(2200, 4))
    assert outcome.cause is Cause.OK
    assert outcome.figures.ecm_frames_resent > 0
    assert received(record) == [picture(2200, 4).tobytes()]
