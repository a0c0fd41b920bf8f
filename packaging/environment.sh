# shellcheck shell=bash
# How quickstart and test come by a Python environment: from a lock file, by digest, once.
# Sourced by both; says what it does to people, and stops with `cannot X: why` and a hint.

checkout=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
stamp=pm-runner-digest # in the environment: what it was made from; empty while it is being made

# uv is to believe whom the machine believes, as pip and git do: an organisation may have an authority of its own.
export UV_SYSTEM_CERTS=${UV_SYSTEM_CERTS-1} UV_NATIVE_TLS=${UV_NATIVE_TLS-1} # the second is what it was called before

say() { printf '%s\n' "$*"; }

cannot() { # WHAT-AND-WHY [HINT]...
    printf '%s: cannot %s\n' "${0##*/}" "$1" >&2
    shift
    (($# == 0)) || printf '  hint: %s\n' "$@" >&2
    exit 1
}

have() { command -v "$1" >/dev/null 2>&1; }

version_of() { "$1" -c 'import platform; print(platform.python_version())' 2>/dev/null; }

# An activated environment may be the very one that will be made again: the interpreter it came from is asked for.
interpreter_behind() {
    "$1" -c 'import os, sys; print(os.path.realpath(getattr(sys, "_base_executable", sys.executable)))'
}

is_supported() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; }

choose_a_python() { # sets $python
    local candidate
    if [[ -n ${PYTHON:-} ]]; then
        is_supported "$PYTHON" || python_does_not_fit "$PYTHON"
        python=$(interpreter_behind "$PYTHON")
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11 "$(have uv && uv python find '>=3.11,<3.14' 2>/dev/null)"; do
        if is_supported "$candidate"; then
            python=$(interpreter_behind "$candidate")
            return
        fi
    done
    python_does_not_fit python3
}

python_does_not_fit() { # PYTHON
    local version why="there is no $1" packages="python3 python3-venv"
    local hints=("PYTHON=/path/to/python3.12 $0   with a Python of your own")
    if version=$(version_of "$1"); then
        why="$1 is $version, too new"
        packages="python3.11 python3.11-venv   (or 3.12, or 3.13: what this release has)"
        "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || why="$1 is $version, too old"
    fi
    if have uv; then
        hints=("uv python install 3.13 && $0")
    elif have apt-get; then
        hints=("sudo apt-get install $packages" "${hints[@]}")
    fi
    cannot "make an environment: pm-runner runs on Python 3.11 to 3.13, and $why" "${hints[@]}"
}

digest_for() { # LOCK: of all that an environment is made from, the place included (scripts name it)
    {
        cat "$1" "$checkout/pyproject.toml"
        "$python" -c 'import sys; print(sys.version)'
        printf '%s\n' "$python" "$checkout"
    } | sha256sum | cut -d' ' -f1
}

is_current() { # ENVIRONMENT LOCK
    [[ -e $1/$stamp && $(<"$1/$stamp") == "$(digest_for "$2")" ]]
}

make_environment() { # ENVIRONMENT LOCK
    local environment=$1 lock=$2 acp=false
    must_be_ours_to_make "$environment"
    mkdir -p "$environment"
    (
        exec 9<"$environment"
        flock --nonblock 9 || { say "waiting for another start that makes ${environment##*/}" && flock 9; }
        ! is_current "$environment" "$lock" || exit 0
        say_why_anew "$environment"
        ! has_acp_besides "$environment" "$lock" || acp=true
        : >"$environment/$stamp" # whoever is interrupted from here on begins again
        find "$environment" -mindepth 1 -maxdepth 1 ! -name "$stamp" -exec rm -rf {} +
        install_with_"$(have uv && echo uv || echo pip)" "$environment" "$lock"
        ! $acp || install_acp "$environment"
        digest_for "$lock" >"$environment/$stamp.new"
        mv "$environment/$stamp.new" "$environment/$stamp"
    )
}

say_why_anew() { # ENVIRONMENT
    local was why="what it is made from has changed"
    [[ -s $1/$stamp ]] || return 0
    was=$(interpreter_behind "$1/bin/python" 2>/dev/null) || was="a Python that is gone"
    [[ $was == "$python" ]] || why="it is of $was, and is to be of $python"
    say "making ${1##*/} anew: $why; only what pm-runner installs there comes again"
}

has_acp_besides() { # ENVIRONMENT LOCK: it is installed, and the lock would not bring it
    compgen -G "$1/lib/python*/site-packages/acp" >/dev/null && ! grep -q '^agent-client-protocol==' "$2"
}

install_acp() { # ENVIRONMENT: what somebody added keeps its place, as Claude Code does
    local names=(agent-client-protocol pydantic pydantic-core annotated-types typing-inspection typing-extensions)
    say "keeping agent-client-protocol, for agent acp"
    {
        if have uv; then
            locked packaging/requirements-test.lock "${names[@]}" |
                VIRTUAL_ENV=$1 uv pip install --quiet --require-hashes -r -
        else
            locked packaging/requirements-test.lock "${names[@]}" |
                "$1/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --require-hashes -r /dev/stdin
        fi
    } || cannot "keep agent-client-protocol: why is said above" "$0   # begins again, without it"
}

must_be_ours_to_make() {
    [[ ! -e $1 || -e $1/$stamp || -z $(ls -A "$1") ]] ||
        cannot "make ${1##*/}: there is one already, which pm-runner did not make" "mv $1 $1.mine"
}

# Some packages come as source, and building one must not fetch an unhashed setuptools: the locked one goes first.
build_backend_in() { locked "$1" setuptools; }

locked() { # LOCK NAME...: what a lock has of some packages
    local lock=$1 name
    shift
    for name; do
        sed -n "/^$name==/,/[^\\\\]\$/p" "$lock"
    done
}

install_with_uv() {
    say "making ${1##*/} with uv, on Python $(version_of "$python")"
    local -x VIRTUAL_ENV=$1
    {
        uv venv --quiet --allow-existing --python "$python" "$1" &&
            build_backend_in "$2" | uv pip install --quiet --require-hashes -r - &&
            uv pip install --quiet --require-hashes --no-build-isolation -r "$2" &&
            uv pip install --quiet --no-deps --no-build-isolation --editable "$checkout"
    } || cannot "install from $2: uv said why, above" "$0   # begins again"
}

install_with_pip() {
    say "making ${1##*/} with pip, on Python $(version_of "$python")"
    "$python" -c 'import venv, ensurepip' 2>/dev/null || venv_is_missing "$1"
    local pip=("$1/bin/python" -m pip --disable-pip-version-check --no-input install --quiet --use-pep517)
    {
        "$python" -m venv "$1" &&
            build_backend_in "$2" | "${pip[@]}" --require-hashes -r /dev/stdin &&
            "${pip[@]}" --require-hashes --no-build-isolation -r "$2" &&
            "${pip[@]}" --no-deps --no-build-isolation --editable "$checkout"
    } || cannot "install from $2: pip said why, above" "$0   # begins again"
}

venv_is_missing() {
    local package
    package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    if have apt-get; then
        cannot "make ${1##*/}: $python comes without venv and ensurepip" "sudo apt-get install $package"
    fi
    cannot "make ${1##*/}: $python comes without venv and ensurepip" \
        "install what your system calls $package, or uv"
}
