#!/bin/sh
# Installs the C library: install.sh PREFIX [DIRECTORY with liblb.so and liblb.a]
# DESTDIR is put before every path, as packagers expect; LIBDIR is PREFIX/lib where it is not set.
set -eu
cd "$(dirname "$0")"
prefix=${1:?the prefix is missing, for example /usr/local}
built=${2:-../target/release}
libdir=${LIBDIR:-$prefix/lib}
root=${DESTDIR:-}
abi=$(sed -n 's/^#define LB_ABI_VERSION //p' include/lb.h)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' ../Cargo.toml | head -n 1)

install -d "$root$prefix/include" "$root$libdir/pkgconfig"
install -m 644 include/lb.h "$root$prefix/include/lb.h"
install -m 755 "$built/liblb.so" "$root$libdir/liblb.so.$abi"
ln -sf "liblb.so.$abi" "$root$libdir/liblb.so"
install -m 644 "$built/liblb.a" "$root$libdir/liblb.a"
sed -e "s|@PREFIX@|$prefix|" -e "s|@LIBDIR@|$libdir|" -e "s|@VERSION@|$version|" lb.pc.in >"$root$libdir/pkgconfig/lb.pc"
chmod 644 "$root$libdir/pkgconfig/lb.pc"
