#!/usr/bin/env bash
# The main job from end to end, on synthetic products: make them, ingest them over MPI, train, score.
# Everything lands in build/quickstart/{products,dataset,run}; an earlier quickstart is replaced.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$PWD/build/release/bin
out=build/quickstart
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
