"""What the kind lawfully-restless does to bodies of which the contract says that they are taken or refused."""

from __future__ import annotations

from emulator.errors import Malformed, Refusal, UnsupportedMediaType
from emulator.trouble.engine import Hits

BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def unread(hits: Hits) -> Refusal | None:
    """What to raise for a body where none is read; None: it is ignored."""
    hit = hits.get("lawfully-restless")
    if hit is None or hit.fraction("unread") < 1 / 2:
        return None
    kind = Malformed if hit.fraction("refusal") < 1 / 2 else UnsupportedMediaType
    return kind("this operation takes no body; leave it out")


def doubted(hits: Hits, data: bytes, media_type: str) -> bytes:
    """The body as it is read: without its byte order mark, or with it. UnsupportedMediaType for a doubtful type."""
    hit = hits.get("lawfully-restless")
    if hit is None or hit.fraction("doubt") < 1 / 2:
        return data
    if media_type == "" or media_type.endswith("+json"):
        raise UnsupportedMediaType("the body does not say that it is application/json; say so in Content-Type")
    return data.removeprefix(BYTE_ORDER_MARK)
