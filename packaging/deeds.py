"""All that `launch` does but for starting a daemon.

    launch return ENV               as root: back from a release on trial, for a daemon that stays down, or a person
    launch return ENV ID WHY        the same for whoever promotes, from that very trial
    launch trial ENV ID RELEASE     as root: puts a release on trial, by the name of a promotion
    launch confirm ENV ID           as root: ends that trial well
    launch alone ENV [OPTION]...    without a service manager: counts the start, and is the daemon of ENV
    launch health ENV               tries the checks of health.d that an administrator has for a daemon
    launch promote ENV              as root: does what the daemon of prod asked for, by the code of prod's release
    launch settle ENV               as root, at a boot: finishes what a power cut has left of a trial
    launch run ENV-RUN              the run host of a run of ENV, confined: what the unit starts
    launch notify ENV-ID            what sends one notification that the daemon of ENV has for it
    launch host ENV-RUN FILE        the same in its walls, which `run` has built
    launch begin KIND ENV-ID        as root: notes what a gate is to judge (KIND: gate, gatenet, gatehost, prepare)
    launch gate KIND ENV-ID         tries it, confined: what its unit starts
    launch end KIND ENV-ID          as root: notes how the service manager says that it ended
    launch fetch|build ENV-DIGEST   brings wheels for a source tree, or builds it: what their units start
    launch detached STATE ID LOCK   tries a gate where there is no systemd
    launch ctl [WORD]...            pmrunnerctl
    launch pmrunnerd [OPTION]...    pmrunnerd, for whoever types it
    launch verify ENV               whether each byte of the release is what was built
    launch rehearse ENV             tries a release on a copy of the state of ENV: what its unit starts
    launch rehearsed ENV RELEASE    the daemon of that release, for whoever rehearses it
    launch recalled ENV RELEASE STATE FILE    what that release remembers of a copied state, as above
    launch sign ENV-ID              root signs for the release of a draft, which it made

People run what is prod's, root among them: dev's release may be of a commit that nobody approved.
Exit status 78, with a sentence and a hint, where there is no release that can run.
"""

import os
import re
import sys
from functools import partial
from pathlib import Path

from release import CANNOT, Release

ENVIRONMENT = re.compile(r"[a-z][a-z0-9]{0,15}")
PROMOTION = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
RUN = re.compile(
    r"(?P<environment>[a-z][a-z0-9]{0,15})-(?P<run>[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?)"
)
ID = re.compile(r"[a-z][a-z0-9]*-[a-z0-9][a-z0-9_-]{0,62}")
GATE = re.compile(rf"(?P<environment>[a-z][a-z0-9]{{0,15}})-(?P<gate>{ID.pattern})")
SOURCE = re.compile(r"(?P<environment>[a-z][a-z0-9]{0,15})-(?P<digest>[0-9a-f]{64})")
RELEASE = re.compile(r"[0-9][0-9A-Za-z.+~-]*")
KINDS = ("gate", "gatenet", "gatehost", "prepare")
PEOPLES = "prod"
HERE = Path(__file__).resolve().parent


