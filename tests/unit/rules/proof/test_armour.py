import base64
import struct

import pytest

from pmrunnerd.rules.proof import armour
from pmrunnerd.rules.proof.armour import BadSignature


def field(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def signed(blob: bytes) -> bytes:
    text = base64.encodebytes(blob).decode()
    return f"-----BEGIN SSH SIGNATURE-----\n{text}-----END SSH SIGNATURE-----\n".encode()


WHOLE = b"SSHSIG" + struct.pack(">I", 1) + field(b"key") + field(b"pm-runner")


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "does not stand between"),
        (b"\xff", "it is no text"),
        (b"-----BEGIN SSH SIGNATURE-----", "does not stand between"),
        (b"x" * (armour.LARGEST + 1), "more than 64 KiB"),
        (signed(b"")[:40] + b"!!!\n-----END SSH SIGNATURE-----", "does not stand|no base64"),
        (signed(b"PGPSIG"), "does not begin as one"),
        (signed(WHOLE[:9]), "it is cut short"),
        (signed(WHOLE[:-1]), "it is cut short"),
        (signed(WHOLE[:10] + b"\xff\xff\xff\xff"), "it is cut short"),
        (signed(WHOLE.replace(b"SSHSIG\0\0\0\1", b"SSHSIG\0\0\0\2")), "of version 2"),
    ],
)
def test_what_is_no_signature_says_why(data: bytes, why: str) -> None:
    with pytest.raises(BadSignature, match=why):
        armour.read(data)


def test_a_signature_says_whose_key_it_is_and_what_for() -> None:
    said = armour.read(signed(WHOLE))

    assert said.namespace == "pm-runner"
    assert said.key == "SHA256:LHDhK3oGRvkiefQnx7OOczTY5Tic/xZ6HcMOc/gmtoM"
