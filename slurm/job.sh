# What the job scripts of this folder share; they source it. Needs bash and a Slurm job around it.
#
#   EOSHARD_LAUNCH  srun (default, with PMIx) or mpirun
#   EOSHARD_BIND    cores (default) or none: whether a task is bound to its own cores
#   EOSHARD_BIN     folder of the programs, where they are neither on PATH nor beside this folder
#   EOSHARD_SCRIPTS folder of this file, where it is not beside the script that was submitted
#   EOSHARD_STOP    seconds that a program has to stop in after the signal, 100
#   EOSHARD_STARTS  how often a job is started at most, 200

job_folder=$(dirname "${BASH_SOURCE[0]}")
for folder in "$job_folder/../../../bin" "$job_folder/../build/release/bin"; do # installed, or built here
    if [ -x "$folder/eoshard-ingest" ]; then PATH=$(realpath "$folder"):$PATH; fi
done
PATH=${EOSHARD_BIN:+$EOSHARD_BIN:}$PATH

# Exit status of a program that was asked to stop, has saved its state and wants to be run again.
readonly RUN_ME_AGAIN=75
# Of one that SIGUSR1 has ended before it could listen: while its libraries were loaded.
readonly ENDED_BY_SIGNAL=138

say() { printf '[%s] %s\n' "$(date +%FT%T)" "$*"; }

# launch COMMAND...: becomes the launcher of as many tasks as the job has, each with its cores and, where it has GPUs, all
# those of its node: a program takes the one of its local rank. For a subshell: it does not return.
launch() {
    export OMP_NUM_THREADS=${SLURM_CPUS_PER_TASK:-1}
    if [ "${EOSHARD_LAUNCH:-srun}" = mpirun ]; then
        local place=(--map-by "slot:PE=$OMP_NUM_THREADS" --bind-to core)
        [ "${EOSHARD_BIND:-cores}" = cores ] || place=(--bind-to none)
        exec mpirun "${place[@]}" -x OMP_NUM_THREADS -x PATH "$@"
    else
        local place=(--cpu-bind=cores)
        [ "${EOSHARD_BIND:-cores}" = cores ] || place=()
        exec srun --mpi=pmix --kill-on-bad-exit=1 --cpus-per-task="$OMP_NUM_THREADS" "${place[@]}" "$@"
    fi
}

# A line for each task: where it is, and what it may use.
show_places() {
    # shellcheck disable=SC2016 # expanded by the task's shell
    launch bash -c 'echo "  task ${OMPI_COMM_WORLD_RANK:-$SLURM_PROCID} on $(hostname):" \
        "cores $(taskset -pc $$ | sed "s/.*: //"), GPUs ${CUDA_VISIBLE_DEVICES:-none}"' | sort -k2n
}

# prints_result COMMAND...: whether its stdout is wanted in the log. What training prints is in the run's folder.
prints_result() {
    case " $* " in
        *" --evaluate"[\ =]* | *" --benchmark-"* | *" --print-"*) return 0 ;;
        " eoshard-train "*) return 1 ;;
    esac
}

# check_program NAME: ends the script where there is no such program.
check_program() {
    command -v "$1" >/dev/null && return
    say "$1 is neither on PATH nor beside this folder: set EOSHARD_BIN to the folder of the programs"
    exit 127
}

# run_until_done COMMAND...: launches it, hands SIGUSR1 on to it, and puts the job back into the queue where it ended
# with 75 or by the signal, has not ended EOSHARD_STOP seconds after the signal or, with `requeue_on_signal=1`, as soon
# as the signal comes (for programs that need not be told: what they have committed stays). A job that was put back goes
# on with what it has, so --overwrite is of its first start alone. Exits with the command's status.
run_until_done() {
    local signals=0 heeded=0 status
    trap 'signals=$((signals + 1))' USR1
    say "job ${SLURM_JOB_ID} (start $((${SLURM_RESTART_COUNT:-0} + 1))) on ${SLURM_JOB_NODELIST}: ${SLURM_NTASKS:-1} tasks," \
        "${SLURM_CPUS_PER_TASK:-1} cores each"
    local words=() word
    for word in "$@"; do
        if [ "$word" != --overwrite ] || [ "${SLURM_RESTART_COUNT:-0}" = 0 ]; then words+=("$word"); fi
    done
    check_program "${words[0]}"
    show_places
    say "${words[*]}"
    if prints_result "${words[@]}"; then launch "${words[@]}" & else launch "${words[@]}" >/dev/null & fi
    local launched=$!
    while true; do
        if [ "$signals" = "$heeded" ]; then
            wait "$launched"
            status=$?
            [ "$signals" = "$heeded" ] && break
        fi
        heeded=$signals
        say "asked to stop (SIGUSR1)"
        if [ "${requeue_on_signal:-0}" = 1 ]; then
            put_back
        else
            kill -USR1 "$launched" 2>/dev/null
            put_back_later "$launched" &
        fi
    done
    say "ended with $status"
    [ "$signals" = 0 ] || [ "$status" != "$ENDED_BY_SIGNAL" ] || put_back
    [ "$status" != "$RUN_ME_AGAIN" ] || put_back
    exit "$status"
}

# put_back_later PROCESS: where it has not ended in time.
put_back_later() {
    trap - USR1
    local second
    for ((second = 0; second < ${EOSHARD_STOP:-100}; ++second)); do
        sleep 1
        kill -0 "$1" 2>/dev/null || return
    done
    say "has not stopped in time"
    put_back
}

# Slurm ends what is left of the job and starts it again, with the same options. Of an array this task alone: one of its
# tasks has the number of the whole array as SLURM_JOB_ID. Does nothing where the job has had all its starts.
put_back() {
    local starts=$((${SLURM_RESTART_COUNT:-0} + 1))
    if [ "$starts" -ge "${EOSHARD_STARTS:-200}" ]; then
        say "not put back: this was start $starts of at most ${EOSHARD_STARTS:-200} (EOSHARD_STARTS); submit it again to go on"
        return
    fi
    say "back into the queue"
    local job=$SLURM_JOB_ID
    [ -z "${SLURM_ARRAY_JOB_ID:-}" ] || job=${SLURM_ARRAY_JOB_ID}_$SLURM_ARRAY_TASK_ID
    scontrol requeue "$job"
    sleep 60 # until Slurm ends this script: it must not seem to have finished
}
