#!/usr/bin/env bash
# Trains a network, a task a GPU, over nodes. Submit: sbatch slurm/train.sh
# Before the time limit the run saves its state and the job is put back into the queue, until training has ended.
#SBATCH --job-name=eoshard-train
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=24:00:00
#SBATCH --signal=B:USR1@120
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

# Edit these three lines: the dataset, the run folder, the options of eoshard-train.
DATA=/path/to/dataset
OUT=/path/to/run
OPTIONS=(--model resnet50 --epochs 100 --batch-size 512 --learning-rate 0.1 --precision bf16 --device cuda)

submitted=$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s///;p;q}') # this script, and its arguments
source "${EOSHARD_SCRIPTS:-$(dirname "${submitted%" $*"}")}/job.sh" || { echo "copy job.sh along, or set EOSHARD_SCRIPTS to its folder" >&2; exit 1; }
run_until_done eoshard-train --data "$DATA" --out "$OUT" "${OPTIONS[@]}" "$@"
