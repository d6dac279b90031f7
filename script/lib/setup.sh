# Sets up what Platen needs on Debian 12: Debian packages, a virtual environment in .venv, the C coder.
# Sourced by script/demo, script/test and script/bench; run from the top of the checkout. Quick when nothing is missing.

# What the product needs to run and to be built.
PACKAGES_RUN="python3 python3-venv python3-dev gcc libc6-dev ca-certificates libcups2-dev libjbig-dev libtiff6 libgs10
ghostscript cups-daemon cups-client cups-filters cups-core-drivers fonts-dejavu-core libfribidi0 libspandsp2"
# What only the tests need: other people's tools to compare with.
PACKAGES_TEST="libtiff-tools jbigkit-bin poppler-utils cups-ipp-utils qpdf procps rlpr cups imagemagick openssl fonts-wqy-microhei tesseract-ocr"
# What only the slow tier needs: desktop programs.
PACKAGES_SLOW="tesseract-ocr-rus tesseract-ocr-ell tesseract-ocr-heb libreoffice-writer libreoffice-gtk3 chromium firefox-esr xvfb openbox xdotool dunst dbus-bin dbus-daemon at-spi2-core python3-gi
gir1.2-gtk-3.0 gir1.2-atspi-2.0 python3-gi-cairo python3-pyqt5 python3-pyqt6"

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
    missing=${missing% }
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || die "these Debian packages are missing: $missing
Install them as root (apt-get install $missing) and run this again, or run it as a user with sudo."
        as_root="sudo"
    fi
    say "Installing Debian packages (this may take some minutes): $missing"
    # shellcheck disable=SC2086
    if ! {
        $as_root apt-get update -q &&
            $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends \
                -o DPkg::Lock::Timeout=300 $missing
    } >"$work/log" 2>&1; then
        tail -n 20 "$work/log" >&2
        die "these Debian packages could not be installed (the lines above say why): $missing
Install them as root (apt-get install $missing) and run this again."
    fi
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

# What another run has begun and did not end is never built upon: it is made anew. One run at a time does this; a lock on
# the checkout's folder itself needs no file, and is held as long as a pip lives whose script was killed.
setup_venv() {
    local python name made
    [ -e .venv ] && [ ! -w .venv ] && die ".venv belongs to another user ($(stat -c %U .venv)): remove it or run this as that user"
    [ -w . ] || die "$PWD cannot be written to: run this as its owner ($(stat -c %U .)), or in a checkout of your own"
    python=$(find_python)
    name=$(environment_name "$python")
    exec 9<.
    flock -n 9 || { say "Waiting for another run to end its set-up in $PWD"; flock 9; }
    made=$(cat .venv/platen-environment 2>/dev/null) || made=unfinished
    if [ "$made" != "$name" ]; then
        say "Making the virtual environment in .venv (about a minute)"
        if [ "$made" = unfinished ] || ! .venv/bin/python -c '' 2>/dev/null; then
            rm -rf .venv
            "$python" -m venv .venv >"$work/log" 2>&1 || {
                tail -n 30 "$work/log" >&2
                die "the virtual environment could not be made (the lines above are Python's)"
            }
        fi
        echo unfinished >.venv/platen-environment
        if ! {
            .venv/bin/pip install --disable-pip-version-check -q -r requirements.lock &&
                .venv/bin/pip install --disable-pip-version-check -q --no-build-isolation --no-deps -e .
        } >"$work/log" 2>&1; then
            tail -n 30 "$work/log" >&2
            die "the virtual environment could not be made (the lines above are pip's)"
        fi
        coder_name >.venv/platen-coder
        printf '%s\n' "$name" >.venv/platen-environment
    elif [ "$(cat .venv/platen-coder 2>/dev/null)" != "$(coder_name)" ]; then
        say "Building the coder"
        rm -f .venv/platen-coder
        .venv/bin/python setup.py -q build_ext --inplace --force >"$work/log" 2>&1 || {
            tail -n 30 "$work/log" >&2
            die "the coder could not be built"
        }
        coder_name >.venv/platen-coder
    fi
    exec 9<&-
}

setup() {
    export LC_ALL=C.UTF-8 PIP_ROOT_USER_ACTION=ignore
    require_debian
    # Logs, and what pip leaves when it is interrupted, go with this folder. pip and apt-get take a Ctrl-C as a failure
    # of theirs or not at all: the trap makes it the end of the script.
    local work
    work=$(mktemp -d)
    # shellcheck disable=SC2064  # the name as it is now
    trap "rm -rf '$work'" EXIT
    trap 'exit 130' INT
    install_packages "$@"
    # sbin holds cupsd and is not on the path of an ordinary user.
    export PATH="$PWD/.venv/bin:$PATH:/usr/sbin:/sbin"
    TMPDIR=$work setup_venv
    rm -rf "$work"
    trap - EXIT
}
