#!/usr/bin/env bash
# Raw products to a dataset, over all tasks of the job. Submit: sbatch slurm/ingest.sh
# A job that is put back, or submitted again, goes on from the parts that are committed.
#SBATCH --job-name=eoshard-ingest
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

# Edit these three lines: a text file with a product's path a line, the label source, the dataset.
PRODUCTS=/path/to/products.txt
LABELS=/path/to/U2018_CLC2018_V2020_20u1.tif
OUT=/path/to/dataset

submitted=$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s///;p;q}') # this script, and its arguments
source "${EOSHARD_SCRIPTS:-$(dirname "${submitted%" $*"}")}/job.sh" || { echo "copy job.sh along, or set EOSHARD_SCRIPTS to its folder" >&2; exit 1; }
requeue_on_signal=1
run_until_done eoshard-ingest --labels "$LABELS" --threads "${SLURM_CPUS_PER_TASK:-1}" --out "$OUT" "$@" \
    --input-file-list "$PRODUCTS"
