"""The command line itself, and the commands that need no daemon."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import REPORT, environment, platen

COMMANDS = (
    "send jobs show cancel hold resume address follow status pages call answer convert softmodem".split()  # noqa: SIM905
)


def test_help_tells_the_commands_and_the_exit_codes() -> None:
    done = platen("--help")
    assert done.returncode == 0
    for word in COMMANDS:
        assert f"  {word} " in done.stdout
    for code in (0, 1, 2, 3, 4, 5, 6, 7, 130):
        assert f"    {code} " in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help(command: str) -> None:
    done = platen(command, "--help")
    assert done.returncode == 0
    assert done.stdout.casefold().startswith("usage: ")


def test_help_loads_nothing_that_takes_time() -> None:
    program = (
        "import sys, cli.main; sys.argv = ['platen', '--help']\n"
        "try: cli.main.main()\n"
        "except SystemExit: pass\n"
        "print('LOADED', *sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, check=True, text=True, env=environment(None)
    )
    loaded = set(done.stdout.partition("LOADED")[2].split())
    assert "typer" in loaded
    assert not {"rich", "http.client", "codec", "modem", "numpy", "PIL", "reportlab"} & loaded


@pytest.mark.parametrize(
    "line",
    [
        "",
        "fly",
        "send",
        "send --to 5552001",
        "send a.pdf --to 1 --name Ann --name Bob",
        "send a.pdf --follow",
        "send a.pdf --to 1 --hold --follow",
        "send - - --to 1",
        "send a.pdf --to 1 --resolution superb",
        "show twelve",
        "show",
        "address 1",
        "jobs --waiting --all",
        "pages 1",
        "call 5552001 a.tif",
        "convert a.pdf",
        "--loud jobs",
    ],
)
def test_a_wrong_command_line_is_exit_code_2_and_says_why(line: str) -> None:
    done = platen(*line.split())
    assert done.returncode == 2
    assert "Error: " in done.stderr or line == ""


@pytest.mark.parametrize("line", ["status", "jobs", "show 1", "cancel 1 2", "follow", "follow 1", "address 1 --to 2"])
def test_a_daemon_that_is_away_is_exit_code_3_and_names_the_socket(line: str, tmp_path: Path) -> None:
    for done in (
        platen(*line.split(), socket=tmp_path / "none.sock"),
        platen("--socket", tmp_path / "none.sock", *line.split()),
    ):
        assert done.returncode == 3
        assert done.stdout == ""
        assert done.stderr.count("\n") == 1
        assert str(tmp_path / "none.sock") in done.stderr
        assert "platend" in done.stderr


def test_a_file_that_is_not_there_is_exit_code_2(tmp_path: Path) -> None:
    done = platen("send", tmp_path / "none.pdf", "--to", "5552001", socket=tmp_path / "none.sock")
    assert (done.returncode, done.stderr) == (2, f"platen: {tmp_path}/none.pdf: No such file or directory\n")
    done = platen("convert", tmp_path / "none.pdf", "-o", tmp_path / "out.tif")
    assert (done.returncode, done.stderr) == (2, f"platen: {tmp_path}/none.pdf: No such file or directory\n")


@pytest.mark.parametrize(("resolution", "dpi_y"), [("standard", 98), ("fine", 196)])
def test_convert_writes_the_pages_and_tells_about_each(tmp_path: Path, resolution: str, dpi_y: int) -> None:
    out = tmp_path / "pages.tif"
    done = platen("convert", REPORT, "-o", out, "--resolution", resolution, "--json")
    assert done.returncode == 0, done.stderr
    pages = json.loads(done.stdout)["pages"]
    assert {(page["width"], page["dpi_x"], page["dpi_y"]) for page in pages} == {(1728, 204, dpi_y)}
    said = subprocess.run(["tiffinfo", str(out)], capture_output=True, text=True, check=True).stdout
    assert said.count("Compression Scheme: CCITT Group 4") == len(pages) > 1
    plain = platen("convert", REPORT, "-o", out, "--resolution", resolution)
    assert [line.split("\t")[4] for line in plain.stdout.splitlines()] == [page["digest"] for page in pages]


def test_convert_refuses_what_the_fax_server_would_refuse(tmp_path: Path) -> None:
    (tmp_path / "empty.pdf").touch()
    (tmp_path / "letter.pdf").write_text("Dear all,\n")
    (tmp_path / "cut.pdf").write_bytes(REPORT.read_bytes()[:2000])
    for name, said in (("empty.pdf", "empty"), ("letter.pdf", "not a PDF"), ("cut.pdf", "cut off")):
        done = platen("convert", REPORT, tmp_path / name, "-o", tmp_path / "out.tif")
        assert done.returncode == 4
        assert said in done.stderr
        assert str(tmp_path / name) in done.stderr
        assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*.tif")) + list(tmp_path.glob(".*"))


def test_a_call_without_a_modem_fails_with_its_cause(tmp_path: Path) -> None:
    platen("convert", REPORT, "-o", tmp_path / "pages.tif")
    done = platen("call", "5552001", tmp_path / "pages.tif", "--tty", tmp_path / "none", "--json")
    assert done.returncode == 1, done.stderr
    outcome = json.loads(done.stdout.splitlines()[-1])
    assert outcome["cause"] == "device-missing"
    assert {page["fate"] for page in outcome["pages"]} == {"not-sent"}
    plain = platen("call", "5552001", tmp_path / "pages.tif", "--tty", tmp_path / "none")
    assert plain.returncode == 1
    assert plain.stdout.startswith(outcome["text"])


def test_a_call_with_pages_that_are_none_is_refused(tmp_path: Path) -> None:
    done = platen("call", "5552001", REPORT, "--tty", tmp_path / "none")
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1


def test_a_call_to_a_number_with_letters_is_not_made(tmp_path: Path) -> None:
    platen("convert", REPORT, "-o", tmp_path / "pages.tif")
    done = platen("call", "555CALL", tmp_path / "pages.tif", "--tty", tmp_path / "none", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout.splitlines()[-1])["cause"] == "bad-number"


def test_a_result_that_cannot_be_written_is_named_as_the_person_named_it(tmp_path: Path) -> None:
    out = tmp_path / "missing" / "pages.tif"
    done = platen("convert", REPORT, "-o", out)
    assert done.returncode == 2
    assert done.stderr == f"platen: {out}: No such file or directory\n"


def test_a_call_names_the_file_that_is_no_tiff(tmp_path: Path) -> None:
    text = tmp_path / "letter.txt"
    text.write_text("Dear all,\n")
    done = platen("call", "5552001", text, "--tty", tmp_path / "no-modem")
    assert done.returncode == 4
    assert done.stderr.startswith(f"platen: {text}: ")


def test_the_software_modem_says_how_it_is_used_by_the_name_that_was_typed() -> None:
    done = platen("softmodem")
    assert done.returncode == 2
    assert done.stderr.startswith("usage: platen softmodem ")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("call 5552001 --tty x", "--poll"),
        ("call 5552001 --tty x --poll", "--out"),
        ("call 5552001 pages.tif --tty x --out folder", "--poll"),
        ("call 5552001 pages.tif --tty x --selection 7", "--poll"),
        ("answer --tty x --out folder --selection 7", "--document"),
    ],
)
def test_what_only_polling_has_a_use_for_is_not_passed_over(line: str, said: str, tmp_path: Path) -> None:
    done = platen(*line.split(), cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_poll_that_was_not_dialled_leaves_no_folder_behind(tmp_path: Path) -> None:
    done = platen("call", "5552001", "--poll", "--out", tmp_path / "in", "--tty", tmp_path / "none")
    assert done.returncode == 1
    assert not list((tmp_path / "in").iterdir())


def test_a_document_that_is_none_is_not_offered(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("hello")
    done = platen("answer", "--tty", tmp_path / "x", "--out", tmp_path / "in", "--document", tmp_path / "text.tif")
    assert done.returncode == 4
    assert "text.tif" in done.stderr


def test_a_coding_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = platen("answer", "--tty", tmp_path / "x", "--out", tmp_path / "in", "--coding", "png")
    assert done.returncode == 4
    assert "png" in done.stderr
