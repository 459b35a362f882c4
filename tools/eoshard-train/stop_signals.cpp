#include "tools/eoshard-train/stop_signals.hpp"

#include <unistd.h>

#include <csignal>

namespace eoshard::train {
namespace {

volatile std::sig_atomic_t is_signalled = 0;

void end_now(int) { ::_exit(kRunMeAgain); }
void note(int) { is_signalled = 1; }

void set_mask(int how) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGUSR1);
  ::sigprocmask(how, &signals, nullptr);
}

void handle_by(void (*handler)(int)) {
  std::signal(SIGTERM, handler);
  std::signal(SIGUSR1, handler);
  set_mask(SIG_UNBLOCK);
}

}  // namespace

void hold_stop_signals() { set_mask(SIG_BLOCK); }
void end_on_stop_signals() { handle_by(end_now); }
void note_stop_signals() { handle_by(note); }
bool is_stop_signalled() { return is_signalled != 0; }

}  // namespace eoshard::train
