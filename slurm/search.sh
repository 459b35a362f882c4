#!/usr/bin/env bash
# A training run for each learning rate, as an array of jobs. Submit: sbatch slurm/search.sh
# Runs go to $OUT/<learning rate>; each is put back into the queue by itself until it has ended.
#SBATCH --job-name=eoshard-search
#SBATCH --array=0-3
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --gpus-per-node=1
#SBATCH --cpus-per-task=8
#SBATCH --time=12:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%A-%a.log

# Edit these three lines: the dataset, the folder of the runs, the options that all of them share.
DATA=/path/to/dataset
OUT=/path/to/runs
OPTIONS=(--model resnet50 --epochs 30 --batch-size 256 --precision bf16 --device cuda)

LEARNING_RATES=(0.025 0.05 0.1 0.2) # one for each number of --array
rate=${LEARNING_RATES[SLURM_ARRAY_TASK_ID]}
submitted=$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s///;p;q}') # this script, and its arguments
source "${EOSHARD_SCRIPTS:-$(dirname "${submitted%" $*"}")}/job.sh" || { echo "copy job.sh along, or set EOSHARD_SCRIPTS to its folder" >&2; exit 1; }
run_until_done eoshard-train --data "$DATA" --out "$OUT/$rate" --learning-rate "$rate" "${OPTIONS[@]}" "$@"
