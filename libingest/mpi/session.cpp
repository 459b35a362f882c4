#include "libingest/mpi/session.hpp"

#include <mpi.h>

#include <cstdlib>
#include <initializer_list>

#include "libingest/mpi/communicator.hpp"
#include "libingest/mpi/launched_rank.hpp"

namespace eoshard {

namespace {

// Value of the first of these environment variables that is set.
int first_number(std::initializer_list<const char*> names, int otherwise) {
  for (const char* name : names) {
    if (const char* value = std::getenv(name)) return std::atoi(value);
  }
  return otherwise;
}

bool is_of_torchrun() {
  return is_started_by_torchrun([](const char* name) { return std::getenv(name); });
}

bool is_launched() { return first_number({"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE"}, -1) >= 0; }

// For a process that no launcher began. Open MPI would start its daemon (0.2 s and more), which only spawning further
// ranks needs, and make a folder in /tmp that all such processes of a user share: one that ends takes it from under
// another that begins.
void set_up_alone() {
  ::setenv("OMPI_MCA_ess_singleton_isolated", "1", 0);
  ::setenv("OMPI_MCA_orte_create_session_dirs", "0", 0);
}

int level_of(MpiThreads threads) {
  switch (threads) {
    case MpiThreads::main_only: return MPI_THREAD_FUNNELED;
    case MpiThreads::in_turn: return MPI_THREAD_SERIALIZED;
    case MpiThreads::any: break;
  }
  return MPI_THREAD_MULTIPLE;
}

}  // namespace

MpiSession::MpiSession(MpiThreads threads) {
  if (!is_launched()) set_up_alone();
  const int wanted = level_of(threads);
  int provided = 0;
  check_mpi(MPI_Init_thread(nullptr, nullptr, wanted, &provided), "MPI_Init_thread");
  if (provided < wanted) throw Error(ErrorKind::mpi, "this MPI library does not support the threads that are needed");
}

MpiSession::~MpiSession() { MPI_Finalize(); }

int launcher_rank() {
  if (is_of_torchrun()) return first_number({"RANK"}, 0);
  return first_number({"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", "SLURM_PROCID", "RANK"}, 0);
}

int launcher_size() {
  if (is_of_torchrun()) return first_number({"WORLD_SIZE"}, 1);
  return first_number({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", "WORLD_SIZE"}, 1);
}

int connected_launcher_size() { return first_number({"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"}, 1); }

}  // namespace eoshard
