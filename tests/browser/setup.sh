#!/bin/sh
# Makes the browser check runnable: Chromium and a reader of PDF by the system's packages where they are missing, the
# rest by npm.
set -eu
cd "$(dirname "$0")"

missing=""
if [ -z "${CHROMIUM:-}" ] && [ ! -x /usr/bin/chromium ]; then missing="chromium fonts-dejavu-core"; fi
if ! command -v pdftotext >/dev/null; then missing="$missing poppler-utils"; fi
if [ -n "$missing" ]; then
    as_root=""
    if [ "$(id -u)" -ne 0 ]; then as_root=sudo; fi
    $as_root apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi

if [ ! -e node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
    npm ci --silent --omit=optional
    touch node_modules/.package-lock.json
fi
