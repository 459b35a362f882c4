#!/usr/bin/env bash
# Install what a build, a run or a test of eoshard needs: Debian packages (setup/packages-apt.txt) and a Python
# environment in .deps/venv (setup/requirements.txt). Does nothing when both are in place.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.deps/setup.stamp
wanted=$(cat setup/packages-apt.txt setup/requirements.txt setup/setup.sh | sha256sum | cut -d' ' -f1)

packages() { sed 's/#.*//' setup/packages-apt.txt | tr -s ' \n' '\n' | sed '/^$/d'; }

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing_packages() { for package in $(packages); do is_installed "$package" || echo "$package"; done; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

install_packages() {
    command -v dpkg-query >/dev/null || {
        echo "setup: this is not a Debian system; install the counterparts of: $(packages | tr '\n' ' ')" >&2
        exit 1
    }
    local missing
    missing=$(missing_packages | tr '\n' ' ')
    [ -n "${missing// /}" ] || return 0
    if [ "$(id -u)" != 0 ] && ! { command -v sudo >/dev/null && sudo -v; }; then
        echo "setup: these Debian packages are missing, and neither root nor sudo is available: $missing" >&2
        echo "setup: ask an administrator for: apt-get install $missing" >&2
        exit 1
    fi
    echo "setup: installing Debian packages: $missing"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >.deps/apt.log 2>&1 || {
        tail -n 20 .deps/apt.log >&2
        echo "setup: apt-get failed (whole log: .deps/apt.log); still missing: $(missing_packages | tr '\n' ' ')" >&2
        exit 1
    }
}

install_python_environment() {
    echo "setup: installing the Python environment .deps/venv (about 5 GB with LibTorch; a minute or two)"
    # Debian's own interpreter: the environment must not depend on a Python that the user happens to have activated.
    [ -x .deps/venv/bin/python ] || /usr/bin/python3 -m venv .deps/venv
    .deps/venv/bin/pip install --disable-pip-version-check -q -r setup/requirements.txt >.deps/pip.log 2>&1 || {
        tail -n 20 .deps/pip.log >&2
        echo "setup: pip failed (whole log: .deps/pip.log)" >&2
        exit 1
    }
}

# The stamp is written last: an interrupted or outdated set-up is repeated, a finished one is not looked at again.
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -x .deps/venv/bin/python ]; then exit 0; fi
mkdir -p .deps
install_packages
install_python_environment
echo "$wanted" >"$stamp"
