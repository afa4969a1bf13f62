#!/bin/bash
# The C and C++ programs under AddressSanitizer with LeakSanitizer, and under valgrind: check-memory.sh BUILD, where BUILD
# has liblb.so. Whatever reads, writes or frees what it must not, or leaves memory behind, is a failure.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
built=$(cd "${1:-$here/../target/debug}" && pwd)
cd "$here"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
ln -s "$built/liblb.so" "$work/liblb.so"
ln -s "$built/liblb.so" "$work/liblb.so.$(sed -n 's/^#define LB_ABI_VERSION //p' include/lb.h)"
export LD_LIBRARY_PATH=$work

compile() { # program, source, flags...
    local compiler=cc standard=-std=c11
    if [ "${2##*.}" = cpp ]; then compiler=c++ standard=-std=c++11; fi
    "$compiler" "$standard" -D_DEFAULT_SOURCE -g -Wall -Wextra -Werror -pedantic -I include "$2" -o "$1" \
        "${@:3}" -L "$work" -llb -pthread
}

# Examples end when their input does; port 0 is for those that build their configuration.
arguments() { # source
    case $1 in
    */embed.*) echo "$((20000 + RANDOM % 10000))" ;;
    *) echo 0 ;;
    esac
}

run() { # name, command...
    if ! "${@:2}" </dev/null >"$work/output" 2>&1; then
        cat "$work/output" >&2
        echo "FAILED: $1" >&2
        exit 1
    fi
    echo "$1"
}

for source in tests/c/*.c tests/c/*.cpp ../examples/c/*.c ../examples/cpp/*.cpp; do
    name=$(basename "$source")
    compile "$work/sanitized" "$source" -fsanitize=address,undefined -fno-sanitize-recover=all
    # shellcheck disable=SC2046
    ASAN_OPTIONS=detect_leaks=1 run "$name under AddressSanitizer" "$work/sanitized" $(arguments "$source")
    compile "$work/plain" "$source"
    # shellcheck disable=SC2046
    run "$name under valgrind" valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite \
        --errors-for-leak-kinds=definite --fair-sched=yes "$work/plain" $(arguments "$source")
done
