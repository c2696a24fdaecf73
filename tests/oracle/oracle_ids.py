"""Identifiers and hashes as the records' documentation says them, written again from there and not
from the C code: a message's id, a complaint's ticket, the hash a message is compared by."""

import hashlib
import uuid

NAMESPACE = uuid.UUID('d60c4ef8-2272-45b1-8118-8c14c2ae22cb')
CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'


def of_parts(*parts):
    """UUIDv5 of the parts joined by NUL."""
    return str(uuid.uuid5(NAMESPACE, '\0'.join(parts)))


def message_id(tenant, channel, account, native_id, revision=None):
    return of_parts(tenant, channel, account, native_id, *([revision] if revision else []))


def conflict_id(message, content_hash):
    """A message whose id was seen before with other content is a message of its own."""
    return of_parts('conflict', message, content_hash)


def ticket(complaint):
    """'ABCDE-FGHJK': 45 bits of sha256, nine characters, and a check character."""
    digest = hashlib.sha256(b'muara-ticket\0' + uuid.UUID(complaint).bytes).digest()
    bits = int.from_bytes(digest[:6], 'big') >> 3
    digits = [bits >> 5 * i & 31 for i in range(8, -1, -1)]
    digits.append(-sum(d * (1 if i % 2 else 3) for i, d in enumerate(digits)) % 32)
    text = ''.join(CROCKFORD[d] for d in digits)
    return f'{text[:5]}-{text[5:]}'


def message_hash(text, attachments=()):
    """Text, NUL, then each native attachment id in sorted order with a NUL after it."""
    whole = text.encode() + b'\0' + b''.join(a.encode() + b'\0' for a in
                                             sorted(attachments, key=str.encode))
    return hashlib.sha256(whole).hexdigest()


def complaint_hash(title, text, attachment_hashes):
    """content_hash of a complaint's snapshot."""
    whole = title.encode() + b'\0' + text.encode() + b'\0' + ''.join(sorted(attachment_hashes)).encode()
    return hashlib.sha256(whole).hexdigest()
