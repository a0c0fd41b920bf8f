import errno
import platform
import struct

import pytest

from pmrunnerd.services import syscalls

X86, ARM, FOREIGN = 0xC000003E, 0xC00000B7, 0x40000003
ALLOWED, NEW_CGROUP, NEW_USER, UNIX, VSOCK = 0x7FFF0000, 0x02000000, 0x10000000, 1, 40


def _ask(machine: str, number: int, argument: int = 0, architecture: int = X86) -> int:
    """Run the program as the kernel does, and return the error that a call gets; 0 for none."""
    memory = struct.pack("=iIQ6Q", number, architecture, 0, argument, 0, 0, 0, 0, 0)
    steps = list(struct.iter_unpack("=HBBI", syscalls.rules(machine)))
    at = held = 0
    while True:
        code, yes, no, value = steps[at]
        at += 1
        match code:
            case 0x20:
                (held,) = struct.unpack_from("=I", memory, value)
            case 0x15:
                at += yes if held == value else no
            case 0x35:
                at += yes if held >= value else no
            case 0x45:
                at += yes if held & value else no
            case 0x06:
                return 0 if value == ALLOWED else value & 0xFFFF


@pytest.mark.parametrize(
    ("machine", "architecture", "numbers"),
    [
        ("x86_64", X86, {"clone": 56, "unshare": 272, "socket": 41, "add_key": 248}),
        ("aarch64", ARM, {"clone": 220, "unshare": 97, "socket": 198, "add_key": 217}),
    ],
)
def test_what_leads_out_is_refused_and_what_is_like_it_is_not(
    machine: str, architecture: int, numbers: dict[str, int]
) -> None:
    def ask(name: str, argument: int = 0) -> int:
        return _ask(machine, numbers[name], argument, architecture)

    assert ask("clone", NEW_CGROUP | NEW_USER) == errno.EPERM
    assert ask("unshare", NEW_CGROUP) == errno.EPERM
    assert ask("clone", NEW_USER) == ask("unshare", NEW_USER) == 0
    assert ask("socket", VSOCK) == errno.EAFNOSUPPORT
    assert ask("socket", UNIX) == 0
    assert ask("add_key") == errno.ENOSYS
    for number in (435, 425):  # clone3, io_uring_setup
        assert _ask(machine, number, 0, architecture) == errno.ENOSYS
    assert _ask(machine, 0, 0, architecture) == 0


def test_another_way_of_calling_the_same_kernel_is_no_way_around() -> None:
    assert _ask("x86_64", 310, 0, FOREIGN) == errno.ENOSYS
    assert _ask("x86_64", 0x40000000 + 272, NEW_CGROUP) == errno.ENOSYS


def test_a_machine_that_nobody_looked_up_has_no_rules_and_lends_no_file() -> None:
    assert syscalls.rules("s390x") == b""
    with syscalls.lent(b"") as file:
        assert file is None


def test_a_program_is_lent_as_a_file_to_be_read_from_its_start() -> None:
    program = syscalls.rules(platform.machine()) or b"program"
    with syscalls.lent(program) as file:
        assert file is not None
        with open(file, "rb", closefd=False) as lent:
            assert lent.read() == program
