#!/usr/bin/env bash
# Build Debian's oneTBB with the thread sanitizer into .deps/tbb-thread, from the source package of the machine's own
# package sources. Does nothing when it is there. Neither the system nor its list of packages is changed.
set -euo pipefail
cd "$(dirname "$0")/.."

target=$PWD/.deps/tbb-thread
[ ! -d "$target" ] || exit 0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The sources of the binary packages, asked for source packages; both forms of apt's lists.
name_sources() {
    mkdir -p "$work/sources" "$work/lists/partial" "$work/cache/archives/partial"
    local list
    for list in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
        [ ! -f "$list" ] || sed -E 's/^Types:.*/Types: deb-src/; s/^deb /deb-src /' "$list" >"$work/sources/${list##*/}"
    done
    [ ! -f "$work/sources/sources.list" ] || mv "$work/sources/sources.list" "$work/sources/main.list"
    cat >"$work/apt.conf" <<-END
	Dir::Etc::SourceList "/dev/null";
	Dir::Etc::SourceParts "$work/sources";
	Dir::State::Lists "$work/lists";
	Dir::Cache "$work/cache";
	APT::Sandbox::User "";
	END
}

# The version that the tests of the other presets run with.
fetch() {
    local version
    version=$(dpkg-query -W -f='${source:Version}' libtbb-dev)
    export APT_CONFIG=$work/apt.conf
    cd "$work" && apt-get update -qq && apt-get source -qq "onetbb=$version" && mv onetbb-*/ onetbb
}

# Without its allocator, which would hide from the sanitizer what is freed. Renamed last: what is there is whole.
build() {
    rm -rf "$target.tmp"
    cmake -G Ninja -S "$work/onetbb" -B "$work/build" -DCMAKE_BUILD_TYPE=RelWithDebInfo \
        -DCMAKE_CXX_FLAGS=-fno-omit-frame-pointer -DTBB_SANITIZE=thread -DTBB_STRICT=OFF -DTBB_TEST=OFF \
        -DTBBMALLOC_BUILD=OFF -DTBB_DISABLE_HWLOC_AUTOMATIC_SEARCH=ON -DCMAKE_INSTALL_LIBDIR=lib \
        -DCMAKE_INSTALL_PREFIX="$target.tmp" &&
        cmake --build "$work/build" -j "${JOBS:-$(nproc)}" &&
        cmake --install "$work/build" &&
        mv "$target.tmp" "$target"
}

echo "setup: building oneTBB with the thread sanitizer into .deps/tbb-thread (half a minute)"
mkdir -p .deps
log=.deps/tbb-thread.log
{ name_sources && (fetch) && build; } >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    echo "setup: building oneTBB failed (whole log: $log)" >&2
    exit 1
}
