"""The API over TLS: nobody is known there but by a token or a password."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import ssl
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from fax.access import FAX_ALL_ACCESS, Right
from fax.client import Client
from fax.errors import Cause, FaxError
from fax.types import Submission
from tests.spooler.rig import PATIENCE_S, Rig, refusal, wait_for

PASSWORD = "correct horse battery"


def make_certificate(folder: Path, name: str = "Platen") -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that is its own authority, and its key; they take the place of what lies there."""
    certificate, key = folder / "fax.pem", folder / "fax.key"
    for old in (certificate, key):
        old.unlink(missing_ok=True)
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:P-256",
        "-nodes",
        "-days",
        "2",
    ]
    command += [
        "-subj",
        f"/CN={name}",
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    ]
    subprocess.run(command, check=True, capture_output=True)
    return certificate, key


def listener(folder: Path) -> str:
    certificate, key = make_certificate(folder)
    return f'[listener]\naddress = "127.0.0.1"\nport = {free_port()}\ncertificate = "{certificate}"\nkey = "{key}"\n'


def free_port() -> int:
    """One that no program gets by chance between our look and the daemon's: the system gives out others."""
    while True:
        port = random.SystemRandom().randrange(20_000, 30_000)
        with suppress(OSError), socket.socket() as found:
            found.bind(("127.0.0.1", port))
            return port


