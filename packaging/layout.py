"""Where each file of the Debian package comes from and goes to, and what dpkg is told about it."""

import gzip
import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

PROGRAMS = ("admit", "launch", "build-release", "release-zero", "signing-key")
MODULES = (
    "aftermath.py",
    "building.py",
    "checking.py",
    "confine.py",
    "contents.py",
    "deeds.py",
    "gate.py",
    "gatehost.py",
    "gatelayer.py",
    "gatetree.py",
    "gateunit.py",
    "gatealone.py",
    "ledger.py",
    "preparing.py",
    "release.py",
    "switching.py",
    "trees.py",
    "trial.py",
    "trying.py",
    "usage.py",
    "wheelhouse.py",
    "wheelstore.py",
)
OURS = ("pmrunnerd", "pmrunnerctl")
UNITS = ("*.service", "*.socket", "*.slice", "*.timer", "*.target", "*.mount", "*.d")
# Other files of systemd/, and where the program that reads them looks.
PLACES = {
    "pm-runner.sysusers": "usr/lib/sysusers.d/pm-runner.conf",
    "pm-runner.tmpfiles": "usr/lib/tmpfiles.d/pm-runner.conf",
    "pm-runner.catalog": "usr/lib/systemd/catalog/pm-runner.catalog",
    "pm-runner.rules": "usr/share/polkit-1/rules.d/50-pm-runner.rules",
    "pm-runner.toml": "usr/share/pm-runner/pm-runner.toml",
    "pm-runner.needrestart": "etc/needrestart/conf.d/pm-runner.conf",
}
# Programs of the units, root's, and what one of them reads.
HELPERS = {
    "systemd/close-sockets": "close-sockets",
    "systemd/come-back": "come-back",
    "systemd/guard-doors": "guard-doors",
    "systemd/on-trial": "on-trial",
    "systemd/web-problem": "web-problem",
    "pmrunnerd/services/ports.py": "ports.py",
}
COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/pmrunnerctl",
    "zsh": "usr/share/zsh/vendor-completions/_pmrunnerctl",
    "fish": "usr/share/fish/vendor_completions.d/pmrunnerctl.fish",
}
COMMANDS = {"pmrunnerctl": "ctl", "pmrunnerd": "pmrunnerd"}
DOC = "usr/share/doc/pm-runner"


def lay(source: Path, top: Path, wheels: Path, digest: str) -> None:
    """Write every file of the package below `top`, from a checkout and its wheels."""
    for name in (*PROGRAMS, *MODULES):
        copy(source / "packaging" / name, top / "usr/lib/pm-runner" / name, name in PROGRAMS)
    for path, name in HELPERS.items():
        copy(source / path, top / "usr/lib/pm-runner" / name, not path.endswith(".py"))
    for name, verb in COMMANDS.items():
        write(
            top / "usr/bin" / name,
            f'#!/bin/sh\nexec /usr/lib/pm-runner/launch {verb} "$@"\n',
            program=True,
        )
    share = top / "usr/share/pm-runner"
    for package in OURS:
        for path in (source / package).rglob("*.py"):
            copy(path, share / "source" / path.relative_to(source))
    write(share / "source.digest", f"{digest}\n")
    for path in wheels.iterdir():
        copy(path, share / "wheels" / path.name)
    # What they were made from: a commit with the same lock needs no others.
    copy(source / "packaging/requirements-release.lock", share / "wheels/source.lock")
    copy(source / "packaging/deb/pm-runner-run.apparmor", share / "apparmor/pm-runner-run")
    lay_units(source / "systemd", top)
    for path in sorted(source.glob("packaging/man/*.[0-9]")):
        copy(path, top / f"usr/share/man/man{path.suffix[1:]}" / path.name)
    copy(source / "packaging/deb/lintian-overrides", top / "usr/share/lintian/overrides/pm-runner")
    write(top / DOC / "copyright", copyright_of(source))
    copy(source / "README.md", top / DOC / "README.md")
    copy(source / "CHANGELOG.md", top / DOC / "NEWS.md")


