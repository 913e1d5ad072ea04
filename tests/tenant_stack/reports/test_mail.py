"""Mail over a real socket, to a server that speaks as much SMTP as is needed."""

from __future__ import annotations

import asyncio
import email
import smtplib
from email.policy import default
from pathlib import Path

import pytest

from foundation.mail import NoMail, compose, send


class Sink:
    """An SMTP server that keeps what it is given, or refuses every recipient."""

    def __init__(self, *, refuses: bool = False) -> None:
        self.refuses = refuses
        self.recipients: list[str] = []
        self.messages: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 sink\r\n")
        while line := await reader.readline():
            word = line[:4].upper()
            if word == b"RCPT":
                self.recipients.append(line.decode().strip().partition(":")[2])
            if word == b"DATA":
                writer.write(b"354 go on\r\n")
                self.messages.append(await reader.readuntil(b"\r\n.\r\n"))
            if word == b"QUIT":
                # What a server says to goodbye changes nothing about a message that it has taken.
                writer.write(b"451 not now\r\n")
                break
            writer.write(b"550 nobody here\r\n" if word == b"RCPT" and self.refuses else b"250 ok\r\n")
        writer.close()


MESSAGE = compose(
    sender="Punctual <reports@acme.test>",
    recipients=["hr@acme.test", "boss@acme.test"],
    subject="Month\nfor HR: محمد",
    text="Attached.",
    message_id="1",
    attachment=("report.pdf", "application/pdf", b"%PDF-1.7"),
)


@pytest.mark.parametrize("refuses", [False, True])
async def test_by_smtp(refuses: bool) -> None:
    sink = Sink(refuses=refuses)
    server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        sending = asyncio.to_thread(send, MESSAGE, smtp_url=f"smtp://127.0.0.1:{port}", folder=None)
        if refuses:
            with pytest.raises(smtplib.SMTPRecipientsRefused):
                await sending
            assert sink.messages == []
            return
        await sending
    assert sink.recipients == ["<hr@acme.test>", "<boss@acme.test>"]
    read = email.message_from_bytes(sink.messages[0].removesuffix(b".\r\n"), policy=default)
    assert read["Subject"] == "Month for HR: محمد"
    (attached,) = list(read.iter_attachments())
    assert attached.get_content() == b"%PDF-1.7"


def test_a_password_is_never_sent_without_tls() -> None:
    async def refused() -> None:
        sink = Sink()
        server = await asyncio.start_server(sink.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            with pytest.raises(smtplib.SMTPException):
                await asyncio.to_thread(send, MESSAGE, smtp_url=f"smtp://ann:secret@127.0.0.1:{port}", folder=None)
        assert sink.messages == []

    asyncio.run(refused())


def test_without_server_and_folder(tmp_path: Path) -> None:
    with pytest.raises(NoMail):
        send(MESSAGE, smtp_url=None, folder=None)
    send(MESSAGE, smtp_url=None, folder=tmp_path / "mail")
    assert [path.name for path in (tmp_path / "mail").iterdir()] == ["1.eml"]