class Far:
    """The daemon's listener, and clients of it."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        self.rig = rig
        self.ca = folder / "fax.pem"
        text = rig.config.read_text()
        self.port = int(text.partition("port = ")[2].split()[0])
        self.url = f"https://127.0.0.1:{self.port}"

    def client(self, token: str | None = None, user: str | None = None, password: str | None = None) -> Client:
        return Client(self.url, token=token, user=user, password=password, ca_file=str(self.ca))

    def token(self, user: str, expires: datetime | None = None) -> str:
        return self.rig.client.add_token("test", user, expires).token

    def ask(self, authorization: str | None) -> tuple[int, dict[str, str], Any]:
        """A request by hand."""
        trust = ssl.create_default_context(cafile=str(self.ca))
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=trust, timeout=PATIENCE_S)
        try:
            connection.request("GET", "/v1/status", headers={"Authorization": authorization} if authorization else {})
            answer = connection.getresponse()
            return answer.status, dict(answer.headers.items()), json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    folder = tmp_path_factory.mktemp("tls")
    with Rig(folder, port=False, tables="[users]\nadmins = ['chief']\n" + listener(folder)) as rig:
        yield Far(rig, folder)


def test_a_token_is_its_user_with_that_user_s_rights_and_no_others(far: Far) -> None:
    far.rig.client.grant("user:remo", Right.JOB_QUERY)
    about = far.client(far.token("remo")).access_check(FAX_ALL_ACCESS)
    assert (about.user, about.via, about.administrator, about.granted) == ("remo", "token", False, False)
    assert (
        Right(about.mask)
        == Right.JOB_QUERY | Right.JOB_SUBMIT | Right.READ_CONTROL | Right.CONFIG_QUERY | Right.PORT_QUERY
    )


def test_a_fax_is_sent_with_a_token_and_belongs_to_its_user(far: Far) -> None:
    client = far.client(far.token("sue"))
    document = client.upload(Path(__file__)).id
    (job,) = client.submit(Submission(documents=(document,), recipients=())).jobs
    about = far.rig.client.job(job)
    assert (about.user, about.claimed) == ("sue", False)
    other = far.client(far.token("tom"))
    assert refusal(lambda: other.job(job)).cause is Cause.NOT_ALLOWED
    assert job not in [known.id for known in other.jobs()]
    assert client.cancel(job).id == job


def test_nobody_over_tls_is_root_the_daemon_or_the_backend_for_being_called_so(far: Far) -> None:
    for name in ("root", "lp"):
        client = far.client(far.token(name))
        assert not client.access_check().administrator
        error = refusal(lambda client=client: client.submit(Submission(documents=(), recipients=(), user="ann")))  # type: ignore[misc]
        assert (error.cause, "may not submit a fax for ann" in error.text) == (Cause.NOT_ALLOWED, True)
    assert far.client(far.token("chief")).access_check().administrator


def test_without_a_good_token_nothing_is_answered(far: Far) -> None:
    status, headers, problem = far.ask(None)
    assert (status, problem["type"]) == (401, "not-authenticated")
    assert headers["www-authenticate"].startswith("Bearer")
    for wrong in ("Bearer", "Basic !", "Digest x", "Basic " + b64encode(b"\xff\xff").decode()):
        status, _, problem = far.ask(wrong)
        assert (status, problem["type"]) == (401, "not-authenticated"), wrong


def test_a_removed_or_expired_token_counts_no_more(far: Far) -> None:
    made = far.rig.client.add_token("gateway", "vic")
    client = far.client(made.token)
    assert client.access_check().user == "vic"
    wait_for(lambda: next(each.used for each in client.tokens() if each.id == made.about.id), "the time of its use")
    assert [each.id for each in client.tokens()] == [made.about.id]
    far.rig.client.remove_token(made.about.id)
    assert refusal(client.access_check).cause is Cause.NOT_AUTHENTICATED
    expiring = None
    for patience_s in (1, 10, 60):
        try:
            expiring = far.client(far.token("vic", datetime.now(UTC) + timedelta(seconds=patience_s)))
            break
        except FaxError as error:
            assert "would have expired" in error.text, "on a slow machine it may have by the time it is asked for"
    assert expiring is not None

    def expired() -> bool:
        try:
            expiring.access_check()
        except Exception as error:
            return "expired" in str(error)
        return False

    wait_for(expired, "its end")


def test_a_token_makes_no_token_and_no_password(far: Far) -> None:
    client = far.client(far.token("wim"))
    for act in (
        lambda: client.add_token("more"),
        lambda: client.set_password("wim", PASSWORD),
        lambda: client.remove_password("wim"),
        lambda: client.set_password("root", PASSWORD),
    ):
        error = refusal(act)
        assert (error.cause, "WRITE_DAC" in error.text) == (Cause.NOT_ALLOWED, True)


def test_what_lets_one_in_is_nowhere_to_be_read(far: Far) -> None:
    token = far.token("xena")
    far.rig.client.set_password("xena", PASSWORD)
    assert far.client(user="xena", password=PASSWORD).access_check().via == "password"
    refusal(far.client("platen_wrong-but-secret").access_check)
    shown = repr(
        [far.rig.client.tokens(), far.rig.client.passwords(), far.rig.client.audit(), far.client(token).server]
    )
    kept = b"".join(path.read_bytes() for path in far.rig.spool.glob("platen.db*")).decode("latin-1")
    for place in (shown, kept, far.rig.log.read_text()):
        for secret in (token, token.removeprefix("platen_"), PASSWORD, "wrong-but-secret"):
            assert secret not in place
    assert {line.action for line in far.rig.client.audit()} >= {"token added", "password set"}


def test_passwords_are_checked_changed_and_removed(far: Far) -> None:
    client = far.client(user="yve", password=PASSWORD)
    assert refusal(client.access_check).cause is Cause.NOT_AUTHENTICATED
    far.rig.client.set_password("yve", PASSWORD)
    assert client.access_check().user == "yve"
    far.rig.client.set_password("yve", PASSWORD + "!")
    assert refusal(client.access_check).cause is Cause.NOT_AUTHENTICATED
    assert far.client(user="yve", password=PASSWORD + "!").access_check().user == "yve"
    far.rig.client.remove_password("yve")
    assert refusal(far.client(user="yve", password=PASSWORD + "!").access_check).cause is Cause.NOT_AUTHENTICATED
    assert refusal(lambda: far.rig.client.set_password("yve", "short")).cause is Cause.BAD_REQUEST


def test_the_server_proves_who_it_is(far: Far, tmp_path: Path) -> None:
    make_certificate(tmp_path)
    for stranger in (Client(far.url, token="t"), Client(far.url, token="t", ca_file=str(tmp_path / "fax.pem"))):
        error = refusal(stranger.status)
        assert (error.cause, "cannot prove" in error.text) == (Cause.NOT_AUTHENTICATED, True)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_not_spoken(far: Far) -> None:
    trust = ssl.create_default_context(cafile=str(far.ca))
    trust.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    trust.maximum_version = ssl.TLSVersion.TLSv1_1
    trust.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection(("127.0.0.1", far.port)) as raw, pytest.raises(ssl.SSLError):
        trust.wrap_socket(raw, server_hostname="127.0.0.1")


def test_guessing_is_slowed_down_and_what_comes_too_soon_is_not_looked_at(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False, tables=listener(tmp_path)) as rig:
        far = Far(rig, tmp_path)
        good = far.client(far.token("zoe"))
        for _ in range(5):
            assert refusal(far.client("platen_guess").access_check).cause is Cause.NOT_AUTHENTICATED
        # The first pause is a second, which a slow machine may need to ask; each is twice as long as the one before.
        while (answer := far.ask("Bearer platen_guess"))[0] == 401:
            pass
        status, headers, problem = answer
        assert (status, problem["type"]) == (429, "too-many-tries")
        assert int(headers["retry-after"]) >= 0

        def refused_too() -> bool:
            try:
                good.access_check()
            except FaxError as error:
                return error.cause is Cause.TOO_MANY_TRIES
            for _ in range(6):
                far.ask("Bearer platen_guess")
            return False

        wait_for(refused_too, "a pause that is long enough to ask within it")
        assert rig.client.access_check().administrator, "the socket is not touched by it"

        def let_in() -> bool:
            try:
                return good.access_check().user == "zoe"
            except Exception:
                return False

        wait_for(let_in, "the end of the pause")


def test_a_replaced_certificate_is_shown_after_sighup_and_a_bad_one_changes_nothing(tmp_path: Path) -> None:
    with Rig(tmp_path, port=False, tables=listener(tmp_path)) as rig:
        far = Far(rig, tmp_path)
        token = far.token("abe")
        assert far.client(token).access_check().user == "abe"
        assert rig.process is not None
        (tmp_path / "old").mkdir()
        for name in ("fax.pem", "fax.key"):
            (tmp_path / "old" / name).write_bytes((tmp_path / name).read_bytes())
        (tmp_path / "fax.key").write_text("no key")
        os.kill(rig.process.pid, signal.SIGHUP)
        wait_for(lambda: "the old one stays" in rig.log.read_text(), "the complaint")
        assert far.client(token).access_check().user == "abe"
        make_certificate(tmp_path, "Another")
        old = Client(far.url, token=token, ca_file=str(tmp_path / "old" / "fax.pem"))
        assert old.access_check().user == "abe"
        os.kill(rig.process.pid, signal.SIGHUP)
        wait_for(lambda: "is in use" in rig.log.read_text(), "the new certificate")
        assert far.client(token).access_check().user == "abe"
        assert refusal(old.access_check).cause is Cause.NOT_AUTHENTICATED


def test_without_tls_only_this_machine_is_listened_to_and_a_token_is_needed_all_the_same(tmp_path: Path) -> None:
    port = free_port()
    tables = f'[listener]\naddress = "127.0.0.1"\nport = {port}\nplain = true\n'
    with Rig(tmp_path, port=False, tables=tables) as rig:
        url = f"http://127.0.0.1:{port}"
        assert Client(url, token=rig.client.add_token("x", "ben").token).access_check().user == "ben"
        assert refusal(Client(url).access_check).cause is Cause.NOT_AUTHENTICATED
    assert refusal(lambda: Client("http://192.0.2.1:80")).cause is Cause.BAD_REQUEST


def test_a_certificate_that_cannot_be_used_at_start_is_one_clear_line(tmp_path: Path) -> None:
    tables = listener(tmp_path)
    (tmp_path / "fax.key").write_text("no key")
    rig = Rig(tmp_path, port=False, tables=tables)
    done = subprocess.run(
        rig.command, capture_output=True, text=True, cwd=Path(__file__).parents[2], timeout=PATIENCE_S
    )
    assert done.returncode == os.EX_OSERR
    assert "cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
