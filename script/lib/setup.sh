# Sets up what Platen needs on Debian 12: Debian packages, a virtual environment in .venv, the C coder.
# Sourced by script/demo, script/test and script/bench; run from the top of the checkout. Quick when nothing is missing.

# What the product needs to run and to be built.
PACKAGES_RUN="python3 python3-venv python3-dev gcc libc6-dev ca-certificates libcups2-dev libjbig-dev libtiff6 libgs10
ghostscript cups-daemon cups-client cups-filters cups-core-drivers fonts-dejavu-core libfribidi0 libspandsp2"
# What only the tests need: other people's tools to compare with.
PACKAGES_TEST="libtiff-tools jbigkit-bin poppler-utils cups-ipp-utils qpdf procps"
# What only the slow tier needs: desktop programs.
PACKAGES_SLOW="libreoffice-writer-nogui"

say() { printf '%s\n' "$*" >&2; }
die() { say "$(basename "$0"): $*"; exit 1; }

require_debian() {
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        die "this sets itself up on Debian 12 and its kin only: dpkg and apt-get are not here"
    fi
}

missing_packages() {
    local name
    for name in "$@"; do
        dpkg-query -W -f='${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || printf '%s ' "$name"
    done
}

install_packages() {
    local missing as_root=""
    # shellcheck disable=SC2086  # the lists are words
    missing=$(missing_packages $*)
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "these Debian packages are missing: $missing
Install them as root (apt-get install $missing) and run this again, or run it as a user with sudo."
        as_root="sudo"
    fi
    say "Installing Debian packages: $missing"
    local log
    log=$(mktemp)
    # An installed cups-daemon must not start a print server of its own while we set up.
    if ! {
        $as_root apt-get update -q &&
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends $missing
    } >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        rm -f "$log"
        die "apt-get could not install: $missing"
    fi
    rm -f "$log"
}

find_python() {
    local python
    for python in "${PYTHON:-}" /usr/bin/python3 python3.11 python3; do
        [ -n "$python" ] || continue
        if command -v "$python" >/dev/null && "$python" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            command -v "$python"
            return 0
        fi
    done
    die "no Python 3.11 or newer with the venv module was found (set PYTHON to name one)"
}

# The name of everything that the virtual environment is made from.
environment_name() {
    { "$1" --version; pwd; cat requirements.lock pyproject.toml setup.py; } | sha256sum | cut -c 1-64
}

coder_name() { cat codec/*.c codec/*.h codec/build_*.py setup.py | sha256sum | cut -c 1-64; }

setup_venv() {
    local python name
    [ -e .venv ] && [ ! -w .venv ] && die ".venv belongs to another user ($(stat -c %U .venv)): remove it or run this as that user"
    python=$(find_python)
    name=$(environment_name "$python")
    if [ "$(cat .venv/platen-environment 2>/dev/null)" != "$name" ]; then
        say "Making the virtual environment in .venv"
        [ -x .venv/bin/python ] && .venv/bin/python -c '' 2>/dev/null || { rm -rf .venv; "$python" -m venv .venv; }
        rm -f .venv/platen-environment
        local log
        log=$(mktemp)
        if ! {
            .venv/bin/pip install --disable-pip-version-check -q -r requirements.lock &&
                .venv/bin/pip install --disable-pip-version-check -q --no-build-isolation --no-deps -e .
        } >"$log" 2>&1; then
            tail -n 30 "$log" >&2
            rm -f "$log"
            die "the virtual environment could not be made (the lines above are pip's)"
        fi
        rm -f "$log"
        coder_name >.venv/platen-coder
        printf '%s\n' "$name" >.venv/platen-environment
    elif [ "$(cat .venv/platen-coder 2>/dev/null)" != "$(coder_name)" ]; then
        say "Building the coder"
        .venv/bin/python setup.py -q build_ext --inplace >/dev/null || die "the coder could not be built"
        coder_name >.venv/platen-coder
    fi
}

setup() {
    export LC_ALL=C.UTF-8 PIP_ROOT_USER_ACTION=ignore
    require_debian
    install_packages "$@"
    # sbin holds cupsd and is not on the path of an ordinary user.
    export PATH="$PWD/.venv/bin:$PATH:/usr/sbin:/sbin"
    setup_venv
}