def lay_units(systemd: Path, top: Path) -> None:
    """Install what systemd and its friends read, as it stands in systemd/."""
    for pattern in UNITS:
        for path in systemd.glob(pattern):
            for file in [path] if path.is_file() else path.rglob("*.conf"):
                copy(file, top / "usr/lib/systemd/system" / file.relative_to(systemd))
    # For newer versions of systemd; which one there is, an installation knows.
    for path in systemd.glob("drop-ins-*/**/*.conf"):
        copy(path, top / "usr/share/pm-runner" / path.relative_to(systemd))
    for name, place in PLACES.items():
        if (systemd / name).exists():
            copy(systemd / name, top / place)


def copy(path: Path, to: Path, program: bool = False) -> None:  # noqa: FBT001, FBT002 - a mode
    write(to, path.read_bytes(), program=program)


def write(to: Path, text: str | bytes, *, program: bool = False) -> None:
    """Write a file with the mode that it has in the package, whatever it has in a checkout."""
    to.parent.mkdir(parents=True, exist_ok=True)
    to.write_bytes(text.encode() if isinstance(text, str) else text)
    to.chmod(0o755 if program else 0o644)


def completions(top: Path, lib: Path) -> None:
    """Write what each shell reads; the client of a release says it, which has all that it imports."""
    for shell, place in COMPLETIONS.items():
        command = [sys.executable, "-P", "-m", "pmrunnerctl", "completion", shell]
        env = os.environ | {"PYTHONPATH": str(lib)}
        said = subprocess.run(command, check=True, env=env, stdout=subprocess.PIPE).stdout
        write(top / place, said)


def copyright_of(source: Path) -> str:
    """Return the licence as Debian writes one down."""
    text = (source / "packaging/deb/copyright").read_text()
    licence = (source / "LICENSE").read_text().strip().splitlines()
    holder = next(line for line in licence if line.startswith("Copyright"))
    body = licence[licence.index(holder) + 1 :]
    lines = [f" {line}" if line.strip() else " ." for line in body if line or body.index(line)]
    for mark, said in {
        "@DEBIAN@": "debian" + ".org",
        "@COPYRIGHT@": holder.removeprefix("Copyright (c) "),
        "@LICENSE@": "\n".join(lines[next(n for n, line in enumerate(lines) if line != " .") :]),
    }.items():
        text = text.replace(mark, said)
    return text


def changelog(top: Path, version: str, then: int) -> None:
    """Write the changelog that Debian asks for; what people want to read is NEWS.md."""
    day = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(then))
    text = (
        f"pm-runner ({version}) unstable; urgency=medium\n\n"
        f"  * What changed is in /{DOC}/NEWS.md.gz.\n\n"
        f" -- the pm-runner authors <pm-runner@example.org>  {day}\n"
    )
    write(top / DOC / "changelog", text)


def compress_pages(top: Path) -> None:
    """Compress man pages and changelogs, which must be, without a time and a name."""
    for path in (*top.glob("usr/share/man/*/*"), top / DOC / "changelog", top / DOC / "NEWS.md"):
        write(path.with_name(f"{path.name}.gz"), gzip.compress(path.read_bytes(), 9, mtime=0))
        path.unlink()


def control(source: Path, version: str, architecture: str, size: int) -> str:
    """Return what dpkg is told; `size` is in KiB."""
    text = (source / "packaging/deb/control").read_text()
    facts = {"@VERSION@": version, "@ARCHITECTURE@": architecture, "@SIZE@": str(size)}
    for mark, fact in facts.items():
        text = text.replace(mark, fact)
    return text


def scripts(source: Path, top: Path, text: str) -> None:
    """Write what dpkg reads and runs: control, the sums, and the scripts."""
    files = sorted(path for path in top.rglob("*") if path.is_file() and not path.is_symlink())
    sums = [(hashlib.md5(path.read_bytes()), path.relative_to(top)) for path in files]  # noqa: S324 - dpkg's
    write(top / "DEBIAN/control", text)
    write(top / "DEBIAN/md5sums", "".join(f"{found.hexdigest()}  {name}\n" for found, name in sums))
    for name in ("postinst", "prerm", "postrm"):
        copy(source / "packaging/deb" / name, top / "DEBIAN" / name, program=True)
    copy(source / "packaging/deb/triggers", top / "DEBIAN/triggers")
    # What an administrator may change, and keeps as they have it.
    theirs = sorted(path for path in top.glob("etc/**/*") if path.is_file())
    write(top / "DEBIAN/conffiles", "".join(f"/{path.relative_to(top)}\n" for path in theirs))
