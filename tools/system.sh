#!/usr/bin/env bash
# Install the parts that some tests drive for real. Debian or Ubuntu; root, or sudo.
set -euo pipefail
parts=(chromium libreoffice-calc postgresql fonts-noto-cjk)
as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo)
missing=()
for part in "${parts[@]}"; do
  dpkg-query -W -f='${Status}' "$part" 2>/dev/null | grep -q 'install ok installed' || missing+=("$part")
done
if [ "${#missing[@]}" = 0 ]; then
  echo "system: ${parts[*]} are here"
  exit 0
fi
echo "system: installing ${missing[*]} ..."
log=$(mktemp)
if ! {
  "${as_root[@]}" apt-get update &&
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${missing[@]}"
} >"$log" 2>&1; then
  tail -n 20 "$log" >&2
  exit 5
fi
echo "system: done"
