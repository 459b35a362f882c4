#!/usr/bin/env bash
# Scores a finished run on a split of a dataset. Submit: sbatch slurm/evaluate.sh
#SBATCH --job-name=eoshard-evaluate
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=4
#SBATCH --cpus-per-task=8
#SBATCH --time=02:00:00
#SBATCH --open-mode=append
#SBATCH --output=%x-%j.log

# Edit these three lines: the run, the dataset, what to score and to write.
RUN=/path/to/run
DATA=/path/to/dataset
OPTIONS=(--split test --predictions /path/to/predictions.csv --device cuda)

submitted=$(scontrol show job "$SLURM_JOB_ID" | sed -n '/^ *Command=/{s///;p;q}') # this script, and its arguments
source "${EOSHARD_SCRIPTS:-$(dirname "${submitted%" $*"}")}/job.sh" || { echo "copy job.sh along, or set EOSHARD_SCRIPTS to its folder" >&2; exit 1; }
run_until_done eoshard-train --evaluate "$RUN" --data "$DATA" "${OPTIONS[@]}" "$@"
