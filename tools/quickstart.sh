#!/usr/bin/env bash
# The main job from end to end on synthetic products: make them, ingest them over MPI, train, score.
# quickstart.sh [FOLDER]: everything lands in FOLDER/{products,dataset,run} (build/quickstart); an earlier one is replaced.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=${EOSHARD_BIN:-build/release/bin}
out=${1:-build/quickstart}
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 # containers run as root

# bf16 pays on processors that multiply in it; elsewhere fp32 is faster.
precision=fp32
if grep -qE 'avx512_bf16|amx_bf16' /proc/cpuinfo; then precision=bf16; fi

step() { printf '\n== %s\n   %s\n' "$1" "${*:2}"; "${@:2}"; }

rm -rf "$out"
mkdir -p "$out"
step "1. Four synthetic Sentinel-2 products of four processing baselines, and a CORINE raster" \
    $bin/eoshard-synth --out $out/products --products 4 --size 2400 --seed 0 --baseline 02.06,02.14,04.00,05.11
step "2. Products to a sharded dataset, on two MPI ranks" \
    mpirun -n 2 --oversubscribe $bin/eoshard-ingest --labels $out/products/clc.tif --nomenclature bigearthnet-19 \
    --out $out/dataset $out/products/*.SAFE
step "3. What is in it, and is all of it whole" \
    $bin/eoshard-info $out/dataset --verify
step "4. ResNet-18 from scratch, scored on the test split" \
    $bin/eoshard-train --data $out/dataset --model resnet18 --epochs 10 --batch-size 32 --learning-rate 0.05 \
    --warmup-epochs 1 --milestones 6,9 --augment flip,rotate90 --precision $precision --out $out/run >$out/result.json

cat <<END

Done in $SECONDS s: $out/{products,dataset,run}; the scores above are also in $out/result.json.
Next, with products of your own and a CORINE Land Cover raster:
  mpirun -n 4 $bin/eoshard-ingest --labels clc.tif --out mydata /path/to/*.SAFE
  mpirun -n 2 $bin/eoshard-train --data mydata --model resnet50 --epochs 100 --batch-size 256 --out myrun
END