def do(words: list[str], root: str, about: str) -> int:  # noqa: C901, PLR0911, PLR0912 - one for each of them
    """Do what the command line says, below a root; `about` is what can be said instead of it."""
    match words:
        case ["return" | "settle" as deed, environment] if ENVIRONMENT.fullmatch(environment):
            import aftermath  # noqa: PLC0415 - of a trial alone
            from trial import attend as see_to  # noqa: PLC0415 - as above

            return see_to(aftermath.DEEDS[deed], environment, root)
        case ["trial" | "confirm" | "return" as deed, environment, name, *rest] if (
            ENVIRONMENT.fullmatch(environment)
            and PROMOTION.fullmatch(name)
            and len(rest) == (deed != "confirm")
        ):
            import switching  # noqa: PLC0415 - of a promotion alone
            from trial import attend as see_to  # noqa: PLC0415 - as above

            return see_to(partial(switching.DEEDS[deed], name, *rest), environment, root)
        case ["alone", environment, *options] if ENVIRONMENT.fullmatch(environment):
            from aftermath import count_first  # noqa: PLC0415 - as above
            from release import daemon  # noqa: PLC0415 - as above

            count_first(environment, root)
            return daemon(root, environment, *options)
        case ["health", environment] if ENVIRONMENT.fullmatch(environment):
            from checking import check  # noqa: PLC0415 - as above

            return check(environment, root, os.geteuid() if root else 0)
        case ["promote", environment] if ENVIRONMENT.fullmatch(environment):
            from switching import proven  # noqa: PLC0415 - as above

            where = ["--root", root] if root else []
            return Release(root, PEOPLES, proven(PEOPLES, root)).enter(
                "pmrunnerd.promoting", "launch", environment, "--launcher", f"{HERE}/launch", *where
            )()
        case ["run", name] if of := RUN.fullmatch(name):
            from confine import hold  # noqa: PLC0415 - of a run alone

            again = [f"{HERE}/launch", *(["--root", root] if root else []), "host", name]
            return hold(of["environment"], of["run"], again, root)
        case ["notify", name] if of := RUN.fullmatch(name):
            place = f"{root}/run/pm-runner-notify/{of['environment']}/{of['run']}"
            return Release(root, of["environment"]).enter("pmrunnerd.notify.__main__", "notify")(
                [place]
            )
        case ["host", name, file] if of := RUN.fullmatch(name):
            from confine import certain  # noqa: PLC0415 - of a run alone

            directory = f"{root}/var/lib/pm-runner/runs/{of['environment']}/{of['run']}"
            if not certain(directory, int(file)):
                return CANNOT
            release = Release(root, of["environment"])
            return release.enter("pmrunnerd.runhost.__main__", "runhost", directory)([directory])
        case ["begin" | "gate" | "end" as deed, kind, name] if kind in KINDS and (
            of := GATE.fullmatch(name)
        ):
            from gateunit import do as attend  # noqa: PLC0415 - of a gate alone

            return attend(deed, kind, of["environment"], of["gate"], root)
        case ["detached", state, name, lock] if ID.fullmatch(name):
            from gatealone import attend as alone  # noqa: PLC0415 - of a gate alone

            return alone(state, name, int(lock))
        case ["ctl", *rest]:
            if not os.environ.get("PMRUNNER_ENV"):
                os.environ["PMRUNNER_ENV"] = PEOPLES
            return Release(root, PEOPLES).enter(
                "pmrunnerctl.__main__", "/usr/bin/pmrunnerctl", *rest
            )()
        case ["pmrunnerd", *options]:
            return Release(root, PEOPLES).enter("pmrunnerd.main", "pmrunnerd", *options)()
        case ["fetch" | "build" as deed, name] if of := SOURCE.fullmatch(name):
            from building import do as make  # noqa: PLC0415 - of a build alone

            return make(deed, of["environment"], of["digest"], root)
        case ["sign", name] if RUN.fullmatch(name):
            where = ["--root", root] if root else []
            return Release(root, PEOPLES).enter("pmrunnerd.signing", "launch", name, *where)()
        case ["rehearse", environment] if ENVIRONMENT.fullmatch(environment):
            words = [os.environ["STATE_DIRECTORY"], f"{HERE}/launch", *([root] if root else [])]
            return Release(root, environment).enter("pmrunnerd.rehearsing", "rehearse", *words)()
        case ["rehearsed", environment, name, *options] if ENVIRONMENT.fullmatch(
            environment
        ) and RELEASE.fullmatch(name):
            from release import daemon  # noqa: PLC0415 - of a rehearsal alone

            return daemon(root, environment, *options, name=f"releases/{name}")
        case ["recalled", environment, name, *words] if ENVIRONMENT.fullmatch(
            environment
        ) and RELEASE.fullmatch(name):
            return Release(root, environment, f"releases/{name}").enter(
                "pmrunnerd.recalling", "recalled", *words
            )()
        case ["verify", environment] if ENVIRONMENT.fullmatch(environment):
            Release(root, environment).must_be_what_was_built()
            return 0
    sys.stderr.write(f"{about}\n{__doc__}")
    return 2
