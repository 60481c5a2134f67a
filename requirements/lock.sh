#!/bin/sh
# Resolves pyproject.toml to pinned versions that plain pip installs. Usage: sh requirements/lock.sh .venv/bin
set -eu
bin=${1:?folder with pip-compile}
compile() {
  "$bin/pip-compile" --quiet --strip-extras --no-annotate --no-header --no-emit-index-url --no-emit-trusted-host --no-emit-find-links \
    --allow-unsafe "$@" pyproject.toml
}
compile --extra serving --extra training --extra ray --extra dev -o requirements/dev.txt
compile --extra serving --extra training --extra ray --extra dev --extra bench --constraint requirements/dev.txt -o requirements/bench.txt
# Serving takes the same versions: its lock is resolved under the other.
compile --extra serving --constraint requirements/dev.txt -o requirements/serving.txt
# A local version label ("+cpu") names one index's wheel; the public version fits all.
sed -i -E 's/\+cpu$//' requirements/bench.txt requirements/dev.txt requirements/serving.txt
