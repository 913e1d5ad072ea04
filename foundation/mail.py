"""Sending a finished report: by SMTP (RFC 5321), or as an ``.eml`` file into a folder where there is no server."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from urllib.parse import unquote, urlsplit

TIMEOUT_SECONDS = 30


class NoMail(Exception):
    """Neither a server nor a folder is set up."""


def compose(
    *,
    sender: str,
    recipients: list[str],
    subject: str,
    text: str,
    message_id: str,
    attachment: tuple[str, str, bytes] | None,
) -> EmailMessage:
    """A message with at most one file (name, content type, bytes). Header values cannot break out of their line: the
    library refuses line ends."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = ", ".join(recipients)
    message["Subject"] = " ".join(subject.split())
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{message_id}@punctual>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    if attachment is not None:
        name, content_type, data = attachment
        main, _, sub = content_type.partition(";")[0].partition("/")
        message.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return message


def send(message: EmailMessage, *, smtp_url: str | None, folder: Path | None) -> None:
    """Hand a message over; blocks, so call it in a thread. Raises `smtplib.SMTPException` or `OSError`."""
    if smtp_url:
        _by_smtp(message, smtp_url)
    elif folder is not None:
        _into(message, folder)
    else:
        raise NoMail("No mail server is set up")


def _by_smtp(message: EmailMessage, url: str) -> None:
    """``smtps://`` is TLS from the start; ``smtp://`` begins TLS when the server offers it, and always before a
    password is sent."""
    parts = urlsplit(url)
    host = parts.hostname or "localhost"
    if parts.scheme == "smtps":
        client: smtplib.SMTP = smtplib.SMTP_SSL(
            host, parts.port or 465, timeout=TIMEOUT_SECONDS, context=ssl.create_default_context()
        )
    else:
        client = smtplib.SMTP(host, parts.port or 587, timeout=TIMEOUT_SECONDS)
    try:
        client.ehlo_or_helo_if_needed()
        if parts.scheme == "smtp" and (parts.username or client.has_extn("starttls")):
            client.starttls(context=ssl.create_default_context())
        if parts.username:
            client.login(unquote(parts.username), unquote(parts.password or ""))
        client.send_message(message)
    finally:
        # No goodbye is waited for: a failing one after an accepted message would have it sent again.
        client.close()


def _into(message: EmailMessage, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = message["Message-ID"].strip("<>").partition("@")[0]
    partly = folder / f"{name}.part"
    partly.write_bytes(message.as_bytes())
    partly.replace(folder / f"{name}.eml")
