// SIGTERM and SIGUSR1: the run is to save what it has, and to be run again later.
#pragma once

namespace eoshard::train {

/// EX_TEMPFAIL of sysexits.h: stopped on request, all that was done is saved, to be run again.
constexpr int kRunMeAgain = 75;

/// The signals wait until one of the functions below is called, also over an exec.
void hold_stop_signals();

/// Nothing is there yet to be saved: a signal ends the process at once, with kRunMeAgain.
void end_on_stop_signals();

/// From now on a signal is only noted: the work looks at is_stop_signalled.
void note_stop_signals();
bool is_stop_signalled();

}  // namespace eoshard::train
