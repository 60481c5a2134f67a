#!/bin/sh
# Makes ../static/dkfds.css, its fonts and icons, and the axe of the browser tests from their npm packages, and the scripts from
# their TypeScript.
set -eu
DKFDS=11.2.0 SASS=1.92.0 AXE=4.14.1 TYPESCRIPT=5.9.3
here=$(cd "$(dirname "$0")" && pwd)
static=$here/../static
axe=$here/../../../tests/browser/axe
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

cd "$build"
npm install --silent --no-save --ignore-scripts "dkfds@$DKFDS" "sass@$SASS" "axe-core@$AXE" "typescript@$TYPESCRIPT"
package=$build/node_modules/dkfds
cp -R "$package/src/stylesheets" dkfds
# Colours as custom properties with the light value as fallback.
sed 's|@return map.get(vals.$all-colors, $value);|@return var(--fds-#{$value}, map.get(vals.$all-colors, $value));|' \
  "$package/src/stylesheets/functions/_color.scss" >dkfds/functions/_color.scss
cmp -s "$package/src/stylesheets/functions/_color.scss" dkfds/functions/_color.scss && { echo "the colour function of dkfds has changed: see make.sh" >&2; exit 1; }
cp "$here/dkfds.scss" .
node_modules/.bin/sass --no-charset --no-source-map --style=compressed --silence-deprecation=import --load-path=. dkfds.scss all.css

rm -rf "$static/fonts" "$static/icons" "$static/dkfds.css"
mkdir -p "$static/fonts" "$static/icons" "$axe"
sed 's|\.\./img/svg-icons/|icons/|g' all.css >"$static/dkfds.css"
for icon in $(grep -o 'icons/[a-z0-9-]*\.svg' "$static/dkfds.css" "$static/tegn.css" -h | sort -u); do
  cp "$package/src/img/svg-icons/${icon#icons/}" "$static/icons/"
done
for weight in Regular Medium SemiBold Bold; do
  cp "$package/src/fonts/IBMPlexSans/complete/woff2/IBMPlexSans-$weight.woff2" "$static/fonts/"
done
cp "$package/src/fonts/IBMPlexSans/complete/woff2/license.txt" "$static/fonts/LICENSE.txt"
cp "$package/LICENSE.md" "$static/LICENSE.dkfds.md"
cp node_modules/axe-core/axe.min.js node_modules/axe-core/LICENSE "$axe/"
node_modules/.bin/tsc --strict --noUncheckedIndexedAccess false --target es2022 --module es2022 --outDir "$static" "$here"/*.ts
chmod 644 "$static"/*.* "$static"/*/* "$axe"/*
