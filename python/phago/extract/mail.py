"""Messages as mail programs keep them."""

from __future__ import annotations

import contextlib
import datetime
import email
import email.policy
from email.message import MIMEPart
from pathlib import Path

from .content import Content
from .html import read_html

__all__ = ["read_mail"]


def read_mail(path: Path) -> Content:
    """The subject as title; who wrote it, and its words, those of the plain part where there is one; its date as time.

    Attachments are left out.
    """
    with path.open("rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    body = message.get_body(("plain", "html"))
    text = ""
    if body is not None:
        text = _words(body)
        if body.get_content_type() == "text/html":
            text = read_html(text).text
    people = [f"{name}: {message[name]}" for name in ("From", "To") if message[name]]
    time: datetime.datetime | None = None
    # A date that is none is told by an error of any kind.
    with contextlib.suppress(Exception):
        time = message["Date"].datetime
    if time is not None and time.utcoffset() is None:
        time = None
    return Content(str(message["Subject"] or ""), "\n".join([*people, "", text]) if text.strip() else "", time=time)


def _words(body: MIMEPart) -> str:
    try:
        found = body.get_content()
    except LookupError:
        # Of a charset that nobody knows; in Latin 1 every byte is a sign.
        data = body.get_payload(decode=True)
        if not isinstance(data, bytes):
            return ""
        try:
            return data.decode()
        except UnicodeDecodeError:
            return data.decode("latin-1")
    return found if isinstance(found, str) else ""
