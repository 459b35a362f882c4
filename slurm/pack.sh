#!/usr/bin/env bash
# A published archive to a dataset, over all tasks of the job. Submit: sbatch slurm/pack.sh
# A job that is put back, or submitted again, goes on from the parts that are committed.
#SBATCH --job-name=eoshard-pack
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=8
#SBATCH --cpus-per-task=2
#SBATCH --mem-per-cpu=2G
#SBATCH --time=04:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

# Edit these three lines: kind and its options (eoshard-pack --list-kinds), the archive, the dataset.
KIND=(bigearthnet-v2 --metadata /path/to/metadata.parquet)
SOURCE=/path/to/BigEarthNet-S2.tar.zst
OUT=/path/to/dataset

submitted=$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s///;p;q}') # this script, and its arguments
source "${EOSHARD_SCRIPTS:-$(dirname "${submitted%" $*"}")}/job.sh" || { echo "copy job.sh along, or set EOSHARD_SCRIPTS to its folder" >&2; exit 1; }
requeue_on_signal=1
run_until_done eoshard-pack "${KIND[@]}" --threads "${SLURM_CPUS_PER_TASK:-1}" --out "$OUT" "$@" "$SOURCE"
